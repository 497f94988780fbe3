#pragma once

#include "record/definitions/definitions.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A search URL taken apart, before any parameter of a type is looked at. Pure; any thread.
namespace qiao::record {

struct SortKey {
    std::string code;
    bool descending = false;
};

/// `MedicationRequest:requester`, `Encounter:patient:Patient`, `*`
struct IncludeRule {
    TypeId source = TypeId::none;  ///< none = of any type
    std::string code;              ///< "*" = all references
    ParamId param = ParamId::none;  ///< of `code`, as find_include_parameters() found it
    TypeId target = TypeId::none;
    bool reverse = false;
    bool iterate = false;  ///< also from what was included
};

struct Query {
    std::vector<std::pair<std::string, std::string>> filters;  ///< name and escaped value, in order
    std::vector<SortKey> sort;
    std::vector<IncludeRule> includes;
    int count = 20;
    bool count_only = false;
    enum class Total : std::uint8_t { when_known, none, accurate } total = Total::when_known;
    std::vector<TypeId> types;  ///< of `_type`; empty when it is not there
    std::string cursor;
    std::vector<std::pair<std::string, std::string>> applied;  ///< all but the cursor

    /// What identifies the search for a cursor: filters and sort.
    [[nodiscard]] std::string identity(std::string_view place) const;
};

/// Error(invalid) when a value of a result parameter is wrong, unknown `_…` parameters included.
/// @param several_types  whether the place has more than one type, so that `_type` chooses among them
Query parse_query(std::string_view query, bool several_types);
/// Whether `name` changes how a result is shown (`_count`, `_sort` …) and not what is found.
bool is_result_parameter(std::string_view name);

}  // namespace qiao::record
