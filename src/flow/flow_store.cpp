#include "flow/flow_store.hpp"

#include "base/error.hpp"
#include "flow/notice_store.hpp"

namespace qiao::flow::store {

namespace {

using storage::Connection;
using storage::Cursor;
using storage::Value;

constexpr std::string_view kCaseTables = R"sql(
CREATE TABLE flow_case (
    case_id TEXT PRIMARY KEY, number TEXT NOT NULL, machine TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,
    request TEXT NOT NULL, patient TEXT NOT NULL, requester INTEGER NOT NULL, from_org INTEGER NOT NULL, to_org INTEGER NOT NULL,
    urgency TEXT NOT NULL, urgency_rank INTEGER NOT NULL, lead_case TEXT NOT NULL, pack TEXT NOT NULL, create_id TEXT NOT NULL,
    created_us INTEGER NOT NULL, state_since_us INTEGER NOT NULL, ended INTEGER NOT NULL, auto_action TEXT NOT NULL, auto_us INTEGER,
    notes TEXT NOT NULL);
CREATE UNIQUE INDEX flow_case_number ON flow_case(number);
CREATE UNIQUE INDEX flow_case_create_id ON flow_case(requester, create_id);
CREATE INDEX flow_case_requester ON flow_case(requester, machine, ended, state);
CREATE INDEX flow_case_to_org ON flow_case(to_org, machine, ended, state);
CREATE INDEX flow_case_auto ON flow_case(auto_us) WHERE auto_us IS NOT NULL;
CREATE TABLE flow_party (
    case_id TEXT NOT NULL, place INTEGER NOT NULL, role TEXT NOT NULL, person INTEGER NOT NULL, organisation INTEGER NOT NULL,
    status TEXT NOT NULL, is_lead INTEGER NOT NULL, is_required INTEGER NOT NULL, specialty TEXT NOT NULL, reason TEXT NOT NULL,
    part TEXT NOT NULL, since_us INTEGER NOT NULL, PRIMARY KEY (case_id, place));
CREATE INDEX flow_party_person ON flow_party(person, status);
CREATE TABLE flow_move (
    case_id TEXT NOT NULL, seq INTEGER NOT NULL, move_id TEXT NOT NULL, machine TEXT NOT NULL, from_state TEXT NOT NULL,
    action TEXT NOT NULL, to_state TEXT NOT NULL, person INTEGER NOT NULL, case_role TEXT NOT NULL, institution INTEGER NOT NULL,
    occurred_us INTEGER NOT NULL, recorded_us INTEGER NOT NULL, reason TEXT NOT NULL, occurred_reason TEXT NOT NULL,
    task_version INTEGER NOT NULL, provenance_id TEXT NOT NULL, details TEXT NOT NULL, PRIMARY KEY (case_id, seq));
CREATE UNIQUE INDEX flow_move_id ON flow_move(move_id);
CREATE TABLE flow_clock (
    case_id TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, started_us INTEGER NOT NULL, budget_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL, since_us INTEGER NOT NULL, due_us INTEGER, next_us INTEGER, pause_reason TEXT NOT NULL,
    paused_at_us INTEGER, stopped_us INTEGER, level INTEGER NOT NULL, verdict_occurred TEXT NOT NULL, verdict_recorded TEXT NOT NULL,
    PRIMARY KEY (case_id, name));
CREATE INDEX flow_clock_next ON flow_clock(next_us) WHERE next_us IS NOT NULL;
CREATE TABLE flow_item (case_id TEXT NOT NULL, reference TEXT NOT NULL, kind TEXT NOT NULL, added_us INTEGER NOT NULL, PRIMARY KEY (case_id, reference));
CREATE INDEX flow_item_reference ON flow_item(reference);
CREATE TABLE flow_attachment (
    case_id TEXT NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL, content_type TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, title TEXT NOT NULL, taken TEXT NOT NULL, added_us INTEGER NOT NULL,
    added_by INTEGER NOT NULL, sha256 TEXT NOT NULL, resource TEXT NOT NULL, key_image TEXT NOT NULL, signed_over INTEGER NOT NULL,
    removed INTEGER NOT NULL, PRIMARY KEY (case_id, n));
CREATE TABLE flow_upload (
    upload_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, person INTEGER NOT NULL, request TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    offset_bytes INTEGER NOT NULL, attachment INTEGER NOT NULL, started_us INTEGER NOT NULL);
CREATE INDEX flow_upload_case ON flow_upload(case_id);
CREATE TABLE flow_draft (
    case_id TEXT NOT NULL, person INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, saved_us INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (case_id, person, name, version));
)sql";

/// What c.withheld means is said in case.hpp. A table of its own version: databases of before have the case's tables.
constexpr std::string_view kWithheld = R"sql(
ALTER TABLE flow_case ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0;
)sql";

