#include "flow/notice_store.hpp"

namespace qiao::flow::store {

const std::string_view kNoticeTables = R"sql(
CREATE TABLE flow_notice (
    id TEXT PRIMARY KEY, case_id TEXT NOT NULL, code TEXT NOT NULL, urgency TEXT NOT NULL, case_state TEXT NOT NULL, params TEXT NOT NULL,
    person INTEGER NOT NULL, created_us INTEGER NOT NULL, status TEXT NOT NULL, step INTEGER NOT NULL, round INTEGER NOT NULL,
    unread_us INTEGER NOT NULL, check_us INTEGER);
CREATE INDEX flow_notice_check ON flow_notice(check_us) WHERE check_us IS NOT NULL;
CREATE INDEX flow_notice_case ON flow_notice(case_id, person, status);
CREATE TABLE flow_delivery (
    delivery_key TEXT PRIMARY KEY, notice TEXT NOT NULL, channel TEXT NOT NULL, status TEXT NOT NULL, emergency INTEGER NOT NULL,
    attempt INTEGER NOT NULL, queued_us INTEGER NOT NULL, place_us INTEGER NOT NULL, next_us INTEGER NOT NULL, receipt TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL);
CREATE INDEX flow_delivery_queue ON flow_delivery(channel, emergency DESC, place_us, delivery_key) WHERE status = 'queued';
CREATE INDEX flow_delivery_notice ON flow_delivery(notice);
CREATE TABLE flow_notice_step (
    seq INTEGER PRIMARY KEY, notice TEXT NOT NULL, case_id TEXT NOT NULL, code TEXT NOT NULL, person INTEGER NOT NULL, at_us INTEGER NOT NULL,
    channel TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX flow_notice_step_case ON flow_notice_step(case_id, seq);
CREATE TABLE flow_channel (channel TEXT PRIMARY KEY, last_ok_us INTEGER, last_failed_us INTEGER, reason TEXT NOT NULL);
)sql";

namespace {

using storage::Connection;
using storage::Cursor;
using storage::Value;

Value us_or_null(const std::optional<Instant>& instant) { return instant ? Value(to_us(*instant)) : Value(std::monostate{}); }
std::optional<Instant> instant_of(const Cursor& rows, int column) { return rows.is_null(column) ? std::nullopt : std::optional(from_us(rows.integer(column))); }

constexpr const char* kNoticeColumns =
    "SELECT id, case_id, code, urgency, case_state, params, person, created_us, status, step, round, unread_us, check_us FROM flow_notice ";

LeavingNotice notice_of(const Cursor& rows) {
    LeavingNotice one;
    one.id = rows.text(0);
    one.case_id = rows.text(1);
    one.code = rows.text(2);
    one.urgency = rows.text(3);
    one.case_state = rows.text(4);
    if (auto params = json::parse(rows.text(5)); params) {
        one.params = *std::move(params);
    }
    one.person = rows.integer(6);
    one.created = from_us(rows.integer(7));
    one.status = rows.text(8);
    one.step = static_cast<int>(rows.integer(9));
    one.round = static_cast<int>(rows.integer(10));
    one.unread_at = from_us(rows.integer(11));
    one.check = instant_of(rows, 12);
    return one;
}

constexpr const char* kDeliveryColumns =
    "SELECT delivery_key, notice, channel, status, emergency, attempt, queued_us, place_us, next_us, receipt, reason FROM flow_delivery ";

Delivery delivery_of(const Cursor& rows) {
    Delivery one;
    one.key = rows.text(0);
    one.notice = rows.text(1);
    one.channel = rows.text(2);
    one.status = rows.text(3);
    one.emergency = rows.integer(4) != 0;
    one.attempt = static_cast<int>(rows.integer(5));
    one.queued = from_us(rows.integer(6));
    one.place = from_us(rows.integer(7));
    one.next = from_us(rows.integer(8));
    one.receipt = rows.text(9);
    one.reason = rows.text(10);
    return one;
}

constexpr const char* kStepColumns = "SELECT notice, case_id, code, person, at_us, channel, what, reason FROM flow_notice_step ";

NoticeStep step_of(const Cursor& rows) {
    return {std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)), rows.integer(3),
            from_us(rows.integer(4)),  std::string(rows.text(5)), std::string(rows.text(6)), std::string(rows.text(7))};
}

template <class Row, class Make>
std::vector<Row> all(Cursor rows, Make make) {
    std::vector<Row> list;
    while (rows.next()) {
        list.push_back(make(rows));
    }
    return list;
}

