#pragma once

#include "access/entrance.hpp"
#include "access/session.hpp"
#include "http/router.hpp"

/// The HTTP face of `access`: sign-in and sign-out, the directory, OAuth, and the guard that stands before every route.
/// Called once at start; the handlers run on the worker pool.
namespace qiao::access {

/// Everything below `/access`, and `/oauth/token`; docs/access.md lists them.
void add_routes(http::Router& router, Sessions& sessions, Directory& directory, Entrance& entrance, const Clock& clock);

/// Refuses what the route's scope does not allow (401), unsafe verbs that another site sent with our cookie (403
/// "access.cross_site"), and operations from elsewhere (404).
http::Router::Guard make_guard(Sessions& sessions);

/// For WebSocket endpoints, whose upgrade does not pass the router: throws what the guard would answer.
void require_same_site(const http::Request& request);

}  // namespace qiao::access
