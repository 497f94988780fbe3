#include "record/record.hpp"

namespace qiao::record {
namespace {

/// The tables of the record. `d` is the resource's own date (effective, period.start, authoredOn …), so that an index
/// row alone answers "the newest of this code". `acl` rides in the rows that counts run over.
constexpr std::string_view kTables = R"sql(
CREATE TABLE res(
  rid INTEGER PRIMARY KEY, type INTEGER NOT NULL, id BLOB NOT NULL, ver INTEGER NOT NULL, t INTEGER NOT NULL,
  first_t INTEGER NOT NULL, state INTEGER NOT NULL, op INTEGER NOT NULL, d INTEGER NOT NULL, acl INTEGER NOT NULL, body BLOB);
CREATE UNIQUE INDEX res_identity ON res(type, id);
CREATE INDEX res_by_time ON res(type, t);
CREATE INDEX res_by_date ON res(type, d);
CREATE TABLE hist(
  rid INTEGER NOT NULL, ver INTEGER NOT NULL, type INTEGER NOT NULL, t INTEGER NOT NULL, op INTEGER NOT NULL,
  acl INTEGER NOT NULL, body BLOB, PRIMARY KEY(rid, ver));
CREATE INDEX hist_by_time ON hist(type, t);
CREATE INDEX hist_by_t ON hist(t);
CREATE TABLE outbox(
  t INTEGER NOT NULL, n INTEGER NOT NULL, lane INTEGER NOT NULL, kind INTEGER NOT NULL, patient_rid INTEGER NOT NULL,
  rid INTEGER NOT NULL, ver INTEGER NOT NULL, op INTEGER NOT NULL, payload_version INTEGER NOT NULL, body BLOB,
  PRIMARY KEY(t, n)) WITHOUT ROWID;
CREATE TABLE request(
  actor TEXT NOT NULL, request_id TEXT NOT NULL, body_digest BLOB NOT NULL, status INTEGER NOT NULL, location TEXT NOT NULL,
  etag TEXT NOT NULL, t INTEGER NOT NULL, ts_ms INTEGER NOT NULL, PRIMARY KEY(actor, request_id)) WITHOUT ROWID;
CREATE INDEX request_by_time ON request(ts_ms);
CREATE TABLE dict(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE sys(id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE);
CREATE TABLE setting(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE tok(
  type INTEGER NOT NULL, param INTEGER NOT NULL, h INTEGER NOT NULL, d INTEGER NOT NULL, rid INTEGER NOT NULL,
  acl INTEGER NOT NULL, PRIMARY KEY(type, param, h, d, rid)) WITHOUT ROWID;
CREATE TABLE pat(
  patient_rid INTEGER NOT NULL, type INTEGER NOT NULL, h INTEGER NOT NULL, d INTEGER NOT NULL, rid INTEGER NOT NULL,
  acl INTEGER NOT NULL, PRIMARY KEY(patient_rid, type, h, d, rid)) WITHOUT ROWID;
CREATE TABLE ref(
  param INTEGER NOT NULL, target_rid INTEGER NOT NULL, type INTEGER NOT NULL, d INTEGER NOT NULL, rid INTEGER NOT NULL,
  acl INTEGER NOT NULL, PRIMARY KEY(param, target_rid, type, d, rid)) WITHOUT ROWID;
CREATE INDEX ref_by_rid ON ref(rid, param, target_rid);
CREATE TABLE dt(
  type INTEGER NOT NULL, param INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY(type, param, lo, hi, rid)) WITHOUT ROWID;
CREATE INDEX dt_by_end ON dt(type, param, hi);
CREATE INDEX dt_by_rid ON dt(rid, param, lo, hi);
CREATE TABLE str(
  type INTEGER NOT NULL, param INTEGER NOT NULL, norm TEXT NOT NULL, rid INTEGER NOT NULL, exact TEXT NOT NULL,
  PRIMARY KEY(type, param, norm, rid, exact)) WITHOUT ROWID;
CREATE INDEX str_by_rid ON str(rid, param);
CREATE TABLE qty(
  type INTEGER NOT NULL, param INTEGER NOT NULL, unit_id INTEGER NOT NULL, lo REAL NOT NULL, hi REAL NOT NULL,
  rid INTEGER NOT NULL, PRIMARY KEY(type, param, unit_id, lo, hi, rid)) WITHOUT ROWID;
CREATE INDEX qty_by_rid ON qty(rid, param);
CREATE TABLE num(
  type INTEGER NOT NULL, param INTEGER NOT NULL, lo REAL NOT NULL, hi REAL NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY(type, param, lo, hi, rid)) WITHOUT ROWID;
CREATE INDEX num_by_rid ON num(rid, param);
CREATE TABLE uri(
  type INTEGER NOT NULL, param INTEGER NOT NULL, v TEXT NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY(type, param, v, rid)) WITHOUT ROWID;
CREATE INDEX uri_by_rid ON uri(rid, param);
CREATE TABLE aclset(
  id INTEGER PRIMARY KEY, patient_rid INTEGER NOT NULL, org INTEGER NOT NULL, confidentiality INTEGER NOT NULL,
  label_bits INTEGER NOT NULL, UNIQUE(patient_rid, org, confidentiality, label_bits));
CREATE TABLE reach(
  patient_rid INTEGER NOT NULL, grantee INTEGER NOT NULL, source TEXT NOT NULL, category_bits INTEGER NOT NULL,
  label_ceiling INTEGER NOT NULL, starts_ms INTEGER NOT NULL, ends_ms INTEGER NOT NULL,
  PRIMARY KEY(patient_rid, grantee, source)) WITHOUT ROWID;
CREATE INDEX reach_by_source ON reach(source);
CREATE TABLE reach_item(
  rid INTEGER NOT NULL, grantee INTEGER NOT NULL, source TEXT NOT NULL, starts_ms INTEGER NOT NULL, ends_ms INTEGER NOT NULL,
  PRIMARY KEY(rid, grantee, source)) WITHOUT ROWID;
CREATE INDEX reach_item_by_source ON reach_item(source);
)sql";

/// The longest time that a type's own date covers: "from A on" then bounds `d` from below. Types with resources from before
/// this table are taken to have one that never ends.
constexpr std::string_view kDateSpans = R"sql(
CREATE TABLE date_span(type INTEGER PRIMARY KEY, max_ms INTEGER NOT NULL);
INSERT INTO date_span(type, max_ms) SELECT DISTINCT type, 9223372036854775807 FROM res WHERE state = 0;
)sql";

/// Sensitivity labels and denials in the access filter (filter.hpp). A level of confidentiality becomes a label; what an institution
/// has in care it sees by the rights of its roles, but for labels that open by name only (768 = CEL, EMP).
constexpr std::string_view kLabels = R"sql(
UPDATE aclset SET label_bits = label_bits | confidentiality * 1024, confidentiality = 0 WHERE confidentiality <> 0;
ALTER TABLE aclset ADD COLUMN labels INTEGER NOT NULL DEFAULT 0;
UPDATE aclset SET labels = label_bits | COALESCE((SELECT p.label_bits FROM res r JOIN aclset p ON p.id = r.acl WHERE r.rid = aclset.patient_rid), 0);
CREATE TABLE res_label(rid INTEGER PRIMARY KEY, label_bits INTEGER NOT NULL);
ALTER TABLE reach ADD COLUMN label_bits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reach ADD COLUMN right_bits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reach ADD COLUMN beats_denial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reach_item ADD COLUMN label_bits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reach_item ADD COLUMN right_bits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reach_item ADD COLUMN beats_denial INTEGER NOT NULL DEFAULT 0;
UPDATE reach SET right_bits = ~768 WHERE source LIKE 'care:%';
CREATE TABLE reach_denied(patient_rid INTEGER NOT NULL, grantee INTEGER NOT NULL, PRIMARY KEY(patient_rid, grantee)) WITHOUT ROWID;
)sql";

/// Composites (the components of one element share `n`), places on the unit sphere, and the parameters whose rows are being made
/// (index_jobs.hpp).
constexpr std::string_view kComposites = R"sql(
CREATE TABLE cmp(
  type INTEGER NOT NULL, param INTEGER NOT NULL, part INTEGER NOT NULL, h INTEGER NOT NULL, lo REAL NOT NULL, hi REAL NOT NULL,
  rid INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(type, param, part, h, lo, hi, rid, n)) WITHOUT ROWID;
CREATE INDEX cmp_by_rid ON cmp(rid, param, n, part);
CREATE TABLE near(
  type INTEGER NOT NULL, param INTEGER NOT NULL, z REAL NOT NULL, x REAL NOT NULL, y REAL NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY(type, param, z, x, y, rid)) WITHOUT ROWID;
CREATE INDEX near_by_rid ON near(rid, param);
CREATE TABLE index_job(type INTEGER NOT NULL, param INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY(type, param)) WITHOUT ROWID;
)sql";