Value optional_us(const std::optional<Instant>& instant) { return instant ? Value(to_us(*instant)) : Value(std::monostate{}); }

std::optional<Instant> instant_of(const Cursor& rows, int column) { return rows.is_null(column) ? std::nullopt : std::optional(from_us(rows.integer(column))); }

json::Value object_of(std::string_view text) {
    Result<json::Value> parsed = json::parse(text);
    return parsed ? std::move(*std::move(parsed)) : json::Value::object();
}

int rank_of(std::string_view urgency) { return urgency == "emergency" ? 2 : urgency == "urgent" ? 1 : 0; }

std::string text_of(const Cursor& rows, int column) { return std::string(rows.text(column)); }

void read_parties(Connection& connection, Case& item) {
    Cursor rows = connection.query(
        "SELECT role, person, organisation, status, is_lead, is_required, specialty, reason, part, since_us FROM flow_party WHERE case_id = ? ORDER BY place",
        {item.id});
    while (rows.next()) {
        Party party;
        party.role = rows.text(0);
        party.person = rows.integer(1);
        party.organisation = rows.integer(2);
        party.status = rows.text(3);
        party.lead = rows.integer(4) != 0;
        party.required = rows.integer(5) != 0;
        party.specialty = rows.text(6);
        party.reason = rows.text(7);
        party.part = rows.text(8);
        party.since = from_us(rows.integer(9));
        item.parties.push_back(std::move(party));
    }
}

constexpr const char* kMoveColumns =
    "SELECT seq, move_id, machine, from_state, action, to_state, person, case_role, institution, occurred_us, recorded_us, reason, "
    "occurred_reason, task_version, provenance_id, details FROM flow_move WHERE case_id = ? ";

MoveRow move_of(const Cursor& rows) {
    MoveRow row;
    row.seq = rows.integer(0);
    row.move_id = rows.text(1);
    row.machine = rows.text(2);
    row.from_state = rows.text(3);
    row.action = rows.text(4);
    row.to_state = rows.text(5);
    row.person = rows.integer(6);
    row.case_role = rows.text(7);
    row.institution = rows.integer(8);
    row.occurred = from_us(rows.integer(9));
    row.recorded = from_us(rows.integer(10));
    row.reason = rows.text(11);
    row.occurred_reason = rows.text(12);
    row.task_version = rows.integer(13);
    row.provenance = rows.text(14);
    row.details = object_of(rows.text(15));
    return row;
}

constexpr const char* kClockColumns =
    "SELECT case_id, name, kind, started_us, budget_us, used_us, since_us, due_us, next_us, pause_reason, paused_at_us, stopped_us, level, "
    "verdict_occurred, verdict_recorded FROM flow_clock ";

ClockRow clock_of(const Cursor& rows) {
    ClockRow clock;
    clock.case_id = rows.text(0);
    clock.name = rows.text(1);
    clock.kind = rows.integer(2) == 0 ? ClockKind::wall : ClockKind::working;
    clock.started = from_us(rows.integer(3));
    clock.budget = Duration(rows.integer(4));
    clock.used = Duration(rows.integer(5));
    clock.since = from_us(rows.integer(6));
    clock.due = instant_of(rows, 7);
    clock.next = instant_of(rows, 8);
    clock.pause_reason = rows.text(9);
    clock.paused_at = instant_of(rows, 10);
    clock.stopped = instant_of(rows, 11);
    clock.level = static_cast<int>(rows.integer(12));
    clock.verdict_occurred = rows.text(13);
    clock.verdict_recorded = rows.text(14);
    return clock;
}