template <class Row, class Make>
std::optional<Row> first(Cursor rows, Make make) {
    return rows.next() ? std::optional<Row>(make(rows)) : std::nullopt;
}

}  // namespace

void put_notice(Connection& connection, const LeavingNotice& one) {
    const std::string params = one.params.dump();
    connection.execute(
        "INSERT INTO flow_notice (id, case_id, code, urgency, case_state, params, person, created_us, status, step, round, unread_us, check_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status, step = excluded.step, "
        "round = excluded.round, unread_us = excluded.unread_us, check_us = excluded.check_us",
        {one.id, one.case_id, one.code, one.urgency, one.case_state, params, one.person, to_us(one.created), one.status, std::int64_t{one.step},
         std::int64_t{one.round}, to_us(one.unread_at), us_or_null(one.check)});
}

void add_notice(Connection& connection, const LeavingNotice& notice) {
    if (!notice.case_id.empty()) {
        for (const LeavingNotice& older : open_notices(connection, notice.case_id, notice.person)) {
            if (older.code == notice.code && older.id != notice.id) {
                settle_notice(connection, older.id, "superseded");
            }
        }
    }
    put_notice(connection, notice);
}

bool settle_notice(Connection& connection, std::string_view id, std::string_view status) {
    const std::int64_t changed =
        connection.execute("UPDATE flow_notice SET status = ?, check_us = NULL WHERE id = ? AND status IN ('waiting', 'sending')", {status, id});
    if (changed > 0) {
        connection.execute("UPDATE flow_delivery SET status = 'dropped' WHERE notice = ? AND status = 'queued'", {id});
    }
    return changed > 0;
}

std::optional<LeavingNotice> find_notice(Connection& connection, std::string_view id) {
    return first<LeavingNotice>(connection.query(std::string(kNoticeColumns) + "WHERE id = ?", {id}), notice_of);
}

std::vector<LeavingNotice> due_notices(Connection& connection, Instant now, int limit) {
    return all<LeavingNotice>(connection.query(std::string(kNoticeColumns) + "WHERE check_us IS NOT NULL AND check_us <= ? ORDER BY check_us, created_us, id LIMIT ?",
                                               {to_us(now), std::int64_t{limit}}),
                              notice_of);
}

std::vector<LeavingNotice> open_notices(Connection& connection, std::string_view case_id, std::int64_t person) {
    return all<LeavingNotice>(
        connection.query(std::string(kNoticeColumns) + "WHERE case_id = ? AND person = ? AND status IN ('waiting', 'sending')", {case_id, person}), notice_of);
}

bool was_told(Connection& connection, std::string_view case_id, std::string_view code, std::int64_t person, Instant since) {
    return connection
        .query("SELECT 1 FROM flow_notice WHERE case_id = ? AND code = ? AND person = ? AND created_us >= ?", {case_id, code, person, to_us(since)})
        .next();
}

void mark_read(Connection& connection, std::string_view case_id, std::int64_t person, Instant now) {
    for (const LeavingNotice& one : open_notices(connection, case_id, person)) {
        settle_notice(connection, one.id, "read");
        if (one.status == "sending") {
            add_step(connection, {one.id, one.case_id, one.code, one.person, now, "", "read", ""});
        }
    }
}

void look_again(Connection& connection, std::string_view case_id, Instant now) {
    connection.execute("UPDATE flow_notice SET check_us = ? WHERE case_id = ? AND status IN ('waiting', 'sending')", {to_us(now), case_id});
}

void put_leaving(Connection& connection, std::string_view case_id, std::int64_t actor, Instant now, const std::vector<LeavingNotice>& leaving) {
    if (actor != 0) {
        mark_read(connection, case_id, actor, now);
    }
    look_again(connection, case_id, now);
    for (const LeavingNotice& one : leaving) {
        add_notice(connection, one);
    }
}

std::int64_t count_waiting(Connection& connection) {
    Cursor rows = connection.query("SELECT COUNT(*) FROM flow_notice WHERE check_us IS NOT NULL AND status = 'waiting'");
    return rows.next() ? rows.integer(0) : 0;
}

void put_delivery(Connection& connection, const Delivery& one) {
    connection.execute(
        "INSERT INTO flow_delivery (delivery_key, notice, channel, status, emergency, attempt, queued_us, place_us, next_us, receipt, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (delivery_key) DO UPDATE SET status = excluded.status, attempt = excluded.attempt, "
        "place_us = excluded.place_us, next_us = excluded.next_us, reason = excluded.reason",
        {one.key, one.notice, one.channel, one.status, std::int64_t{one.emergency}, std::int64_t{one.attempt}, to_us(one.queued), to_us(one.place),
         to_us(one.next), one.receipt, one.reason});
}

