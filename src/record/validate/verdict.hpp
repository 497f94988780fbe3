#pragma once

#include "base/error.hpp"
#include "record/definitions/definitions.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What `$validate` and `qiao validate` say of a text: the checks that every write goes through, as an OperationOutcome instead
/// of a refusal. Pure; any thread.
namespace qiao::record {

/// One line of the verdict.
struct Finding {
    std::string_view severity = "error";  ///< error, warning, information
    Issue issue;
};

/// Reads the text and checks its structure.
/// @param expected  the type that it must be; TypeId::none takes any
std::vector<Finding> findings_of(std::string_view json, TypeId expected = TypeId::none);
/// A warning, or an error where it cannot fit, for a profile: only the base definitions of R4 are known, which findings_of() checks.
void add_profile_finding(std::vector<Finding>& findings, std::string_view profile, TypeId type);
/// OperationOutcome; without findings one that says that nothing was found.
std::string verdict_text(std::span<const Finding> findings);

}  // namespace qiao::record
