#pragma once

#include "record/terminology/membership.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The codes of a value set, in the order of its definition, each once. One thread.
namespace qiao::record::terminology {

inline constexpr std::size_t kMostCodes = 200'000;  ///< that an expansion goes through

struct ExpandedCode {
    std::uint32_t system = 0;  ///< number in Expansion::systems
    std::string_view code, display;
    const Concept* known = nullptr;  ///< of the code system, where that is known
};

struct Expansion {
    struct System {
        std::string url, version;
        CodeSystem::Ptr definition;  ///< nullptr = only named by the value set
    };
    std::vector<System> systems;
    std::vector<ExpandedCode> codes;
    bool is_partial = false;               ///< a code system is a fragment or an example
    std::vector<ValueSet::Ptr> used_sets;  ///< also keeps the texts alive
};

/// Error(invalid): "record.too_costly" when there is no end or more than kMostCodes or limits::kQueryTime is spent,
/// "terminology.cannot_expand" when a code system, a value set or a filter is not known (the message says which).
Expansion expand(const Shelf& shelf, const ValueSet::Ptr& set);

}  // namespace qiao::record::terminology
