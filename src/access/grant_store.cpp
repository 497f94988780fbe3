#include "access/grant.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace qiao::access {
namespace {

std::string care_source(record::Rid patient, std::int64_t organisation) { return "care:" + std::to_string(patient) + ":" + std::to_string(organisation); }

/// Reach that starts now starts "always": commit times may run some milliseconds ahead of the clock that readers ask, and
/// who was just let in must not be turned away.
constexpr Instant kAtOnce{};

void insert_grant(storage::Group& group, const Grant& grant, record::Rid item, Instant starts) {
    group.connection().execute(
        "INSERT INTO access_grant(case_id, grantee, patient, item, purpose, reason, starts_us, ends_us, granted_by, revoked_us, labels) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        {std::string_view(grant.case_id), grant.grantee, grant.patient, item, std::string_view(grant.purpose), std::string_view(grant.reason), to_us(starts),
         to_us(grant.ends), grant.granted_by, grant.labels});
}

void revoke_rows(storage::Group& group, std::string_view case_id, std::int64_t grantee) {
    group.connection().execute("UPDATE access_grant SET revoked_us = ? WHERE case_id = ? AND grantee = ? AND revoked_us = 0",
                               {to_us(group.now()), case_id, grantee});
}

/// What the newest live grant of (case, grantee) says, without its items; a grantee of 0 when there is none.
Grant live_grant(storage::Group& group, std::string_view case_id, std::int64_t grantee) {
    auto rows = group.connection().query(
        "SELECT patient, purpose, reason, granted_by, labels FROM access_grant WHERE case_id = ? AND grantee = ? AND revoked_us = 0 ORDER BY item LIMIT 1",
        {case_id, grantee});
    if (!rows.next()) return {};
    Grant grant;
    grant.grantee = grantee;
    grant.case_id = case_id;
    grant.patient = rows.integer(0);
    grant.purpose = rows.text(1);
    grant.reason = rows.text(2);
    grant.granted_by = rows.integer(3);
    grant.labels = rows.integer(4);
    return grant;
}

/// The items of the live rows of (case, grantee), 0 = the whole patient; nothing when one of the rows says what `grant` does
/// not, so that all have to be written anew.
std::optional<std::set<record::Rid>> kept_items(storage::Group& group, const Grant& grant, Instant now) {
    std::set<record::Rid> wanted(grant.items.begin(), grant.items.end());
    if (grant.patient != 0) wanted.insert(0);
    std::set<record::Rid> kept;
    auto rows = group.connection().query(
        "SELECT item, patient, purpose, reason, starts_us, ends_us, labels FROM access_grant WHERE case_id = ? AND grantee = ? AND revoked_us = 0",
        {std::string_view(grant.case_id), grant.grantee});
    while (rows.next()) {
        const bool same_start = grant.starts == Instant{} ? rows.integer(4) <= to_us(now) : rows.integer(4) == to_us(grant.starts);
        const bool same = rows.integer(1) == grant.patient && rows.text(2) == grant.purpose && rows.text(3) == grant.reason && same_start &&
                          rows.integer(5) == to_us(grant.ends) && rows.integer(6) == grant.labels && wanted.contains(rows.integer(0));
        if (!same) return std::nullopt;
        kept.insert(rows.integer(0));
    }
    return kept;
}

/// Rows of: case_id, grantee, patient, item, purpose, reason, starts_us, ends_us. The items of one grant become one reason.
std::vector<Reason> reasons_in(storage::Cursor rows) {
    std::vector<Reason> reasons;
    while (rows.next()) {
        Reason reason{.kind = "case",
                      .case_id = std::string(rows.text(0)),
                      .reason = std::string(rows.text(5)),
                      .purpose = std::string(rows.text(4)),
                      .grantee = rows.integer(1),
                      .patient = rows.integer(3) == 0 ? rows.integer(2) : 0,
                      .starts = from_us(rows.integer(6)),
                      .ends = from_us(rows.integer(7))};
        const bool known = std::any_of(reasons.begin(), reasons.end(), [&](const Reason& other) {
            return other.case_id == reason.case_id && other.grantee == reason.grantee && other.patient == reason.patient && other.ends == reason.ends;
        });
        if (!known) reasons.push_back(std::move(reason));
    }
    return reasons;
}

