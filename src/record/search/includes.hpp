#pragma once

#include "record/search/query.hpp"
#include "record/store/core.hpp"

/// `_include` and `_revinclude`. The thread of the reader.
namespace qiao::record {

/// What the rules name, before anything is searched. Error(invalid) naming the rule.
void find_include_parameters(StoreReader& reader, Query& query);

/// Adds to the matches of a page what they refer to, each resource once and only what the filter lets through: at most 1,000 and,
/// with `:iterate`, in 5 rounds; what comes beyond sets `includes_cut`.
void add_includes(StoreReader& reader, const Query& query, SearchResult& result);

}  // namespace qiao::record
