#include "record/definitions/definitions.hpp"

#include "record/definitions/tables.hpp"

#include <algorithm>

namespace qiao::record {

using namespace tables;

std::uint32_t extractor_version() { return 4; }

std::span<const TypeId> all_types() { return {kTypesByName, kTypeCount}; }

std::string_view type_name(TypeId type) { return number_of(type) < kTypeNumbers ? kTypeNames[number_of(type)] : std::string_view(); }

TypeId find_type(std::string_view name) {
    const auto types = all_types();
    const auto found = std::ranges::lower_bound(types, name, {}, [](TypeId type) { return type_name(type); });
    return found != types.end() && type_name(*found) == name ? *found : TypeId::none;
}

TypeId type_of_number(std::uint32_t number) { return number < kTypeNumbers && !kTypeNames[number].empty() ? static_cast<TypeId>(number) : TypeId::none; }

std::string_view kind_name(ParamKind kind) {
    static constexpr std::string_view kNames[] = {"token", "reference", "string", "date", "composite", "uri", "quantity", "number", "special"};
    return kNames[static_cast<std::size_t>(kind)];
}

const Parameter* find_parameter(ParamId id) {
    if (number_of(id) >= kParameterNumbers || kParameters[number_of(id)].id == ParamId::none) return nullptr;
    return &kParameters[number_of(id)];
}

std::span<const TypeParameter> parameters_of(TypeId type) {
    if (number_of(type) >= kTypeNumbers) return {};
    const Slice slice = kParametersOfType[number_of(type)];
    return {kTypeParameters + slice.first, slice.count};
}

const TypeParameter* find_parameter(TypeId type, std::string_view code) {
    const auto rows = parameters_of(type);
    const auto code_of = [](const TypeParameter& row) { return kParameters[number_of(row.id)].code; };
    const auto found = std::ranges::lower_bound(rows, code, {}, code_of);
    return found != rows.end() && code_of(*found) == code ? &*found : nullptr;
}

const TypeParameter* find_parameter(TypeId type, ParamId id) {
    const auto rows = parameters_of(type);
    const auto found = std::ranges::find(rows, id, &TypeParameter::id);
    return found != rows.end() ? &*found : nullptr;
}

namespace param {
ParamId id() { return kParam_id; }
ParamId last_updated() { return kParam_last_updated; }
ParamId tag() { return kParam_tag; }
ParamId profile() { return kParam_profile; }
ParamId security() { return kParam_security; }
ParamId source() { return kParam_source; }
}  // namespace param

std::span<const ParamId> patient_compartment(TypeId type) {
    if (number_of(type) >= kTypeNumbers) return {};
    const Slice slice = kCompartmentOfType[number_of(type)];
    return {kCompartmentParameters + slice.first, slice.count};
}

}  // namespace qiao::record
