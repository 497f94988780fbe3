#pragma once

#include "access/duplicates.hpp"
#include "access/session.hpp"
#include "http/router.hpp"

/// `GET /access/duplicates?state=open|linked|different`, `POST /access/duplicates/{id}` `{verdict: same|different|undo}`: for the
/// roles that register patients. Handler threads.
namespace qiao::access {

void add_duplicates_routes(http::Router& router, Sessions& sessions, Duplicates& duplicates);

}  // namespace qiao::access
