#include "record/definitions/elements.hpp"

#include "record/definitions/tables.hpp"

#include <algorithm>
#include <bit>

namespace qiao::record {

using namespace tables;

static_assert(std::endian::native == std::endian::little, "the generated hash tables are little-endian");

const Property* Shape::find(std::string_view property_name) const {
    for (std::uint32_t place = table_hash(property_name) & slot_mask; slots[place] != 0; place = (place + 1) & slot_mask) {
        const Property& property = properties[slots[place] - 1U];
        if (property.name == property_name) return &property;
    }
    return nullptr;
}

const Shape& shape(ShapeId id) { return kShapes[id]; }

ShapeId shape_of(TypeId type) { return number_of(type) < kTypeNumbers ? kShapeOfType[number_of(type)] : kNoShape; }

ShapeId find_shape(std::string_view name) {
    const std::span<const Shape> shapes(kShapes, kShapeCount);
    const auto found = std::ranges::lower_bound(shapes, name, {}, &Shape::name);
    return found != shapes.end() && found->name == name ? static_cast<ShapeId>(found - shapes.begin()) : kNoShape;
}

bool value_set_has(std::uint16_t binding, std::string_view system, std::string_view code) {
    if (binding == 0) return true;
    const ValueSet& set = kValueSets[binding];
    const std::span<const ValueSetCode> codes(kValueSetCodes + set.first, set.count);
    for (const ValueSetCode& row : std::ranges::equal_range(codes, code, {}, &ValueSetCode::code)) {
        if (system.empty() || kSystems[row.system] == system) return true;
    }
    return false;
}

std::string_view value_set_url(std::uint16_t binding) { return kValueSets[binding].url; }

bool targets_allow(std::uint16_t targets, TypeId type) {
    if (targets == 0) return true;
    const std::uint16_t number = number_of(type);
    return number < kTypeNumbers && (kTargetSets[targets][number / 64] >> (number % 64U) & 1U) != 0;
}

}  // namespace qiao::record
