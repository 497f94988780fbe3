#include "flow/cascade_store.hpp"

namespace qiao::flow::store {

namespace {

using storage::Connection;
using storage::Cursor;

constexpr const char* kClock =
    "case_id, name, kind, started_us, budget_us, used_us, since_us, due_us, next_us, pause_reason, paused_at_us, stopped_us, level, verdict_occurred, "
    "verdict_recorded";

std::vector<std::string> ids(Cursor rows) {
    std::vector<std::string> list;
    while (rows.next()) {
        list.emplace_back(rows.text(0));
    }
    return list;
}

}  // namespace

void put_cascade(Connection& connection, const Cascade& cascade) {
    connection.execute("INSERT INTO flow_cascade (id, fact, subject, made_us, made_by, undone_us, undone_by) VALUES (?, ?, ?, ?, ?, 0, 0)",
                       {cascade.id, cascade.fact, cascade.subject, to_us(cascade.made), cascade.made_by});
    for (const CascadeLine& line : cascade.lines) {
        connection.execute("INSERT INTO flow_cascade_line (cascade, case_id, action, before) VALUES (?, ?, ?, ?)",
                           {cascade.id, line.case_id, line.action, line.before});
        connection.execute(std::string("INSERT INTO flow_cascade_clock (cascade, ") + kClock + ") SELECT ?, " + kClock + " FROM flow_clock WHERE case_id = ?",
                           {cascade.id, line.case_id});
    }
}

std::optional<Cascade> find_cascade(Connection& connection, std::string_view fact, std::string_view subject) {
    Cascade found;
    {
        Cursor rows = connection.query(
            "SELECT id, made_us, made_by FROM flow_cascade WHERE fact = ? AND subject = ? AND undone_us = 0 ORDER BY made_us DESC LIMIT 1", {fact, subject});
        if (!rows.next()) {
            return std::nullopt;
        }
        found.id = rows.text(0);
        found.made = from_us(rows.integer(1));
        found.made_by = rows.integer(2);
    }
    found.fact = fact;
    found.subject = subject;
    Cursor rows = connection.query("SELECT case_id, action, before FROM flow_cascade_line WHERE cascade = ? ORDER BY case_id", {found.id});
    while (rows.next()) {
        found.lines.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2))});
    }
    return found;
}

void mark_undone(Connection& connection, std::string_view cascade, Instant now, std::int64_t person) {
    connection.execute("UPDATE flow_cascade SET undone_us = ?, undone_by = ? WHERE id = ?", {to_us(now), person, cascade});
}

void restore_clocks(Connection& connection, std::string_view cascade, std::string_view case_id) {
    connection.execute("DELETE FROM flow_clock WHERE case_id = ?", {case_id});
    connection.execute(std::string("INSERT INTO flow_clock (") + kClock + ") SELECT " + kClock + " FROM flow_cascade_clock WHERE cascade = ? AND case_id = ?",
                       {cascade, case_id});
}

std::vector<LivePerson> live_people(Connection& connection) {
    std::vector<LivePerson> list;
    Cursor rows = connection.query(
        "SELECT DISTINCT c.machine, p.person, p.organisation, 0 FROM flow_party p JOIN flow_case c ON c.case_id = p.case_id"
        " WHERE c.ended = 0 AND c.lead_case = '' AND p.status IN ('offered', 'rung', 'accepted')"
        " UNION SELECT DISTINCT machine, requester, from_org, 1 FROM flow_case WHERE ended = 0 AND lead_case = ''");
    while (rows.next()) {
        list.push_back({std::string(rows.text(0)), rows.integer(1), rows.integer(2), rows.integer(3) != 0});
    }
    return list;
}

std::vector<std::string> live_cases_of(Connection& connection, const LivePerson& who) {
    if (who.requester) {
        return ids(connection.query(
            "SELECT case_id FROM flow_case WHERE requester = ? AND from_org = ? AND machine = ? AND ended = 0 AND lead_case = '' ORDER BY case_id",
            {who.person, who.organisation, who.machine}));
    }
    return ids(
        connection.query("SELECT DISTINCT c.case_id FROM flow_party p JOIN flow_case c ON c.case_id = p.case_id WHERE p.person = ? AND p.organisation = ?"
                         " AND c.machine = ? AND c.ended = 0 AND c.lead_case = '' AND p.status IN ('offered', 'rung', 'accepted') ORDER BY c.case_id",
                         {who.person, who.organisation, who.machine}));
}

std::vector<LivePair> live_pairs(Connection& connection) {
    std::vector<LivePair> list;
    Cursor rows =
        connection.query("SELECT DISTINCT machine, from_org, to_org FROM flow_case WHERE ended = 0 AND lead_case = '' AND to_org <> 0 AND state <> 'draft'");
    while (rows.next()) {
        list.push_back({std::string(rows.text(0)), rows.integer(1), rows.integer(2)});
    }
    return list;
}

std::vector<std::string> live_cases_between(Connection& connection, const LivePair& pair) {
    return ids(
        connection.query("SELECT case_id FROM flow_case WHERE from_org = ? AND to_org = ? AND machine = ? AND ended = 0 AND lead_case = '' ORDER BY case_id",
                         {pair.from_org, pair.to_org, pair.machine}));
}

std::vector<std::string> live_cases_of_patient(Connection& connection, std::string_view patient) {
    return ids(connection.query("SELECT case_id FROM flow_case WHERE patient = ? AND ended = 0 AND lead_case = '' ORDER BY case_id", {patient}));
}

}  // namespace qiao::flow::store
