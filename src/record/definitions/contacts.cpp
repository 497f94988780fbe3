#include "record/definitions/contacts.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace qiao::record {

bool is_contact_system(std::string_view system) { return std::ranges::find(kContactSystems, system) != kContactSystems.end(); }

bool is_contact(const TypeParameter& how) {
    // Codings and identifiers may be without a system, which is asked for; contacts not.
    return how.system_row && !how.no_system_row && find_parameter(how.id) != nullptr;
}

std::string_view picked_system(ParamId id) {
    const Parameter* parameter = find_parameter(id);
    if (parameter == nullptr || parameter->kind != ParamKind::token) return {};
    return parameter->code == "phone" || parameter->code == "email" ? parameter->code : std::string_view();
}

const TypeParameter& telecom_of(TypeId type) {
    const TypeParameter* telecom = find_parameter(type, "telecom");
    QIAO_ASSERT(telecom != nullptr);
    return *telecom;
}

}  // namespace qiao::record