/// A resource's own quantities are looked at through the row in any unit.
constexpr std::string_view kQuantities = R"sql(
DROP INDEX qty_by_rid;
CREATE INDEX qty_by_rid ON qty(rid, param) WHERE unit_id = 0;
)sql";

/// Types of which a resource may have another date as `d` than sort_date_param(): a search by that must look at its rows.
constexpr std::string_view kOtherDates = R"sql(
ALTER TABLE date_span ADD COLUMN others INTEGER NOT NULL DEFAULT 1;
INSERT INTO date_span(type, max_ms, others) SELECT DISTINCT type, 0, 1 FROM res WHERE state = 0 AND type NOT IN (SELECT type FROM date_span);
)sql";

/// Only what takes longer than a day is looked for by its end (search/range_clause.cpp).
constexpr std::string_view kLongTimes = R"sql(
DROP INDEX dt_by_end;
CREATE INDEX dt_by_end ON dt(type, param, hi) WHERE hi > lo + 86400000;
)sql";

/// Which codes of which systems and which units a parameter has met: a value then has one row in its index and is found by a part of what
/// the row has. `part` is the hash of a code or of a system (has_token_parts() in rows.hpp) and `whole` that of both; or they are
/// numbers of units as `sys` has them, 0 for any unit.
constexpr std::string_view kIndexParts = R"sql(
CREATE TABLE index_part(
  type INTEGER NOT NULL, param INTEGER NOT NULL, part INTEGER NOT NULL, whole INTEGER NOT NULL, PRIMARY KEY(type, param, part, whole)) WITHOUT ROWID;
