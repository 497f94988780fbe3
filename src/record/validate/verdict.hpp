#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "record/definitions/definitions.hpp"
#include "record/validate/profile.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What `$validate` and `qiao validate` say of a text, as an OperationOutcome: level `full`, of which only the structure
/// decides whether a write is taken. Pure but for the shelf; its thread.
namespace qiao::record {

/// One line of the verdict.
struct Finding {
    std::string_view severity = "error";  ///< error, warning, information
    Issue issue;
};

/// Reads the text and checks it.
/// @param expected  the type that it must be; TypeId::none takes any
/// @param profiles  URLs that it has to follow besides those in its meta
/// @param shelf  where code systems and value sets are looked up
std::vector<Finding> findings_of(std::string_view json, TypeId expected, std::span<const std::string> profiles, Instant now,
                                 const DefinitionShelf& shelf = builtin_definitions());
/// OperationOutcome; without findings one that says that nothing was found.
std::string verdict_text(std::span<const Finding> findings);

}  // namespace qiao::record
