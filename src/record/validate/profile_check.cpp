#include "base/text.hpp"
#include "record/definitions/rules.hpp"
#include "record/extract/extract.hpp"
#include "record/validate/rule_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

/// A value against a profile: cardinality, types, fixed values, bindings, slices, rules (R4: profiling.html).
namespace qiao::record {
namespace {

constexpr std::string_view kDefinitions = "http://hl7.org/fhir/StructureDefinition/";
constexpr int kNesting = 8;  ///< of profiles that ask for profiles

std::string_view last_segment(std::string_view url) { return url.substr(url.rfind('/') + 1); }

class ProfileCheck {
public:
    ProfileCheck(const Scope& scope, std::vector<Finding>& out, int nesting = 0) : scope_(scope), out_(out), nesting_(nesting) {}

    void node(const ProfileNode& node, const Spot& spot) {
        if (scope_.is_spent()) return;
        content(node, spot);
        for (const auto& [name, child] : node.children) {
            const std::vector<Spot> found = below(spot, name);
            count(child, found.size(), spot.place + '.' + name, {});
            for (const Spot& one : found) this->node(child, one);
            if (child.is_sliced) slices(child, found, spot.place + '.' + name);
        }
    }

private:
    /// A resource in another one is looked at as what it is.
    static std::vector<Spot> below(const Spot& parent, std::string_view name) {
        std::vector<Spot> out = children(parent, name);
        for (Spot& spot : out) {
            if (spot.element.type != ValueType::resource || spot.element.value == nullptr) continue;
            if (auto inner = resource_spot(*spot.element.value, spot.place)) spot = std::move(*inner);
        }
        return out;
    }

    static bool is_of_some(const std::vector<std::string>& types, const Spot& spot) {
        return std::ranges::any_of(types, [&](const std::string& type) { return path::is_of(spot.element, {"FHIR", type}); });
    }

    void count(const ProfileNode& node, std::size_t found, const std::string& place, std::string_view slice) {
        const std::string what = slice.empty() ? "" : fmt::format(" of the slice {}", slice);
        if (found < static_cast<std::size_t>(node.min))
            add(out_, "error", "required", place, fmt::format("at least {} wanted{}, found {}", node.min, what, found));
        if (node.max && found > static_cast<std::size_t>(*node.max))
            add(out_, "error", "structure", place, fmt::format("at most {} allowed{}, found {}", *node.max, what, found));
    }

    void content(const ProfileNode& node, const Spot& spot) {
        if (!node.types.empty() && !is_of_some(node.types, spot))
            add(out_, "error", "structure", spot.place, fmt::format("{} is not allowed here, only {}", spot.type(), fmt::join(node.types, ", ")));
        if (node.fixed && !is_same(spot.value(), *node.fixed)) add(out_, "error", "value", spot.place, fmt::format("must be {}", shown(*node.fixed)));
        if (node.pattern && !has_pattern(spot.value(), *node.pattern))
            add(out_, "error", "value", spot.place, fmt::format("must have {}", shown(*node.pattern)));
        binding(node, spot);
        target(node, spot);
        profiles(node, spot);
        for (const Constraint& rule : node.constraints) check_rule(rule.expression, rule.key, rule.is_error, rule.human, spot, scope_, out_);
    }

    void profiles(const ProfileNode& node, const Spot& spot) {
        if (node.profiles.empty()) return;
        if (spot.type() == "Extension") {
            const std::string_view wanted = terminology::canonical_parts(node.profiles.front()).first;
            if (spot.value()["url"].text() != wanted) add(out_, "error", "structure", spot.place, fmt::format("must be the extension {}", wanted));
            return;
        }
        if (nesting_ >= kNesting) return;
        std::vector<Finding> why;
        for (const std::string& url : node.profiles) {
            const Profile::Ptr profile = find_profile(*scope_.shelf, url);
            if (profile == nullptr || !profile->fault.empty()) return;
            if (profile->type != spot.type()) continue;
            std::vector<Finding> findings;
            ProfileCheck(scope_, findings, nesting_ + 1).node(profile->root, spot);
            if (std::ranges::none_of(findings, is_error)) return;
            why = std::move(findings);
        }
        add(out_, "error", "structure", spot.place, fmt::format("follows none of the profiles wanted here: {}", fmt::join(node.profiles, ", ")));
        if (node.profiles.size() == 1) std::ranges::move(why, std::back_inserter(out_));
    }

    static bool is_error(const Finding& finding) { return finding.severity == "error"; }

    static std::string shown(const json::Value& value) { return value.is_object() || value.is_array() ? value.dump() : '"' + value.text() + '"'; }

    void binding(const ProfileNode& node, const Spot& spot) {
        if (node.value_set.empty() || spot.element.value == nullptr) return;
        const Known known(scope_);
        if (known.member_of(spot.element, node.value_set).value_or(true)) return;
        // Words in place of a code are what an extensible set is open for.
        const bool has_code = !spot.is_object() || !spot.value()["code"].is_null() || spot.value()["coding"].size() > 0;
        if (!node.is_required_binding && !has_code) return;
        add(out_, node.is_required_binding ? "error" : "warning", "code-invalid", spot.place,
            fmt::format("no code of the {} value set {}", node.is_required_binding ? "required" : "extensible", node.value_set));
    }

