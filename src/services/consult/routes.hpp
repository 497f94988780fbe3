#pragma once

#include "flow/engine.hpp"
#include "http/router.hpp"

#include <string>

/// The HTTP interface of the consultation beyond the moves (docs/case-api.md part 3) and the public verification page.
/// Called once at start; the handlers run on the worker pool.
namespace qiao::consult {

/// What printed documents need to know of the centre.
struct PrintOptions {
    std::string zone = "Asia/Shanghai";  ///< IANA name: their times are in it
    std::string public_url = {};         ///< "https://tele.example.org", in QR codes; empty = the address that the request came to
};

void add_routes(http::Router& router, flow::Engine& engine, record::CallerOf caller_of, const PrintOptions& print = {});

}  // namespace qiao::consult
