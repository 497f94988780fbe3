#include "access/reset.hpp"

#include "access/recovery_code.hpp"
#include "access/role.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kConfirmByDay = 15min;
constexpr auto kConfirmByNight = 24h;
constexpr auto kCode = 15min;
constexpr int kCode_characters = 8;
constexpr std::size_t kReason_bytes = 400;
constexpr std::size_t kReasonLeast_bytes = 4;

[[noreturn]] void wrong_code() { throw Error(ErrorKind::unauthenticated, "access.wrong_code", "the name or the code is wrong, or its time is over"); }

}  // namespace

Instant Reset::confirm_until() const { return night ? started + kConfirmByNight : started + kConfirmByDay; }

Resets::Resets(storage::Database& database, storage::Writer& writer, Audit& audit, Directory& directory, Sessions& sessions, Factors& factors,
               SecurityNotices& notices, const Clock& clock, std::string master_key)
    : database_(database),
      writer_(writer),
      audit_(audit),
      directory_(directory),
      sessions_(sessions),
      factors_(factors),
      notices_(notices),
      clock_(clock),
      master_key_(std::move(master_key)) {}

std::string Resets::kept(std::int64_t person, std::string_view code) const { return recovery::kept(master_key_, person, "reset:" + std::string(code)); }

AuditEvent Resets::event_of(const record::Actor& actor, const Reset& reset, std::string_view step) const {
    AuditEvent event = audit_.event_of(actor, "reset");
    event.detail = std::string(step) + (reset.night ? " night" : " day") + " person=" + std::to_string(reset.person) + " reset=" + std::to_string(reset.id);
    return event;
}

/// Waiting for the second person, or for the code that was given.
bool Resets::is_live(const Reset& reset) const {
    const Instant now = clock_.now();
    if (reset.ended != Instant{}) return false;
    if (reset.confirmed == Instant{}) return now < reset.confirm_until() && (!reset.night || reset.used != Instant{} || now < reset.code_until);
    return reset.used == Instant{} && now < reset.code_until;
}

void Resets::require_role(const record::Actor& actor, bool night) const {
    const auto memberships = directory_.memberships(actor.person);
    const bool may = std::any_of(memberships.begin(), memberships.end(), [&](const Membership& one) {
        return one.role == role::kSecurityAdmin || (night && (one.role == role::kCoordinator || one.role == role::kDutyLead));
    });
    if (!may) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    if (!sessions_.stepped_up(actor)) throw Error(ErrorKind::forbidden, "access.step_up_needed", "give your password again first");
}

Resets::Started Resets::start(const record::Actor& actor, std::int64_t person_id, std::string_view typed_reason, bool night) {
    require_role(actor, night);
    const auto person = directory_.person(person_id);
    if (!person || !person->active) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    if (person_id == actor.person) throw Error(ErrorKind::forbidden, "access.own_reset", "nobody resets an own password");
    const std::string_view reason = trim(typed_reason);
    if (reason.size() < kReasonLeast_bytes || reason.size() > kReason_bytes || !is_utf8(reason)) {
        throw Error(ErrorKind::invalid, "access.reason_needed", "a reason of 4 to 400 bytes");
    }
    const auto memberships = directory_.memberships(person_id);
    const bool administrator = std::any_of(memberships.begin(), memberships.end(), [](const Membership& one) {
        const RoleRights* rights = find_role(one.role);
        return rights != nullptr && rights->administrator;
    });
    if (night && administrator) throw Error(ErrorKind::forbidden, "access.not_at_night", "an administrator is reset by two security administrators");
    if (night && registered_number(person_id).empty()) {
        throw Error(ErrorKind::conflict, "access.no_registered_number", "no telephone number is registered for this person");
    }
    for (const Reset& one : read_open(person_id)) {
        if (is_live(one)) throw Error(ErrorKind::conflict, "access.reset_running", "a reset of this person is running");
    }
    Reset reset{.person = person_id, .night = night, .reason = std::string(reason), .started_by = actor.person, .started = clock_.now()};
    Started started;
    if (night) {
        started.code = recovery::random_code(kCode_characters);
        reset.code_hash = kept(person_id, started.code);
        reset.code_until = reset.started + kCode;
    }
    started.id = insert(reset, event_of(actor, reset, "started"));
    return started;
}

Reset Resets::running(std::int64_t id) {
    for (Reset& one : read_open(0)) {
        if (one.id == id && is_live(one)) return std::move(one);
    }
    throw Error(ErrorKind::not_found, "access.no_reset", "there is no such reset, or its time is over");
}

std::string Resets::confirm(const record::Actor& actor, std::int64_t id) {
    Reset reset = running(id);
    require_role(actor, reset.night);
    if (actor.person == reset.started_by || actor.person == reset.person) {
        throw Error(ErrorKind::forbidden, "access.own_reset", "another person has to confirm");
    }
    if (reset.confirmed != Instant{}) throw Error(ErrorKind::conflict, "access.reset_confirmed", "it is confirmed already");
    reset.confirmed_by = actor.person;
    reset.confirmed = clock_.now();
    std::string code;
    if (!reset.night) {
        code = recovery::random_code(kCode_characters);
        reset.code_hash = kept(reset.person, code);
        reset.code_until = reset.confirmed + kCode;
    }
    store_confirmed(reset, event_of(actor, reset, "confirmed"));
    // Before the code of the night was used there is nothing to end.
    if (!reset.night || reset.used != Instant{}) sessions_.revoke_person(reset.person);
    return code;
}

void Resets::refuse(const record::Actor& actor, std::int64_t id) {
    Reset reset = running(id);
    require_role(actor, reset.night);
    store_ended(reset, event_of(actor, reset, "refused"));
    sessions_.revoke_reset(reset.id);
}

void Resets::set_password(std::string_view typed, std::string_view typed_code, std::string_view password, const http::Request& request) {
    const std::string login = lower(trim(typed));
    if (login.size() > 64) wrong_code();
    const std::string account = "reset " + login;
    if (sessions_.throttle().wait(account, request.peer_address) > 0s) {
        throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    }
    const auto person = directory_.person_by_login(login);
    const std::int64_t id = person && person->active ? person->id : 0;
    const std::string hash = kept(id, recovery::normal(typed_code));
    sessions_.throttle().began(account, request.peer_address);
    auto all = read_open(id);
    const auto found = std::find_if(all.begin(), all.end(), [&](const Reset& one) {
        return id != 0 && is_live(one) && one.used == Instant{} && clock_.now() < one.code_until && equal_in_constant_time(one.code_hash, hash);
    });
    if (found == all.end()) {
        sessions_.refused(request, id, "reset", "wrong code");
        wrong_code();
    }
    PasswordHasher::require_good(password, login);
    sessions_.throttle().succeeded(account, request.peer_address);
    Reset reset = *found;
    reset.used = clock_.now();
    reset.password_hash = sessions_.passwords().hash(password);
    record::Actor actor;
    actor.person = id;
    actor.source = request.peer_address;
    store_used(reset, event_of(actor, reset, "password set"));
}

std::string Resets::registered_number(std::int64_t person) {
    const auto who = directory_.person(person);
    return who ? directory_.phone_of(*who) : std::string();
}

std::vector<Reset> Resets::open() {
    auto all = read_open(0);
    std::erase_if(all, [&](const Reset& one) { return !is_live(one); });
    return all;
}

std::optional<Reset> Resets::unconfirmed(std::int64_t person) {
    for (Reset& one : read_open(person)) {
        if (one.night && one.used != Instant{} && one.confirmed == Instant{} && is_live(one)) return std::move(one);
    }
    return std::nullopt;
}

}  // namespace qiao::access
