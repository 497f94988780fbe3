#pragma once

#include "record/bulk/import_lines.hpp"
#include "record/bulk/job.hpp"
#include "record/rest/bundle_entries.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a line of an import asks for, in pieces of which each is done as a whole or refused as a whole. One thread.
namespace qiao::record::bulk {

struct Item {
    std::int64_t line = 0;    ///< from 1
    std::int64_t entry = -1;  ///< of a bundle whose entries stand alone; -1 = the whole line
    Place after;              ///< where the import stands when this is done (type, id and outcomes are not in it)
    std::vector<Entry> entries;
    Renamed names;            ///< full URLs of the bundle
    bool alone = false;       ///< it looks for what may be in the line before: nothing else is in its commit
    std::optional<Error> refused;  ///< it cannot even be tried

    std::shared_ptr<const ParsedResource> text;  ///< what the entries point into
};

/// A resource is an item: written under its id, or with a new one. A Bundle of the type transaction is one; of batch and collection
/// each entry is; Bundles of other types are resources themselves. A blank line has none.
/// @param line  moved from   @param number  from 1   @param done  entries of it that are done already
std::vector<Item> items_of(Line line, std::int64_t number, std::int64_t done, std::string_view job);

}  // namespace qiao::record::bulk