/// Those of the treating people and of broken glass.
void by_name(storage::Connection& connection, record::Rid patient, std::int64_t now_us, std::vector<Reason>& reasons) {
    auto rows = connection.query(
        "SELECT 'treats', person, '', since_us, ended_us, 'TREAT' FROM access_treating WHERE patient = ? AND ended_us > ? "
        "UNION ALL SELECT 'glass', person, reason_code, starts_us, ends_us, 'BTG' FROM access_break_glass WHERE patient = ? AND starts_us <= ? AND ends_us > ?",
        {patient, now_us, patient, now_us, now_us});
    while (rows.next()) {
        reasons.push_back({.kind = std::string(rows.text(0)),
                           .reason = std::string(rows.text(2)),
                           .purpose = std::string(rows.text(5)),
                           .grantee = person_key(rows.integer(1)),
                           .patient = patient,
                           .starts = from_us(rows.integer(3)),
                           .ends = from_us(rows.integer(4))});
    }
}

}  // namespace

std::string case_source(std::string_view case_id, std::int64_t grantee) { return "case:" + std::string(case_id) + ":" + std::to_string(grantee); }

Grants::Grants(storage::Database& database, record::Record& record, const Clock& clock) : database_(database), record_(record), clock_(clock), watch_(database, "grants") {}

void Grants::follow() {
    if (watch_.changed()) epoch_.fetch_add(1, std::memory_order_release);
}

void Grants::taken_away(storage::Group& group) {
    note_change(group, database_, "grants");
    group.on_commit([this] { epoch_.fetch_add(1, std::memory_order_release); });
}

void Grants::begin_care(storage::Group& group, record::Rid patient, std::int64_t organisation, std::int64_t by) {
    const Instant now = clock_.now();
    group.connection().execute(
        "INSERT INTO access_care_relation(patient, organisation, starts_us, ends_us, started_by) VALUES(?, ?, ?, ?, ?) "
        "ON CONFLICT(patient, organisation) DO UPDATE SET ends_us = excluded.ends_us",
        {patient, organisation, to_us(now), to_us(Instant::max()), by});
    record_.reach_patient(group, patient, organisation_key(organisation), care_source(patient, organisation), kAtOnce, Instant::max(),
                          {.by_right = ~record::personal_labels(), .beats_denial = true});
}

void Grants::end_care(storage::Group& group, record::Rid patient, std::int64_t organisation) {
    group.connection().execute("UPDATE access_care_relation SET ends_us = ? WHERE patient = ? AND organisation = ?",
                               {to_us(group.now()), patient, organisation});
    record_.end_reach(group, care_source(patient, organisation));
    taken_away(group);
}

void Grants::give(storage::Group& group, const Grant& grant) {
    if (grant.grantee == 0 || grant.case_id.empty()) throw Error(ErrorKind::internal, "access.bad_grant", "a grant needs a grantee and a case");
    if (refuses_for_consent(group, grant)) return;
    const std::string source = case_source(grant.case_id, grant.grantee);
    const Instant now = clock_.now();
    const record::Opens of_items{.labels = grant.labels | labels_of_case(group.connection(), grant.case_id)};
    const Instant starts = grant.starts == Instant{} ? now : grant.starts;
    std::optional<std::set<record::Rid>> kept = kept_items(group, grant, now);
    if (!kept) {
        record_.end_reach(group, source);
        revoke_rows(group, grant.case_id, grant.grantee);
        taken_away(group);  // it may show less than the one before
        kept.emplace();
    }
    if (grant.patient != 0 && kept->insert(0).second) {
        record_.reach_patient(group, grant.patient, grant.grantee, source, grant.starts, grant.ends, {.labels = grant.labels});
        insert_grant(group, grant, 0, starts);
    }
    for (const record::Rid item : grant.items) {
        if (!kept->insert(item).second) continue;
        record_.reach_item(group, item, grant.grantee, source, grant.starts, grant.ends, of_items);
        insert_grant(group, grant, item, starts);
    }
}

