#include "access/session.hpp"

#include "access/role.hpp"
#include "access/session_entry.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kClockSet = 5min;   // a clock is put right by less
constexpr auto kStoreUse = 20s;    // an unclean end forgets at most this much of the idle time
constexpr auto kBuildAgain = 60s;  // roles that begin later are seen then
constexpr std::size_t kToken_characters = 43;
constexpr std::size_t kSession8_characters = 16;
constexpr std::size_t kRequestId_bytes = 64;

std::int64_t steady_ns() { return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// The token of a request: a bearer token goes before a cookie. Empty when there is none of the right form.
std::string_view token_of(const http::Request& request, bool& by_cookie) {
    const std::string_view authorization = request.header("authorization");
    by_cookie = authorization.empty();
    std::string_view token;
    if (by_cookie) {
        token = request.cookie(request.tls ? "__Host-qiao" : "qiao");
    } else if (authorization.size() > 7 && lower(authorization.substr(0, 7)) == "bearer ") {
        token = trim(authorization.substr(7));
    }
    return token.size() == kToken_characters ? token : std::string_view();
}

std::string_view clean_request_id(std::string_view id) {
    const bool clean = id.size() <= kRequestId_bytes && std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return clean ? id : std::string_view();
}

/// Counts as use.
template <class EntryPtr>
record::Caller caller_by(const EntryPtr& found, const http::Request& request, Instant now) {
    if (!found) throw Error(ErrorKind::unauthenticated, "access.no_session", "sign in first");
    found->used_us.store(to_us(now), std::memory_order_relaxed);
    found->used_steady_ns.store(steady_ns(), std::memory_order_relaxed);
    record::Caller caller = found->caller;
    caller.actor.source = request.peer_address;
    caller.actor.request_id = clean_request_id(request.header("x-request-id"));
    return caller;
}

}  // namespace

void require_nothing_else(const Session& session) {
    if (!session.must.empty()) throw Error(ErrorKind::forbidden, "access.enrol_first", "add a second factor first");
}

Sessions::Sessions(storage::Database& database, storage::Writer& writer, Directory& directory, Audit& audit, const Clock& clock, SessionOptions options)
    : database_(database),
      writer_(writer),
      directory_(directory),
      audit_(audit),
      clock_(clock),
      options_(options),
      hasher_(options.password),
      throttle_(clock),
      thread_([this](const std::stop_token& stop) { run(stop); }) {
    directory_.on_change([this] { epoch_.fetch_add(1); });
    directory_.set_audit([this](storage::Group& group, const record::Actor& actor, std::string_view action, const std::string& detail) {
        AuditEvent event = audit_.event_of(actor, action);
        event.detail = detail;
        audit_.write(group, event);
    });
}

Sessions::~Sessions() {
    thread_.request_stop();
    thread_.join();
}

void Sessions::run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        wake.wait_for(lock, stop, 1s, [] { return false; });
        if (stop.stop_requested()) return;
        try {
            tick();
        } catch (const Error& error) {
            log::error("access.tick", {{"code", error.code()}});
        }
    }
}

record::Caller Sessions::caller(const http::Request& request) {
    const EntryPtr found = entry_of(request);
    if (found) require_nothing_else(found->session);
    return caller_by(found, request, clock_.now());
}

record::Caller Sessions::own_caller(const http::Request& request) { return caller_by(entry_of(request), request, clock_.now()); }

std::optional<Session> Sessions::find(const http::Request& request) {
    const EntryPtr found = entry_of(request);
    if (!found) return std::nullopt;
    return snapshot_of(*found);
}

bool Sessions::carries_token(const http::Request& request) {
    bool by_cookie = false;
    return !token_of(request, by_cookie).empty();
}

std::optional<record::Caller> Sessions::caller_of(std::string_view key) {
    const EntryPtr found = entry(std::string(key));
    if (!found || !found->session.must.empty()) return std::nullopt;
    return found->caller;
}

std::optional<record::Caller> Sessions::standing_caller(std::int64_t person, std::string_view client) {
    Entry entry;
    entry.session.person = person;
    if (person == 0) {
        const Client found = read_client(client);
        if (found.id.empty()) return std::nullopt;
        entry.session.client = found.id;
        entry.session.scope = found.role;
    }
    build(entry);
    if (entry.dead) return std::nullopt;
    return entry.caller;
}

Session Sessions::snapshot_of(const Entry& entry) const {
    Session session = entry.session;
    session.idle_end = session.by_cookie ? std::min(session.absolute_end, from_us(entry.used_us.load()) + options_.idle) : session.absolute_end;
    session.step_up_until = from_us(entry.step_up_until_us.load());
    session.used = from_us(entry.used_us.load());
    return session;
}

