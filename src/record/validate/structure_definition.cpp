#include "record/validate/structure_definition.hpp"

#include "base/text.hpp"
#include "record/definitions/elements.hpp"
#include "record/definitions/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace qiao::record {
namespace {

using json::Value;

constexpr std::string_view kDefinitions = "http://hl7.org/fhir/StructureDefinition/";
constexpr std::size_t kElements = 3'000;
constexpr std::size_t kDepth = 24;
constexpr std::size_t kSlices = 200;
/// What level `structure` checks by code of its own, and dom-6, which is not asked for.
constexpr std::array<std::string_view, 6> kCheckedElsewhere = {"ele-1", "ext-1", "dom-2", "dom-6", "txt-1", "txt-2"};

void fail(Profile& profile, std::string why) {
    if (profile.fault.empty()) profile.fault = std::move(why);
}

std::string_view without_version(std::string_view url) { return url.substr(0, url.find('|')); }
bool is_extension_list(std::string_view name) { return name == "extension" || name == "modifierExtension"; }

/// Rules that every value of the base type keeps anyway, and that level `full` tries there.
bool is_base_rule(const Value& rule) {
    static const std::set<std::pair<std::string_view, std::string_view>> known = [] {
        std::set<std::pair<std::string_view, std::string_view>> out;
        for (const Invariant& one : invariants()) out.emplace(one.key, one.human);
        return out;
    }();
    const std::string& key = rule["key"].text();
    return std::ranges::find(kCheckedElsewhere, key) != kCheckedElsewhere.end() || known.contains({key, rule["human"].text()});
}

/// Where a row stands: its node, and what the base type has there.
struct Place {
    ProfileNode* node;
    ProfileNode* list = nullptr;         ///< of a slice: what it is a slice of
    ShapeId holder = kNoShape;           ///< the shape that `property` is of
    const Property* property = nullptr;  ///< nullptr for the root, and where the base is not known
    bool is_choice = false;              ///< named as value[x]
};

/// The type of one variant: "valueQuantity" → "Quantity", "valueString" → "string".
std::string variant_type(const Shape& holder, const Property& property) {
    const std::string_view element = holder.element_names[property.element];
    std::string type(property.name.substr(element.size() - 3));
    if (property.type != ValueType::object && !type.empty()) type[0] = lower(type.substr(0, 1))[0];
    return type;
}

const Property* property_of(ShapeId holder, std::string_view name) {
    if (holder == kNoShape) return nullptr;
    if (!name.ends_with("[x]")) return shape(holder).find(name);
    for (const Property& one : shape(holder).properties) {
        if (shape(holder).element_names[one.element] == name) return &one;
    }
    return nullptr;
}

class Reader {
public:
    explicit Reader(Profile& profile) : profile_(profile) {}

    void row(const Value& row) {
        const std::string& id = row["id"].text();
        const std::size_t dot = id.find('.');
        if (id.empty()) return fail(profile_, "its elements have no ids");
        if (std::ranges::count(id, '.') > static_cast<std::ptrdiff_t>(kDepth)) return fail(profile_, "its elements nest too deep");
        const Place place = dot == std::string::npos ? Place{&profile_.root} : this->place(std::string_view(id).substr(dot + 1));
        if (dot != std::string::npos) cardinality(*place.node, row, place);
        content(*place.node, row);
        types(*place.node, row, place);
        binding(*place.node, row, place);
        for (const Value& rule : row["constraint"].items()) constraint(*place.node, rule);
        limits(*place.node, row);
        slicing(*place.node, row["slicing"], id);
    }

private:
    Place place(std::string_view id) {
        Place at{&profile_.root};
        ShapeId here = find_shape(profile_.type);
        std::string path;
        for (const std::string_view part : split(id, '.')) {
            const std::size_t colon = part.find(':');
            std::string_view name = part.substr(0, colon);
            const std::string_view slice = colon == std::string_view::npos ? std::string_view() : part.substr(colon + 1);
            at = {};
            at.holder = here;
            at.is_choice = name.ends_with("[x]");
            at.property = property_of(here, name);
            // "valueQuantity" for "value[x]:valueQuantity"
            const Property* variant = at.property != nullptr && at.property->choice ? shape(here).find(at.is_choice ? slice : name) : nullptr;
            if (variant != nullptr && !at.is_choice) name = shape(here).element_names[variant->element];
            if (name.ends_with("[x]")) name.remove_suffix(3);
            path += (path.empty() ? "" : ".") + std::string(name);
            at.node = &node_at(profile_.root, path);
            if (variant != nullptr && !at.is_choice) at.node->types = {variant_type(shape(here), *variant)};
            if (!slice.empty()) {
                at.list = at.node;
                path += ':' + std::string(slice);
                at.node = &node_at(profile_.root, path);
                if (at.list->slices.size() > kSlices) fail(profile_, "it has too many slices");
                tell_apart(at, name, variant);
            }
            here = variant != nullptr ? variant->shape : at.property != nullptr ? at.property->shape : kNoShape;
        }
        return at;
    }

