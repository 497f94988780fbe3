#pragma once

#include "access/entrance.hpp"
#include "access/patient_request.hpp"
#include "access/session.hpp"
#include "http/router.hpp"

/// The HTTP face of `access`: sign-in and sign-out, the directory, OAuth, and the guard that stands before every route.
/// Called once at start; the handlers run on the worker pool.
namespace qiao::access {

/// Everything below `/access`, and `/oauth/token`; docs/access.md lists them.
void add_routes(http::Router& router, Sessions& sessions, Directory& directory, Entrance& entrance, const Clock& clock);

/// Refuses what the route's scope does not allow (401), unsafe verbs that another site sent with our cookie (403
/// "access.cross_site"), and operations from elsewhere (404). Without `patients` nobody gets into their routes.
http::Router::Guard make_guard(Sessions& sessions, PatientAccounts* patients = nullptr);

/// `/patient`: sign-in, the account, requests; and what clinics and the privacy officer do about them below `/access`.
void add_patient_routes(http::Router& router, record::Record& record, PatientAccounts& accounts, PatientRequests& requests);
void add_patient_desk_routes(http::Router& router, Sessions& sessions, record::Record& record, PatientAccounts& accounts, PatientRequests& requests);

/// For WebSocket endpoints, whose upgrade does not pass the router: throws what the guard would answer.
void require_same_site(const http::Request& request);

}  // namespace qiao::access
