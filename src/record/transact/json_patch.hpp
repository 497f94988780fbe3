#pragma once

#include "base/json_value.hpp"

/// JSON Patch (RFC 6902) on a resource: all its operations or none. Pure; any thread.
namespace qiao::record {

/// @param patch  the array of operations, at most 1,000
/// Error(invalid, "record.bad_patch") for what is no JSON Patch, "record.patch_failed" (422) for a place that is not there and for a
/// `test` that fails; both name the operation.
json::Value apply_json_patch(json::Value document, const json::Value& patch);

}  // namespace qiao::record
