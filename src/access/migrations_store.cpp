#include "access/migrations.hpp"

#include <array>
#include <string_view>

namespace qiao::access {
namespace {

constexpr std::string_view kPeople = R"sql(
CREATE TABLE access_organisation(
  id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  name_en TEXT NOT NULL, resource TEXT NOT NULL UNIQUE, active INTEGER NOT NULL);
CREATE TABLE access_person(
  id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, name_en TEXT NOT NULL,
  resource TEXT NOT NULL UNIQUE, active INTEGER NOT NULL);
CREATE TABLE access_credential(person INTEGER PRIMARY KEY, password_hash TEXT NOT NULL, changed_us INTEGER NOT NULL);
CREATE TABLE access_membership(
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, organisation INTEGER NOT NULL, role TEXT NOT NULL, specialty TEXT NOT NULL,
  rank_code TEXT NOT NULL, resource TEXT NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL, granted_by INTEGER NOT NULL);
CREATE INDEX access_membership_by_person ON access_membership(person);
CREATE TABLE access_contract(
  id INTEGER PRIMARY KEY, from_org INTEGER NOT NULL, to_org INTEGER NOT NULL, service TEXT NOT NULL,
  valid_from_us INTEGER NOT NULL, valid_to_us INTEGER NOT NULL);
)sql";

constexpr std::string_view kSessions = R"sql(
CREATE TABLE access_client(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, secret_hash TEXT NOT NULL, role TEXT NOT NULL, created_us INTEGER NOT NULL,
  revoked_us INTEGER NOT NULL);
CREATE TABLE access_session(
  key TEXT PRIMARY KEY, person INTEGER NOT NULL, client TEXT NOT NULL, scope TEXT NOT NULL, by_cookie INTEGER NOT NULL,
  demo INTEGER NOT NULL, created_us INTEGER NOT NULL, used_us INTEGER NOT NULL, absolute_end_us INTEGER NOT NULL,
  step_up_until_us INTEGER NOT NULL);
CREATE INDEX access_session_by_person ON access_session(person);
CREATE INDEX access_session_by_end ON access_session(absolute_end_us);
)sql";

constexpr std::string_view kGrants = R"sql(
CREATE TABLE access_care_relation(
  patient INTEGER NOT NULL, organisation INTEGER NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL,
  started_by INTEGER NOT NULL, PRIMARY KEY(patient, organisation)) WITHOUT ROWID;
CREATE TABLE access_grant(
  id INTEGER PRIMARY KEY, case_id TEXT NOT NULL, grantee INTEGER NOT NULL, patient INTEGER NOT NULL, item INTEGER NOT NULL,
  purpose TEXT NOT NULL, reason TEXT NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL, granted_by INTEGER NOT NULL,
  revoked_us INTEGER NOT NULL);
CREATE INDEX access_grant_by_case ON access_grant(case_id, grantee);
CREATE INDEX access_grant_by_patient ON access_grant(patient, grantee);
)sql";

constexpr std::string_view kAudit = R"sql(
CREATE TABLE access_audit(
  chain INTEGER NOT NULL, seq INTEGER NOT NULL, recorded_us INTEGER NOT NULL, occurred_us INTEGER NOT NULL,
  person INTEGER NOT NULL, organisation INTEGER NOT NULL, role TEXT NOT NULL, session8 TEXT NOT NULL, action TEXT NOT NULL,
  outcome TEXT NOT NULL, purpose TEXT NOT NULL, patient INTEGER NOT NULL, type TEXT NOT NULL, rid INTEGER NOT NULL,
  ver INTEGER NOT NULL, case_id TEXT NOT NULL, source TEXT NOT NULL, detail TEXT NOT NULL, prev BLOB NOT NULL,
  hash BLOB NOT NULL, PRIMARY KEY(chain, seq)) WITHOUT ROWID;
CREATE TRIGGER access_audit_no_update BEFORE UPDATE ON access_audit BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
CREATE TRIGGER access_audit_no_delete BEFORE DELETE ON access_audit BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
CREATE TABLE access_audit_journal(file INTEGER PRIMARY KEY, position INTEGER NOT NULL);
)sql";

