#pragma once

#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"

#include <string_view>

/// JSON Patch (RFC 6902) and FHIRPath Patch (FHIR R4, fhirpatch.html) as pure functions on JSON. Any thread. The result is
/// not validated: that is the writer's work, as for every other body. Errors: qiao::Error with the number of the operation
/// in the message; nothing of the document is.
namespace qiao::record {

/// `document` after the operations of `patch`, an array of {op, path, from, value}. Members that RFC 6902 does not know are
/// ignored. Throws invalid patch.malformed (no patch), patch.no_target (a place that does not exist), patch.test_failed (answer
/// with 422), too_large patch.too_long (more than 1,000 operations, or copies of over 16 MiB or a document nested over kPatchedDepth).
json::Value apply_json_patch(const json::Value& document, const json::Value& patch);

/// `resource` after the operations add, insert, delete, replace and move of a Parameters resource. Paths are strict FHIRPath.
/// Throws invalid patch.malformed, patch.no_target (a path finds nothing, but for delete), patch.several (it finds several),
/// patch.exists (add to a single element that is there), patch.unknown_element; fhirpath.… for a wrong path; too_large
/// patch.too_long (more than 1,000 operations, or nested over kPatchedDepth).
/// @param now  what now() in a path says
json::Value apply_fhirpath_patch(const json::Value& resource, const json::Value& parameters, Instant now);

inline constexpr std::size_t kPatchOperations = 1'000;
inline constexpr std::size_t kPatchedDepth = limits::kJsonDepth;  ///< arrays and objects within each other

}  // namespace qiao::record
