#include "record/feed/subscription_store.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "record/definitions/definitions.hpp"

namespace qiao::record::subscriptions {
namespace {

constexpr std::int64_t kKeptEvents = 1'000;  // delivered ones, for $events

constexpr std::string_view kColumns =
    "SELECT rid, id, owner_key, status, criteria, topic, channel, endpoint, payload, headers, ends_ms, start_t, events, delivered, attempts, next_ms,"
    " failing_ms, delivered_ms, failure, heartbeat_s, contact_ms FROM subscription";

Subscription row_of(const storage::Cursor& rows) {
    Subscription out;
    out.rid = rows.integer(0);
    out.id = std::string(rows.text(1));
    out.owner = std::string(rows.text(2));
    out.status = std::string(rows.text(3));
    out.ask.criteria = std::string(rows.text(4));
    out.ask.topic = std::string(rows.text(5));
    out.ask.channel = std::string(rows.text(6));
    out.ask.endpoint = std::string(rows.text(7));
    out.ask.payload = static_cast<Payload>(rows.integer(8));
    for (const std::string_view line : split(rows.text(9), '\n')) {
        if (!line.empty()) out.ask.headers.emplace_back(line);
    }
    out.ask.ends_ms = rows.integer(10);
    out.start_t = rows.integer(11);
    out.events = rows.integer(12);
    out.delivered = rows.integer(13);
    out.attempts = rows.integer(14);
    out.next_ms = rows.integer(15);
    out.failing_ms = rows.integer(16);
    out.delivered_ms = rows.integer(17);
    out.failure = std::string(rows.text(18));
    out.ask.heartbeat_s = rows.integer(19);
    out.contact_ms = rows.integer(20);
    out.ask.off = out.status == "off";
    return out;
}

std::optional<Subscription> first(storage::Cursor rows) {
    if (!rows.next()) return std::nullopt;
    return row_of(rows);
}

}  // namespace

std::vector<Subscription> all(storage::Connection& connection) {
    std::vector<Subscription> out;
    auto rows = connection.query(std::string(kColumns) + " ORDER BY rid");
    while (rows.next()) out.push_back(row_of(rows));
    return out;
}

std::optional<Subscription> find(storage::Connection& connection, std::string_view id) {
    return first(connection.query(std::string(kColumns) + " WHERE id = ?", {id}));
}

std::optional<Subscription> find(storage::Connection& connection, Rid rid) { return first(connection.query(std::string(kColumns) + " WHERE rid = ?", {rid})); }

Count count(storage::Connection& connection, std::string_view owner) {
    auto rows = connection.query("SELECT COALESCE(SUM(CASE WHEN owner_key = ? THEN 1 ELSE 0 END), 0), COUNT(*) FROM subscription", {owner});
    if (!rows.next()) return {};
    return {rows.integer(0), rows.integer(1)};
}

std::vector<SubscriptionEvent> events(storage::Connection& connection, Rid rid, std::int64_t after, int limit) {
    std::vector<SubscriptionEvent> out;
    auto rows =
        connection.query("SELECT event, type, id, ver, op, ts_ms FROM subscription_event WHERE subscription_rid = ? AND event > ? ORDER BY event LIMIT ?",
                         {rid, after, std::int64_t{limit}});
    while (rows.next()) {
        out.push_back({rows.integer(0), std::string(type_name(type_of_number(static_cast<std::uint32_t>(rows.integer(1))))), std::string(rows.text(2)),
                       rows.integer(3), static_cast<char>(rows.integer(4)), rows.integer(5)});
    }
    return out;
}

void put(storage::Group& group, const Subscription& one) {
    std::string headers;
    for (const std::string& header : one.ask.headers) headers += header + "\n";
    group.connection().execute(
        "INSERT INTO subscription(rid, id, owner_key, status, criteria, topic, channel, endpoint, payload, headers, ends_ms, start_t, events, delivered,"
        " attempts, next_ms, failing_ms, delivered_ms, failure, heartbeat_s, contact_ms)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, '', ?, 0)"
        " ON CONFLICT(rid) DO UPDATE SET status = excluded.status, criteria = excluded.criteria, topic = excluded.topic, channel = excluded.channel,"
        " endpoint = excluded.endpoint, payload = excluded.payload, headers = excluded.headers, ends_ms = excluded.ends_ms, heartbeat_s = "
        "excluded.heartbeat_s, next_ms = 0,"
        " delivered = CASE WHEN subscription.status = 'off' THEN subscription.events ELSE subscription.delivered END,"
        " start_t = CASE WHEN subscription.status = 'off' THEN excluded.start_t ELSE subscription.start_t END",
        {one.rid, std::string_view(one.id), std::string_view(one.owner), std::string_view(one.status), std::string_view(one.ask.criteria),
         std::string_view(one.ask.topic), std::string_view(one.ask.channel), std::string_view(one.ask.endpoint), static_cast<std::int64_t>(one.ask.payload),
         std::string_view(headers), one.ask.ends_ms, group.t(), one.ask.heartbeat_s});
}

void remove(storage::Group& group, std::string_view id) {
    group.connection().execute("DELETE FROM subscription_event WHERE subscription_rid IN (SELECT rid FROM subscription WHERE id = ?)", {id});
    group.connection().execute("DELETE FROM subscription WHERE id = ?", {id});
}

void set_status(storage::Group& group, Rid rid, std::string_view status) {
    // What happened while it was off is not made up for.
    group.connection().execute(
        "UPDATE subscription SET delivered = CASE WHEN status = 'off' THEN events ELSE delivered END,"
        " start_t = CASE WHEN status = 'off' THEN ? ELSE start_t END, next_ms = CASE WHEN status = 'off' THEN 0 ELSE next_ms END, status = ? WHERE rid = ?",
        {group.t(), status, rid});
}

void add_event(storage::Group& group, Rid rid, const SubscriptionEvent& event) {
    const std::int64_t type = number_of(find_type(event.type));
    if (group.connection().execute("UPDATE subscription SET events = events + 1 WHERE rid = ? AND status <> 'off'", {rid}) == 0) return;
    group.connection().execute(
        "INSERT INTO subscription_event(subscription_rid, event, type, id, ver, op, ts_ms) SELECT rid, events, ?, ?, ?, ?, ? FROM subscription WHERE rid = ?",
        {type, std::string_view(event.id), event.version, std::int64_t{event.operation}, event.at_ms, rid});
}

void set_delivered(storage::Group& group, Rid rid, std::int64_t number, std::int64_t now_ms) {
    group.connection().execute(
        "UPDATE subscription SET delivered = ?, delivered_ms = ?, contact_ms = ?, attempts = 0, next_ms = 0, failing_ms = 0, failure = ''"
        " WHERE rid = ? AND delivered < ?",
        {number, now_ms, now_ms, rid, number});
    if (number % 64 == 0) {
        group.connection().execute("DELETE FROM subscription_event WHERE subscription_rid = ? AND event <= ?", {rid, number - kKeptEvents});
    }
}

void set_contact(storage::Group& group, Rid rid, std::int64_t now_ms) {
    group.connection().execute("UPDATE subscription SET contact_ms = ?, attempts = 0, next_ms = 0, failing_ms = 0, failure = '' WHERE rid = ?", {now_ms, rid});
}

void set_attempt(storage::Group& group, Rid rid, std::int64_t attempts, std::int64_t next_ms, std::int64_t failing_ms, std::string_view why) {
    group.connection().execute("UPDATE subscription SET attempts = ?, next_ms = ?, failing_ms = ?, failure = ? WHERE rid = ?",
                               {attempts, next_ms, failing_ms, why, rid});
}

Lease lease(storage::Connection& connection) {
    auto rows = connection.query("SELECT holder, token, expires_ms, t, n FROM subscription_lease WHERE name = 'delivery'");
    if (!rows.next()) return {};
    return {std::string(rows.text(0)), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)};
}

bool take(storage::Group& group, std::string_view holder, std::int64_t now_ms, std::int64_t expires_ms, bool alone) {
    return group.connection().execute(
               "UPDATE subscription_lease SET token = CASE WHEN holder = ? THEN token ELSE token + 1 END, holder = ?, expires_ms = ?"
               " WHERE name = 'delivery' AND (holder = ? OR expires_ms < ? OR ? = 1)",
               {holder, holder, expires_ms, holder, now_ms, std::int64_t{alone}}) == 1;
}

void release(storage::Group& group, std::string_view holder) {
    group.connection().execute("UPDATE subscription_lease SET expires_ms = 0 WHERE name = 'delivery' AND holder = ?", {holder});
}

void check(storage::Group& group, std::string_view holder) {
    if (lease(group.connection()).holder != holder) throw Error(ErrorKind::conflict, "record.lease_lost", "another node delivers now");
}

void set_position(storage::Group& group, std::int64_t t, std::int64_t n) {
    group.connection().execute("UPDATE subscription_lease SET t = ?, n = ? WHERE name = 'delivery'", {t, n});
}

}  // namespace qiao::record::subscriptions
