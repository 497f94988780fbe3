#pragma once

#include "record/definitions/definitions.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// `_summary` and `_elements`: which part of a resource is shown. Pure; any thread.
namespace qiao::record {

struct View {
    enum class Summary : std::uint8_t { whole, summary, text, data } summary = Summary::whole;
    std::vector<std::string> elements;  ///< of the resource itself; empty = all
    [[nodiscard]] bool is_whole() const { return summary == Summary::whole && elements.empty(); }
};

/// From decoded query parameters. Error(invalid) for a value that is none and for an element that none of `types` has.
View view_of(std::span<const std::pair<std::string, std::string>> parameters, std::span<const TypeId> types);

/// The part that `view` shows, with the tag SUBSETTED. id, meta and mandatory elements always stay.
std::string part_shown(const std::string& json, TypeId type, const View& view);

}  // namespace qiao::record
