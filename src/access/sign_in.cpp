#include "access/role.hpp"
#include "access/session.hpp"
#include "access/session_entry.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kClientToken = 1h;
constexpr auto kFirstRun = 24h;
constexpr std::size_t kClientName_bytes = 100;

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
    AuditEvent event = event_for(request, action, "success");
    event.person = session.person;
    event.session8 = session.key.substr(0, 16);
    event.detail = session.client;
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

Opened Sessions::sign_in(std::string_view typed, std::string_view password, const http::Request& request) {
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
    const bool right = hasher_.matches(password_hash_of(id), password);
    if (!right || id == 0) {
        refused(request, id, "login", "wrong");
        wrong_login();
    }
    throttle_.succeeded(login, request.peer_address);
    if (const auto old = find(request); old && old->by_cookie) revoke(old->key);
    Session session;
    session.person = id;
    session.by_cookie = true;
    return open(std::move(session), options_.absolute, request, "login");
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

Instant Sessions::step_up(const http::Request& request, std::string_view password) {
    const EntryPtr entry = entry_of(request);
    if (!entry || entry->session.person == 0) throw Error(ErrorKind::unauthenticated, "access.no_session", "sign in first");
    const auto person = directory_.person(entry->session.person);
    if (!person) throw Error(ErrorKind::unauthenticated, "access.no_session", "sign in first");
    if (throttle_.wait(person->login, request.peer_address) > 0s) {
        throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    }
    const bool by_name = entry->session.demo && options_.demo && password.empty();
    throttle_.began(person->login, request.peer_address);
    if (!by_name && !hasher_.matches(password_hash_of(person->id), password)) {
        refused(request, person->id, "step-up", "wrong");
        throw Error(ErrorKind::forbidden, "access.wrong_password", "the password is wrong");
    }
    throttle_.succeeded(person->login, request.peer_address);
    const Instant until = clock_.now() + options_.step_up;
    AuditEvent event = event_for(request, "step-up", "success");
    event.person = person->id;
    event.session8 = entry->session.key.substr(0, 16);
    store_step_up(entry->session.key, until, event);
    const std::shared_lock lock(mutex_);
    const auto at = entries_.find(entry->session.key);  // it may have been built again meanwhile
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

Sessions::NewClient Sessions::add_client(std::string_view name, std::string_view role) {
    if (role != role::kIntegration && role != role::kMetrics)
        throw Error(ErrorKind::invalid, "access.bad_role", "the role of a client is integration or metrics");
    if (name.empty() || name.size() > kClientName_bytes || !is_utf8(name)) throw Error(ErrorKind::invalid, "access.bad_name", "a client needs a name");
    NewClient client{"client-" + to_hex(random_bytes(8)), new_secret()};
    AuditEvent event = audit_.event_of(record::Actor::system("HOPERAT"), "client");
    event.detail = client.id;
    insert_client(client.id, name, key_of(client.secret), role, event);
    return client;
}

void Sessions::revoke_client(std::string_view id) {
    AuditEvent event = audit_.event_of(record::Actor::system("HOPERAT"), "client-revoked");
    event.detail = id;
    mark_client_revoked(id, event);
    end(keys_of_client(id));
}

std::optional<Opened> Sessions::client_token(std::string_view id, std::string_view secret, const http::Request& request) {
    if (id.size() > 64) return std::nullopt;
    if (throttle_.wait(id, request.peer_address) > 0s) throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    const Client client = read_client(id);
    const bool right = equal_in_constant_time(client.secret_hash, key_of(secret));
    throttle_.began(id, request.peer_address);
    if (!right) {
        refused(request, 0, "login", "client");
        return std::nullopt;
    }
    throttle_.succeeded(id, request.peer_address);
    Session session;
    session.client = id;
    session.scope = client.role;
    return open(std::move(session), kClientToken, request, "login");
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
