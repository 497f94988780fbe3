#pragma once

#include "record/store/core.hpp"

#include <string_view>

/// FHIR search under a reader's filter. The thread of the reader.
namespace qiao::record {

/// `query` as in a search URL without '?'. Throws Error(invalid) naming the parameter, unavailable "record.budget".
SearchResult run_search(StoreReader& reader, const SearchPlace& place, std::string_view query);

}  // namespace qiao::record
