#pragma once

#include "record/definitions/definitions.hpp"

/// Which search parameter asks for the date that index rows carry as `d`. Any thread.
namespace qiao::record {

/// The parameter whose value starts at `d` ("date" of Observation); ParamId::none when a type has none that does.
ParamId sort_date_param(TypeId type);

}  // namespace qiao::record