DROP INDEX qty_by_rid;
CREATE INDEX qty_by_rid ON qty(rid, param);
)sql";

/// The labels that a resource has beside its text count for its past versions too.
constexpr std::string_view kLabelledPast = R"sql(
INSERT INTO aclset(patient_rid, org, confidentiality, label_bits, labels)
  SELECT DISTINCT a.patient_rid, a.org, 0, a.label_bits | l.label_bits, a.labels | l.label_bits
  FROM hist h JOIN res_label l ON l.rid = h.rid JOIN aclset a ON a.id = h.acl
  WHERE NOT EXISTS (SELECT 1 FROM aclset n WHERE n.patient_rid = a.patient_rid AND n.org = a.org AND n.label_bits = a.label_bits | l.label_bits);
UPDATE hist SET acl = (
  SELECT n.id FROM aclset n JOIN aclset a ON n.patient_rid = a.patient_rid AND n.org = a.org
  JOIN res_label l ON n.label_bits = a.label_bits | l.label_bits WHERE a.id = hist.acl AND l.rid = hist.rid)
  WHERE rid IN (SELECT rid FROM res_label);
)sql";

/// How subscriptions stand, what happened for each, and which node delivers (feed/subscription_store.hpp).
constexpr std::string_view kSubscriptions = R"sql(
CREATE TABLE subscription(
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner_key TEXT NOT NULL, status TEXT NOT NULL, criteria TEXT NOT NULL, topic TEXT NOT NULL,
  channel TEXT NOT NULL, endpoint TEXT NOT NULL, payload INTEGER NOT NULL, headers TEXT NOT NULL, ends_ms INTEGER NOT NULL,
  start_t INTEGER NOT NULL, events INTEGER NOT NULL, delivered INTEGER NOT NULL, attempts INTEGER NOT NULL, next_ms INTEGER NOT NULL,
  failing_ms INTEGER NOT NULL, delivered_ms INTEGER NOT NULL, failure TEXT NOT NULL, heartbeat_s INTEGER NOT NULL,
  contact_ms INTEGER NOT NULL);
CREATE INDEX subscription_by_owner ON subscription(owner_key);
CREATE TABLE subscription_event(
  subscription_rid INTEGER NOT NULL, event INTEGER NOT NULL, type INTEGER NOT NULL, id TEXT NOT NULL, ver INTEGER NOT NULL,
  op INTEGER NOT NULL, ts_ms INTEGER NOT NULL, PRIMARY KEY(subscription_rid, event)) WITHOUT ROWID;
CREATE TABLE subscription_lease(
  name TEXT PRIMARY KEY, holder TEXT NOT NULL, token INTEGER NOT NULL, expires_ms INTEGER NOT NULL, t INTEGER NOT NULL, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO subscription_lease(name, holder, token, expires_ms, t, n) VALUES('delivery', '', 0, 0, 0, 0);
)sql";

/// Jobs of bulk data and their files (bulk/job.hpp).
constexpr std::string_view kBulk = R"sql(
CREATE TABLE bulk_job(
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, owner_key TEXT NOT NULL, filter_digest BLOB NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL,
  request TEXT NOT NULL, ask TEXT NOT NULL, source TEXT NOT NULL, t INTEGER NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, at_type INTEGER NOT NULL, at_id BLOB NOT NULL, at_offset INTEGER NOT NULL, at_line INTEGER NOT NULL,
  at_entry INTEGER NOT NULL, at_outcomes INTEGER NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL, written INTEGER NOT NULL,
  failed INTEGER NOT NULL, error TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bulk_file(
  job TEXT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, lines INTEGER NOT NULL,
  resources INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(job, name)) WITHOUT ROWID;
)sql";

/// What operators define beside the search parameters of R4 (local_parameters.hpp).
constexpr std::string_view kLocalParameterTable = R"sql(
CREATE TABLE local_parameter(param INTEGER PRIMARY KEY, rid INTEGER NOT NULL UNIQUE, definition TEXT NOT NULL);
)sql";

constexpr storage::Migration kMigrations[] = {{"record", 1, kTables}, {"record", 2, kDateSpans}, {"record", 3, kLabels}, {"record", 4, kComposites},
                                              {"record", 5, kQuantities}, {"record", 6, kOtherDates}, {"record", 7, kLongTimes}, {"record", 8, kIndexParts},
                                              {"record", 9, kLabelledPast},
                                              {"subscriptions", 1, kSubscriptions}, {"bulk", 1, kBulk},
                                              {"search_parameters", 1, kLocalParameterTable}};

}  // namespace

std::span<const storage::Migration> record_migrations() { return kMigrations; }

}  // namespace qiao::record