Sessions::EntryPtr Sessions::entry_of(const http::Request& request) {
    bool by_cookie = false;
    const std::string_view token = token_of(request, by_cookie);
    if (token.empty()) return nullptr;
    EntryPtr found = entry(to_hex(sha256(token)));
    // A cookie's token is no bearer token and the other way round: each has its own limits.
    return found && found->session.by_cookie == by_cookie ? found : nullptr;
}

Sessions::EntryPtr Sessions::entry(const std::string& key) {
    EntryPtr found;
    {
        const std::shared_lock lock(mutex_);
        const auto at = entries_.find(key);
        if (at != entries_.end()) found = at->second;
    }
    if (!found) found = load(key);
    if (!found || expired(*found)) return nullptr;
    if (found->epoch != epoch_.load(std::memory_order_acquire) || clock_.now() >= found->build_again) found = renewed(found);
    return found->dead ? nullptr : found;
}

bool Sessions::expired(const Entry& entry) const {
    const Instant now = clock_.now();
    if (now >= entry.session.absolute_end || std::chrono::steady_clock::now() >= entry.absolute_steady) return true;
    if (!entry.session.by_cookie) return false;
    return now >= from_us(entry.used_us.load()) + options_.idle ||
           steady_ns() - entry.used_steady_ns.load() >= std::chrono::duration_cast<std::chrono::nanoseconds>(options_.idle).count();
}

Sessions::EntryPtr Sessions::made(Session session, Instant used) const {
    auto entry = std::make_shared<Entry>();
    entry->session = std::move(session);
    entry->absolute_steady = std::chrono::steady_clock::now() + (entry->session.absolute_end - clock_.now());
    entry->used_us = to_us(used);
    entry->stored_us = to_us(used);
    entry->used_steady_ns = steady_ns();
    entry->step_up_until_us = to_us(entry->session.step_up_until);
    build(*entry);
    return entry;
}

Sessions::EntryPtr Sessions::load(const std::string& key) {
    std::uint64_t ends_before = 0;
    {
        const std::shared_lock lock(mutex_);
        ends_before = ends_;
    }
    Instant used{};
    const auto session = read_session(key, used);
    // One that begins later than now comes from before the machine's clock was set back: its end would be far off.
    if (!session || session->created > clock_.now() + kClockSet) return nullptr;
    EntryPtr entry = made(*session, used);
    const std::unique_lock lock(mutex_);
    if (ends_ != ends_before) return nullptr;  // it may be the one that ended; the next request looks again
    return entries_.try_emplace(key, std::move(entry)).first->second;
}

Sessions::EntryPtr Sessions::renewed(const EntryPtr& old) {
    auto entry = std::make_shared<Entry>();
    entry->session = old->session;
    entry->absolute_steady = old->absolute_steady;
    entry->used_us = old->used_us.load();
    entry->stored_us = old->stored_us.load();
    entry->used_steady_ns = old->used_steady_ns.load();
    entry->step_up_until_us = old->step_up_until_us.load();
    build(*entry);
    const std::unique_lock lock(mutex_);
    const auto at = entries_.find(old->session.key);
    if (at == entries_.end()) {
        entry->dead = true;
    } else if (at->second == old) {
        at->second = entry;
    }
    return entry;
}

void Sessions::build(Entry& entry) const {
    entry.epoch = epoch_.load(std::memory_order_acquire);
    entry.build_again = clock_.now() + kBuildAgain;
    entry.caller.actor.session8 = entry.session.key.substr(0, kSession8_characters);
    if (entry.session.person != 0) {
        build_person(entry);
        return;
    }
    const RoleRights* rights = find_role(entry.session.scope);
    entry.dead = rights == nullptr;
    const bool whole = rights != nullptr && rights->whole_record;
    if (whole) entry.caller.filter = record::ReadFilter::system("an integration client reads the whole record");
    entry.caller.may_write_plain = whole;
    // Sees what every signed-in caller does: the definitions.
    if (entry.session.scope == role::kOperator) entry.caller.filter.scope = record::ReadFilter::Scope::standing;
    entry.caller.actor.role = entry.session.scope;
    entry.caller.actor.name = entry.session.client;
    entry.caller.actor.purpose = "HOPERAT";
}