template <class Row, class Make>
std::vector<Row> all(Cursor rows, Make make) {
    std::vector<Row> list;
    while (rows.next()) {
        list.push_back(make(rows));
    }
    return list;
}

constexpr std::string_view kVoice = "ALTER TABLE flow_attachment ADD COLUMN seconds INTEGER NOT NULL DEFAULT 0";

constexpr std::string_view kCascade = R"sql(
CREATE TABLE flow_cascade (
    id TEXT PRIMARY KEY, fact TEXT NOT NULL, subject TEXT NOT NULL, made_us INTEGER NOT NULL, made_by INTEGER NOT NULL, undone_us INTEGER NOT NULL,
    undone_by INTEGER NOT NULL);
CREATE INDEX flow_cascade_subject ON flow_cascade(subject, fact);
CREATE TABLE flow_cascade_line (
    cascade TEXT NOT NULL, case_id TEXT NOT NULL, action TEXT NOT NULL, before TEXT NOT NULL, PRIMARY KEY (cascade, case_id)) WITHOUT ROWID;
CREATE TABLE flow_cascade_clock (
    cascade TEXT NOT NULL, case_id TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, started_us INTEGER NOT NULL, budget_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL, since_us INTEGER NOT NULL, due_us INTEGER, next_us INTEGER, pause_reason TEXT NOT NULL, paused_at_us INTEGER,
    stopped_us INTEGER, level INTEGER NOT NULL, verdict_occurred TEXT NOT NULL, verdict_recorded TEXT NOT NULL,
    PRIMARY KEY (cascade, case_id, name)) WITHOUT ROWID;
)sql";

}  // namespace

std::span<const storage::Migration> migrations() {
    static const storage::Migration kMigrations[] = {{"flow", 1, kCaseTables},
                                                     {"flow_notice", 1, kNoticeTables},
                                                     {"flow_withheld", 1, kWithheld},
                                                     {"flow_voice", 1, kVoice},
                                                     {"flow_cascade", 1, kCascade}};
    return kMigrations;
}

std::optional<Case> find_case(Connection& connection, std::string_view id) {
    std::optional<Case> found;
    {
        Cursor rows = connection.query(
            "SELECT number, machine, state, version, request, patient, requester, from_org, to_org, urgency, lead_case, pack, create_id, "
            "created_us, state_since_us, ended, auto_action, auto_us, notes, withheld FROM flow_case WHERE case_id = ?",
            {id});
        if (!rows.next()) {
            return std::nullopt;
        }
        Case item;
        item.id = id;
        item.number = rows.text(0);
        item.machine = rows.text(1);
        item.state = rows.text(2);
        item.version = rows.integer(3);
        item.request = rows.text(4);
        item.patient = rows.text(5);
        item.requester = rows.integer(6);
        item.from_org = rows.integer(7);
        item.to_org = rows.integer(8);
        item.urgency = rows.text(9);
        item.lead_case = rows.text(10);
        item.pack = rows.text(11);
        item.create_id = rows.text(12);
        item.created = from_us(rows.integer(13));
        item.state_since = from_us(rows.integer(14));
        item.ended = rows.integer(15) != 0;
        item.auto_action = rows.text(16);
        item.auto_at = from_us(rows.integer(17));
        item.notes = object_of(rows.text(18));
        item.withheld = rows.integer(19) != 0;
        found = std::move(item);
    }
    read_parties(connection, *found);
    return found;
}

bool is_withheld(Connection& connection, std::string_view case_id) {
    Cursor rows = connection.query("SELECT withheld FROM flow_case WHERE case_id = ?", {case_id});
    return rows.next() && rows.integer(0) != 0;
}

