#pragma once

#include "record/store/core.hpp"

#include <span>
#include <vector>

/// Many resources by few statements. The thread of the reader.
namespace qiao::record {

inline constexpr std::size_t kFetchedAtOnce = 64;

/// " IN (?,?,…)" of up to kFetchedAtOnce numbers; the last one is repeated so that few different statements exist.
std::string few_numbers(std::span<const Rid> rids, std::vector<storage::Value>& args);

/// The current versions of rows that a search found and the filter let through, in this order.
std::vector<Stored> fetch_all(StoreReader& reader, std::span<const Rid> rids);

}  // namespace qiao::record
