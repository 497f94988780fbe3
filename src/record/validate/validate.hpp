#pragma once

#include "base/error.hpp"
#include "record/definitions/definitions.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

/// Level `structure` of validation, done on every write: known elements, cardinality, primitive syntax, choice types,
/// required bindings, reference target types, JSON traps, narrative whitelist. Profiles, invariants and terminology are
/// other levels. Pure; any thread.
namespace qiao::record {

/// The first 100 defects; empty = valid. Issue codes: structure, required, value, code-invalid, invariant. Each has the FHIRPath of
/// its place ("Patient.contact[0].gender").
/// @param expected  the type that the URL names; TypeId::none takes the type of the text
std::vector<Issue> validate_structure(simdjson::dom::element resource, TypeId expected = TypeId::none);

/// Whether the resource says of itself that it is only a part (meta.tag SUBSETTED), which must not be written.
bool is_subsetted(simdjson::dom::element resource);

/// Why `div` is no safe XHTML narrative; empty = it is. Elements and attributes from a whitelist, well formed,
/// no script, no handlers, nothing that loads from elsewhere.
std::string check_narrative(std::string_view div);

}  // namespace qiao::record
