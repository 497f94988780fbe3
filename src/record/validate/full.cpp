#include "record/validate/full.hpp"

#include "base/limits.hpp"
#include "record/definitions/rules.hpp"
#include "record/validate/rule_check.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>

namespace qiao::record {
namespace {

constexpr std::size_t kFindings = 100;

class Walk {
public:
    Walk(Instant now, const DefinitionShelf& shelf, std::vector<Finding>& out) : now_(now), shelf_(shelf), out_(out) {}

    /// What is not checked is not valid.
    void finish(const std::string& place) {
        if (std::chrono::steady_clock::now() > until_) add(out_, "error", "too-costly", place, "too large to be checked in the time that there is");
    }

    /// @param outer  the scope of what it is part of; nullptr for the whole
    void resource(const Spot& spot, const Scope* outer, bool is_contained, std::span<const std::string> profiles) {
        const json::Value& value = spot.value();
        Scope scope{&value, &value, nullptr, now_, until_, &shelf_};
        if (outer != nullptr && is_contained) scope.container = outer->container;
        if (outer != nullptr) scope.bundle = outer->bundle;
        if (spot.type() == "Bundle") scope.bundle = &value;
        element(spot, scope, nullptr);
        std::set<std::string> wanted(profiles.begin(), profiles.end());
        for (const json::Value& url : value["meta"]["profile"].items()) wanted.insert(url.text());
        for (const std::string& url : wanted) check_named_profile(url, spot, scope, out_);
        if (spot.type() == "Bundle") check_bundle(spot, scope, out_);
        check_definition(spot, out_);
    }

private:
    void element(const Spot& spot, const Scope& scope, const Spot* holder) {
        if (out_.size() >= kFindings || scope.is_spent()) return;
        const ShapeId shape_id = spot.element.shape;
        rules(spot, shape_id, kWholeObject, scope);
        check_data_type(spot, scope, out_);
        if (holder != nullptr && spot.type() == "Extension") check_extension(spot, *holder, scope, out_);
        for (const Spot& child : children(spot)) {
            if (child.element.type == ValueType::resource && child.element.value != nullptr) {
                if (const auto inner = resource_spot(*child.element.value, child.place)) resource(*inner, &scope, child.member.ends_with(".contained"), {});
                continue;
            }
            if (shape_id != kNoShape) rules(child, shape_id, element_of(shape_id, child), scope);
            element(child, scope, &spot);
        }
    }

    /// Property::element of a child.
    static std::uint8_t element_of(ShapeId parent, const Spot& child) {
        const std::string_view name = std::string_view(child.member).substr(child.member.rfind('.') + 1);
        const auto& names = shape(parent).element_names;
        for (std::size_t index = 0; index < names.size(); ++index) {
            if (names[index].starts_with(name) && (names[index].size() == name.size() || names[index].substr(name.size()) == "[x]")) {
                return static_cast<std::uint8_t>(index);
            }
        }
        return kWholeObject - 1;
    }

    void rules(const Spot& spot, ShapeId shape_id, std::uint8_t element, const Scope& scope) {
        for (const InvariantUse& use : invariants_of(shape_id)) {
            if (use.element != element) continue;
            const Invariant& rule = invariants()[use.invariant];
            check_rule(invariant_expression(use.invariant), rule.key, rule.is_error, rule.human, spot, scope, out_);
        }
    }

    Instant now_;
    const DefinitionShelf& shelf_;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now() + limits::kQueryTime;
    std::vector<Finding>& out_;
};

/// A profile and its base may say the same.
void once_each(std::vector<Finding>& findings) {
    std::set<std::tuple<std::string_view, std::string, std::string>> seen;
    std::erase_if(findings, [&](const Finding& one) { return !seen.emplace(one.severity, one.issue.expression, one.issue.diagnostics).second; });
}

}  // namespace

void check_fully(const json::Value& resource, std::span<const std::string> profiles, Instant now, const DefinitionShelf& shelf, std::vector<Finding>& out) {
    const auto spot = resource_spot(resource, {});
    if (!spot) return;
    Walk walk(now, shelf, out);
    walk.resource(*spot, nullptr, false, profiles);
    once_each(out);
    if (out.size() > kFindings) out.resize(kFindings);
    walk.finish(spot->place);
}

}  // namespace qiao::record
