#pragma once

#include "record/feed/subscription.hpp"
#include "storage/writer.hpp"

#include <optional>
#include <string_view>
#include <vector>

/// The tables behind subscriptions: how each stands, what happened for it, and which node delivers. Reads on the caller's
/// connection, writes on the writer thread.
namespace qiao::record::subscriptions {

std::vector<Subscription> all(storage::Connection& connection);
std::optional<Subscription> find(storage::Connection& connection, std::string_view id);
std::optional<Subscription> find(storage::Connection& connection, Rid rid);
/// Of one owner, and of all.
struct Count {
    std::int64_t own = 0;
    std::int64_t every = 0;
};
Count count(storage::Connection& connection, std::string_view owner);
/// Events with a number above `after`, at most `limit`.
std::vector<SubscriptionEvent> events(storage::Connection& connection, Rid rid, std::int64_t after, int limit);

/// Makes or replaces it; what happened for it before stays.
void put(storage::Group& group, const Subscription& subscription);
void remove(storage::Group& group, std::string_view id);
void set_status(storage::Group& group, Rid rid, std::string_view status);
/// Numbers the event and keeps it, when the subscription is still there and not off.
void add_event(storage::Group& group, Rid rid, const SubscriptionEvent& event);
/// All up to `number` are done; those that are far behind go.
void set_delivered(storage::Group& group, Rid rid, std::int64_t number, std::int64_t now_ms);
/// The subscriber answered a handshake or a heartbeat.
void set_contact(storage::Group& group, Rid rid, std::int64_t now_ms);
/// An attempt in vain.
void set_attempt(storage::Group& group, Rid rid, std::int64_t attempts, std::int64_t next_ms, std::int64_t failing_ms, std::string_view why);

/// Who matches and delivers, until when, and up to which row of the outbox it has looked.
struct Lease {
    std::string holder;
    std::int64_t token = 0;  ///< rises at each take-over
    std::int64_t expires_ms = 0;
    std::int64_t t = 0;
    std::int64_t n = 0;
};
Lease lease(storage::Connection& connection);
/// Takes it when it is free or over, or renews one's own. `alone`: no other node can be there.
bool take(storage::Group& group, std::string_view holder, std::int64_t now_ms, std::int64_t expires_ms, bool alone);
void release(storage::Group& group, std::string_view holder);
/// Error(conflict, "record.lease_lost") when another node took over.
void check(storage::Group& group, std::string_view holder);
void set_position(storage::Group& group, std::int64_t t, std::int64_t n);

}  // namespace qiao::record::subscriptions
