#include "access/factor.hpp"
#include "access/oidc.hpp"
#include "base/error.hpp"

namespace qiao::access {
namespace {

constexpr std::string_view kOfPerson =
    "SELECT id, person, kind, name, handle, sealed, algorithm, public_key, rp_id, counter, pin_hash, wrong_pins, created_us, used_us FROM access_factor "
    "WHERE person = ? ORDER BY id";
constexpr std::string_view kByHandle =
    "SELECT id, person, kind, name, handle, sealed, algorithm, public_key, rp_id, counter, pin_hash, wrong_pins, created_us, used_us FROM access_factor "
    "WHERE handle = ?";

std::int64_t number_in(storage::Cursor rows) { return rows.next() ? rows.integer(0) : 0; }

}  // namespace

Factor Factors::factor_in(const storage::Cursor& rows) {
    Factor one;
    one.id = rows.integer(0);
    one.person = rows.integer(1);
    one.kind = rows.text(2);
    one.name = rows.text(3);
    one.handle = rows.text(4);
    one.sealed = rows.text(5);
    one.algorithm = rows.text(6);
    one.public_key = rows.text(7);
    one.rp_id = rows.text(8);
    one.counter = rows.integer(9);
    one.pin_hash = rows.text(10);
    one.wrong_pins = rows.integer(11);
    one.created = from_us(rows.integer(12));
    one.used = from_us(rows.integer(13));
    return one;
}

std::vector<Factor> Factors::of(std::int64_t person) {
    std::vector<Factor> all;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kOfPerson, {person});
    while (rows.next()) all.push_back(factor_in(rows));
    return all;
}

std::optional<Factor> Factors::by_handle(std::string_view handle) {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kByHandle, {handle});
    if (!rows.next()) return std::nullopt;
    return factor_in(rows);
}

FactorKinds Factors::kinds(std::int64_t person) {
    FactorKinds kinds;
    for (const Factor& one : of(person)) {
        kinds.totp = kinds.totp || one.kind == factor::kTotp;
        kinds.security_key = kinds.security_key || one.kind == factor::kSecurityKey;
        kinds.device = kinds.device || one.kind == factor::kDevice;
    }
    auto snapshot = database_.read();
    kinds.recovery_left = number_in(snapshot->connection().query("SELECT COUNT(*) FROM access_recovery_code WHERE person = ? AND used_us = 0", {person}));
    return kinds;
}

/// The same code twice at once: one of the two finds the counter already there.
bool Factors::use_counter(const Factor& factor, std::int64_t counter, bool may_stay_zero) {
    bool taken = false;
    writer_.submit({{}, [&](storage::Group& group) {
                        const std::int64_t zero = may_stay_zero && counter == 0 ? 1 : 0;
                        taken = group.connection().execute(
                                    "UPDATE access_factor SET counter = ?, used_us = ? WHERE id = ? AND (counter < ? OR (? = 1 AND counter = 0))",
                                    {counter, to_us(group.now()), factor.id, counter, zero}) == 1;
                    }});
    return taken;
}

bool Factors::use_recovery(std::int64_t person, std::string_view kept) {
    bool taken = false;
    AuditEvent event = audit_.event_of(record::Actor{}, "second-factor");
    event.person = person;
    event.detail = "recovery code used";
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        taken = connection.execute("UPDATE access_recovery_code SET used_us = ? WHERE person = ? AND code_hash = ? AND used_us = 0",
                                                   {to_us(group.now()), person, kept}) == 1;
                        if (!taken) return;
                        const std::int64_t left =
                            number_in(connection.query("SELECT COUNT(*) FROM access_recovery_code WHERE person = ? AND used_us = 0", {person}));
                        notices_.write(group, person, "recovery_code_used", std::to_string(left));
                        audit_.write(group, event);
                    }});
    return taken;
}

std::int64_t Factors::count_wrong_pin(const Factor& factor) {
    std::int64_t wrong = 0;
    AuditEvent event = audit_.event_of(record::Actor{}, "second-factor", "denied");
    event.person = factor.person;
    event.detail = "wrong PIN factor=" + std::to_string(factor.id);
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        connection.execute("UPDATE access_factor SET wrong_pins = wrong_pins + 1 WHERE id = ?", {factor.id});
                        wrong = number_in(connection.query("SELECT wrong_pins FROM access_factor WHERE id = ?", {factor.id}));
                        Factor now = factor;
                        now.wrong_pins = wrong;
                        if (now.locked()) notices_.write(group, factor.person, "device_locked", factor.name);
                        audit_.write(group, event);
                    }});
    return wrong;
}

void Factors::use_device(const Factor& factor) {
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("UPDATE access_factor SET wrong_pins = 0, used_us = ? WHERE id = ?", {to_us(group.now()), factor.id});
                    }});
}

void Factors::insert(const Factor& factor, const AuditEvent& event, std::string_view notice) {
    const auto is_known = [&](storage::Group& group) {
        auto rows = group.connection().query("SELECT 1 FROM access_factor WHERE handle = ?", {std::string_view(factor.handle)});
        if (rows.next()) throw Error(ErrorKind::conflict, "access.key_known", "this key is registered already");
    };
    writer_.submit({is_known, [&](storage::Group& group) {
                        group.connection().execute(
                            "INSERT INTO access_factor(id, person, kind, name, handle, sealed, algorithm, public_key, rp_id, counter, pin_hash, wrong_pins, "
                            "created_us, used_us) VALUES((SELECT COALESCE(MAX(id), 0) + 1 FROM access_factor), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0)",
                            {factor.person, std::string_view(factor.kind), std::string_view(factor.name), std::string_view(factor.handle),
                             storage::Blob{factor.sealed}, std::string_view(factor.algorithm), storage::Blob{factor.public_key},
                             std::string_view(factor.rp_id), factor.counter, std::string_view(factor.pin_hash), to_us(group.now())});
                        notices_.write(group, factor.person, notice, factor.name, event.source);
                        audit_.write(group, event);
                    }});
}

bool Factors::erase(std::int64_t person, std::int64_t id, const AuditEvent& event, std::string_view notice) {
    bool gone = false;
    writer_.submit({{}, [&](storage::Group& group) {
                        gone = group.connection().execute("DELETE FROM access_factor WHERE id = ? AND person = ?", {id, person}) == 1;
                        if (!gone) return;
                        notices_.write(group, person, notice, {}, event.source);
                        audit_.write(group, event);
                    }});
    return gone;
}

void Factors::remove_all(storage::Group& group, std::int64_t person) {
    group.connection().execute("DELETE FROM access_factor WHERE person = ?", {person});
    group.connection().execute("DELETE FROM access_recovery_code WHERE person = ?", {person});
    forget_oidc_link(group, person);
}

void Factors::replace_recovery(std::int64_t person, const std::vector<std::string>& kept, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        connection.execute("DELETE FROM access_recovery_code WHERE person = ?", {person});
                        for (const auto& one : kept) {
                            connection.execute("INSERT INTO access_recovery_code(person, code_hash, used_us) VALUES(?, ?, 0)", {person, std::string_view(one)});
                        }
                        notices_.write(group, person, "recovery_codes_made", {}, event.source);
                        audit_.write(group, event);
                    }});
}

}  // namespace qiao::access