void Grants::shrink_to_items(storage::Group& group, std::string_view case_id, std::int64_t grantee, std::span<const record::Rid> items, Instant ends) {
    Grant grant = live_grant(group, case_id, grantee);
    if (grant.grantee == 0) return;  // ended already: nothing comes back
    const std::string source = case_source(case_id, grantee);
    record_.end_reach(group, source);
    revoke_rows(group, case_id, grantee);
    grant.ends = ends;
    const record::Opens of_items{.labels = grant.labels | labels_of_case(group.connection(), case_id)};
    for (const record::Rid item : items) {
        record_.reach_item(group, item, grantee, source, kAtOnce, ends, of_items);
        insert_grant(group, grant, item, clock_.now());
    }
    taken_away(group);
}

void Grants::end_grantee(storage::Group& group, std::string_view case_id, std::int64_t grantee) {
    record_.end_reach(group, case_source(case_id, grantee));
    revoke_rows(group, case_id, grantee);
    taken_away(group);
}

void Grants::end_case(storage::Group& group, std::string_view case_id) {
    std::vector<std::int64_t> grantees;
    {
        auto rows = group.connection().query("SELECT DISTINCT grantee FROM access_grant WHERE case_id = ? AND revoked_us = 0", {case_id});
        while (rows.next()) grantees.push_back(rows.integer(0));
    }
    for (const std::int64_t grantee : grantees) end_grantee(group, case_id, grantee);
}

std::vector<Reason> Grants::why(const record::ReadFilter& filter, record::Rid patient) {
    const std::int64_t now_us = to_us(clock_.now());
    auto snapshot = database_.read();
    std::vector<Reason> reasons =
        reasons_in(snapshot->connection().query("SELECT case_id, grantee, patient, item, purpose, reason, starts_us, ends_us FROM access_grant "
                                                "WHERE patient = ? AND revoked_us = 0 AND starts_us <= ? AND ends_us > ? ORDER BY ends_us DESC",
                                                {patient, now_us, now_us}));
    by_name(snapshot->connection(), patient, now_us, reasons);
    auto rows = snapshot->connection().query(
        "SELECT organisation, starts_us, ends_us FROM access_care_relation WHERE patient = ? AND starts_us <= ? AND ends_us > ?", {patient, now_us, now_us});
    while (rows.next()) {
        reasons.push_back({.kind = "care",
                           .purpose = "TREAT",
                           .grantee = organisation_key(rows.integer(0)),
                           .patient = patient,
                           .starts = from_us(rows.integer(1)),
                           .ends = from_us(rows.integer(2))});
    }
    std::erase_if(reasons, [&](const Reason& one) { return std::find(filter.grantees.begin(), filter.grantees.end(), one.grantee) == filter.grantees.end(); });
    std::stable_sort(reasons.begin(), reasons.end(), [](const Reason& a, const Reason& b) { return a.ends > b.ends; });
    return reasons;
}

std::vector<Reason> Grants::of_case(std::string_view case_id) {
    const std::int64_t now_us = to_us(clock_.now());
    auto snapshot = database_.read();
    return reasons_in(
        snapshot->connection().query("SELECT case_id, grantee, patient, item, purpose, reason, starts_us, ends_us FROM access_grant "
                                     "WHERE case_id = ? AND revoked_us = 0 AND starts_us <= ? AND ends_us > ? ORDER BY id",
                                     {case_id, now_us, now_us}));
}

}  // namespace qiao::access
