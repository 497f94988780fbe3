#pragma once

#include "access/contact.hpp"
#include "access/session.hpp"
#include "http/router.hpp"

/// `/access/contact` (one's own), `/access/contacts` and `/access/people/{id}/contact` (security administrator). Called once
/// at start; the handlers run on the worker pool.
namespace qiao::access {

void add_contact_routes(http::Router& router, Sessions& sessions, Contacts& contacts);

}  // namespace qiao::access
