#include "imaging/instance_store.hpp"

namespace qiao::imaging {
namespace {

// Derived from the packs but for imaging_ae_use, imaging_gateway_use, imaging_refusal and the links to the record, which the record has as well.
constexpr std::string_view kTables = R"sql(
CREATE TABLE imaging_term(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE imaging_study(
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, rid INTEGER, org_id INTEGER NOT NULL, resource TEXT, patient_ref TEXT,
  patient_id TEXT NOT NULL, issuer TEXT NOT NULL, name_raw TEXT NOT NULL, name_norm TEXT NOT NULL, birth TEXT NOT NULL, sex TEXT NOT NULL,
  date TEXT NOT NULL, time TEXT NOT NULL, accession TEXT NOT NULL, study_id TEXT NOT NULL, description TEXT NOT NULL,
  referring TEXT NOT NULL, modalities TEXT NOT NULL, station TEXT NOT NULL, note TEXT NOT NULL, n_series INTEGER NOT NULL,
  n_instances INTEGER NOT NULL, bytes INTEGER NOT NULL, source_ae TEXT NOT NULL, received_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, epoch INTEGER NOT NULL, qido_json TEXT NOT NULL);
CREATE INDEX imaging_study_by_patient_id ON imaging_study(patient_id, issuer);
CREATE INDEX imaging_study_by_accession ON imaging_study(accession);
CREATE INDEX imaging_study_by_date ON imaging_study(date DESC, id DESC);
CREATE INDEX imaging_study_by_change ON imaging_study(changed_at);
CREATE INDEX imaging_study_by_patient ON imaging_study(patient_ref);
CREATE INDEX imaging_study_by_name ON imaging_study(name_norm);
CREATE INDEX imaging_study_unmatched ON imaging_study(org_id, received_at) WHERE rid IS NULL;
CREATE TABLE imaging_name_gram(gram TEXT NOT NULL, study_id INTEGER NOT NULL, PRIMARY KEY(gram, study_id)) WITHOUT ROWID;
CREATE TABLE imaging_series(
  id INTEGER PRIMARY KEY, study_id INTEGER NOT NULL REFERENCES imaging_study, uid TEXT NOT NULL UNIQUE, modality TEXT NOT NULL,
  number INTEGER, body_part TEXT NOT NULL, laterality TEXT NOT NULL, description TEXT NOT NULL, station TEXT NOT NULL,
  performed_date TEXT NOT NULL, request_keys TEXT NOT NULL, n_instances INTEGER NOT NULL, stable_at INTEGER, qido_json TEXT NOT NULL);
CREATE INDEX imaging_series_by_study ON imaging_series(study_id, number);
CREATE INDEX imaging_series_by_modality ON imaging_series(modality, study_id);
CREATE TABLE imaging_series_meta(series_id INTEGER PRIMARY KEY, n_instances INTEGER NOT NULL, members BLOB NOT NULL);
CREATE TABLE imaging_instance(
  id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL REFERENCES imaging_series, uid TEXT NOT NULL UNIQUE, class_id INTEGER NOT NULL,
  number INTEGER, syntax_id INTEGER NOT NULL, segment_id INTEGER NOT NULL, byte_offset INTEGER NOT NULL, byte_length INTEGER NOT NULL,
  dataset_offset INTEGER NOT NULL, header_length INTEGER NOT NULL, pixel_offset INTEGER NOT NULL, pixel_length INTEGER NOT NULL,
  frames INTEGER NOT NULL, frame_table BLOB NOT NULL, sha256 BLOB NOT NULL, image_rows INTEGER, image_cols INTEGER,
  site_charset TEXT NOT NULL, state INTEGER NOT NULL, qido_json TEXT NOT NULL);
CREATE INDEX imaging_instance_by_series ON imaging_instance(series_id, number);
CREATE TABLE imaging_conflict(
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL, segment_id INTEGER NOT NULL, byte_offset INTEGER NOT NULL, byte_length INTEGER NOT NULL,
  sha256 BLOB NOT NULL, org_id INTEGER NOT NULL, source_ae TEXT NOT NULL, reason TEXT NOT NULL, received_at INTEGER NOT NULL,
  UNIQUE(uid, sha256));
CREATE TABLE imaging_worklist(
  id INTEGER PRIMARY KEY, task_ref TEXT NOT NULL, station_ae TEXT NOT NULL, modality TEXT NOT NULL, starts_at INTEGER NOT NULL,
  patient_id TEXT NOT NULL, accession TEXT NOT NULL, json TEXT NOT NULL);
CREATE TABLE imaging_mpps(uid TEXT PRIMARY KEY, state TEXT NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE imaging_commitment(transaction_uid TEXT PRIMARY KEY, ae TEXT NOT NULL, state TEXT NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE imaging_refusal(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, calling TEXT NOT NULL, called TEXT NOT NULL, address TEXT NOT NULL,
  kind TEXT NOT NULL, reason TEXT NOT NULL, sop_uid TEXT NOT NULL);
CREATE TABLE imaging_segment(id INTEGER PRIMARY KEY, path TEXT NOT NULL, state TEXT NOT NULL, synced_to INTEGER NOT NULL);
CREATE TABLE imaging_pending(study_id INTEGER PRIMARY KEY, changed_at INTEGER NOT NULL);
)sql";

/// Metadata as runs that join into one gzip member; it is built again from the packs.
constexpr std::string_view kRuns = R"sql(
DROP TABLE imaging_series_meta;
CREATE TABLE imaging_series_meta(
  series_id INTEGER PRIMARY KEY, n_instances INTEGER NOT NULL, blocks BLOB NOT NULL, crc32 INTEGER NOT NULL, text_bytes INTEGER NOT NULL,
  sha256 BLOB NOT NULL);
INSERT INTO imaging_pending(study_id, changed_at) SELECT id, changed_at FROM imaging_study WHERE true ON CONFLICT DO NOTHING;
)sql";

constexpr std::string_view kUse = R"sql(
CREATE TABLE imaging_ae_use(ae INTEGER PRIMARY KEY, associated_at INTEGER NOT NULL, stored_at INTEGER NOT NULL, objects INTEGER NOT NULL);
)sql";

constexpr std::string_view kGateways = R"sql(
CREATE TABLE imaging_gateway_use(gateway INTEGER PRIMARY KEY, at INTEGER NOT NULL, clock_offset_ms INTEGER NOT NULL, body TEXT NOT NULL);
)sql";

constexpr storage::Migration kMigrations[] = {{"imaging", 1, kTables}, {"imaging", 2, kRuns}, {"imaging", 3, kUse}, {"imaging", 4, kGateways}};

}  // namespace

std::span<const storage::Migration> imaging_migrations() { return kMigrations; }

}  // namespace qiao::imaging