    /// The resource that a Reference means, as far as it is at hand.
    [[nodiscard]] const json::Value* referred(const Spot& spot) const {
        const std::string& reference = spot.value()["reference"].text();
        if (reference.starts_with('#')) {
            for (const json::Value& one : (*scope_.container)["contained"].items()) {
                if (one["id"].text() == std::string_view(reference).substr(1)) return &one;
            }
            return nullptr;
        }
        return scope_.bundle == nullptr || reference.empty() ? nullptr : find_entry(*scope_.bundle, reference);
    }

    [[nodiscard]] TypeId referred_type(const Spot& spot) const {
        if (const json::Value* resource = referred(spot)) return find_type((*resource)["resourceType"].text());
        const ReferenceValue reference = parse_reference(spot.value()["reference"].text());
        if (reference.form == ReferenceValue::Form::literal || reference.form == ReferenceValue::Form::conditional) return reference.target;
        return find_type(spot.value()["type"].text());
    }

    void target(const ProfileNode& node, const Spot& spot) {
        if (node.targets.empty() || spot.type() != "Reference") return;
        const TypeId type = referred_type(spot);
        if (type == TypeId::none) return;
        const bool allowed = std::ranges::any_of(node.targets, [&](const std::string& url) {
            if (const Profile::Ptr profile = find_profile(*scope_.shelf, url)) return profile->type == type_name(type);
            const std::string_view name = last_segment(url);
            return !url.starts_with(kDefinitions) || name == "Resource" || name == "DomainResource" || name == type_name(type);
        });
        if (!allowed) add(out_, "error", "structure", spot.place, fmt::format("a reference to {} is not allowed here", type_name(type)));
    }

    // ---- slices ------------------------------------------------------------------------------------------------------
    void slices(const ProfileNode& node, const std::vector<Spot>& found, const std::string& place) {
        std::vector<std::size_t> counts(node.slices.size(), 0);
        for (const Spot& spot : found) {
            const auto slice = std::ranges::find_if(node.slices, [&](const ProfileNode& one) { return belongs(node, one, spot); });
            if (slice == node.slices.end()) {
                if (node.is_closed && !node.slices.empty()) add(out_, "error", "structure", spot.place, "belongs to none of the slices of the profile");
                continue;
            }
            ++counts[static_cast<std::size_t>(slice - node.slices.begin())];
            this->node(*slice, spot);
            if (slice->is_sliced) slices(*slice, {spot}, spot.place);
        }
        for (std::size_t index = 0; index < counts.size(); ++index) count(node.slices[index], counts[index], place, node.slices[index].slice);
    }

    bool belongs(const ProfileNode& node, const ProfileNode& slice, const Spot& spot) {
        return std::ranges::all_of(node.discriminators, [&](const Discriminator& one) { return belongs(slice, spot, one); });
    }

    bool belongs(const ProfileNode& slice, const Spot& spot, const Discriminator& how) {
        using enum Discriminator::Kind;
        std::string_view path = how.path;
        if (path == "$this") path = {};
        if (how.kind == type && path.empty()) {
            return is_of_some(slice.types, spot);
        }
        if (how.kind == profile) return quietly(slice, spot, path);
        if (path == "url" && !slice.profiles.empty()) return terminology::canonical_parts(slice.profiles.front()).first == spot.value()["url"].text();
        if (path.starts_with("resolve().")) return belongs_by_target(slice, spot, path.substr(10));
        return follows(slice, {spot}, path, how.kind);
    }

    /// Whether what stands at `path` below the spots is what the slice says there.
    bool follows(const ProfileNode& slice, std::vector<Spot> spots, std::string_view path, Discriminator::Kind kind) {
        const ProfileNode* node = &slice;
        for (const std::string_view name : path.empty() ? std::vector<std::string_view>() : split(path, '.')) {
            const auto child = node->children.find(name);
            if (child == node->children.end()) return false;
            // What a slice asks of one item of a list, it asks of some item.
            node = child->second.slices.size() == 1 ? &child->second.slices.front() : &child->second;
            std::vector<Spot> next;
            for (const Spot& spot : spots) {
                auto some = below(spot, name);
                std::move(some.begin(), some.end(), std::back_inserter(next));
            }
            spots = std::move(next);
        }
        if (kind == Discriminator::Kind::exists) return spots.empty() == (node->max == 0);
        if (kind == Discriminator::Kind::type) return std::ranges::any_of(spots, [&](const Spot& spot) { return is_of_some(node->types, spot); });
        return std::ranges::any_of(spots, [&](const Spot& spot) { return passes(*node, spot); });
    }

    bool passes(const ProfileNode& node, const Spot& spot) {
        std::vector<Finding> findings;
        ProfileCheck(scope_, findings, nesting_).node(node, spot);
        return std::ranges::none_of(findings, is_error);
    }

