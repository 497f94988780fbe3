#pragma once

#include "record/definitions/definitions.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// The element tree of FHIR R4 as constant tables, for validation, patches and whoever walks a resource by its types. Each
/// JSON member that an object may have is one `Property`; a choice element ("value[x]") is one property a type
/// ("valueQuantity", …) that share the element. Made by tools/definitions. Any thread.
namespace qiao::record {

/// How a value is written in JSON.
enum class ValueType : std::uint8_t {
    object,    ///< a shape: data type or backbone element
    resource,  ///< any resource: contained, Bundle.entry.resource, Parameters.parameter.resource
    boolean,
    integer,
    unsigned_int,
    positive_int,
    decimal,
    string,
    code,
    id,
    markdown,
    uri,
    url,
    canonical,
    oid,
    uuid,
    base64_binary,
    date,
    date_time,
    instant,
    time,
    xhtml,
    system_string,  ///< Element.id, Extension.url: a string without extensions of its own
};

/// Number of a shape: the members of one kind of object ("Observation", "Observation.component", "Quantity").
using ShapeId = std::uint16_t;
inline constexpr ShapeId kNoShape = 0xffff;

struct Property {
    std::string_view name;  ///< JSON member: "valueQuantity"
    std::uint8_t element;   ///< index of its element in the shape (< 64); variants of one choice share it
    std::uint8_t min;       ///< 0 or 1 (no R4 element has more)
    bool repeats;           ///< max > 1: an array in JSON
    bool choice;            ///< one variant of a choice element
    ValueType type;
    ShapeId shape;          ///< of an object
    std::uint16_t binding;  ///< required value set for `value_set_has`; 0 = none
    std::uint16_t targets;  ///< allowed target types for `targets_allow`; 0 = any or no reference
};

struct Shape {
    std::string_view name;  ///< "Observation.component"
    std::span<const Property> properties;
    std::uint64_t required;  ///< bit per element with min > 0
    std::uint64_t summary;   ///< bit per element of `_summary=true`
    bool is_reference;       ///< the data type Reference
    bool is_resource;
    /// nullptr when objects of this shape have no member `name`. `name` without a leading underscore.
    [[nodiscard]] const Property* find(std::string_view property_name) const;

    const std::uint8_t* slots;  ///< hash table of property index + 1, see find()
    std::uint32_t slot_mask;
    std::span<const std::string_view> element_names;  ///< by Property::element: "value[x]"
};

const Shape& shape(ShapeId id);
/// kNoShape when `type` is none.
ShapeId shape_of(TypeId type);
/// Shape of a data type such as "Quantity" or a path such as "Observation.component"; kNoShape when there is none.
ShapeId find_shape(std::string_view name);

/// Whether the required value set `binding` (Property::binding) holds `code`. `system` is empty for a `code` element.
/// True for value sets whose content is not part of FHIR (MIME types, currencies, UCUM): their syntax is checked elsewhere.
bool value_set_has(std::uint16_t binding, std::string_view system, std::string_view code);
/// Canonical URL of the value set, for messages.
std::string_view value_set_url(std::uint16_t binding);
/// Whether a reference with Property::targets may point to `type`.
bool targets_allow(std::uint16_t targets, TypeId type);

}  // namespace qiao::record
