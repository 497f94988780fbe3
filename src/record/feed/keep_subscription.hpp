#pragma once

#include "record/feed/subscription.hpp"

#include <string>

/// What a plain write of a Subscription leads to: its criteria are compiled, its channel is checked, secrets of its headers are
/// kept apart from the resource, and it begins as `requested`. Any thread.
namespace qiao::record {

inline constexpr std::int64_t kSubscriptionsPerOwner = 50;
inline constexpr std::int64_t kSubscriptionsInAll = 1'000;

/// For Ports::keep_subscription. Error(forbidden, "record.subscription_not_yours"), Error(conflict, "record.too_many_subscriptions"),
/// Error(invalid, "record.bad_criteria" | "record.bad_channel" | "record.bad_endpoint").
Ports::KeptSubscription keep_subscription(Record& record, const SubscriptionPorts& ports, const Actor& actor, const std::string& id, const std::string& json);

}  // namespace qiao::record
