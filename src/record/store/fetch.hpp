#pragma once

#include "record/store/core.hpp"

#include <span>
#include <vector>

/// Many resources by few statements. The thread of the reader.
namespace qiao::record {

/// A version from a row whose first columns are rid, ver, ts_ms, state, body, the patient's rid.
Stored stored_from(Core& core, const storage::Cursor& rows, std::string_view type, std::string id);

inline constexpr std::size_t kFetchedAtOnce = 64;

/// " IN (?,?,…)" of up to kFetchedAtOnce numbers; the last one is repeated so that few different statements exist.
std::string few_numbers(std::span<const Rid> rids, std::vector<storage::Value>& args);

/// The current versions of rows that a search found and the filter let through, in this order.
std::vector<Stored> fetch_all(StoreReader& reader, std::span<const Rid> rids);

}  // namespace qiao::record
