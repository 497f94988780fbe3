#pragma once

#include "record/definitions/definitions.hpp"

#include <array>

/// The parameters of ContactPoints. "phone" and "email" pick from the values of "telecom" by their system, so that they need no index
/// rows of their own. Constants; any thread.
namespace qiao::record {

/// ContactPoint.system, http://hl7.org/fhir/R4/valueset-contact-point-system.html
inline constexpr std::array<std::string_view, 7> kContactSystems = {"phone", "fax", "email", "pager", "url", "sms", "other"};
bool is_contact_system(std::string_view system);

/// Whether the values are ContactPoints, of a parameter of R4.
bool is_contact(const TypeParameter& how);
/// Of "phone" and "email": the system that they pick. Empty for others.
std::string_view picked_system(ParamId id);
/// "telecom" of a type that has "phone" or "email".
const TypeParameter& telecom_of(TypeId type);

}  // namespace qiao::record
