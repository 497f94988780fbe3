#include "services/consult/figures_store.hpp"

#include "base/json_value.hpp"

namespace qiao::consult::store {

namespace {

using storage::Connection;
using storage::Cursor;

constexpr storage::Migration kMigrations[] = {{"consult", 1, R"sql(
CREATE TABLE consult_fee (
    case_id TEXT PRIMARY KEY, number TEXT NOT NULL, from_org INTEGER NOT NULL, to_org INTEGER NOT NULL, amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, state TEXT NOT NULL, signed_us INTEGER NOT NULL, changed_us INTEGER NOT NULL, changed_by INTEGER NOT NULL,
    reason TEXT NOT NULL);
CREATE INDEX consult_fee_to_org ON consult_fee(to_org, signed_us);
CREATE INDEX consult_fee_from_org ON consult_fee(from_org, signed_us);
)sql"}};

constexpr const char* kFeeColumns = "SELECT case_id, number, from_org, to_org, amount_minor, currency, state, signed_us, changed_by, reason FROM consult_fee ";

Fee fee_of(const Cursor& rows) {
    return {std::string(rows.text(0)), std::string(rows.text(1)), rows.integer(2),          rows.integer(3), rows.integer(4),
            std::string(rows.text(5)), std::string(rows.text(6)), from_us(rows.integer(7)), rows.integer(8), std::string(rows.text(9))};
}

std::optional<Instant> instant_at(const Cursor& rows, int column) { return rows.is_null(column) ? std::nullopt : std::optional(from_us(rows.integer(column))); }

}  // namespace

std::span<const storage::Migration> migrations() { return kMigrations; }

std::vector<Line> lines(Connection& connection, std::int64_t to_org, Instant from, Instant until, int limit) {
    Cursor rows = connection.query(
        "SELECT * FROM (SELECT c.case_id, c.number, c.from_org, c.urgency, c.state, c.notes,"
        " MIN(CASE WHEN m.action IN ('submit', 'call_emergency') OR m.action IN ('approve', 'pass_on') THEN m.occurred_us END) AS submitted,"
        " MIN(CASE WHEN m.action = 'accept' THEN m.occurred_us END), MIN(CASE WHEN m.action = 'sign' THEN m.occurred_us END),"
        " MAX(CASE WHEN m.action = 'give_back' THEN 1 ELSE 0 END),"
        " (SELECT used_us FROM flow_clock k WHERE k.case_id = c.case_id AND k.name = 'done' AND k.stopped_us IS NOT NULL),"
        " (SELECT verdict_occurred FROM flow_clock k WHERE k.case_id = c.case_id AND k.stopped_us IS NOT NULL"
        "   AND k.name = CASE c.urgency WHEN 'emergency' THEN 'opinion_emergency' ELSE 'done' END)"
        " FROM flow_case c JOIN flow_move m ON m.case_id = c.case_id AND m.machine = 'consult'"
        " WHERE c.machine = 'consult' AND c.to_org = ? AND c.state <> 'entered_in_error'"
        " GROUP BY c.case_id) line WHERE submitted >= ? AND submitted < ? ORDER BY submitted LIMIT ?",
        {to_org, to_us(from), to_us(until), std::int64_t{limit}});
    std::vector<Line> list;
    while (rows.next()) {
        Line line;
        line.case_id = rows.text(0);
        line.number = rows.text(1);
        line.from_org = rows.integer(2);
        line.urgency = rows.text(3);
        line.state = rows.text(4);
        if (const auto notes = json::parse(rows.text(5))) {
            line.followed = (*notes)["feedback"]["followed"].text();
            line.not_followed = (*notes)["feedback"]["not_followed"].text();
        }
        line.submitted = from_us(rows.integer(6));
        line.accepted = instant_at(rows, 7);
        line.signed_at = instant_at(rows, 8);
        line.paused = rows.integer(9) != 0;
        if (!rows.is_null(10)) line.counted = flow::Duration(rows.integer(10));
        if (line.signed_at) line.on_time = rows.text(11);
        list.push_back(std::move(line));
    }
    return list;
}

void insert_fee(Connection& connection, const Fee& fee) {
    connection.execute(
        "INSERT INTO consult_fee (case_id, number, from_org, to_org, amount_minor, currency, state, signed_us, changed_us, changed_by, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT DO NOTHING",
        {std::string_view(fee.case_id), std::string_view(fee.number), fee.from_org, fee.to_org, fee.amount_minor, std::string_view(fee.currency),
         std::string_view(fee.state), to_us(fee.signed_at), to_us(fee.signed_at), fee.changed_by});
}

std::optional<Fee> find_fee(Connection& connection, std::string_view case_id) {
    Cursor rows = connection.query(std::string(kFeeColumns) + "WHERE case_id = ?", {case_id});
    return rows.next() ? std::optional(fee_of(rows)) : std::nullopt;
}

void set_fee(Connection& connection, std::string_view case_id, std::string_view state, std::int64_t person, std::string_view reason, Instant now) {
    connection.execute("UPDATE consult_fee SET state = ?, changed_by = ?, reason = ?, changed_us = ? WHERE case_id = ?",
                       {state, person, reason, to_us(now), case_id});
}

std::vector<Fee> fees(Connection& connection, std::int64_t organisation, Instant from, Instant until) {
    Cursor rows = connection.query(std::string(kFeeColumns) +
                                       "WHERE (to_org = ? OR from_org = ?) AND signed_us >= ? AND signed_us < ?"
                                       " ORDER BY to_org, from_org, signed_us",
                                   {organisation, organisation, to_us(from), to_us(until)});
    std::vector<Fee> list;
    while (rows.next()) {
        list.push_back(fee_of(rows));
    }
    return list;
}

}  // namespace qiao::consult::store