constexpr std::string_view kSigning = R"sql(
CREATE TABLE access_signing_key(
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, wrapped_key BLOB NOT NULL, certificate TEXT NOT NULL, serial TEXT NOT NULL UNIQUE,
  created_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, revoked_us INTEGER NOT NULL, revoked_reason TEXT NOT NULL);
CREATE INDEX access_signing_key_by_person ON access_signing_key(person);
CREATE TABLE access_signature(
  id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, person INTEGER NOT NULL, signed_us INTEGER NOT NULL, manifest BLOB NOT NULL,
  der BLOB NOT NULL, jws TEXT NOT NULL, certificate TEXT NOT NULL, authority TEXT NOT NULL);
CREATE TABLE access_signed_item(
  type TEXT NOT NULL, resource_id TEXT NOT NULL, ver INTEGER NOT NULL, signature INTEGER NOT NULL,
  PRIMARY KEY(type, resource_id, ver, signature)) WITHOUT ROWID;
)sql";

constexpr std::string_view kRoster = R"sql(
ALTER TABLE access_contract ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
ALTER TABLE access_person ADD COLUMN licence TEXT NOT NULL DEFAULT '';
ALTER TABLE access_person ADD COLUMN licence_ends_us INTEGER NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE access_person ADD COLUMN languages TEXT NOT NULL DEFAULT '';
CREATE TABLE access_duty(
  id INTEGER PRIMARY KEY, organisation INTEGER NOT NULL, person INTEGER NOT NULL, specialty TEXT NOT NULL, place INTEGER NOT NULL,
  starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL);
CREATE INDEX access_duty_by_end ON access_duty(ends_us);
)sql";

constexpr std::string_view kClientUse = "ALTER TABLE access_client ADD COLUMN used_us INTEGER NOT NULL DEFAULT 0";

constexpr std::string_view kSignIn = R"sql(
ALTER TABLE access_session ADD COLUMN must TEXT NOT NULL DEFAULT '';
ALTER TABLE access_session ADD COLUMN factor TEXT NOT NULL DEFAULT '';
ALTER TABLE access_session ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE access_session ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE access_session ADD COLUMN reset INTEGER NOT NULL DEFAULT 0;
CREATE TABLE access_factor(
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, handle TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL, algorithm TEXT NOT NULL, public_key BLOB NOT NULL, rp_id TEXT NOT NULL, counter INTEGER NOT NULL,
  pin_hash TEXT NOT NULL, wrong_pins INTEGER NOT NULL, created_us INTEGER NOT NULL, used_us INTEGER NOT NULL);
CREATE INDEX access_factor_by_person ON access_factor(person);
CREATE TABLE access_recovery_code(person INTEGER NOT NULL, code_hash TEXT NOT NULL, used_us INTEGER NOT NULL,
  PRIMARY KEY(person, code_hash)) WITHOUT ROWID;
CREATE TABLE access_security_notice(
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, at_us INTEGER NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, address TEXT NOT NULL);
CREATE INDEX access_security_notice_by_person ON access_security_notice(person);
CREATE TABLE access_reset(
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, night INTEGER NOT NULL, reason TEXT NOT NULL, started_by INTEGER NOT NULL,
  started_us INTEGER NOT NULL, confirmed_by INTEGER NOT NULL, confirmed_us INTEGER NOT NULL, code_hash TEXT NOT NULL,
  code_until_us INTEGER NOT NULL, used_us INTEGER NOT NULL, password_hash TEXT NOT NULL, ended_us INTEGER NOT NULL);
CREATE INDEX access_reset_by_person ON access_reset(person);
ALTER TABLE access_client ADD COLUMN audience TEXT NOT NULL DEFAULT '';
CREATE TABLE access_client_key(
  client TEXT NOT NULL, kid TEXT NOT NULL, algorithm TEXT NOT NULL, public_key BLOB NOT NULL, PRIMARY KEY(client, kid)) WITHOUT ROWID;
CREATE TABLE access_client_assertion(client TEXT NOT NULL, jti_hash TEXT NOT NULL, until_us INTEGER NOT NULL,
  PRIMARY KEY(client, jti_hash)) WITHOUT ROWID;
)sql";

