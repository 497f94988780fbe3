#include "record/bulk/export_ask.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/text.hpp"
#include "record/extract/dates.hpp"
#include "record/operations/input.hpp"

#include <algorithm>
#include <array>

namespace qiao::record::bulk {
namespace {

using json::Value;

constexpr std::array<std::string_view, 6> kParameters = {"_since", "_until", "_type", "_typeFilter", "_elements", "_outputFormat"};
constexpr std::array<std::string_view, 3> kFormats = {"application/fhir+ndjson", "application/ndjson", "ndjson"};
constexpr std::size_t kFilters = 100;
constexpr std::array<std::string_view, 3> kLevels = {"system", "patient", "group"};

std::vector<std::string> list_of(const Parameters& parameters, std::string_view name) {
    std::vector<std::string> out;
    for (const auto& [key, value] : parameters) {
        if (key != name) continue;
        for (const std::string_view one : split(value, ',')) {
            if (!trim(one).empty()) out.emplace_back(trim(one));
        }
    }
    return out;
}

TimeRange range_of(const Core& core, std::string_view name, std::string_view text) {
    const auto range = parse_time_range(text, &core.zone);
    if (!range) throw_bad_parameter(name, "is no date");
    return *range;
}

void take_types(ExportAsk& ask, const Parameters& parameters) {
    for (const std::string& name : list_of(parameters, "_type")) {
        const TypeId type = find_type(name);
        if (type == TypeId::none) throw_bad_parameter("_type", "names no resource type");
        if (std::find(ask.types.begin(), ask.types.end(), type) == ask.types.end()) ask.types.push_back(type);
    }
}

void take_filters(const Core& core, ExportAsk& ask, const Parameters& parameters) {
    std::size_t count = 0;
    for (const auto& [name, value] : parameters) {
        if (name != "_typeFilter") continue;
        if (++count > kFilters) throw_bad_parameter("_typeFilter", "is given more than 100 times");
        Criteria criteria = Criteria::compile(core, value);
        const TypeId type = criteria.type();
        if (!ask.takes(type)) throw_bad_parameter("_typeFilter", "is of a type that _type leaves out");
        ask.filters[type].push_back(std::move(criteria));
    }
}

/// "Patient.name" is of patients alone, "meta" of every type.
void take_elements(ExportAsk& ask, const Parameters& parameters) {
    const auto all = all_types();
    for (const std::string& element : list_of(parameters, "_elements")) {
        const std::size_t dot = element.find('.');
        const TypeId only = dot == std::string::npos ? TypeId::none : find_type(element.substr(0, dot));
        if (dot != std::string::npos && only == TypeId::none) throw_bad_parameter("_elements", "names no resource type before its point");
        const std::string name = dot == std::string::npos ? element : element.substr(dot + 1);
        const Parameters one{{"_elements", name}};
        if (only == TypeId::none)
            view_of(one, all);  // throws for what no type has
        else
            view_of(one, std::span(&only, 1));
        for (const TypeId type : all) {
            if ((only == TypeId::none || only == type) && ask.takes(type)) ask.views[type].elements.push_back(name);
        }
    }
}

}  // namespace

bool ExportAsk::takes(TypeId type) const { return types.empty() || std::find(types.begin(), types.end(), type) != types.end(); }

bool ExportAsk::beside(TypeId type) const { return level != Level::system && !types.empty() && takes(type) && is_directory(type); }

std::span<const std::string_view> export_parameters() { return kParameters; }

ExportAsk parse_export(const Core& core, ExportAsk::Level level, std::string_view group, const Parameters& parameters) {
    ExportAsk ask;
    ask.level = level;
    ask.group = std::string(group);
    for (const auto& [name, value] : parameters) {
        if (name == "_since") ask.since_ms = range_of(core, name, value).lo_ms;
        if (name == "_until") ask.until_ms = range_of(core, name, value).hi_ms;
        if (name == "_outputFormat" && std::find(kFormats.begin(), kFormats.end(), value) == kFormats.end())
            throw_bad_parameter(name, "is application/fhir+ndjson");
    }
    take_types(ask, parameters);
    take_filters(core, ask, parameters);
    take_elements(ask, parameters);
    return ask;
}

std::string written_ask(ExportAsk::Level level, std::string_view group, const Parameters& parameters, const std::vector<std::string>& ignored) {
    Value list = Value::array();
    for (const auto& [name, value] : parameters) list.push(Value::array({name, value}));
    Value left = Value::array();
    for (const std::string& name : ignored) left.push(name);
    return Value::object({{"level", kLevels.at(static_cast<std::size_t>(level))}, {"group", group}, {"parameters", std::move(list)}, {"ignored", std::move(left)}}).dump();
}

ExportAsk read_ask(const Core& core, std::string_view text) {
    const auto ask = json::parse(text);
    if (!ask) throw Error(ErrorKind::internal, "record.bulk_damaged", "a stored export cannot be read");
    Parameters parameters;
    for (const Value& one : (*ask)["parameters"].items()) parameters.emplace_back(one.at(0).text(), one.at(1).text());
    const auto level = std::find(kLevels.begin(), kLevels.end(), (*ask)["level"].text()) - kLevels.begin();
    ExportAsk out = parse_export(core, static_cast<ExportAsk::Level>(level), (*ask)["group"].text(), parameters);
    for (const Value& name : (*ask)["ignored"].items()) out.ignored.push_back(name.text());
    return out;
}

}  // namespace qiao::record::bulk
