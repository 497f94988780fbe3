#pragma once

#include "flow/engine.hpp"
#include "http/router.hpp"

/// How quickly an institution answers, what follows from its advice, and what it is owed: read from moves and clocks, each
/// figure with the cases that it counts. No patient is in it. Any thread.
namespace qiao::consult {

/// `GET /flow/figures`, `GET /flow/statement`, `POST /flow/cases/{id}/fee`: docs/case-api.md.
void add_figure_routes(http::Router& router, flow::Engine& engine, const record::CallerOf& caller_of);

}  // namespace qiao::consult
