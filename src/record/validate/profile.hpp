#pragma once

#include "base/json_value.hpp"
#include "record/path/expression.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A profile or an extension as a tree of what it adds to the base definition. Read once from the compact text of
/// `record/definitions` when it is first asked for. Immutable then; any thread.
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
    std::string url;
    std::string type;
    std::vector<std::string> contexts;  ///< of an extension: where it may stand
    ProfileNode root;
};

/// nullptr when R4 has no profile or extension of this URL (a version behind '|' is passed over).
const Profile* find_profile(std::string_view url);

}  // namespace qiao::record
