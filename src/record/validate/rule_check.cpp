#include "record/validate/rule_check.hpp"

#include "base/assert.hpp"
#include "record/definitions/rules.hpp"
#include "record/terminology/membership.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record {
namespace {

/// (system, code) of a code, Coding or Quantity; all codings of a CodeableConcept.
std::vector<std::pair<std::string, std::string>> codes_of(const path::Item& coded) {
    if (const std::string* text = path::text_of(coded)) return {{"", *text}};
    const auto* element = std::get_if<path::Element>(&coded);
    if (element == nullptr || element->value == nullptr) return {};
    const json::Value& value = *element->value;
    std::vector<std::pair<std::string, std::string>> out;
    if (!value["code"].is_null()) out.emplace_back(value["system"].text(), value["code"].text());
    for (const json::Value& coding : value["coding"].items()) out.emplace_back(coding["system"].text(), coding["code"].text());
    return out;
}

std::string_view without_version(std::string_view reference) { return reference.substr(0, reference.find("/_history/")); }

std::string_view version_of(std::string_view reference) {
    const std::size_t at = reference.find("/_history/");
    return at == std::string_view::npos ? std::string_view() : reference.substr(at + 10);
}

}  // namespace

const json::Value* find_entry(const json::Value& bundle, std::string_view reference) {
    const std::string_view version = version_of(reference);
    const std::string_view wanted = without_version(reference);
    const bool relative = wanted.find(':') == std::string_view::npos;
    for (const json::Value& entry : bundle["entry"].items()) {
        const std::string_view url = entry["fullUrl"].text();
        const bool fits = url == wanted || (relative && url.size() > wanted.size() && url.ends_with(wanted) && url[url.size() - wanted.size() - 1] == '/');
        if (!fits || !entry["resource"].is_object()) continue;
        if (version.empty() || entry["resource"]["meta"]["versionId"].text() == version) return &entry["resource"];
    }
    return nullptr;
}

const json::Value* Known::resolve(std::string_view reference) const { return scope_.bundle == nullptr ? nullptr : find_entry(*scope_.bundle, reference); }

std::optional<bool> Known::member_of(const path::Item& coded, std::string_view value_set_url) const {
    const auto [url, version] = terminology::canonical_parts(value_set_url);
    const terminology::ValueSet::Ptr set = scope_.shelf->value_set(url, version);
    if (!set) return std::nullopt;
    terminology::Trail trail;
    const terminology::SetTest test(*scope_.shelf, set, trail);
    bool is_known = true;
    for (const auto& [system, code] : codes_of(coded)) {
        const terminology::Membership in = test.test(system, code);
        if (in == terminology::Membership::yes) return true;
        is_known = is_known && in == terminology::Membership::no;
    }
    return is_known ? std::optional(false) : std::nullopt;
}

std::optional<bool> Known::conforms_to(const path::Item& item, std::string_view profile_url) const {
    const Profile::Ptr profile = find_profile(*scope_.shelf, profile_url);
    const auto* element = std::get_if<path::Element>(&item);
    if (profile == nullptr || !profile->fault.empty() || element == nullptr) return std::nullopt;
    std::vector<Finding> findings;
    check_profile(*profile, {*element, {}, {}, {}}, scope_, findings);
    return std::ranges::none_of(findings, [](const Finding& finding) { return finding.severity == "error"; });
}

void add(std::vector<Finding>& out, std::string_view severity, const char* code, std::string place, std::string text) {
    out.push_back({severity, {code, std::move(place), std::move(text)}});
}

void check_rule(const path::Expression& expression, std::string_view key, bool is_error, std::string_view human, const Spot& spot, const Scope& scope,
                std::vector<Finding>& out) {
    if (scope.is_spent()) return;
    const Known known(scope);
    const path::Context context{scope.resource, scope.container, scope.now, &known, path::Strictness::lenient};
    try {
        // A rule has to be true; advice (a name that suits programs) asks nothing of what is not there.
        if (path::truth(path::evaluate(expression, path::Collection(spot.element), context)).value_or(!is_error)) return;
        add(out, is_error ? "error" : "warning", "invariant", spot.place, fmt::format("{}: {}", key, human));
    } catch (const Error& error) {
        add(out, "warning", "incomplete", spot.place, fmt::format("{} could not be tried: {}", key, error.what()));
    }
}

const path::Expression& invariant_expression(std::size_t number) {
    static const std::vector<path::Expression> parsed = [] {
        std::vector<path::Expression> out;
        for (const Invariant& invariant : invariants()) {
            auto expression = path::Expression::parse(invariant.expression);
            QIAO_ASSERT(expression);
            out.push_back(std::move(*expression));
        }
        return out;
    }();
    return parsed[number];
}

}  // namespace qiao::record
