#include "access/role.hpp"
#include "access/session.hpp"
#include "access/session_entry.hpp"
#include "access/user_agent.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstRun = 24h;

std::string key_of(std::string_view token) { return to_hex(sha256(token)); }

[[noreturn]] void wrong_login() { throw Error(ErrorKind::unauthenticated, "access.wrong_login", "the login or the password is wrong"); }

}  // namespace

AuditEvent Sessions::event_for(const http::Request& request, std::string_view action, std::string_view outcome) const {
    record::Actor actor;
    actor.source = request.peer_address;
    return audit_.event_of(actor, action, outcome);
}

void Sessions::refused(const http::Request& request, std::int64_t person, std::string_view action, std::string_view why) {
    AuditEvent event = event_for(request, action, "denied");
    event.person = person;
    event.detail = why;
    audit_.note(event);
}

std::chrono::seconds Sessions::must_wait(std::string_view account, const http::Request& request) const {
    return throttle_.wait(lower(trim(account)), request.peer_address);
}

Opened Sessions::open(Session session, std::chrono::seconds absolute, const http::Request& request, std::string_view action) {
    Opened opened;
    opened.token = new_secret();
    session.key = key_of(opened.token);
    const Instant now = clock_.now();
    session.absolute_end = now + absolute;
    session.idle_end = session.by_cookie ? now + options_.idle : session.absolute_end;
    session.created = now;
    session.agent = agent_family(request.header("user-agent"));
    session.address = request.peer_address;
    AuditEvent event = event_for(request, action, "success");
    event.person = session.person;
    if (const auto roles = directory_.memberships(session.person); !roles.empty()) event.organisation = roles.front().organisation;
    event.session8 = session.key.substr(0, 16);
    event.detail = !session.client.empty() ? session.client : session.first == session.factor ? session.factor : trim(session.first + " " + session.factor);
    writer_.submit({{}, [&](storage::Group& group) {
                        insert_session(group, session, now);
                        audit_.write(group, event);
                    }});
    EntryPtr entry = made(session, now);
    {
        const std::unique_lock lock(mutex_);
        entries_[session.key] = std::move(entry);
    }
    opened.session = std::move(session);
    return opened;
}

Sessions::Checked Sessions::check_password(std::string_view typed, std::string_view password, const http::Request& request, const OtherHash& other) {
    const std::string login = lower(trim(typed));
    if (login.size() > 64) wrong_login();
    if (throttle_.wait(login, request.peer_address) > 0s) {
        refused(request, 0, "login", "throttled");
        throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    }
    const auto person = directory_.person_by_login(login);
    const std::int64_t id = person && person->active ? person->id : 0;
    throttle_.began(login, request.peer_address);
    // An unknown name takes the same way and the same time.
    bool right = hasher_.matches(password_hash_of(id), password);
    bool by_other = false;
    if (!right && id != 0 && other) {
        const std::string hash = other(id);
        by_other = !hash.empty() && hasher_.matches(hash, password);
        right = by_other;
    }
    if (!right || id == 0) {
        refused(request, id, "login", "wrong");
        wrong_login();
    }
    throttle_.succeeded(login, request.peer_address);
    return {id, by_other};
}

Opened Sessions::open_for(std::int64_t person, const Opening& opening, const http::Request& request) {
    if (const auto old = find(request); old && old->by_cookie) revoke(old->key);
    const Instant now = clock_.now();
    Session session;
    session.person = person;
    session.by_cookie = true;
    session.first = opening.first;
    session.factor = opening.factor;
    session.must = opening.must;
    session.reset = opening.reset;
    if (opening.stepped_up) session.step_up_until = now + options_.step_up;
    const auto left = std::chrono::ceil<std::chrono::seconds>(std::min<Instant>(now + options_.absolute, opening.latest_end) - now);
    return open(std::move(session), left, request, "login");
}

Opened Sessions::sign_in_demo(std::string_view login, const http::Request& request) {
    if (!options_.demo) throw Error(ErrorKind::not_found, "http.not_found", "no such page");
    const auto person = directory_.person_by_login(lower(trim(login)));
    if (!person || !person->active) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    if (const auto old = find(request); old && old->by_cookie) revoke(old->key);
    Session session;
    session.person = person->id;
    session.by_cookie = true;
    session.demo = true;
    return open(std::move(session), options_.absolute, request, "login");
}

