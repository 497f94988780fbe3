#pragma once

#include "base/json_value.hpp"
#include "base/time.hpp"
#include "record/validate/profile.hpp"
#include "record/validate/verdict.hpp"

#include <span>
#include <string>
#include <vector>

/// Level `full` beyond the structure: the invariants of R4, extensions, the profiles of `meta.profile` and those that are asked for,
/// what the specification says in words of data types, Bundles and definitions. Terminology as far as the shelf has it.
/// Pure but for the shelf; its thread.
namespace qiao::record {

/// Adds what is wrong with `resource`, a resource of R4 as JSON. At most 100 findings in all, one more when the time (limits::kQueryTime) is spent.
/// @param profiles  URLs that it has to follow besides those in its meta
void check_fully(const json::Value& resource, std::span<const std::string> profiles, Instant now, const DefinitionShelf& shelf, std::vector<Finding>& out);

}  // namespace qiao::record
