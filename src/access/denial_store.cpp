#include "access/grant.hpp"
#include "base/error.hpp"

#include <vector>

/// The parts of Grants about labels and about what a patient denies.
namespace qiao::access {
namespace {

/// Every desk that stands for this institution alone.
std::vector<std::int64_t> desks_of(std::int64_t organisation) {
    std::vector<std::int64_t> keys{organisation_key(organisation)};
    for (const RoleRights& row : roles()) {
        if (row.stands_at_desk) keys.push_back(desk_key(organisation, row.code));
    }
    return keys;
}

void note(storage::Group& group, record::Rid patient, std::int64_t organisation, bool denied, std::string_view reason, std::int64_t by) {
    group.connection().execute(
        "INSERT INTO access_consent_rule(patient, organisation, denied, since_us, reason, made_by) VALUES(?, ?, ?, ?, ?, ?) "
        "ON CONFLICT(patient, organisation) DO UPDATE SET denied = excluded.denied, since_us = excluded.since_us, reason = excluded.reason, "
        "made_by = excluded.made_by",
        {patient, organisation, std::int64_t{denied}, to_us(group.now()), reason, by});
}

}  // namespace

void Grants::deny(storage::Group& group, record::Rid patient, std::int64_t organisation, std::string_view reason, std::int64_t by) {
    note(group, patient, organisation, true, reason, by);
    std::vector<std::int64_t> keys = desks_of(organisation);
    auto people =
        group.connection().query("SELECT DISTINCT person FROM access_membership WHERE organisation = ? AND ends_us > ?", {organisation, to_us(group.now())});
    while (people.next()) keys.push_back(person_key(people.integer(0)));
    for (const std::int64_t key : keys) record_.deny_reach(group, patient, key, true);
    taken_away(group);
}

void Grants::allow(storage::Group& group, record::Rid patient, std::int64_t organisation, std::int64_t by) {
    note(group, patient, organisation, false, {}, by);
    std::vector<std::int64_t> keys = desks_of(organisation);
    // Who has left the institution since was denied with it, too; who works for another one that is denied stays so.
    auto people = group.connection().query(
        "SELECT DISTINCT person FROM access_membership WHERE organisation = ? AND person NOT IN (SELECT m.person FROM access_membership m "
        "JOIN access_consent_rule r ON r.organisation = m.organisation WHERE r.patient = ? AND r.denied = 1 AND m.ends_us > ?)",
        {organisation, patient, to_us(group.now())});
    while (people.next()) keys.push_back(person_key(people.integer(0)));
    for (const std::int64_t key : keys) record_.deny_reach(group, patient, key, false);
}

bool Grants::is_denied(storage::Connection& connection, record::Rid patient, std::int64_t organisation) {
    auto rows = connection.query("SELECT 1 FROM access_consent_rule WHERE patient = ? AND organisation = ? AND denied = 1", {patient, organisation});
    return rows.next();
}

std::vector<Denial> Grants::denials(storage::Connection& connection, record::Rid patient, bool with_ended) {
    std::vector<Denial> all;
    auto rows = connection.query(
        "SELECT organisation, since_us, reason, denied, made_by FROM access_consent_rule WHERE patient = ? AND denied >= ? "
        "ORDER BY denied DESC, since_us DESC, organisation",
        {patient, std::int64_t{!with_ended}});
    while (rows.next()) all.push_back({rows.integer(0), from_us(rows.integer(1)), std::string(rows.text(2)), rows.integer(3) != 0, rows.integer(4)});
    return all;
}

bool Grants::in_care(storage::Connection& connection, record::Rid patient, std::int64_t organisation, Instant now) {
    auto rows = connection.query("SELECT 1 FROM access_care_relation WHERE patient = ? AND organisation = ? AND starts_us <= ? AND ends_us > ?",
                                 {patient, organisation, to_us(now), to_us(now)});
    return rows.next();
}

bool Grants::is_denied_to(storage::Connection& connection, record::Rid patient, std::int64_t grantee, Instant now) {
    const Grantee who = grantee_of(grantee);
    if (who.kind != GranteeKind::person) return is_denied(connection, patient, who.id);
    auto rows = connection.query(
        "SELECT 1 FROM access_consent_rule r JOIN access_membership m ON m.organisation = r.organisation WHERE r.patient = ? AND r.denied = 1 AND m.person = ? "
        "AND m.ends_us > ?",
        {patient, who.id, to_us(now)});
    return rows.next();
}

/// Who had a grant of this case before keeps the row, which opens nothing: other moves of the case go on.
bool Grants::refuses_for_consent(storage::Group& group, const Grant& grant) const {
    record::Rid patient = grant.patient;
    if (patient == 0 && !grant.items.empty()) {
        auto rows = group.connection().query("SELECT a.patient_rid FROM res i JOIN aclset a ON a.id = i.acl WHERE i.rid = ?", {grant.items.front()});
        if (rows.next()) patient = rows.integer(0);
    }
    if (!is_denied_to(group.connection(), patient, grant.grantee, group.now())) return false;
    auto before = group.connection().query("SELECT 1 FROM access_grant WHERE case_id = ? AND grantee = ? AND revoked_us = 0 LIMIT 1",
                                           {std::string_view(grant.case_id), grant.grantee});
    if (!before.next()) throw Error(ErrorKind::conflict, "access.consent_denied", "the patient does not agree that this institution sees the record");
    return true;
}

void Grants::treat(storage::Group& group, record::Rid patient, std::int64_t person, std::int64_t labels, std::int64_t by) {
    const std::string source = "treats:" + std::to_string(patient) + ":" + std::to_string(person);
    const std::int64_t now_us = to_us(group.now());
    group.connection().execute(
        "INSERT INTO access_treating(patient, person, labels, since_us, ended_us, named_by) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(patient, person) DO UPDATE "
        "SET "
        "labels = excluded.labels, ended_us = excluded.ended_us, named_by = excluded.named_by",
        {patient, person, labels, now_us, labels == 0 ? now_us : to_us(Instant::max()), by});
    if (labels == 0) {
        record_.end_reach(group, source);
        taken_away(group);
    } else {
        record_.reach_patient(group, patient, person_key(person), source, {}, Instant::max(), {.labels = labels});
    }
}

std::int64_t Grants::labels_of_case(storage::Connection& connection, std::string_view case_id) {
    auto rows = connection.query("SELECT labels FROM access_case_label WHERE case_id = ?", {case_id});
    return rows.next() ? rows.integer(0) : 0;
}

void Grants::label_case(storage::Group& group, std::string_view case_id, std::int64_t labels) {
    group.connection().execute("INSERT INTO access_case_label(case_id, labels) VALUES(?, ?) ON CONFLICT(case_id) DO UPDATE SET labels = excluded.labels",
                               {case_id, labels});
    struct Row {
        std::int64_t grantee, item, ends_us, labels;
    };
    std::vector<Row> live;
    {
        auto rows =
            group.connection().query("SELECT grantee, item, ends_us, labels FROM access_grant WHERE case_id = ? AND revoked_us = 0 AND item <> 0", {case_id});
        while (rows.next()) live.push_back({rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3)});
    }
    for (const Row& row : live) {
        record_.reach_item(group, row.item, row.grantee, case_source(case_id, row.grantee), {}, from_us(row.ends_us), {.labels = row.labels | labels});
    }
    taken_away(group);
}

void Grants::label_items(storage::Group& group, std::string_view case_id, std::span<const record::Rid> items) {
    auto rows = group.connection().query("SELECT labels FROM access_case_label WHERE case_id = ?", {case_id});
    if (!rows.next()) return;
    const std::int64_t labels = rows.integer(0);
    for (const record::Rid item : items) record_.set_added_labels(group, item, labels);
}

}  // namespace qiao::access