Instant Sessions::step_up(const Session& session, std::string_view by, const http::Request& request) {
    const Instant until = clock_.now() + options_.step_up;
    AuditEvent event = event_for(request, "step-up", "success");
    event.person = session.person;
    event.session8 = session.key.substr(0, 16);
    event.detail = by;
    store_step_up(session.key, until, event);
    const std::shared_lock lock(mutex_);
    const auto at = entries_.find(session.key);  // it may have been built again meanwhile
    if (at != entries_.end()) at->second->step_up_until_us = to_us(until);
    return until;
}

void Sessions::sign_out(const http::Request& request) {
    const auto session = find(request);
    if (!session) return;
    AuditEvent event = event_for(request, "logout", "success");
    event.person = session->person;
    event.session8 = session->key.substr(0, 16);
    audit_.note(event);
    revoke(session->key);
}

void Sessions::note_discard(const record::Actor& actor, std::string_view what, std::string_view case_id, std::string_view reason) {
    AuditEvent event = audit_.event_of(actor, "discard");
    event.case_id = case_id;
    event.detail = "unsent " + std::string(what) + " reason=" + std::string(reason);
    audit_.note(event);
}

void Sessions::set_password(const record::Actor& actor, std::int64_t person_id, std::string_view password) {
    const auto person = directory_.person(person_id);
    if (!person) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    PasswordHasher::require_good(password, person->login);
    AuditEvent event = audit_.event_of(actor, "password");
    event.detail = "person=" + std::to_string(person_id);
    store_password(person_id, hasher_.hash(password), event);
    revoke_person(person_id);  // whoever knew the old one is out
}

std::string Sessions::issue_token(std::string_view login, std::chrono::hours valid) {
    const auto person = directory_.person_by_login(lower(trim(login)));
    if (!person || !person->active) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    if (valid < 1h || valid > 24h * 366) throw Error(ErrorKind::invalid, "access.bad_time", "a token is valid from 1 hour to 366 days");
    Session session;
    session.person = person->id;
    session.demo = options_.demo;
    http::Request command;
    command.peer_address = "command";
    return open(std::move(session), valid, command, "token").token;
}

/// The one-time token is taken while the first people are made, and given back when that fails.
class Sessions::FirstRun {
public:
    FirstRun(Sessions& sessions, std::string_view token) : sessions_(sessions) {
        const std::lock_guard lock(sessions_.first_run_mutex_);
        const bool right = !sessions_.first_run_hash_.empty() && equal_in_constant_time(sessions_.first_run_hash_, key_of(token));
        if (!right || sessions_.clock_.now() >= sessions_.first_run_until_) {
            throw Error(ErrorKind::forbidden, "access.first_run_over", "this link is used up; a new start prints another while there is no administrator");
        }
        taken_.swap(sessions_.first_run_hash_);
    }
    ~FirstRun() {
        const std::lock_guard lock(sessions_.first_run_mutex_);
        if (!done) taken_.swap(sessions_.first_run_hash_);
    }
    FirstRun(const FirstRun&) = delete;
    FirstRun& operator=(const FirstRun&) = delete;

    bool done = false;

private:
    Sessions& sessions_;
    std::string taken_;
};

std::optional<std::string> Sessions::first_run_token() {
    if (!directory_.members(0, role::kSecurityAdmin).empty()) return std::nullopt;
    std::string token = new_secret();
    const std::lock_guard lock(first_run_mutex_);
    first_run_hash_ = key_of(token);
    first_run_until_ = clock_.now() + kFirstRun;
    return token;
}

void Sessions::first_run(std::string_view token, const NewOrganisation& organisation, const std::vector<FirstAdministrator>& administrators) {
    FirstRun run(*this, token);
    bool has_security_admin = false;
    for (const auto& one : administrators) {
        PasswordHasher::require_good(one.password, one.login);
        for (const auto& role : one.roles) {
            const RoleRights* rights = find_role(role);
            if (rights == nullptr || !rights->administrator) throw Error(ErrorKind::invalid, "access.bad_role", "the first people are administrators");
            has_security_admin = has_security_admin || role == role::kSecurityAdmin;
        }
    }
    if (!has_security_admin) throw Error(ErrorKind::invalid, "access.bad_role", "somebody must be security administrator");
    const auto actor = record::Actor::system("HOPERAT");
    const auto place = directory_.create_organisation(actor, organisation);
    for (const auto& one : administrators) {
        NewPerson input{.login = lower(trim(one.login)), .name = one.name, .password_hash = hasher_.hash(one.password)};
        const auto person = directory_.create_person(actor, input);
        for (const auto& role : one.roles) directory_.add_membership(actor, {.person = person.id, .organisation = place.id, .role = role});
    }
    run.done = true;
}

}  // namespace qiao::access
