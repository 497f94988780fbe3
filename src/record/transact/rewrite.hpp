#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Replaces, inside the text of a resource, the temporary names of a transaction's entries by where they end up. Pure; any
/// thread.
namespace qiao::record {

/// fullUrl → "Type/id"
using Renamed = std::map<std::string, std::string, std::less<>>;

/// Every `urn:uuid:` and `urn:oid:` name (also in narrative links and Attachment.url), and every string that is exactly a
/// fullUrl, but for values of identifiers. `json` is valid JSON.
std::string rewrite_links(std::string_view json, const Renamed& names);

/// Calls `resolve` for every reference of the form "Type?query" and puts what it returns in its place.
std::string resolve_conditional_references(std::string_view json, const std::function<std::string(std::string_view)>& resolve);

}  // namespace qiao::record
