#pragma once

#include "record/definitions/types_generated.hpp"

#include <cstdint>
#include <span>
#include <string_view>

/// What FHIR R4 (4.0.1) defines, as constant tables: resource types, search parameters, the Patient compartment and the
/// date by which each type is sorted. Made by tools/definitions; nothing is loaded or built at start. Any thread.
namespace qiao::record {

/// Raised when the same resource gives other index rows than before: changed_parameters() then says which parameters, and their rows
/// are made anew in the background.
std::uint32_t extractor_version();

// ---- resource types -------------------------------------------------------------------------------------------------

/// The 146 concrete types of R4, in the order of their names (numbers are fixed and not in this order).
std::span<const TypeId> all_types();
/// "Patient"; empty for TypeId::none or a number that no type has.
std::string_view type_name(TypeId type);
/// TypeId::none when `name` is no concrete R4 type.
TypeId find_type(std::string_view name);
/// The type that a stored number stands for; TypeId::none when there is none.
TypeId type_of_number(std::uint32_t number);
constexpr std::uint16_t number_of(TypeId type) { return static_cast<std::uint16_t>(type); }

// ---- search parameters ----------------------------------------------------------------------------------------------

/// Number of a SearchParameter definition: fixed, compiled in, never reused. One definition may serve several types
/// ("clinical-patient"), so an index row is about (type, parameter).
enum class ParamId : std::uint16_t { none = 0 };
constexpr std::uint16_t number_of(ParamId param) { return static_cast<std::uint16_t>(param); }

enum class ParamKind : std::uint8_t { token, reference, string, date, composite, uri, quantity, number, special };
/// "token", "reference", … as in SearchParameter.type.
std::string_view kind_name(ParamKind kind);

/// One official SearchParameter.
struct Parameter {
    ParamId id;
    ParamKind kind;
    std::string_view name;                ///< SearchParameter.id: "clinical-code"
    std::string_view code;                ///< in the URL: "code"
    std::span<const TypeId> targets;      ///< of a reference; empty = any type
    std::span<const ParamId> components;  ///< of a composite, in order
    bool indexed;                         ///< false for _text, _content, _query (no expression) and for _id, _lastUpdated, which `res` answers
};

/// A parameter as one resource type has it.
struct TypeParameter {
    ParamId id;
    /// The type's element can repeat: two date clauses on it may match different values and must not be merged.
    bool repeats;
    /// Belongs to the Patient compartment criteria of this type.
    bool in_patient_compartment;
    // Which token rows the store writes for each value:
    bool system_row;           ///< (system, code): codings, identifiers; false where the values carry no system (code, boolean, string …)
    bool code_only_row;        ///< (any system, code): what `param=code` looks up
    bool no_system_row;        ///< (no system, code), written only for a value without a system: what `param=|code` looks up
    bool has_text;             ///< values have texts: `:text` is allowed
    bool has_identifier_type;  ///< values are Identifiers: `:of-type` is allowed
    /// The one code system of a `code` element's required binding ("http://hl7.org/fhir/observation-status"); a search
    /// `system|code` with this system uses the code-only row, with another one it matches nothing. Empty when unknown.
    std::string_view implicit_system;
};

/// "http://hl7.org/fhir/SearchParameter/" + name is the canonical URL.
inline constexpr std::string_view kParameterUrl = "http://hl7.org/fhir/SearchParameter/";

/// nullptr when no definition has this number.
const Parameter* find_parameter(ParamId id);
/// Parameters of `type`, those of Resource and DomainResource included, sorted by code.
std::span<const TypeParameter> parameters_of(TypeId type);
/// nullptr when `type` has no parameter `code`.
const TypeParameter* find_parameter(TypeId type, std::string_view code);
/// nullptr when `type` does not have parameter `id`.
const TypeParameter* find_parameter(TypeId type, ParamId id);
/// The parameter numbers that code may name.
namespace param {
ParamId id();
ParamId last_updated();
ParamId tag();
ParamId profile();
ParamId security();
ParamId source();
}  // namespace param

// ---- Patient compartment --------------------------------------------------------------------------------------------

/// Codes of the reference parameters by which a resource of `type` belongs to a patient's compartment. Empty for types outside
/// it. Patient itself belongs to its own compartment by its id, besides `link`.
std::span<const ParamId> patient_compartment(TypeId type);

}  // namespace qiao::record
