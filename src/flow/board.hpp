#pragma once

#include "flow/engine.hpp"
#include "http/router.hpp"

#include <string_view>
#include <vector>

/// The deadline board: what is late, about to be late or paused, and who has to act. Counts and times only, no patient.
/// Any thread.
namespace qiao::flow {

/// Whose turn it is while this clock runs: "requester", "expert" (the lead, or the asked one of a part) or "desk".
std::string_view owner_of(const Case& item, std::string_view clock);

/// Clocks that run or are paused in cases that these institutions give or ask for, the least time left first; a paused one
/// by the share that it had used.
/// @param limit  at most so many rows
std::vector<std::pair<Case, ClockRow>> board(const Ground& ground, const std::vector<std::int64_t>& organisations, int limit);

/// `GET /flow/board`
void add_board_route(http::Router& router, Engine& engine, const record::CallerOf& caller_of);

}  // namespace qiao::flow