std::optional<std::string> case_of_create_id(Connection& connection, std::int64_t requester, std::string_view create_id) {
    Cursor rows = connection.query("SELECT case_id FROM flow_case WHERE requester = ? AND create_id = ?", {requester, create_id});
    return rows.next() ? std::optional(text_of(rows, 0)) : std::nullopt;
}

void put_case(Connection& connection, const Case& item) {
    const std::string notes = item.notes.dump();
    const Value auto_us = item.auto_action.empty() ? Value(std::monostate{}) : Value(to_us(item.auto_at));
    connection.execute(
        "INSERT INTO flow_case (case_id, number, machine, state, version, request, patient, requester, from_org, to_org, urgency, urgency_rank, "
        "lead_case, pack, create_id, created_us, state_since_us, ended, auto_action, auto_us, notes, withheld) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (case_id) DO UPDATE SET state = excluded.state, version = excluded.version, to_org = excluded.to_org, "
        "patient = excluded.patient, requester = excluded.requester, urgency = excluded.urgency, urgency_rank = excluded.urgency_rank, state_since_us = excluded.state_since_us, "
        "ended = excluded.ended, auto_action = excluded.auto_action, auto_us = excluded.auto_us, notes = excluded.notes, "
        "withheld = excluded.withheld",
        {item.id,
         item.number,
         item.machine,
         item.state,
         item.version,
         item.request,
         item.patient,
         item.requester,
         item.from_org,
         item.to_org,
         item.urgency,
         std::int64_t{rank_of(item.urgency)},
         item.lead_case,
         item.pack,
         item.create_id,
         to_us(item.created),
         to_us(item.state_since),
         std::int64_t{item.ended},
         item.auto_action,
         auto_us,
         notes,
         std::int64_t{item.withheld}});
    connection.execute("DELETE FROM flow_party WHERE case_id = ?", {item.id});
    std::int64_t place = 0;
    for (const Party& party : item.parties) {
        connection.execute(
            "INSERT INTO flow_party (case_id, place, role, person, organisation, status, is_lead, is_required, specialty, reason, part, since_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {item.id, place++, party.role, party.person, party.organisation, party.status, std::int64_t{party.lead}, std::int64_t{party.required},
             party.specialty, party.reason, party.part, to_us(party.since)});
    }
}

std::vector<MoveRow> moves_of(Connection& connection, std::string_view case_id) {
    return all<MoveRow>(connection.query(std::string(kMoveColumns) + "ORDER BY seq", {case_id}), move_of);
}

std::optional<MoveRow> last_move(Connection& connection, std::string_view case_id) {
    Cursor rows = connection.query(std::string(kMoveColumns) + "ORDER BY seq DESC LIMIT 1", {case_id});
    return rows.next() ? std::optional(move_of(rows)) : std::nullopt;
}

std::optional<MoveRef> find_move(Connection& connection, std::string_view move_id) {
    Cursor rows = connection.query("SELECT case_id, action, person FROM flow_move WHERE move_id = ?", {move_id});
    if (!rows.next()) {
        return std::nullopt;
    }
    return MoveRef{text_of(rows, 0), text_of(rows, 1), rows.integer(2)};
}

void add_move(Connection& connection, std::string_view case_id, MoveRow row) {
    const std::string details = row.details.dump();
    connection.execute(
        "INSERT INTO flow_move (case_id, seq, move_id, machine, from_state, action, to_state, person, case_role, institution, occurred_us, "
        "recorded_us, reason, occurred_reason, task_version, provenance_id, details) "
        "VALUES (?, (SELECT COALESCE(MAX(seq), 0) + 1 FROM flow_move WHERE case_id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {case_id, case_id, row.move_id, row.machine, row.from_state, row.action, row.to_state, row.person, row.case_role, row.institution, to_us(row.occurred),
         to_us(row.recorded), row.reason, row.occurred_reason, row.task_version, row.provenance, details});
}

std::vector<ClockRow> clocks_of(Connection& connection, std::string_view case_id) {
    return all<ClockRow>(connection.query(std::string(kClockColumns) + "WHERE case_id = ? ORDER BY started_us, name", {case_id}), clock_of);
}

