#include "record/operations/input.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/text.hpp"
#include "record/rest/answer.hpp"
#include "record/search/clause.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace qiao::record {
namespace {

[[noreturn]] void refuse(std::string_view why) {
    throw Error(ErrorKind::invalid, "record.bad_parameters", "the body is no Parameters resource", {{"structure", "Parameters", std::string(why)}});
}

/// `value[x]` of a primitive, or the reference of a Reference.
std::string value_of(const json::Value& parameter) {
    for (const auto& [name, value] : parameter.members()) {
        if (!name.starts_with("value")) continue;
        return value.is_object() ? value["reference"].text() : value.text();
    }
    return {};
}

}  // namespace

void throw_bad_parameter(std::string_view name, std::string_view why) {
    throw Error(ErrorKind::invalid, "record.bad_value", "a parameter has a bad value", {{"value", parameter_place(name), fmt::format("\"{}\" {}", name, why)}});
}

Input::Input(const http::Request& request, std::span<const std::string_view> known) {
    const auto check = [&](std::string_view name) {
        if (std::find(known.begin(), known.end(), name) != known.end() || name == "_format" || name == "_pretty") return;
        throw Error(ErrorKind::invalid, "record.unknown_parameter", "unknown parameter of the operation",
                    {{"invalid", parameter_place(name), fmt::format("\"{}\" is not supported here", name)}});
    };
    for (auto& [name, value] : request.query_values()) {
        check(name);
        if (!value.empty()) values_.emplace_back(name, value);
    }
    std::string_view body = request.body;
    if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
    if (request.method != http::Method::post || trim(body).empty()) return;
    check_json_body(request);
    const auto parsed = parse_resource(body);
    if (!parsed) refuse(parsed.error().message);
    if (parsed->type() != TypeId::Parameters) refuse("a Parameters resource is needed");
    const auto parameters = raw_member(body, "parameter");
    if (!parameters) return;
    if (!parameters->starts_with('[')) refuse("parameter is a list");
    for (const std::string_view part : raw_items(*parameters)) {
        const auto parameter = json::parse(part);
        if (!parameter || !(*parameter)["name"].is_string()) refuse("a parameter needs a name");
        const std::string& name = (*parameter)["name"].text();
        check(name);
        parts_.emplace_back(name, part);
        if (std::string value = value_of(*parameter); !value.empty()) values_.emplace_back(name, std::move(value));
    }
}

std::string_view Input::text(std::string_view name) const {
    for (const auto& [key, value] : values_) {
        if (key == name) return value;
    }
    return {};
}

std::vector<std::string> Input::list(std::string_view name) const {
    std::vector<std::string> out;
    for (const auto& [key, value] : values_) {
        if (key != name) continue;
        for (const std::string_view one : split(value, ',')) {
            if (!trim(one).empty()) out.emplace_back(trim(one));
        }
    }
    return out;
}

int Input::count(std::string_view name, int usual, int most) const {
    const std::string_view value = text(name);
    if (value.empty()) return usual;
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc::result_out_of_range && value.front() != '-') return most;
    if (error != std::errc() || end != value.data() + value.size() || number < 1) throw_bad_parameter(name, "is no positive number");
    return std::min(number, most);
}

std::optional<std::string_view> Input::raw(std::string_view name, std::string_view member) const {
    for (const auto& [key, part] : parts_) {
        if (key == name) return raw_member(part, member);
    }
    return std::nullopt;
}

std::string searchset(std::string_view base, std::string_view self, std::string_view next, const std::vector<Match>& matches) {
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", "searchset");
        json.array("link", [&] {
            for (const auto& [relation, url] : {std::pair("self", self), std::pair("next", next)}) {
                if (url.empty()) continue;
                json.object([&, relation = relation, url = url] {
                    json.field("relation", relation);
                    json.field("url", url);
                });
            }
        });
        if (matches.empty()) return;
        json.array("entry", [&] {
            for (const Match& match : matches) {
                json.object([&] {
                    json.field("fullUrl", fmt::format("{}/{}", base, match.resource.reference()));
                    json.raw_field("resource", match.resource.json);
                    json.object("search", [&] { json.field("mode", match.included ? "include" : "match"); });
                });
            }
        });
    });
    return json.take();
}

void tell_shown(Record& record, const Caller& caller, const std::vector<Match>& matches) {
    const auto& on_read = record.ports().on_read;
    if (!on_read) return;
    struct Shown {
        std::vector<Rid> resources, patients;
    };
    std::map<std::string, Shown, std::less<>> by_type;
    for (const Match& match : matches) {
        Shown& shown = by_type[match.resource.type];
        shown.resources.push_back(match.resource.rid);
        if (match.resource.patient != 0) shown.patients.push_back(match.resource.patient);
    }
    for (auto& [type, shown] : by_type) {
        std::sort(shown.patients.begin(), shown.patients.end());
        shown.patients.erase(std::unique(shown.patients.begin(), shown.patients.end()), shown.patients.end());
        on_read(caller.actor, "search", type, shown.resources, shown.patients);
    }
}

}  // namespace qiao::record
