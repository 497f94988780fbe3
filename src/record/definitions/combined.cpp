#include "record/definitions/combined.hpp"

#include "base/assert.hpp"

#include <string>

namespace qiao::record {
namespace {

constexpr std::string_view kCombo = "combo-";

}  // namespace

bool is_combined(ParamId id) {
    const Parameter* parameter = find_parameter(id);
    return parameter != nullptr && parameter->kind != ParamKind::composite && parameter->code.starts_with(kCombo);
}

std::array<const TypeParameter*, 2> parts_of_combined(TypeId type, ParamId id) {
    const std::string_view rest = find_parameter(id)->code.substr(kCombo.size());
    const std::array<const TypeParameter*, 2> parts = {find_parameter(type, rest), find_parameter(type, "component-" + std::string(rest))};
    QIAO_ASSERT(parts[0] != nullptr && parts[1] != nullptr);
    return parts;
}

}  // namespace qiao::record