void put_clock(Connection& connection, const ClockRow& clock) {
    connection.execute("DELETE FROM flow_clock WHERE case_id = ? AND name = ?", {clock.case_id, clock.name});
    connection.execute(
        "INSERT INTO flow_clock (case_id, name, kind, started_us, budget_us, used_us, since_us, due_us, next_us, pause_reason, paused_at_us, "
        "stopped_us, level, verdict_occurred, verdict_recorded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {clock.case_id, clock.name, std::int64_t{clock.kind == ClockKind::working}, to_us(clock.started), clock.budget.count(), clock.used.count(),
         to_us(clock.since), optional_us(clock.due), clock.stopped ? Value(std::monostate{}) : optional_us(clock.next), clock.pause_reason,
         optional_us(clock.paused_at), optional_us(clock.stopped), std::int64_t{clock.level}, clock.verdict_occurred, clock.verdict_recorded});
}

std::vector<ClockRow> due_clocks(Connection& connection, Instant now, int limit) {
    return all<ClockRow>(connection.query(std::string(kClockColumns) + "WHERE next_us IS NOT NULL AND next_us <= ? ORDER BY next_us, case_id, name LIMIT ?",
                                          {to_us(now), std::int64_t{limit}}),
                         clock_of);
}

std::vector<std::string> due_cases(Connection& connection, Instant now, int limit) {
    return all<std::string>(connection.query("SELECT case_id FROM flow_case WHERE auto_us IS NOT NULL AND auto_us <= ? ORDER BY auto_us, case_id LIMIT ?",
                                             {to_us(now), std::int64_t{limit}}),
                            [](const Cursor& rows) { return text_of(rows, 0); });
}

std::vector<Item> items_of(Connection& connection, std::string_view case_id) {
    return all<Item>(connection.query("SELECT kind, reference, added_us FROM flow_item WHERE case_id = ? ORDER BY added_us, reference", {case_id}),
                     [](const Cursor& rows) {
                         return Item{text_of(rows, 0), text_of(rows, 1), from_us(rows.integer(2))};
                     });
}

void add_item(Connection& connection, std::string_view case_id, const Item& item) {
    connection.execute("INSERT INTO flow_item (case_id, reference, kind, added_us) VALUES (?, ?, ?, ?) ON CONFLICT (case_id, reference) DO NOTHING",
                       {case_id, item.reference, item.kind, to_us(item.added)});
}

void remove_item(Connection& connection, std::string_view case_id, std::string_view reference) {
    connection.execute("DELETE FROM flow_item WHERE case_id = ? AND reference = ?", {case_id, reference});
}

std::optional<std::string> case_of_item(Connection& connection, std::string_view reference) {
    Cursor rows = connection.query("SELECT case_id FROM flow_item WHERE reference = ? AND kind NOT IN ('patient', 'study') LIMIT 1", {reference});
    return rows.next() ? std::optional(text_of(rows, 0)) : std::nullopt;
}

std::vector<std::string> cases_of_patient(Connection& connection, std::string_view patient) {
    std::vector<std::string> ids;
    Cursor rows = connection.query(
        "SELECT c.case_id FROM flow_item i JOIN flow_case c ON c.case_id = i.case_id WHERE i.reference = ? AND i.kind = 'patient' AND c.patient = i.reference "
        "AND c.lead_case = '' ORDER BY c.created_us DESC LIMIT 200",
        {patient});
    while (rows.next()) {
        ids.push_back(text_of(rows, 0));
    }
    return ids;
}

std::vector<std::string> cases_with_item(Connection& connection, std::string_view reference) {
    return all<std::string>(
        connection.query("SELECT i.case_id FROM flow_item i JOIN flow_case c ON c.case_id = i.case_id WHERE i.reference = ? ORDER BY c.created_us",
                         {reference}),
        [](const Cursor& rows) { return text_of(rows, 0); });
}

}  // namespace qiao::flow::store