    /// Extensions and the types of a choice are slices without saying so.
    static void tell_apart(const Place& at, std::string_view name, const Property* variant) {
        if (is_extension_list(name) && !at.list->is_sliced) {
            at.list->is_sliced = true;
            at.list->discriminators = {{Discriminator::Kind::value, "url"}};
        }
        if (!at.is_choice) return;
        if (variant != nullptr && at.node->types.empty()) at.node->types = {variant_type(shape(at.holder), *variant)};
        if (at.list->is_sliced) return;
        at.list->is_sliced = true;
        at.list->discriminators = {{Discriminator::Kind::type, "$this"}};
    }

    void cardinality(ProfileNode& node, const Value& row, const Place& place) {
        const bool as_base = place.property != nullptr && place.list == nullptr;
        const auto min = row["min"].integer();
        if (min && !(as_base && *min == place.property->min)) node.min = static_cast<int>(std::min<std::int64_t>(*min, 1'000'000));
        const std::string& max = row["max"].text();
        if (max.empty() || max == "*" || (as_base && max == "1" && !place.property->repeats)) return;
        int number = 0;
        const auto [end, error] = std::from_chars(max.data(), max.data() + max.size(), number);
        if (error != std::errc() || end != max.data() + max.size() || number < 0) return fail(profile_, '"' + row["id"].text() + "\" has no right maximum");
        node.max = number;
    }

    static void content(ProfileNode& node, const Value& row) {
        for (const auto& [name, value] : row.members()) {
            if (name.starts_with("fixed")) node.fixed = value;
            if (name.starts_with("pattern")) node.pattern = value;
        }
    }

    static void types(ProfileNode& node, const Value& row, const Place& place) {
        std::vector<std::string> types;
        std::vector<std::string> targets;
        std::vector<std::string> profiles;
        for (const Value& type : row["type"].items()) {
            const std::string& code = type["code"].text();
            if (code.find('/') == std::string::npos) types.push_back(code);
            for (const Value& url : type["targetProfile"].items()) targets.emplace_back(without_version(url.text()));
            for (const Value& url : type["profile"].items()) profiles.push_back(url.text());
        }
        if (narrows(types, place)) node.types = std::move(types);
        if (!targets.empty() && !allows_as_base(targets, place)) node.targets = std::move(targets);
        if (!profiles.empty()) node.profiles = std::move(profiles);
    }

    /// Whether these are fewer than the base type has: only of a choice, and of a resource in another one.
    static bool narrows(const std::vector<std::string>& types, const Place& place) {
        if (types.empty() || place.property == nullptr) return false;
        if (place.property->type == ValueType::resource) return types.front() != "Resource";
        if (!place.is_choice) return false;
        const auto variants = std::ranges::count_if(shape(place.holder).properties, [&](const Property& one) { return one.element == place.property->element; });
        return static_cast<std::ptrdiff_t>(types.size()) < variants;
    }

    /// Whether a Reference may point to all that the base type lets it point to.
    static bool allows_as_base(const std::vector<std::string>& targets, const Place& place) {
        const auto has = [&](std::string_view type) { return std::ranges::find(targets, std::string(kDefinitions) + std::string(type)) != targets.end(); };
        if (has("Resource")) return true;
        if (place.property == nullptr || place.property->targets == 0) return false;
        return std::ranges::all_of(all_types(), [&](TypeId type) { return !targets_allow(place.property->targets, type) || has(type_name(type)); });
    }

    static void binding(ProfileNode& node, const Value& row, const Place& place) {
        const Value& binding = row["binding"];
        const std::string& strength = binding["strength"].text();
        const std::string& url = binding["valueSet"].text();
        if (url.empty() || (strength != "required" && strength != "extensible")) return;
        const bool is_base = place.property != nullptr && place.property->binding != 0 && value_set_url(place.property->binding) == without_version(url);
        if (is_base && strength == "required") return;
        node.value_set = url;
        node.is_required_binding = strength == "required";
    }

    void constraint(ProfileNode& node, const Value& rule) {
        const std::string& text = rule["expression"].text();
        if (text.empty() || is_base_rule(rule)) return;
        auto expression = path::Expression::parse(text);
        if (!expression) return fail(profile_, fmt::format("its rule {} is no FHIRPath: {}", rule["key"].text(), expression.error().message));
        node.constraints.push_back({rule["key"].text(), rule["severity"].text() == "error", rule["human"].text(), std::move(*expression)});
    }

