#include "record/feed/keep_subscription.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"
#include "record/feed/criteria.hpp"
#include "record/feed/subscription_store.hpp"

#include <utility>

namespace qiao::record {
namespace {

bool asks_the_same(const SubscriptionAsk& a, const SubscriptionAsk& b) {
    return a.criteria == b.criteria && a.topic == b.topic && a.channel == b.channel && a.endpoint == b.endpoint && a.payload == b.payload &&
           a.headers == b.headers;
}

}  // namespace

Ports::KeptSubscription keep_subscription(Record& record, const SubscriptionPorts& ports, const Actor& actor, const std::string& id, const std::string& json) {
    std::optional<Subscription> before;
    subscriptions::Count count;
    const std::string owner = owner_of(actor);
    {
        const auto reader = record.read(ReadFilter::system("a subscription is checked against what its owner has"));
        before = subscriptions::find(reader->connection(), id);
        count = subscriptions::count(reader->connection(), owner);
    }
    if (before && before->owner != owner) throw Error(ErrorKind::forbidden, "record.subscription_not_yours", "only its owner changes a subscription");
    if (json.empty()) {
        return {{}, [id](storage::Group& group, Rid) { subscriptions::remove(group, id); }};
    }
    auto parsed = json::parse(json, limits::kJsonDepth);
    if (!parsed) throw Error(ErrorKind::invalid, "record.bad_json", "no JSON");
    json::Value resource = *std::move(parsed);
    if (!before && (count.own >= kSubscriptionsPerOwner || count.every >= kSubscriptionsInAll)) {
        throw Error(ErrorKind::conflict, "record.too_many_subscriptions", "an owner has at most 50 subscriptions, the centre 1,000");
    }
    Subscription next;
    next.id = id;
    next.owner = owner;
    next.ask = ask_of(resource);
    Criteria::compile(record.core(), next.ask.criteria);
    restore_headers(next.ask, before ? before->ask.headers : std::vector<std::string>{},
                    before && origin_of(before->ask.endpoint) == origin_of(next.ask.endpoint));
    if (next.ask.channel == "rest-hook" && !next.ask.off) ports.check_endpoint(next.ask.endpoint);
    const bool goes_on = before && (before->status == "active" || before->status == "error") && asks_the_same(before->ask, next.ask);
    next.status = next.ask.off ? "off" : goes_on ? before->status : "requested";
    resource.set("status", next.status);
    if (next.status != "error") resource.remove("error");  // the server's to say
    hide_headers(resource);
    return {resource.dump(), [next](storage::Group& group, Rid rid) mutable {
                next.rid = rid;
                subscriptions::put(group, next);
            }};
}

}  // namespace qiao::record