constexpr std::string_view kPatients = R"sql(
CREATE TABLE access_patient_account(
  id INTEGER PRIMARY KEY, id_hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, phone TEXT NOT NULL, pin_hash TEXT NOT NULL,
  created_us INTEGER NOT NULL, used_us INTEGER NOT NULL);
CREATE TABLE access_patient_tie(
  account INTEGER NOT NULL, patient INTEGER NOT NULL, patient_ref TEXT NOT NULL, relation TEXT NOT NULL, starts_us INTEGER NOT NULL,
  ends_us INTEGER NOT NULL, bound_by INTEGER NOT NULL, organisation INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY(account, patient)) WITHOUT ROWID;
CREATE INDEX access_patient_tie_by_patient ON access_patient_tie(patient);
CREATE TABLE access_patient_session(
  key TEXT PRIMARY KEY, account INTEGER NOT NULL, created_us INTEGER NOT NULL, used_us INTEGER NOT NULL, absolute_end_us INTEGER NOT NULL);
CREATE INDEX access_patient_session_by_account ON access_patient_session(account);
CREATE TABLE access_patient_request(
  id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, account INTEGER NOT NULL, patient INTEGER NOT NULL, patient_ref TEXT NOT NULL,
  kind TEXT NOT NULL, item TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL, answer TEXT NOT NULL,
  created_us INTEGER NOT NULL, due_us INTEGER NOT NULL, officer INTEGER NOT NULL, taken_us INTEGER NOT NULL, answered_us INTEGER NOT NULL);
CREATE INDEX access_patient_request_by_patient ON access_patient_request(patient);
CREATE INDEX access_patient_request_by_account ON access_patient_request(account);
)sql";

/// Keys of seals and of SM2, certificates of other authorities, revocation lists. Serial numbers are each authority's own.
constexpr std::string_view kAuthorities = R"sql(
CREATE TABLE access_signing_key_2(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, holder INTEGER NOT NULL, algorithm TEXT NOT NULL, wrapped_key BLOB NOT NULL,
  certificate TEXT NOT NULL, chain TEXT NOT NULL, authority INTEGER NOT NULL, serial TEXT NOT NULL, created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL, revoked_us INTEGER NOT NULL, revoked_reason TEXT NOT NULL, UNIQUE(authority, serial));
INSERT INTO access_signing_key_2 SELECT id, CASE person WHEN 0 THEN 'authority' ELSE 'person' END, person, 'p256', wrapped_key, certificate,
  CASE person WHEN 0 THEN '' ELSE COALESCE((SELECT a.certificate FROM access_signing_key a WHERE a.person = 0 ORDER BY a.id LIMIT 1), '') END,
  0, serial, created_us, expires_us, revoked_us, revoked_reason FROM access_signing_key;
DROP TABLE access_signing_key;
ALTER TABLE access_signing_key_2 RENAME TO access_signing_key;
CREATE INDEX access_signing_key_by_holder ON access_signing_key(kind, holder);
CREATE TABLE access_other_authority(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, licensed INTEGER NOT NULL, certificates TEXT NOT NULL, added_us INTEGER NOT NULL,
  list_number TEXT NOT NULL, list_made_us INTEGER NOT NULL, list_next_us INTEGER NOT NULL);
CREATE TABLE access_revoked_certificate(authority INTEGER NOT NULL, serial TEXT NOT NULL, at_us INTEGER NOT NULL,
  PRIMARY KEY(authority, serial)) WITHOUT ROWID;
CREATE TABLE access_seal(organisation INTEGER PRIMARY KEY, meanings TEXT NOT NULL);
CREATE TABLE access_signature_seal(
  signature INTEGER PRIMARY KEY, organisation INTEGER NOT NULL, der BLOB NOT NULL, certificate TEXT NOT NULL, chain TEXT NOT NULL);
ALTER TABLE access_signature ADD COLUMN revocation TEXT NOT NULL DEFAULT '';
CREATE INDEX access_signature_by_der ON access_signature(der);
CREATE INDEX access_signature_seal_by_der ON access_signature_seal(der);
)sql";

