#pragma once

#include "record/rest/rest.hpp"

#include <string>
#include <string_view>

/// Patches as the API takes them, alone and in bundles. Handler threads.
namespace qiao::record {

struct Patch {
    std::string media_type;  ///< as Content-Type says it
    std::string body;
};

/// The patch in a bundle's entry: what a Binary holds, else the resource itself. A damaged Binary has no media type.
Patch patch_in(std::string_view resource);

/// The text of `existing` as the patch leaves it; not validated yet. Each format has its line here. Error(invalid,
/// "http.media_type") for a format that is not known, "patch.identity", and what the format's own function throws.
std::string patched(const Patch& patch, const Stored& existing, Instant now);

/// Makes `work` skip when at its commit the resource is no longer the version that was patched.
void still_version(Record& record, Work& work, const Caller& caller, const Stored& patched);

}  // namespace qiao::record
