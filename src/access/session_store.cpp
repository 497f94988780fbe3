#include "access/session.hpp"

#include "access/session_entry.hpp"

#include <algorithm>

namespace qiao::access {

std::string Sessions::password_hash_of(std::int64_t person) {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT password_hash FROM access_credential WHERE person = ?", {person});
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

std::optional<Session> Sessions::read_session(const std::string& key, Instant& used) {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(
        "SELECT person, client, scope, by_cookie, demo, used_us, absolute_end_us, step_up_until_us, must, factor, agent, address, reset, created_us "
        "FROM access_session WHERE key = ?",
        {std::string_view(key)});
    if (!rows.next()) return std::nullopt;
    Session session;
    session.key = key;
    session.person = rows.integer(0);
    session.client = rows.text(1);
    session.scope = rows.text(2);
    session.by_cookie = rows.integer(3) != 0;
    session.demo = rows.integer(4) != 0;
    used = from_us(rows.integer(5));
    session.absolute_end = from_us(rows.integer(6));
    session.step_up_until = from_us(rows.integer(7));
    session.must = rows.text(8);
    session.factor = rows.text(9);
    session.agent = rows.text(10);
    session.address = rows.text(11);
    session.reset = rows.integer(12);
    session.created = from_us(rows.integer(13));
    return session;
}

namespace {

std::vector<std::string> keys_in(storage::Cursor rows) {
    std::vector<std::string> keys;
    while (rows.next()) keys.emplace_back(rows.text(0));
    return keys;
}

}  // namespace

std::vector<std::string> Sessions::keys_of_person(std::int64_t person) {
    auto snapshot = database_.read();
    return keys_in(snapshot->connection().query("SELECT key FROM access_session WHERE person = ?", {person}));
}

std::vector<std::string> Sessions::keys_of_reset(std::int64_t reset) {
    auto snapshot = database_.read();
    return keys_in(snapshot->connection().query("SELECT key FROM access_session WHERE reset = ?", {reset}));
}

std::vector<std::string> Sessions::keys_of_client(std::string_view client) {
    auto snapshot = database_.read();
    return keys_in(snapshot->connection().query("SELECT key FROM access_session WHERE person = 0 AND client = ?", {client}));
}

void Sessions::insert_session(storage::Group& group, const Session& session, Instant now) {
    group.connection().execute(
        "INSERT INTO access_session(key, person, client, scope, by_cookie, demo, created_us, used_us, absolute_end_us, step_up_until_us, must, factor, "
        "agent, address, reset) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {std::string_view(session.key), session.person, std::string_view(session.client), std::string_view(session.scope),
         std::int64_t{session.by_cookie ? 1 : 0}, std::int64_t{session.demo ? 1 : 0}, to_us(now), to_us(now), to_us(session.absolute_end),
         to_us(session.step_up_until), std::string_view(session.must), std::string_view(session.factor), std::string_view(session.agent),
         std::string_view(session.address), session.reset});
    if (!session.client.empty())
        group.connection().execute("UPDATE access_client SET used_us = ? WHERE id = ?", {to_us(now), std::string_view(session.client)});
}

std::unordered_map<std::string, Sessions::StoredUse> Sessions::stored_sessions(const std::vector<EntryPtr>& known) {
    constexpr std::size_t kAtOnce = 64;
    std::unordered_map<std::string, StoredUse> stored;
    auto snapshot = database_.read();
    for (std::size_t first = 0; first < known.size(); first += kAtOnce) {
        std::string sql = "SELECT key, used_us, step_up_until_us, must FROM access_session WHERE key IN (?";
        std::vector<storage::Value> keys;
        for (std::size_t i = first; i < std::min(known.size(), first + kAtOnce); ++i) keys.emplace_back(std::string_view(known[i]->session.key));
        for (std::size_t i = 1; i < keys.size(); ++i) sql += ",?";
        auto rows = snapshot->connection().query(sql + ")", keys);
        while (rows.next()) stored.emplace(rows.text(0), StoredUse{rows.integer(1), rows.integer(2), std::string(rows.text(3))});
    }
    return stored;
}

void Sessions::delete_sessions(const std::vector<std::string>& keys) {
    writer_.submit({{}, [&](storage::Group& group) {
                        for (const auto& key : keys) group.connection().execute("DELETE FROM access_session WHERE key = ?", {std::string_view(key)});
                    }});
}

void Sessions::store_use(const std::vector<std::pair<std::string, std::int64_t>>& used) {
    writer_.submit({{}, [&](storage::Group& group) {
                        for (const auto& [key, used_us] : used) {
                            group.connection().execute("UPDATE access_session SET used_us = ? WHERE key = ?", {used_us, std::string_view(key)});
                        }
                    }});
}

void Sessions::store_step_up(const std::string& key, Instant until, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("UPDATE access_session SET step_up_until_us = ? WHERE key = ?", {to_us(until), std::string_view(key)});
                        audit_.write(group, event);
                    }});
}

void Sessions::store_password(std::int64_t person, std::string_view hash, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute(
                            "INSERT INTO access_credential(person, password_hash, changed_us) VALUES(?, ?, ?) ON CONFLICT(person) DO UPDATE SET "
                            "password_hash = excluded.password_hash, changed_us = excluded.changed_us",
                            {person, hash, event.recorded_us});
                        audit_.write(group, event);
                    }});
}

void Sessions::delete_expired(Instant now) {
    {
        auto snapshot = database_.read();
        auto rows = snapshot->connection().query("SELECT 1 FROM access_session WHERE absolute_end_us < ? LIMIT 1", {to_us(now)});
        if (!rows.next()) return;
    }
    writer_.submit({{}, [&](storage::Group& group) { group.connection().execute("DELETE FROM access_session WHERE absolute_end_us < ?", {to_us(now)}); }});
}

}  // namespace qiao::access
