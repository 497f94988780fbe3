#pragma once

#include "record/search/clause.hpp"

#include <vector>

/// The modifiers of tokens that ask the terminology. The thread of the reader.
namespace qiao::record {

inline constexpr std::size_t kModifierCodes = 10'000;  ///< that `:in`, `:not-in`, `:above` and `:below` may come to

/// The hashes of all codes of the value sets (`:in`, `:not-in`) or of what stands above or below the codes, themselves included.
/// Error(invalid): "record.too_costly" when they are more than kModifierCodes, "record.bad_search_value" naming the parameter for
/// what is not known.
std::vector<std::int64_t> terminology_hashes(const SearchContext& context, const Named& named);

}  // namespace qiao::record