std::optional<Delivery> head_of(Connection& connection, std::string_view channel) {
    return first<Delivery>(
        connection.query(std::string(kDeliveryColumns) + "WHERE channel = ? AND status = 'queued' ORDER BY emergency DESC, place_us, delivery_key LIMIT 1",
                         {channel}),
        delivery_of);
}

std::optional<Delivery> find_delivery(Connection& connection, std::string_view key) {
    return first<Delivery>(connection.query(std::string(kDeliveryColumns) + "WHERE delivery_key = ?", {key}), delivery_of);
}

std::optional<Delivery> delivery_of_receipt(Connection& connection, std::string_view receipt) {
    return first<Delivery>(connection.query(std::string(kDeliveryColumns) + "WHERE receipt = ?", {receipt}), delivery_of);
}

void pass_emergencies_on(Connection& connection, std::string_view channel, Instant now, std::string_view reason) {
    const std::vector<Delivery> held = all<Delivery>(
        connection.query(std::string(kDeliveryColumns) + "WHERE channel = ? AND status = 'queued' AND emergency = 1 AND reason = ''", {channel}), delivery_of);
    for (const Delivery& one : held) {
        connection.execute("UPDATE flow_delivery SET reason = ? WHERE delivery_key = ?", {reason, one.key});
        std::optional<LeavingNotice> notice = find_notice(connection, one.notice);
        if (notice && notice->is_open()) {
            add_step(connection, {notice->id, notice->case_id, notice->code, notice->person, now, one.channel, "delayed", std::string(reason)});
            notice->check = now;
            put_notice(connection, *notice);
        }
    }
}

std::vector<Delivery> deliveries_of(Connection& connection, std::string_view notice) {
    return all<Delivery>(connection.query(std::string(kDeliveryColumns) + "WHERE notice = ? ORDER BY queued_us, delivery_key", {notice}), delivery_of);
}

void add_step(Connection& connection, const NoticeStep& step) {
    connection.execute("INSERT INTO flow_notice_step (notice, case_id, code, person, at_us, channel, what, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       {step.notice, step.case_id, step.code, step.person, to_us(step.at), step.channel, step.what, step.reason});
}

std::vector<NoticeStep> steps_of_case(Connection& connection, std::string_view case_id) {
    return all<NoticeStep>(connection.query(std::string(kStepColumns) + "WHERE case_id = ? ORDER BY seq LIMIT 1000", {case_id}), step_of);
}

std::vector<NoticeStep> steps_of_tests(Connection& connection, std::int64_t person, int limit) {
    return all<NoticeStep>(
        connection.query(std::string(kStepColumns) + "WHERE case_id = '' AND code = 'notify.test' AND person = ? ORDER BY seq DESC LIMIT ?", {person, std::int64_t{limit}}), step_of);
}

std::vector<NoticeStep> failed_steps(Connection& connection, int limit) {
    return all<NoticeStep>(
        connection.query(std::string(kStepColumns) + "WHERE what IN ('failed', 'delayed', 'unreachable') ORDER BY seq DESC LIMIT ?", {std::int64_t{limit}}),
        step_of);
}

void note_channel(Connection& connection, std::string_view channel, Instant at, std::string_view reason) {
    connection.execute("INSERT INTO flow_channel (channel, reason) VALUES (?, '') ON CONFLICT (channel) DO NOTHING", {channel});
    if (reason.empty()) {
        connection.execute("UPDATE flow_channel SET last_ok_us = ? WHERE channel = ?", {to_us(at), channel});
    } else {
        connection.execute("UPDATE flow_channel SET last_failed_us = ?, reason = ? WHERE channel = ?", {to_us(at), reason, channel});
    }
}

ChannelState channel_state(Connection& connection, std::string_view channel) {
    ChannelState state;
    state.channel = channel;
    {
        Cursor rows = connection.query("SELECT last_ok_us, last_failed_us, reason FROM flow_channel WHERE channel = ?", {channel});
        if (rows.next()) {
            state.last_ok = instant_of(rows, 0);
            state.last_failed = instant_of(rows, 1);
            state.reason = rows.text(2);
        }
    }
    Cursor rows = connection.query("SELECT COUNT(*), MIN(queued_us) FROM flow_delivery WHERE channel = ? AND status = 'queued'", {channel});
    if (rows.next()) {
        state.queued = rows.integer(0);
        state.oldest = instant_of(rows, 1);
    }
    return state;
}

}  // namespace qiao::flow::store
