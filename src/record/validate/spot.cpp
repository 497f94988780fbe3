#include "record/validate/spot.hpp"

#include "record/path/decimal.hpp"

#include <algorithm>

namespace qiao::record {
namespace {

const json::Value kNull;

std::string_view without_choice(std::string_view name) { return name.ends_with("[x]") ? name.substr(0, name.size() - 3) : name; }

bool is_same_number(const std::string& left, const std::string& right) {
    if (left == right) return true;
    const auto a = path::Decimal::parse(left);
    const auto b = path::Decimal::parse(right);
    return a && b && a->trimmed().text() == b->trimmed().text();
}

}  // namespace

const json::Value& Spot::value() const { return element.value != nullptr ? *element.value : kNull; }

std::vector<Spot> children(const Spot& parent, std::string_view name) {
    std::vector<path::Item> items;
    path::append_children(parent.element, name, items);
    bool repeats = name == "extension";
    std::string holder = parent.type();
    if (parent.element.shape != kNoShape) {
        const Property* property = shape(parent.element.shape).find(name);
        repeats = property != nullptr && property->repeats;
        holder = shape(parent.element.shape).name;
    }
    std::vector<Spot> out;
    for (const path::Item& item : items) {
        const auto* element = std::get_if<path::Element>(&item);
        if (element == nullptr) continue;
        std::string place = parent.place + '.' + std::string(name);
        if (repeats) place += '[' + std::to_string(out.size()) + ']';
        out.push_back({*element, std::move(place), parent.definition + '.' + std::string(name), holder + '.' + std::string(name)});
    }
    return out;
}

std::vector<Spot> children(const Spot& parent) {
    std::vector<Spot> out;
    if (parent.element.shape == kNoShape) return parent.element.sidecar != nullptr ? children(parent, "extension") : out;
    const Shape& fields = shape(parent.element.shape);
    std::uint64_t seen = 0;
    for (const auto& [key, value] : parent.value().members()) {
        const Property* property = fields.find(key.starts_with('_') ? std::string_view(key).substr(1) : std::string_view(key));
        if (property == nullptr || (seen >> property->element & 1U) != 0) continue;
        seen |= std::uint64_t{1} << property->element;
        auto some = children(parent, without_choice(fields.element_names[property->element]));
        std::move(some.begin(), some.end(), std::back_inserter(out));
    }
    return out;
}

std::optional<Spot> resource_spot(const json::Value& resource, std::string place) {
    const auto element = path::resource_element(resource);
    if (!element) return std::nullopt;
    std::string type(type_name(find_type(resource["resourceType"].text())));
    return Spot{*element, place.empty() ? type : std::move(place), type, type};
}

bool is_same(const json::Value& left, const json::Value& right) {
    if (left.kind() != right.kind()) return false;
    if (left.kind() == json::Value::Kind::number) return is_same_number(left.text(), right.text());
    if (left.is_object()) return left.size() == right.size() && has_pattern(left, right);
    if (left.is_array()) return std::ranges::equal(left.items(), right.items(), is_same);
    return left.text() == right.text();
}

bool has_pattern(const json::Value& value, const json::Value& pattern) {
    if (pattern.is_object()) {
        return value.is_object() && std::ranges::all_of(pattern.members(), [&](const auto& member) { return has_pattern(value[member.first], member.second); });
    }
    if (pattern.is_array()) {
        return value.is_array() && std::ranges::all_of(pattern.items(), [&](const json::Value& wanted) {
                   return std::ranges::any_of(value.items(), [&](const json::Value& item) { return has_pattern(item, wanted); });
               });
    }
    return is_same(value, pattern);
}

}  // namespace qiao::record
