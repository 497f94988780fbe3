#pragma once

#include "flow/engine.hpp"
#include "flow/uploads.hpp"
#include "http/router.hpp"

/// The compact HTTP interface of cases under `/flow` (docs/case-api.md part 2). Called once at start; the handlers run on
/// the worker pool.
namespace qiao::flow {

void add_routes(http::Router& router, Engine& engine, Uploads& uploads, record::CallerOf caller_of);

/// A JSON answer that no cache keeps.
http::Response json_answer(const json::Value& value, int status = 200);
/// The JSON object of a body; Error(invalid, "record.bad_json") else, "flow.bad_field" for a member not in `known` (words).
json::Value body_object(const http::Request& request, std::string_view known);

}  // namespace qiao::flow
