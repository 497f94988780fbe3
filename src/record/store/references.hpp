#pragma once

#include <simdjson.h>

#include <string>
#include <vector>

/// Which resources a resource refers to, whatever the element: also inside extensions and contained resources, where no
/// search parameter looks. Pure; any thread.
namespace qiao::record {

/// "Type/id", sorted, each once: of every `reference` that names a resource by a relative or absolute URL, with or without
/// a version. Left out: patients and the directory (is_directory()), `#contained`, urn: names and logical references.
/// An absolute URL counts by its end, whoever's it is: a name of this server that the reader does not know is none less.
std::vector<std::string> references_of(simdjson::dom::element resource);

}  // namespace qiao::record
