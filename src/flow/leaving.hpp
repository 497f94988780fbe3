#pragma once

#include "flow/move.hpp"
#include "flow/notice_store.hpp"

#include <cstdint>
#include <vector>

/// Which notices of a commit may leave the screen. Pure but for the directory; any thread.
namespace qiao::flow {

/// One row for each person that a rule of the pack lets a notice reach outside. The one who moved is not told.
std::vector<store::LeavingNotice> leaving_notices(const Ground& ground, const Case& item, const std::vector<Notice>& notices, std::int64_t actor, Instant now);

}  // namespace qiao::flow
