#pragma once

#include "access/oidc.hpp"
#include "http/router.hpp"

/// `/access/oidc` (signing in) and `/access/me/oidc` (linking an account); docs/access.md lists them. Called once at start.
namespace qiao::access {

void add_oidc_routes(http::Router& router, Sessions& sessions, Oidc& oidc);

}  // namespace qiao::access
