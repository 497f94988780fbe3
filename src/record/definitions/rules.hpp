#pragma once

#include "record/definitions/elements.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// What FHIR R4 says beyond the element tree: the invariants of its definitions, and its profiles and extensions. Made by
/// tools/definitions. Any thread.
namespace qiao::record {

/// A rule in FHIRPath.
struct Invariant {
    std::string_view key;  ///< "obs-7"
    bool is_error;         ///< else a warning
    std::string_view expression;
    std::string_view human;
};
std::span<const Invariant> invariants();

inline constexpr std::uint8_t kWholeObject = 0xff;
struct InvariantUse {
    std::uint8_t element;  ///< Property::element whose values it is about; kWholeObject = the object itself
    std::uint16_t invariant;
};
/// Those that objects of this shape have to keep.
std::span<const InvariantUse> invariants_of(ShapeId shape);

/// A profile or an extension of R4 as compact JSON text (tools/definitions/rules.py); nothing when R4 has none of this URL.
std::optional<std::string_view> profile_text(std::string_view url);

/// Number of a value set for `value_set_has`; 0 when its codes are not part of FHIR.
std::uint16_t find_value_set(std::string_view url);

}  // namespace qiao::record
