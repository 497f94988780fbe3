#include "access/break_glass.hpp"

namespace qiao::access {

Glass BreakGlass::insert(storage::Group& group, Glass glass) {
    auto rows = group.connection().query(
        "INSERT INTO access_break_glass(person, organisation, patient, patient_ref, reason_code, reason, starts_us, ends_us, ended, beat_denial, beat_labels, "
        "reviewed_by, reviewed_us, verdict, verdict_text, overdue_told) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0, 0, '', '', 0) RETURNING id",
        {glass.person, glass.organisation, glass.patient, std::string_view(glass.patient_ref), std::string_view(glass.reason_code),
         std::string_view(glass.reason), to_us(glass.starts), to_us(glass.ends), std::int64_t{glass.beat_denial}, glass.beat_labels});
    rows.next();
    glass.id = rows.integer(0);
    return glass;
}

std::vector<Glass> BreakGlass::select(storage::Connection& connection, std::string_view where, std::initializer_list<storage::Value> values) {
    std::string sql =
        "SELECT id, person, organisation, patient, patient_ref, reason_code, reason, starts_us, ends_us, ended, beat_denial, beat_labels, reviewed_by, "
        "reviewed_us, "
        "verdict, verdict_text, overdue_told FROM access_break_glass WHERE ";
    sql += where;
    auto rows = connection.query(sql, values);
    std::vector<Glass> all;
    while (rows.next()) {
        all.push_back({.id = rows.integer(0),
                       .person = rows.integer(1),
                       .organisation = rows.integer(2),
                       .patient = rows.integer(3),
                       .patient_ref = std::string(rows.text(4)),
                       .reason_code = std::string(rows.text(5)),
                       .reason = std::string(rows.text(6)),
                       .starts = from_us(rows.integer(7)),
                       .ends = from_us(rows.integer(8)),
                       .ended = rows.integer(9) != 0,
                       .beat_denial = rows.integer(10) != 0,
                       .beat_labels = rows.integer(11),
                       .reviewed_by = rows.integer(12),
                       .reviewed = from_us(rows.integer(13)),
                       .verdict = std::string(rows.text(14)),
                       .verdict_text = std::string(rows.text(15)),
                       .overdue_told = rows.integer(16) != 0});
    }
    return all;
}

std::vector<std::int64_t> BreakGlass::in_care_of(storage::Connection& connection, record::Rid patient) {
    std::vector<std::int64_t> organisations;
    auto rows = connection.query("SELECT organisation FROM access_care_relation WHERE patient = ? AND ends_us > ?", {patient, to_us(clock_.now())});
    while (rows.next()) organisations.push_back(rows.integer(0));
    return organisations;
}

void BreakGlass::close(storage::Group& group, const Glass& glass, Instant now) {
    group.connection().execute("UPDATE access_break_glass SET ended = 1, ends_us = min(ends_us, ?) WHERE id = ?", {to_us(now), glass.id});
    record_.end_reach(group, "glass:" + std::to_string(glass.id));
    grants_.taken_away(group);
}

void BreakGlass::store_verdict(storage::Group& group, std::int64_t id, std::int64_t by, std::string_view verdict, std::string_view text) {
    group.connection().execute("UPDATE access_break_glass SET reviewed_by = ?, reviewed_us = ?, verdict = ?, verdict_text = ? WHERE id = ?",
                               {by, to_us(group.now()), verdict, text, id});
}

void BreakGlass::store_told(storage::Group& group, std::int64_t id) {
    group.connection().execute("UPDATE access_break_glass SET overdue_told = 1 WHERE id = ?", {id});
}

void BreakGlass::note_what_it_beats(storage::Connection& connection, Glass& glass) {
    {
        auto rows = connection.query("SELECT a.labels FROM res r JOIN aclset a ON a.id = r.acl WHERE r.rid = ?", {glass.patient});
        if (rows.next()) glass.beat_labels = rows.integer(0);
    }
    auto rows = connection.query("SELECT 1 FROM reach_denied WHERE patient_rid = ? AND grantee = ?", {glass.patient, person_key(glass.person)});
    glass.beat_denial = rows.next();
}

}  // namespace qiao::access