/// By what the audit is searched. A row about several patients lists them in `detail`; versions before this one ended a long
/// list with ",+<how many more>".
constexpr std::string_view kAuditSearch = R"sql(
CREATE TABLE access_audit_patient(
  patient INTEGER NOT NULL, recorded_us INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(patient, recorded_us, seq)) WITHOUT ROWID;
INSERT INTO access_audit_patient SELECT patient, recorded_us, seq FROM access_audit WHERE patient <> 0;
INSERT INTO access_audit_patient
  SELECT CAST(one.value AS INTEGER), a.recorded_us, a.seq FROM access_audit a,
    json_each('[' || replace(substr(a.detail, instr(a.detail, 'patients=') + 9), ',+', ',-') || ']') one
  WHERE a.patient = 0 AND a.action IN ('read', 'vread', 'history', 'search') AND instr(a.detail, 'patients=') > 0
    AND CAST(one.value AS INTEGER) > 0 ON CONFLICT DO NOTHING;
CREATE INDEX access_audit_by_time ON access_audit(recorded_us, seq);
CREATE INDEX access_audit_by_person ON access_audit(person, recorded_us, seq);
CREATE INDEX access_audit_by_case ON access_audit(case_id, recorded_us, seq) WHERE case_id <> '';
CREATE TABLE access_audit_check(
  id INTEGER PRIMARY KEY, started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, person INTEGER NOT NULL, rows INTEGER NOT NULL,
  heads INTEGER NOT NULL, head_seq INTEGER NOT NULL, head_hash BLOB NOT NULL, defect_count INTEGER NOT NULL, defects TEXT NOT NULL);
CREATE TABLE access_odd_look(
  id INTEGER PRIMARY KEY, week_us INTEGER NOT NULL, kind TEXT NOT NULL, person INTEGER NOT NULL, organisation INTEGER NOT NULL,
  patient INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, count INTEGER NOT NULL, explained_us INTEGER NOT NULL,
  explained_by INTEGER NOT NULL, explanation TEXT NOT NULL, UNIQUE(week_us, kind, person, patient));
)sql";

constexpr std::string_view kSensitive = R"sql(
ALTER TABLE access_membership ADD COLUMN labels INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_grant ADD COLUMN labels INTEGER NOT NULL DEFAULT 0;
CREATE TABLE access_treating(
  patient INTEGER NOT NULL, person INTEGER NOT NULL, labels INTEGER NOT NULL, since_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,
  named_by INTEGER NOT NULL, PRIMARY KEY(patient, person)) WITHOUT ROWID;
CREATE TABLE access_case_label(case_id TEXT PRIMARY KEY, labels INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE access_label_change(
  id INTEGER PRIMARY KEY, patient INTEGER NOT NULL, case_id TEXT NOT NULL, labels INTEGER NOT NULL, person INTEGER NOT NULL,
  at_us INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE INDEX access_label_change_by_patient ON access_label_change(patient);
CREATE TABLE access_consent_rule(
  patient INTEGER NOT NULL, organisation INTEGER NOT NULL, denied INTEGER NOT NULL, since_us INTEGER NOT NULL, reason TEXT NOT NULL,
  made_by INTEGER NOT NULL, PRIMARY KEY(patient, organisation)) WITHOUT ROWID;
CREATE TABLE access_break_glass(
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, organisation INTEGER NOT NULL, patient INTEGER NOT NULL, patient_ref TEXT NOT NULL,
  reason_code TEXT NOT NULL, reason TEXT NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL, ended INTEGER NOT NULL,
  beat_denial INTEGER NOT NULL, beat_labels INTEGER NOT NULL, reviewed_by INTEGER NOT NULL, reviewed_us INTEGER NOT NULL,
  verdict TEXT NOT NULL, verdict_text TEXT NOT NULL, overdue_told INTEGER NOT NULL);
CREATE INDEX access_break_glass_by_person ON access_break_glass(person, ends_us);
CREATE INDEX access_break_glass_by_patient ON access_break_glass(patient);
CREATE INDEX access_break_glass_open ON access_break_glass(ended, ends_us);
CREATE INDEX access_break_glass_unreviewed ON access_break_glass(reviewed_us, starts_us);
)sql";

constexpr std::string_view kOffice = "ALTER TABLE access_organisation ADD COLUMN office_approval INTEGER NOT NULL DEFAULT 0";

/// Pairs of Patients who are probably one person (duplicates.hpp); a < b. `t`: the commit up to which Patients were looked at.
constexpr std::string_view kDuplicates = R"sql(
CREATE TABLE access_duplicate(
  id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, bits REAL NOT NULL, state TEXT NOT NULL, found_us INTEGER NOT NULL,
  decided_by INTEGER NOT NULL, decided_us INTEGER NOT NULL, UNIQUE(a, b));
CREATE INDEX access_duplicate_by_state ON access_duplicate(state, bits);
CREATE INDEX access_duplicate_by_other ON access_duplicate(b);
CREATE TABLE access_duplicate_progress(id INTEGER PRIMARY KEY, t INTEGER NOT NULL);
)sql";

