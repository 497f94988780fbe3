#include "access/reset.hpp"
#include "base/error.hpp"

namespace qiao::access {
namespace {

constexpr std::string_view kOpen =
    "SELECT id, person, night, reason, started_by, started_us, confirmed_by, confirmed_us, code_hash, code_until_us, used_us, password_hash, ended_us "
    "FROM access_reset WHERE ended_us = 0 AND (? = 0 OR person = ?) ORDER BY id DESC LIMIT 200";

void require_unended(storage::Group& group, std::int64_t id) {
    auto rows = group.connection().query("SELECT ended_us, confirmed_us, used_us FROM access_reset WHERE id = ?", {id});
    if (!rows.next() || rows.integer(0) != 0) throw Error(ErrorKind::not_found, "access.no_reset", "there is no such reset, or its time is over");
}

}  // namespace

std::vector<Reset> Resets::read_open(std::int64_t person) {
    std::vector<Reset> all;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kOpen, {person, person});
    while (rows.next()) {
        Reset one;
        one.id = rows.integer(0);
        one.person = rows.integer(1);
        one.night = rows.integer(2) != 0;
        one.reason = rows.text(3);
        one.started_by = rows.integer(4);
        one.started = from_us(rows.integer(5));
        one.confirmed_by = rows.integer(6);
        one.confirmed = from_us(rows.integer(7));
        one.code_hash = rows.text(8);
        one.code_until = from_us(rows.integer(9));
        one.used = from_us(rows.integer(10));
        one.password_hash = rows.text(11);
        one.ended = from_us(rows.integer(12));
        all.push_back(std::move(one));
    }
    return all;
}

std::int64_t Resets::insert(const Reset& reset, const AuditEvent& event) {
    std::int64_t id = 0;
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        {
                            auto rows = connection.query("SELECT COALESCE(MAX(id), 0) + 1 FROM access_reset");
                            rows.next();
                            id = rows.integer(0);
                        }
                        connection.execute(
                            "INSERT INTO access_reset(id, person, night, reason, started_by, started_us, confirmed_by, confirmed_us, code_hash, code_until_us, "
                            "used_us, password_hash, ended_us) VALUES(?, ?, ?, ?, ?, ?, 0, 0, ?, ?, 0, '', 0)",
                            {id, reset.person, std::int64_t{reset.night ? 1 : 0}, std::string_view(reset.reason), reset.started_by, to_us(reset.started),
                             std::string_view(reset.code_hash), to_us(reset.code_until)});
                        notices_.write(group, reset.person, "reset_started", {}, event.source);
                        AuditEvent with_id = event;
                        with_id.detail += "/" + std::to_string(id) + " " + reset.reason;
                        audit_.write(group, with_id);
                    }});
    return id;
}

/// The new password alone counts; whatever proved the person before counts no more.
void Resets::replace_credential(storage::Group& group, const Reset& reset) {
    auto& connection = group.connection();
    connection.execute("DELETE FROM access_credential WHERE person = ?", {reset.person});
    if (!reset.password_hash.empty()) {
        connection.execute("INSERT INTO access_credential(person, password_hash, changed_us) VALUES(?, ?, ?)",
                           {reset.person, std::string_view(reset.password_hash), to_us(group.now())});
    }
}

void Resets::store_confirmed(const Reset& reset, const AuditEvent& event) {
    writer_.submit({[&](storage::Group& group) { require_unended(group, reset.id); },
                    [&](storage::Group& group) {
                        // At night a password that is in use already becomes the only one, and the reset is over.
                        const bool over = reset.night && reset.used != Instant{};
                        const std::int64_t changed = group.connection().execute(
                            "UPDATE access_reset SET confirmed_by = ?, confirmed_us = ?, code_hash = ?, code_until_us = ?, ended_us = ? WHERE id = ? AND "
                            "confirmed_us = 0",
                            {reset.confirmed_by, to_us(reset.confirmed), std::string_view(reset.code_hash), to_us(reset.code_until),
                             over ? to_us(reset.confirmed) : std::int64_t{0}, reset.id});
                        if (changed != 1) throw Error(ErrorKind::conflict, "access.reset_confirmed", "it is confirmed already");
                        if (over || !reset.night) {
                            factors_.remove_all(group, reset.person);
                            replace_credential(group, reset);
                        }
                        notices_.write(group, reset.person, "reset_confirmed", {}, event.source);
                        audit_.write(group, event);
                    }});
}

void Resets::store_used(const Reset& reset, const AuditEvent& event) {
    writer_.submit({[&](storage::Group& group) { require_unended(group, reset.id); },
                    [&](storage::Group& group) {
                        const bool over = reset.confirmed != Instant{};
                        const std::int64_t changed = group.connection().execute(
                            "UPDATE access_reset SET used_us = ?, password_hash = ?, ended_us = ? WHERE id = ? AND used_us = 0 AND confirmed_us = ?",
                            {to_us(reset.used), over ? std::string_view() : std::string_view(reset.password_hash), over ? to_us(reset.used) : std::int64_t{0},
                             reset.id, over ? to_us(reset.confirmed) : std::int64_t{0}});
                        if (changed != 1) throw Error(ErrorKind::conflict, "access.reset_running", "it changed meanwhile; try again");
                        if (over) {
                            factors_.remove_all(group, reset.person);
                            replace_credential(group, reset);
                        }
                        notices_.write(group, reset.person, "reset_used", {}, event.source);
                        audit_.write(group, event);
                    }});
    if (reset.confirmed != Instant{}) sessions_.revoke_person(reset.person);
}

void Resets::store_ended(const Reset& reset, const AuditEvent& event) {
    writer_.submit({[&](storage::Group& group) { require_unended(group, reset.id); },
                    [&](storage::Group& group) {
                        group.connection().execute("UPDATE access_reset SET ended_us = ?, password_hash = '' WHERE id = ?", {to_us(group.now()), reset.id});
                        notices_.write(group, reset.person, "reset_refused", {}, event.source);
                        audit_.write(group, event);
                    }});
}

}  // namespace qiao::access
