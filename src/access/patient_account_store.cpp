#include "access/patient_account.hpp"
#include "access/role.hpp"

namespace qiao::access {
namespace {

constexpr std::string_view kAccountColumns = "a.id, a.id_hash, a.name, a.phone, a.pin_hash, a.created_us, a.used_us";

PatientAccount account_in(const storage::Cursor& rows) {
    return {.id = rows.integer(0),
            .id_hash = std::string(rows.text(1)),
            .name = std::string(rows.text(2)),
            .phone = std::string(rows.text(3)),
            .pin_hash = std::string(rows.text(4)),
            .created = from_us(rows.integer(5)),
            .used = from_us(rows.integer(6))};
}

PatientTie tie_in(const storage::Cursor& rows, int at) {
    return {.account = rows.integer(at),
            .rid = rows.integer(at + 1),
            .patient = std::string(rows.text(at + 2)),
            .relation = std::string(rows.text(at + 3)),
            .starts = from_us(rows.integer(at + 4)),
            .ends = from_us(rows.integer(at + 5)),
            .bound_by = rows.integer(at + 6),
            .organisation = rows.integer(at + 7),
            .reason = std::string(rows.text(at + 8))};
}

constexpr std::string_view kTieColumns = "t.account, t.patient, t.patient_ref, t.relation, t.starts_us, t.ends_us, t.bound_by, t.organisation, t.reason";

std::string source_of(std::int64_t account, record::Rid patient) { return "patient:" + std::to_string(account) + ":" + std::to_string(patient); }

}  // namespace

std::optional<PatientAccount> PatientAccounts::read_account(std::string_view id_hash) {
    static const std::string sql = "SELECT " + std::string(kAccountColumns) + " FROM access_patient_account a WHERE a.id_hash = ?";
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(sql, {id_hash});
    return rows.next() ? std::optional(account_in(rows)) : std::nullopt;
}

std::optional<PatientAccount> PatientAccounts::account(std::int64_t id) {
    static const std::string sql = "SELECT " + std::string(kAccountColumns) + " FROM access_patient_account a WHERE a.id = ?";
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(sql, {id});
    return rows.next() ? std::optional(account_in(rows)) : std::nullopt;
}

std::vector<PatientTie> PatientAccounts::ties_of(std::int64_t account, Instant now) {
    static const std::string sql =
        "SELECT " + std::string(kTieColumns) + " FROM access_patient_tie t WHERE t.account = ? AND t.ends_us > ? ORDER BY t.starts_us";
    std::vector<PatientTie> ties;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(sql, {account, to_us(now)});
    while (rows.next()) ties.push_back(tie_in(rows, 0));
    return ties;
}

std::vector<std::pair<PatientAccount, PatientTie>> PatientAccounts::accounts_of(record::Rid patient, Instant now) {
    static const std::string sql = "SELECT " + std::string(kAccountColumns) + ", " + std::string(kTieColumns) +
                                   " FROM access_patient_tie t JOIN access_patient_account a ON a.id = t.account WHERE t.patient = ? AND t.ends_us > ? "
                                   "ORDER BY t.starts_us";
    std::vector<std::pair<PatientAccount, PatientTie>> found;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(sql, {patient, to_us(now)});
    while (rows.next()) found.emplace_back(account_in(rows), tie_in(rows, 7));
    return found;
}

std::optional<PatientSession> PatientAccounts::read_session(const std::string& key) {
    auto snapshot = database_.read();
    auto rows =
        snapshot->connection().query("SELECT account, created_us, used_us, absolute_end_us FROM access_patient_session WHERE key = ?", {std::string_view(key)});
    if (!rows.next()) return std::nullopt;
    return PatientSession{key, rows.integer(0), from_us(rows.integer(1)), from_us(rows.integer(2)), from_us(rows.integer(3))};
}

std::int64_t PatientAccounts::put_account(storage::Group& group, const PatientAccount& account) {
    group.connection().execute(
        "INSERT INTO access_patient_account(id_hash, name, phone, pin_hash, created_us, used_us) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(id_hash) DO UPDATE SET "
        "name = excluded.name, phone = excluded.phone, pin_hash = excluded.pin_hash",
        {std::string_view(account.id_hash), std::string_view(account.name), std::string_view(account.phone), std::string_view(account.pin_hash),
         to_us(account.created), to_us(account.created)});
    auto rows = group.connection().query("SELECT id FROM access_patient_account WHERE id_hash = ?", {std::string_view(account.id_hash)});
    rows.next();
    return rows.integer(0);
}

void PatientAccounts::put_tie(storage::Group& group, const PatientTie& tie) {
    group.connection().execute(
        "INSERT INTO access_patient_tie(account, patient, patient_ref, relation, starts_us, ends_us, bound_by, organisation, reason) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(account, patient) DO UPDATE SET relation = excluded.relation, starts_us = excluded.starts_us, "
        "ends_us = excluded.ends_us, bound_by = excluded.bound_by, organisation = excluded.organisation, reason = excluded.reason",
        {tie.account, tie.rid, std::string_view(tie.patient), std::string_view(tie.relation), to_us(tie.starts), to_us(tie.ends), tie.bound_by,
         tie.organisation, std::string_view(tie.reason)});
    record_.reach_patient(group, tie.rid, patient_key(tie.account), source_of(tie.account, tie.rid), Instant{}, tie.ends,
                          {.labels = record::kEveryLabel});  // one's own record has no secrets from oneself
}

void PatientAccounts::end_tie(storage::Group& group, std::int64_t account, record::Rid patient, Instant now) {
    group.connection().execute("UPDATE access_patient_tie SET ends_us = ? WHERE account = ? AND patient = ? AND ends_us > ?",
                               {to_us(now), account, patient, to_us(now)});
    record_.end_reach(group, source_of(account, patient));
}

void PatientAccounts::delete_sessions_of(storage::Group& group, std::int64_t account) {
    group.connection().execute("DELETE FROM access_patient_session WHERE account = ?", {account});
}

void PatientAccounts::insert_session(storage::Group& group, const PatientSession& session) {
    group.connection().execute("DELETE FROM access_patient_session WHERE absolute_end_us < ?", {to_us(session.created)});
    group.connection().execute("INSERT INTO access_patient_session(key, account, created_us, used_us, absolute_end_us) VALUES(?, ?, ?, ?, ?)",
                               {std::string_view(session.key), session.account, to_us(session.created), to_us(session.used), to_us(session.absolute_end)});
    group.connection().execute("UPDATE access_patient_account SET used_us = ? WHERE id = ?", {to_us(session.created), session.account});
}

void PatientAccounts::delete_session(const std::string& key) {
    writer_.submit(
        {{}, [&](storage::Group& group) { group.connection().execute("DELETE FROM access_patient_session WHERE key = ?", {std::string_view(key)}); }});
}

void PatientAccounts::store_use(const std::string& key, std::int64_t account, Instant now) {
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("UPDATE access_patient_session SET used_us = ? WHERE key = ?", {to_us(now), std::string_view(key)});
                        group.connection().execute("UPDATE access_patient_account SET used_us = ? WHERE id = ?", {to_us(now), account});
                    }});
}

}  // namespace qiao::access
