#pragma once

#include "record/feed/subscriptions.hpp"
#include "record/rest/rest.hpp"

/// Operations on subscriptions. Of the R5 Backport guide: `$status` (instance, type), `$events`. For the page that shows them:
/// `$backlog` (how all stand, as plain JSON), `$check` (whether criteria can be matched), `$pause`, `$resume`, `$test`. Handler
/// threads. A subscription is its owner's: others get 403; the operator and clients of the whole record see how it stands.
namespace qiao::record {

/// `subscriptions` outlives `rest`.
void add_subscription_operations(Rest& rest, Subscriptions& subscriptions);

}  // namespace qiao::record
