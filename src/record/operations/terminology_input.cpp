#include "record/operations/terminology_input.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "record/extract/fold.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record {
namespace {

constexpr std::size_t kShown_bytes = 200;
constexpr std::size_t kCodings = 100;

Coded coded_from(const json::Value& coding, std::string_view name) {
    if (coding["code"].text().empty()) throw_bad_parameter(name, "has a coding without a code");
    return {coding["system"].text(), coding["version"].text(), coding["code"].text(), coding["display"].text()};
}

[[noreturn]] void throw_unknown(std::string_view code, std::string_view what, std::string_view url, std::string_view version) {
    const std::string text =
        fmt::format("the {} {}{}{} is not known here", what, url.substr(0, kShown_bytes), version.empty() ? "" : "|", version.substr(0, kShown_bytes));
    throw Error(ErrorKind::not_found, code, text, {{"not-found", "", text}});
}

}  // namespace

std::optional<Coded> coding_from(const Input& input, std::string_view name) {
    const auto raw = input.raw(name, "valueCoding");
    if (!raw) return std::nullopt;
    const auto coding = json::parse(*raw);
    if (!coding) throw_bad_parameter(name, "is no Coding");
    return coded_from(*coding, name);
}

std::vector<Coded> codes_from(const Input& input, std::string_view system_name, std::string_view version_name) {
    std::vector<Coded> out;
    if (const auto raw = input.raw("codeableConcept", "valueCodeableConcept")) {
        const auto concept_value = json::parse(*raw);
        if (!concept_value) throw_bad_parameter("codeableConcept", "is no CodeableConcept");
        for (const json::Value& coding : (*concept_value)["coding"].items()) out.push_back(coded_from(coding, "codeableConcept"));
        if (out.empty() || out.size() > kCodings) throw_bad_parameter("codeableConcept", "needs a coding, and at most 100");
        return out;
    }
    if (auto coding = coding_from(input, "coding")) return {std::move(*coding)};
    if (input.text("code").empty()) throw_bad_parameter("code", "is needed, or \"coding\" or \"codeableConcept\"");
    return {{std::string(input.text(system_name)), std::string(input.text(version_name)), std::string(input.text("code")), std::string(input.text("display"))}};
}

bool flag_from(const Input& input, std::string_view name, bool usual) {
    const std::string_view text = input.text(name);
    if (text.empty()) return usual;
    if (text != "true" && text != "false") throw_bad_parameter(name, "is true or false");
    return text == "true";
}

void throw_unknown_code_system(std::string_view url, std::string_view version) {
    throw_unknown("terminology.unknown_code_system", "code system", url, version);
}

terminology::CodeSystem::Ptr known_code_system(const terminology::Shelf& shelf, std::string_view url, std::string_view version) {
    auto found = shelf.code_system(url, version);
    using enum terminology::Content;
    if (!found || found->content() == not_present || found->content() == supplement) throw_unknown_code_system(url, version);
    return found;
}

terminology::ValueSet::Ptr known_value_set(const terminology::Shelf& shelf, std::string_view canonical, std::string_view version) {
    const auto [url, stated] = terminology::canonical_parts(canonical);
    auto found = shelf.value_set(url, stated.empty() ? version : stated);
    if (!found) throw_unknown("terminology.unknown_value_set", "value set", url, stated.empty() ? version : stated);
    return found;
}

bool is_same_display(std::string_view one, std::string_view other) { return one == other || fold_text(one) == fold_text(other); }

bool has_display(const terminology::Concept& one, std::string_view display) {
    if (is_same_display(one.display, display)) return true;
    const auto extra = json::parse(one.extra.empty() ? "{}" : one.extra);
    if (!extra) return false;
    return std::ranges::any_of((*extra)["designation"].items(), [&](const json::Value& row) { return is_same_display(row["value"].text(), display); });
}

std::string display_for(const terminology::Concept& one, std::string_view language) {
    if (language.empty() || one.extra.empty()) return std::string(one.display);
    const auto extra = json::parse(one.extra);
    if (!extra) return std::string(one.display);
    for (const json::Value& row : (*extra)["designation"].items()) {
        const std::string& stated = row["language"].text();
        if (stated == language || (stated.starts_with(language) && stated[language.size()] == '-')) return row["value"].text();
    }
    return std::string(one.display);
}

json::Value part_of(std::string_view name, std::string_view type, json::Value value) {
    json::Value part = json::Value::object({{"name", name}});
    part.set(type, std::move(value));
    return part;
}

Answer& Answer::boolean(std::string_view name, bool value) {
    parameters_.push(part_of(name, "valueBoolean", value));
    return *this;
}

Answer& Answer::text(std::string_view name, std::string_view value, std::string_view type) {
    if (!value.empty()) parameters_.push(part_of(name, type, std::string(value)));
    return *this;
}

Answer& Answer::parts(std::string_view name, std::vector<json::Value> parts) {
    json::Value one = json::Value::object({{"name", name}});
    one.set("part", json::Value::array(std::move(parts)));
    parameters_.push(std::move(one));
    return *this;
}

std::string Answer::take() const { return json::Value::object({{"resourceType", "Parameters"}, {"parameter", parameters_}}).dump(); }

}  // namespace qiao::record