/// Whose account at an OpenID provider is whose here.
constexpr std::string_view kOidc = R"sql(
CREATE TABLE access_oidc_link(
  issuer TEXT NOT NULL, subject TEXT NOT NULL, person INTEGER NOT NULL, since_us INTEGER NOT NULL, PRIMARY KEY(issuer, subject),
  UNIQUE(issuer, person)) WITHOUT ROWID;
)sql";

/// Administrator roles that wait for a second person.
constexpr std::string_view kRoleRequests = R"sql(
CREATE TABLE access_role_request(
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, organisation INTEGER NOT NULL, role TEXT NOT NULL, specialty TEXT NOT NULL,
  rank_code TEXT NOT NULL, ends_us INTEGER NOT NULL, asked_by INTEGER NOT NULL, asked_us INTEGER NOT NULL, ended_us INTEGER NOT NULL);
CREATE INDEX access_role_request_open ON access_role_request(ended_us, id);
)sql";

/// Rights to labels, which take two persons too.
constexpr std::string_view kLabelRequests = R"sql(
ALTER TABLE access_role_request ADD COLUMN membership INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_role_request ADD COLUMN labels INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_role_request ADD COLUMN labels_before INTEGER NOT NULL DEFAULT 0;
)sql";

/// Care beats a denial (Grants::deny).
constexpr std::string_view kDenials = "UPDATE reach SET beats_denial = 1 WHERE source LIKE 'care:%'";

/// Rises with each change of what nodes keep in memory, so that the others read it again (node_changes.hpp).
constexpr std::string_view kNodeChanges = R"sql(
CREATE TABLE access_node_change(name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO access_node_change(name, number) VALUES('directory', 0);
INSERT INTO access_node_change(name, number) VALUES('grants', 0);
)sql";

constexpr std::array kMigrations = {storage::Migration{"access", 1, kPeople},
                                    storage::Migration{"access", 2, kSessions},
                                    storage::Migration{"access", 3, kGrants},
                                    storage::Migration{"access", 4, kAudit},
                                    storage::Migration{"access", 5, kSigning},
                                    storage::Migration{"access", 6, kRoster},
                                    storage::Migration{"access", 7, kClientUse},
                                    storage::Migration{"access_sign_in", 1, kSignIn},
                                    storage::Migration{"access_patient", 1, kPatients},
                                    storage::Migration{"access_authorities", 1, kAuthorities},
                                    storage::Migration{"access_audit", 1, kAuditSearch},
                                    storage::Migration{"access_sensitive", 1, kSensitive},
                                    storage::Migration{"access_office", 1, kOffice},
                                    storage::Migration{"access_oidc", 1, kOidc},
                                    storage::Migration{"access_role_requests", 1, kRoleRequests},
                                    storage::Migration{"access_role_requests", 2, kLabelRequests},
                                    storage::Migration{"access_denials", 1, kDenials},
                                    storage::Migration{"access_duplicates", 1, kDuplicates},
                                    storage::Migration{"access_node_changes", 1, kNodeChanges}};

}  // namespace

std::span<const storage::Migration> access_migrations() { return kMigrations; }

}  // namespace qiao::access
