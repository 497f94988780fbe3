#pragma once

#include "flow/delivery.hpp"
#include "http/router.hpp"
#include "record/rest/rest.hpp"

/// `/flow/notifications` (system administrator), `/flow/cases/{id}/seen`, and `/notify/receipt/{token}` where providers
/// report. Called once at start; the handlers run on the worker pool.
namespace qiao::flow {

void add_notice_routes(http::Router& router, Delivery& delivery, record::CallerOf caller_of);

}  // namespace qiao::flow
