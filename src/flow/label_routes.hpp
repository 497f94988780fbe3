#pragma once

#include "flow/engine.hpp"
#include "http/router.hpp"

/// Sensitivity labels of one case: `POST /flow/cases/{id}/labels`. Called once at start.
namespace qiao::flow {

/// `{labels, reason}`, by clinical staff of the institution that asks: the case and what belongs to it carry exactly these labels from
/// now on, beside their signed text. The experts of the case go on seeing it; colleagues without the right do not. Who labels and who
/// asked go on seeing it by name.
void add_label_routes(http::Router& router, Engine& engine, record::CallerOf caller_of);

}  // namespace qiao::flow