    /// Told apart by the resource behind the reference, whose profile the slice names.
    bool belongs_by_target(const ProfileNode& slice, const Spot& spot, std::string_view path) {
        const json::Value* resource = referred(spot);
        const auto target = resource == nullptr ? std::nullopt : resource_spot(*resource, {});
        if (!target) return false;
        return std::ranges::any_of(slice.targets, [&](const std::string& url) {
            const Profile::Ptr profile = find_profile(*scope_.shelf, url);
            return profile != nullptr && profile->type == target->type() && follows(profile->root, {*target}, path, Discriminator::Kind::value);
        });
    }

    bool quietly(const ProfileNode& slice, const Spot& spot, std::string_view path) {
        if (nesting_ >= kNesting) return false;
        std::optional<Spot> target = spot;
        if (path.starts_with("resolve()")) {
            const json::Value* resource = referred(spot);
            target = resource == nullptr ? std::nullopt : resource_spot(*resource, {});
        }
        const std::vector<std::string>& wanted = path.starts_with("resolve()") ? slice.targets : slice.profiles;
        return target && std::ranges::any_of(wanted, [&](const std::string& url) {
                   const Profile::Ptr profile = find_profile(*scope_.shelf, url);
                   std::vector<Finding> findings;
                   if (profile == nullptr) return last_segment(url) == target->type();
                   if (profile->type != target->type()) return false;
                   ProfileCheck(scope_, findings, nesting_ + 1).node(profile->root, *target);
                   return std::ranges::none_of(findings, is_error);
               });
    }

    const Scope& scope_;
    std::vector<Finding>& out_;
    int nesting_;
};

/// Whether an extension of this context may stand in `holder`: its type, or its place in the definitions.
bool is_context(std::string_view context, const Spot& holder) {
    if (context.ends_with("[x]")) context.remove_suffix(3);
    if (context == "Element" || context == holder.definition || context == holder.member) return true;
    if (context.find(':') != std::string_view::npos) return holder.value()["url"].text() == terminology::canonical_parts(context).first;
    if (path::is_of(holder.element, {"FHIR", context})) return true;
    return holder.element.shape != kNoShape && shape(holder.element.shape).name == context;
}

constexpr std::size_t kShown_bytes = 200;

/// Whether the tree of a profile can be walked; else a warning says why not.
bool is_usable(const Profile& profile, const Spot& spot, std::vector<Finding>& out) {
    if (!profile.fault.empty())
        add(out, "warning", "not-supported", spot.place, fmt::format("not checked by {}: {}", profile.url.substr(0, kShown_bytes), profile.fault));
    return profile.fault.empty();
}

}  // namespace

void check_profile(const Profile& profile, const Spot& spot, const Scope& scope, std::vector<Finding>& out) {
    ProfileCheck(scope, out).node(profile.root, spot);
}

void check_named_profile(std::string_view url, const Spot& spot, const Scope& scope, std::vector<Finding>& out) {
    const std::string type = spot.type();
    if (const Profile::Ptr profile = find_profile(*scope.shelf, url)) {
        if (!is_usable(*profile, spot, out)) return;
        if (profile->type != type) return add(out, "error", "invalid", spot.place, fmt::format("the profile is of a {}", profile->type));
        return check_profile(*profile, spot, scope, out);
    }
    const std::string_view name = last_segment(url.substr(0, url.find('|')));
    if (url.starts_with(kDefinitions)) {
        if (name == type || name == "Resource" || name == "DomainResource") return;
        if (find_type(name) != TypeId::none) return add(out, "error", "invalid", spot.place, fmt::format("the profile is of a {}", name));
    }
    add(out, "warning", "not-supported", spot.place, fmt::format("the profile {} is not known: the base definition was checked", url.substr(0, kShown_bytes)));
}

void check_extension(const Spot& extension, const Spot& holder, const Scope& scope, std::vector<Finding>& out) {
    const std::string& url = extension.value()["url"].text();
    // Parts of an extension have a name of their own and stand under its definition.
    if (url.find(':') == std::string::npos) return;
    const Profile::Ptr profile = find_profile(*scope.shelf, url);
    if (profile != nullptr && profile->type == "Extension") {
        if (!is_usable(*profile, extension, out)) return;
        if (std::ranges::none_of(profile->contexts, [&](const std::string& context) { return is_context(context, holder); }))
            add(out, "error", "structure", extension.place, fmt::format("this extension may not stand here, only in {}", fmt::join(profile->contexts, ", ")));
        return check_profile(*profile, extension, scope, out);
    }
    // HL7 publishes more than the core of R4; whoever knows the others has to check them.
    if (url.starts_with("http://hl7.org/fhir/"))
        return add(out, "information", "not-found", extension.place, "this extension is not in the core of R4: not checked");
    add(out, "error", "structure", extension.place, "nothing is known of the extension " + url.substr(0, 200));
}

}  // namespace qiao::record
