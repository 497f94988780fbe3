#pragma once

#include "record/feed/criteria.hpp"
#include "record/rest/view.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What an export was asked for (HL7 FHIR Bulk Data Access IG 2.0, section "Bulk Data Kick-off Request"). Values; any thread.
namespace qiao::record::bulk {

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct ExportAsk {
    enum class Level : std::uint8_t { system, patient, group } level = Level::system;
    std::string group;           ///< id of the Group
    std::int64_t since_ms = 0;   ///< recorded then or later; 0 = whenever
    std::int64_t until_ms = 0;   ///< recorded before; 0 = whenever
    std::vector<TypeId> types;   ///< empty = all
    std::map<TypeId, std::vector<Criteria>> filters;  ///< of a type: one of them must match
    std::map<TypeId, View> views;                     ///< of types that are shown in part
    std::vector<std::string> ignored;                 ///< parameters that were left out under handling=lenient

    [[nodiscard]] bool takes(TypeId type) const;
    /// Whether `type` is exported for everybody although the level is a compartment: it was named and is in no compartment.
    [[nodiscard]] bool beside(TypeId type) const;
};

/// Names that parse() knows.
std::span<const std::string_view> export_parameters();

/// @param group  id of the Group, for that level   Error(invalid) names the parameter; "record.bad_criteria" (422) for a _typeFilter that
/// cannot be matched
ExportAsk parse_export(const Core& core, ExportAsk::Level level, std::string_view group, const Parameters& parameters);

/// As it is kept with the job, and back.
std::string written_ask(ExportAsk::Level level, std::string_view group, const Parameters& parameters, const std::vector<std::string>& ignored);
ExportAsk read_ask(const Core& core, std::string_view text);

}  // namespace qiao::record::bulk