void Sessions::build_person(Entry& entry) const {
    const auto person = directory_.person(entry.session.person);
    entry.dead = !person || !person->active;
    if (entry.dead) return;
    record::Actor& actor = entry.caller.actor;
    actor.person = person->id;
    actor.practitioner = person->resource;
    actor.name = person->name;
    actor.purpose = "TREAT";
    record::ReadFilter& filter = entry.caller.filter;
    std::vector<std::int64_t> grantees;
    for (const auto& membership : directory_.memberships(person->id)) {
        const RoleRights* rights = find_role(membership.role);
        if (rights == nullptr) continue;
        entry.build_again = std::min(entry.build_again, membership.ends);
        if (actor.organisation == 0) {
            actor.organisation = membership.organisation;
            actor.role = membership.role;
            if (const auto where = directory_.organisation(membership.organisation)) actor.organisation_ref = where->resource;
        }
        if (rights->stands_at_desk) grantees.push_back(desk_key(membership.organisation, membership.role));
        if (!rights->clinical_staff && !rights->stands_at_desk) continue;
        if (rights->clinical_staff) filter.labels |= membership.labels & ~record::personal_labels();
        for (const std::int64_t id : directory_.subtree(membership.organisation)) {
            filter.organisations.push_back(id);
            if (rights->clinical_staff) grantees.push_back(organisation_key(id));
        }
    }
    if (grantees.empty()) return;  // administrators and the like see nothing clinical
    grantees.push_back(person_key(person->id));
    const auto unique = [](std::vector<std::int64_t>& numbers) {
        std::sort(numbers.begin(), numbers.end());
        numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    };
    unique(grantees);
    unique(filter.organisations);
    filter.grantees = std::move(grantees);
    filter.scope = record::ReadFilter::Scope::standing;
}

bool Sessions::stepped_up(const record::Actor& actor) const {
    if (actor.person == 0 || actor.session8.size() != kSession8_characters) return false;
    const std::int64_t now_us = to_us(clock_.now());
    const std::shared_lock lock(mutex_);
    return std::any_of(entries_.begin(), entries_.end(), [&](const auto& one) {
        return one.second->session.person == actor.person && one.first.starts_with(actor.session8) && one.second->step_up_until_us.load() > now_us;
    });
}

void Sessions::end(const std::vector<std::string>& keys) {
    if (keys.empty()) return;
    delete_sessions(keys);
    {
        const std::unique_lock lock(mutex_);
        ++ends_;
        for (const auto& key : keys) entries_.erase(key);
    }
    std::vector<std::function<void(std::string_view)>> listeners;
    {
        const std::lock_guard lock(listeners_mutex_);
        listeners = listeners_;
    }
    for (const auto& key : keys) {
        for (const auto& listener : listeners) listener(key);
    }
}

void Sessions::revoke(std::string_view key) { end({std::string(key)}); }

void Sessions::revoke_person(std::int64_t person) { end(keys_of_person(person)); }

void Sessions::end_session(const record::Actor& actor, const Session& session) {
    AuditEvent event = audit_.event_of(actor, "session-ended");
    event.detail = "person=" + std::to_string(session.person) + " session=" + session.key.substr(0, kSession8_characters);
    audit_.note(event);
    revoke(session.key);
}

void Sessions::revoke_reset(std::int64_t reset) { end(keys_of_reset(reset)); }

std::vector<Session> Sessions::sessions_of(std::int64_t person) {
    std::vector<Session> all;
    for (const auto& key : keys_of_person(person)) {
        if (const EntryPtr found = entry(key)) all.push_back(snapshot_of(*found));
    }
    std::sort(all.begin(), all.end(), [](const Session& a, const Session& b) { return a.used > b.used; });
    return all;
}

void Sessions::on_session_ended(std::function<void(std::string_view)> listener) {
    const std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(std::move(listener));
}

void Sessions::tick() {
    std::vector<std::string> over;
    std::vector<std::pair<std::string, std::int64_t>> used;
    {
        const std::shared_lock lock(mutex_);
        for (const auto& [key, entry] : entries_) {
            const auto person = entry->session.person == 0 ? std::nullopt : directory_.person(entry->session.person);
            const bool gone = entry->session.person != 0 && (!person || !person->active);
            const std::int64_t used_us = entry->used_us.load();
            if (gone || expired(*entry)) {
                over.push_back(key);
            } else if (from_us(used_us) - from_us(entry->stored_us.load()) >= kStoreUse) {
                used.emplace_back(key, used_us);
                entry->stored_us = used_us;
            }
        }
    }
    if (!used.empty()) store_use(used);
    end(over);
    delete_expired(clock_.now());
}

}  // namespace qiao::access
