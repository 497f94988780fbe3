#include "record/rest/view.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/definitions/elements.hpp"
#include "record/search/clause.hpp"

#include <algorithm>

namespace qiao::record {
namespace {

using json::Value;

/// "value" names value[x]; "_birthDate" goes with birthDate.
const Property* property_of(const Shape& shape, std::string_view member) {
    if (member.starts_with('_')) member.remove_prefix(1);
    return shape.find(member);
}

std::string_view element_of(const Shape& shape, const Property& property) {
    std::string_view name = shape.element_names[property.element];
    if (name.ends_with("[x]")) name.remove_suffix(3);
    return name;
}

bool has_element(TypeId type, std::string_view name) {
    const Shape& resource = shape(shape_of(type));
    return std::any_of(resource.properties.begin(), resource.properties.end(),
                       [&](const Property& property) { return property.name == name || element_of(resource, property) == name; });
}

bool in(std::uint64_t bits, const Property& property) { return (bits >> property.element & 1U) != 0; }

bool keeps(const View& view, const Shape& resource, const Property& property) {
    if (property.name == "id" || property.name == "meta" || in(resource.required, property)) return true;
    switch (view.summary) {
        case View::Summary::summary: return in(resource.summary, property);
        case View::Summary::text: return property.name == "text";
        case View::Summary::data:
            if (property.name == "text") return false;
            break;
        case View::Summary::whole: break;
    }
    return view.elements.empty() || std::any_of(view.elements.begin(), view.elements.end(),
                                                [&](const std::string& name) { return property.name == name || element_of(resource, property) == name; });
}

/// The summary of a backbone element: those parts of it that are in the summary. Data types are shown whole.
Value summary_of(const Value& value, const Shape& backbone) {
    if (value.is_array()) {
        Value out = Value::array();
        for (const Value& item : value.items()) out.push(summary_of(item, backbone));
        return out;
    }
    if (!value.is_object()) return value;
    Value out = Value::object();
    for (const auto& [name, member] : value.members()) {
        const Property* property = property_of(backbone, name);
        if (property == nullptr || !(in(backbone.summary, *property) || in(backbone.required, *property))) continue;
        const bool nested = property->type == ValueType::object && shape(property->shape).name.find('.') != std::string_view::npos;
        out.set(name, nested ? summary_of(member, shape(property->shape)) : member);
    }
    return out.size() == 0 ? value : out;
}

void add_tag(Value& resource) {
    Value tag = Value::object();
    tag.set("system", "http://terminology.hl7.org/CodeSystem/v3-ObservationValue");
    tag.set("code", "SUBSETTED");
    resource.member("meta").member("tag").push(std::move(tag));
}

}  // namespace

View view_of(std::span<const std::pair<std::string, std::string>> parameters, std::span<const TypeId> types) {
    View view;
    for (const auto& [name, value] : parameters) {
        if (name == "_summary") {
            if (value == "true")
                view.summary = View::Summary::summary;
            else if (value == "text")
                view.summary = View::Summary::text;
            else if (value == "data")
                view.summary = View::Summary::data;
            else if (value != "false" && value != "count")
                throw_bad_value("_summary", "is true, text, data, count or false");
        }
        if (name != "_elements") continue;
        for (const std::string_view element : split(value, ',')) {
            if (std::none_of(types.begin(), types.end(), [&](TypeId type) { return has_element(type, element); }))
                throw_bad_value("_elements", "names no element of the resource");
            view.elements.emplace_back(element);
        }
    }
    if (view.summary != View::Summary::whole && !view.elements.empty()) throw_bad_value("_elements", "does not go together with _summary");
    return view;
}

std::string part_shown(const std::string& text, TypeId type, const View& view) {
    if (view.is_whole()) return text;
    const auto whole = json::parse(text, limits::kJsonDepth + 1);
    if (!whole) throw Error(ErrorKind::internal, "record.body_damaged", "a stored body is no JSON");
    const Shape& resource = shape(shape_of(type));
    Value out = Value::object();
    for (const auto& [name, member] : whole->members()) {
        const Property* property = property_of(resource, name);
        if (name != "resourceType" && (property == nullptr || !keeps(view, resource, *property))) continue;
        const bool nested = view.summary == View::Summary::summary && property != nullptr && property->type == ValueType::object &&
                            shape(property->shape).name.find('.') != std::string_view::npos;
        out.set(name, nested ? summary_of(member, shape(property->shape)) : member);
    }
    add_tag(out);
    return out.dump();
}

}  // namespace qiao::record
