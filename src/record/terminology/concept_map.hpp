#pragma once

#include "record/terminology/texts.hpp"

#include <simdjson.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A ConceptMap in memory: from a code to the codes that correspond to it. Immutable once made; any thread.
namespace qiao::record::terminology {

struct MapTarget {
    std::string_view code, display, equivalence, comment;
};
struct MapElement {
    std::string_view code, display;
    std::vector<MapTarget> targets;
};
struct MapGroup {
    std::string source, target;
    std::vector<MapElement> elements;
    TextIndex index;  ///< of `elements`
    std::string unmapped_mode, unmapped_code, unmapped_display, unmapped_url;
};

class ConceptMap {
public:
    using Ptr = std::shared_ptr<const ConceptMap>;
    /// From a ConceptMap resource, which the structure check has passed.
    static Ptr from_resource(simdjson::dom::element resource);

    [[nodiscard]] const std::string& url() const { return url_; }
    [[nodiscard]] const std::vector<MapGroup>& groups() const { return groups_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    ConceptMap() = default;
    std::string url_;
    std::vector<MapGroup> groups_;
    TextArena texts_;
    std::size_t bytes_ = 0;
};

/// One correspondence; in reverse `code` is of the map's source.
struct Translation {
    std::string equivalence;
    std::string system, code, display, comment;
    std::string map;  ///< canonical URL
};

/// What `system|code` corresponds to (or, in reverse, what corresponds to it), with what the map says of unmapped codes. Sets
/// `other_map` where it names another map that is to be asked. `system` empty = any source.
std::vector<Translation> translate(const ConceptMap& map, std::string_view system, std::string_view code, bool reverse, std::string& other_map);

}  // namespace qiao::record::terminology
