#pragma once

#include "base/json_value.hpp"
#include "record/validate/profile.hpp"

/// Profiles and extensions that are loaded: from a StructureDefinition (R4: structuredefinition.html, elementdefinition.html) to the
/// tree that `check_profile` walks. Pure; any thread.
namespace qiao::record {

/// From its snapshot; from its differential when it has none: then `base` says which profile it changes, unless that is a type of R4.
/// What cannot be used (no element ids, a rule that is no FHIRPath, too large) has a `fault` and an empty tree; nothing else fails.
/// @param resource  a StructureDefinition whose structure is right
Profile::Ptr read_structure_definition(const json::Value& resource);

/// `own`, a differential, laid over the tree of its base.
Profile::Ptr laid_over(const Profile& base, const Profile& own);

}  // namespace qiao::record
