#pragma once

#include "access/organisation.hpp"
#include "access/session.hpp"
#include "exchange/rest_hook.hpp"
#include "record/feed/subscription_socket.hpp"

#include <functional>
#include <optional>
#include <string>

/// Connects the record's subscriptions with who their owners are and with the line out. What it gives is thread-safe.
namespace qiao::app {

/// What the owner of something that goes on without a session ("person:5", "client:…") may now; nothing when they are not active any more.
std::function<std::optional<record::Caller>(const std::string& owner)> caller_of_owner(access::Sessions& sessions);

/// Both outlive what uses the ports.
record::SubscriptionPorts subscription_ports(access::Sessions& sessions, const access::Directory& directory, const exchange::RestHookConfig& config);

record::SubscriptionSockets::Rights subscription_rights(access::Sessions& sessions);

}  // namespace qiao::app
