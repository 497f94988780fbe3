#pragma once

#include "record/path/item.hpp"

#include <string>
#include <string_view>
#include <vector>

/// A value in a resource together with where it stands, for the checks beyond the structure. Pure; any thread.
namespace qiao::record {

struct Spot {
    path::Element element;
    std::string place;       ///< FHIRPath: "Patient.contact[0].gender"
    std::string definition;  ///< where the definitions have it, from the resource: "Patient.contact.name.family"
    std::string member;      ///< and from the type that it is part of: "HumanName.family"

    /// Of an object; null for what has only extensions.
    [[nodiscard]] const json::Value& value() const;
    [[nodiscard]] bool is_object() const { return value().is_object(); }
    /// "HumanName", "Patient", "date"
    [[nodiscard]] std::string type() const { return path::type_of(element).name; }
};

/// Those called `name` ("value" for any of value[x]), in order.
std::vector<Spot> children(const Spot& parent, std::string_view name);
std::vector<Spot> children(const Spot& parent);
/// A resource in its own right; nothing when it has no type of R4.
std::optional<Spot> resource_spot(const json::Value& resource, std::string place);

/// Equal but for the order of members and the way numbers are written.
bool is_same(const json::Value& left, const json::Value& right);
/// Whether `value` has all that `pattern` has.
bool has_pattern(const json::Value& value, const json::Value& pattern);

}  // namespace qiao::record
