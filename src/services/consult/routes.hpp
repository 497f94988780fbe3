#pragma once

#include "flow/engine.hpp"
#include "http/router.hpp"

#include <functional>
#include <string>

/// The HTTP interface of the consultation beyond the moves (docs/case-api.md part 3) and the public verification page.
/// Called once at start; the handlers run on the worker pool.
namespace qiao::consult {

/// What printed documents need to know of the centre.
struct PrintOptions {
    std::string zone;                         ///< IANA name: their times are in it
    std::function<std::string()> public_url;  ///< "https://tele.example.org", in QR codes; asked for each document
};

void add_routes(http::Router& router, flow::Engine& engine, record::CallerOf caller_of, PrintOptions print);

}  // namespace qiao::consult
