#pragma once

#include "base/json_value.hpp"
#include "record/path/expression.hpp"
#include "record/terminology/shelf.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A profile or an extension as a tree of what it adds to the base definition: R4's own from the compact text of `record/definitions`,
/// read when one is first asked for; others from a StructureDefinition (structure_definition.hpp). Immutable then; any thread.
namespace qiao::record {

struct Constraint {
    std::string key;
    bool is_error = true;
    std::string human;
    path::Expression expression;
};

struct Discriminator {
    enum class Kind : std::uint8_t { value, type, exists, profile } kind;
    std::string path;
};

/// What is asked of one element, or of one slice of it.
struct ProfileNode {
    std::string slice;  ///< empty = not a slice
    int min = 0;
    std::optional<int> max;
    std::optional<json::Value> fixed;
    std::optional<json::Value> pattern;
    std::vector<std::string> types;     ///< of a choice; empty = any
    std::vector<std::string> targets;   ///< profiles of what a Reference points to; empty = any
    std::vector<std::string> profiles;  ///< one of which the value follows
    std::string value_set;
    bool is_required_binding = false;  ///< else extensible
    std::vector<Constraint> constraints;
    bool is_sliced = false;
    bool is_closed = false;
    std::vector<Discriminator> discriminators;
    std::map<std::string, ProfileNode, std::less<>> children;
    std::vector<ProfileNode> slices;
};

struct Profile {
    using Ptr = std::shared_ptr<const Profile>;
    std::string url;
    std::string type;
    std::vector<std::string> contexts;  ///< of an extension: where it may stand; a URL = in that extension
    ProfileNode root;
    std::string base;   ///< the profile whose tree is not part of this one yet; empty when there is none
    std::string fault;  ///< why nothing can be checked by it; empty when it can
    std::size_t size_bytes = 0;
    [[nodiscard]] std::size_t bytes() const { return size_bytes; }
};

/// One of R4 itself; nullptr when it has no profile or extension of this URL (a version behind '|' is passed over).
Profile::Ptr builtin_profile(std::string_view url);

/// The node that an element id without the type ("category:VSCat.coding.system") names, made when it is not there yet.
ProfileNode& node_at(ProfileNode& root, std::string_view id);

/// Where validation looks definitions up: terminology, and profiles.
class DefinitionShelf : public terminology::Shelf {
public:
    /// nullptr when nothing is known of it. `version` empty = the current one.
    [[nodiscard]] virtual Profile::Ptr profile(std::string_view url, std::string_view /*version*/) const { return builtin_profile(url); }
};

/// By "url" or "url|version".
inline Profile::Ptr find_profile(const DefinitionShelf& shelf, std::string_view canonical) {
    const auto [url, version] = terminology::canonical_parts(canonical);
    return shelf.profile(url, version);
}

/// What is built in, and no more.
inline const DefinitionShelf& builtin_definitions() {
    static const DefinitionShelf shelf;
    return shelf;
}

}  // namespace qiao::record
