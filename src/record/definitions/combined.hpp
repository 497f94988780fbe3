#pragma once

#include "record/definitions/definitions.hpp"

#include <array>

/// Parameters whose values are those of two others together, so that they need no index rows of their own. Constants; any thread.
namespace qiao::record {

/// "combo-code": of "code" and of "component-code". Not of composites.
bool is_combined(ParamId id);
/// Those two.
std::array<const TypeParameter*, 2> parts_of_combined(TypeId type, ParamId id);

}  // namespace qiao::record
