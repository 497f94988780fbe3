#include "base/error.hpp"
#include "base/worker_pool.hpp"
#include "record/feed/subscriptions.hpp"
#include "record/operations/input.hpp"

#include <fmt/format.h>

#include <cstdlib>

/// From numbered events to the subscriber: the second half of Subscriptions.
namespace qiao::record {
namespace {

constexpr int kRound = 100;  // events of one subscription before another has its turn
constexpr std::int64_t kErrorAfter_ms = 3'600'000;

/// In whose name the audit notes what went out.
Caller owner_as_caller(const Subscription& one, const ReadFilter& filter) {
    Caller caller;
    caller.filter = filter;
    caller.actor = Actor::system("HOPERAT");
    const std::size_t colon = one.owner.find(':');
    if (one.owner.starts_with("person:"))
        caller.actor.person = std::atoll(one.owner.c_str() + colon + 1);
    else
        caller.actor.name = one.owner.substr(colon + 1);
    return caller;
}

}  // namespace

void Subscriptions::deliver(Rid rid) {
    for (int i = 0; i < kRound; ++i) {
        const auto one = find(rid);
        if (!one || one->status == "off") return;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        const std::int64_t now = to_ms(ground_.clock.now());
        if (one->ask.ends_ms != 0 && one->ask.ends_ms <= now) return become(*one, "off", {});
        const auto filter = ground_.ports.filter_of(one->owner);
        if (!filter) return become(*one, "off", "the owner is no longer active");
        if (one->ask.channel == "websocket") return become(*one, "active", {});
        if (one->status == "requested") {
            // R4 with a payload knows no greeting: its requests are about a resource.
            if (one->ask.payload != Payload::resource && !greet(*one, "handshake")) return;
            become(*one, "active", {});
            continue;
        }
        if (one->backlog() == 0) {
            if (one->ask.heartbeat_s != 0 && one->contact_ms + one->ask.heartbeat_s * 1000 <= now) greet(*one, "heartbeat");
            return;
        }
        const auto events = subscriptions::events(ground_.database.read()->connection(), rid, one->delivered, 1);
        if (events.empty()) {
            ground_.writer.submit({{}, [&](storage::Group& group) { subscriptions::set_delivered(group, rid, one->events, now); }});
            return;
        }
        if (!deliver_one(*one, events.front(), *filter)) return;
        if (one->status == "error") become(*one, "active", {});
    }
}

/// @return whether it arrived, or is not to be seen any more
bool Subscriptions::deliver_one(const Subscription& one, const SubscriptionEvent& event, const ReadFilter& filter) {
    NotifiedEvent shown{event, {}};
    {
        const std::int64_t version = event.operation == 'D' ? event.version - 1 : event.version;
        const auto stored = ground_.record.read(filter)->read_version(event.type, event.id, version);
        if (!stored) {
            skipped_.add();
            ground_.writer.submit({[this](storage::Group& group) { subscriptions::check(group, holder_); },
                                   [&](storage::Group& group) { subscriptions::set_delivered(group, one.rid, event.number, one.delivered_ms); }});
            return true;
        }
        const bool carries = one.ask.payload == Payload::resource || one.ask.payload == Payload::full;
        if (carries && event.operation != 'D') {
            shown.json = stored->json;
            tell_shown(ground_.record, owner_as_caller(one, filter), {{*stored, false}});
        }
    }
    const HookAnswer answer = ground_.ports.send(event_request(one, ground_.base(), shown, ground_.clock.now()));
    if (!answer.failure.empty()) {
        failed(one, answer.failure);
        return false;
    }
    sent_.add();
    const std::int64_t now = to_ms(ground_.clock.now());
    ground_.writer.submit({[this](storage::Group& group) { subscriptions::check(group, holder_); },
                           [&](storage::Group& group) { subscriptions::set_delivered(group, one.rid, event.number, now); }});
    return true;
}

bool Subscriptions::greet(const Subscription& one, std::string_view type) {
    const HookAnswer answer = ground_.ports.send(greeting(one, type, ground_.base(), ground_.clock.now()));
    if (!answer.failure.empty()) {
        failed(one, answer.failure);
        return false;
    }
    const std::int64_t now = to_ms(ground_.clock.now());
    ground_.writer.submit({{}, [&](storage::Group& group) { subscriptions::set_contact(group, one.rid, now); }});
    return true;
}

void Subscriptions::failed(const Subscription& one, const std::string& why) {
    refused_.add();
    const std::int64_t now = to_ms(ground_.clock.now());
    const std::int64_t since = one.failing_ms != 0 ? one.failing_ms : now;
    const std::int64_t attempts = one.attempts + 1;
    ground_.writer.submit({{}, [&](storage::Group& group) { subscriptions::set_attempt(group, one.rid, attempts, now + backoff_ms(attempts), since, why); }});
    if (now - since >= kErrorAfter_ms && one.status == "active") {
        become(one, "error", fmt::format("no delivery since {}: {}", format_instant(from_us(since * 1000)), why));
    }
}

/// In the resource and in its row together. What somebody turned off meanwhile stays off.
void Subscriptions::become(const Subscription& one, const std::string& status, const std::string& error) {
    auto work = ground_.record.begin(ReadFilter::system("the server says how a subscription stands"), Actor::system("HOPERAT"));
    const Stored stored = work->load("Subscription", one.id);
    json::Value resource = stored.value();
    if (resource["status"].text() == "off") return;
    resource.set("status", status);
    if (error.empty())
        resource.remove("error");
    else
        resource.set("error", error);
    work->update(std::move(resource));
    work->also([&](storage::Group& group, const Work::RidOf&) { subscriptions::set_status(group, one.rid, status); });
    work->commit();
}

void Subscriptions::set_status(const Actor& actor, const std::string& id, const std::string& status) {
    const auto one = find(id);
    if (!one) throw Error(ErrorKind::not_found, "record.not_found", "no such subscription");
    if (status != "off" && one->ask.channel == "rest-hook") ground_.ports.check_endpoint(one->ask.endpoint);
    auto work = ground_.record.begin(ReadFilter::system("its owner or the operator turns a subscription on or off"), actor);
    json::Value resource = work->load("Subscription", id).value();
    resource.set("status", status);
    resource.remove("error");
    work->update(std::move(resource));
    work->also([&](storage::Group& group, const Work::RidOf&) { subscriptions::set_status(group, one->rid, status); });
    work->commit();
    wake();
}

HookAnswer Subscriptions::test(const std::string& id) {
    const auto one = find(id);
    if (!one) throw Error(ErrorKind::not_found, "record.not_found", "no such subscription");
    if (one->ask.channel != "rest-hook") throw Error(ErrorKind::invalid, "record.bad_channel", "a websocket is bound by its client");
    const HookRequest request = greeting(*one, "handshake", ground_.base(), ground_.clock.now());
    const WorkerPool::Waiting waiting;
    return ground_.ports.send(request);
}

std::vector<NotifiedEvent> Subscriptions::visible_events(const Subscription& one, std::int64_t after, int limit, bool with_resources) {
    std::vector<NotifiedEvent> out;
    const auto filter = ground_.ports.filter_of(one.owner);
    if (!filter) return out;
    const auto reader = ground_.record.read(*filter);
    for (SubscriptionEvent& event : subscriptions::events(reader->connection(), one.rid, after, limit)) {
        const auto stored = reader->read_version(event.type, event.id, event.operation == 'D' ? event.version - 1 : event.version);
        if (!stored) continue;
        const bool shows = with_resources && event.operation != 'D';
        if (shows) tell_shown(ground_.record, owner_as_caller(one, *filter), {{*stored, false}});
        out.push_back({std::move(event), shows ? stored->json : std::string()});
    }
    return out;
}

}  // namespace qiao::record
