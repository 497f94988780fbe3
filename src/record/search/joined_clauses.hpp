#pragma once

#include "record/search/clause.hpp"

#include <vector>

/// Clauses made of others. Reader's thread.
namespace qiao::record {

/// All of some clauses on one resource; the first finds the rows.
ClausePtr all_of(std::vector<ClausePtr> clauses);
/// At least one of them.
ClausePtr any_of(std::vector<ClausePtr> clauses);
ClausePtr not_clause(ClausePtr clause);

}  // namespace qiao::record
