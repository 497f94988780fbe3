#pragma once

#include "access/organisation.hpp"
#include "access/session.hpp"
#include "exchange/rest_hook.hpp"
#include "record/feed/subscription_socket.hpp"

/// Connects the record's subscriptions with who their owners are and with the line out. What it gives is thread-safe.
namespace qiao::app {

/// Both outlive what uses the ports.
record::SubscriptionPorts subscription_ports(access::Sessions& sessions, const access::Directory& directory, const exchange::RestHookConfig& config);

record::SubscriptionSockets::Rights subscription_rights(access::Sessions& sessions);

}  // namespace qiao::app
