#pragma once

#include "record/feed/subscription.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The notifications of a subscription: requests of R4's rest-hook, and Bundles of the R4 part of the Subscriptions R5 Backport
/// guide (a `history` Bundle whose first entry is a Parameters with the status). Pure functions; any thread.
namespace qiao::record {

/// An event with what may be shown of it.
struct NotifiedEvent {
    SubscriptionEvent event;
    std::string json;  ///< the resource, or empty when it is deleted or not asked for
};

/// Parameters of the status. @param type  handshake, heartbeat, event-notification, query-status, query-event
/// @param base  own FHIR base without a slash at the end
std::string status_parameters(const Subscription& subscription, std::string_view type, std::string_view base, std::span<const NotifiedEvent> events = {});

/// @param payload  what the entries carry
std::string notification_bundle(const Subscription& subscription, Payload payload, std::string_view type, std::string_view base,
                                std::span<const NotifiedEvent> events, Instant now);

/// One event as a request to the subscriber of a rest-hook.
HookRequest event_request(const Subscription& subscription, std::string_view base, const NotifiedEvent& event, Instant now);
/// A handshake or a heartbeat; of R4, a POST with an empty body.
HookRequest greeting(const Subscription& subscription, std::string_view type, std::string_view base, Instant now);

}  // namespace qiao::record