    /// Lengths and bounds as the rules that they are. Bounds of quantities are not checked.
    static void limits(ProfileNode& node, const Value& row) {
        const auto add = [&](std::string_view key, std::string_view human, const std::string& text) {
            if (auto expression = path::Expression::parse(text)) node.constraints.push_back({std::string(key), true, std::string(human), std::move(*expression)});
        };
        if (const auto length = row["maxLength"].integer()) add("maxLength", fmt::format("at most {} characters", *length), fmt::format("$this.length() <= {}", *length));
        for (const auto& [name, value] : row.members()) {
            const bool is_least = name.starts_with("minValue");
            if ((!is_least && !name.starts_with("maxValue")) || value.is_object()) continue;
            const std::string literal = value.is_string() ? (name.ends_with("Time") && value.text().find('-') == std::string::npos ? "@T" : "@") + value.text() : value.text();
            add(name.substr(0, 8), fmt::format("at {} {}", is_least ? "least" : "most", value.text()), fmt::format("$this {} {}", is_least ? ">=" : "<=", literal));
        }
    }

    static void slicing(ProfileNode& node, const Value& slicing, std::string_view id) {
        if (slicing.is_null()) return;
        const std::string_view last = id.substr(id.rfind('.') + 1);
        node.is_closed = slicing["rules"].text() == "closed";
        node.discriminators.clear();
        if (is_extension_list(last.substr(0, last.find(':')))) node.discriminators = {{Discriminator::Kind::value, "url"}};
        for (const Value& one : slicing["discriminator"].items()) {
            if (is_extension_list(last.substr(0, last.find(':')))) break;
            using enum Discriminator::Kind;
            const std::string& kind = one["type"].text();
            node.discriminators.push_back({kind == "type" ? type : kind == "exists" ? exists : kind == "profile" ? profile : value, one["path"].text()});
        }
        // Slices that nothing tells apart are words for the reader.
        node.is_sliced = !node.discriminators.empty();
    }

    Profile& profile_;
};

void read_contexts(Profile& profile, const Value& resource) {
    for (const Value& context : resource["context"].items()) {
        // Where it may stand by an expression is not tried: anywhere.
        profile.contexts.push_back(context["type"].text() == "fhirpath" ? "Element" : context["expression"].text());
    }
    if (profile.contexts.empty()) profile.contexts.emplace_back("Element");
}

void read_rows(Profile& profile, const Value& rows) {
    if (rows.size() == 0) return fail(profile, "it has neither a snapshot nor a differential");
    if (rows.size() > kElements) return fail(profile, "it has too many elements");
    Reader reader(profile);
    for (const Value& row : rows.items()) {
        reader.row(row);
        if (!profile.fault.empty()) return;
    }
}

void merge(ProfileNode& node, const ProfileNode& own) {
    node.min = std::max(node.min, own.min);
    if (own.max) node.max = own.max;
    if (own.fixed) node.fixed = own.fixed;
    if (own.pattern) node.pattern = own.pattern;
    if (!own.types.empty()) node.types = own.types;
    if (!own.targets.empty()) node.targets = own.targets;
    if (!own.profiles.empty()) node.profiles = own.profiles;
    if (!own.value_set.empty()) {
        node.value_set = own.value_set;
        node.is_required_binding = own.is_required_binding;
    }
    node.constraints.insert(node.constraints.end(), own.constraints.begin(), own.constraints.end());
    if (own.is_sliced) {
        node.is_sliced = true;
        node.is_closed = node.is_closed || own.is_closed;
        node.discriminators = own.discriminators;
    }
    for (const auto& [name, child] : own.children) merge(node.children[name], child);
    for (const ProfileNode& slice : own.slices) {
        const auto found = std::ranges::find(node.slices, slice.slice, &ProfileNode::slice);
        if (found != node.slices.end()) merge(*found, slice);
        else node.slices.push_back(slice);
    }
}

}  // namespace

Profile::Ptr read_structure_definition(const Value& resource) {
    auto profile = std::make_shared<Profile>();
    profile->url = resource["url"].text();
    profile->type = resource["type"].text();
    if (profile->type == "Extension") read_contexts(*profile, resource);
    const bool has_snapshot = resource["snapshot"]["element"].size() > 0;
    profile->size_bytes = 1'000 + resource[has_snapshot ? "snapshot" : "differential"].dump().size() * 2;
    const std::string_view base = resource["baseDefinition"].text();
    const bool is_plain = without_version(base) == std::string(kDefinitions) + profile->type;
    if (!has_snapshot && !is_plain && resource["derivation"].text() == "constraint") profile->base = base;
    if (find_shape(profile->type) == kNoShape) {
        fail(*profile, "its type is none of R4");
    } else {
        read_rows(*profile, resource[has_snapshot ? "snapshot" : "differential"]["element"]);
    }
    if (!profile->fault.empty()) profile->root = {};
    return profile;
}

Profile::Ptr laid_over(const Profile& base, const Profile& own) {
    auto profile = std::make_shared<Profile>(own);
    profile->base.clear();
    if (base.type != own.type) {
        profile->root = {};
        profile->fault = "its base is of another type";
        return profile;
    }
    profile->root = base.root;
    merge(profile->root, own.root);
    profile->size_bytes += base.size_bytes;
    return profile;
}

}  // namespace qiao::record
