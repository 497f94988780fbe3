#include "record/store/local_values.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"
#include "record/extract/collector.hpp"
#include "record/path/evaluate.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace qiao::record {
namespace {

using tables::Action;
using tables::ActionKind;
using tables::Leaf;

/// `resolve()` knows of a reference what its text says: the type and the id.
class TypesOnly : public path::Outside {
public:
    [[nodiscard]] const json::Value* resolve(std::string_view reference) const override {
        const ReferenceValue parsed = parse_reference(reference);
        if (parsed.target == TypeId::none) return nullptr;
        stubs_.push_back(json::Value::object({{"resourceType", type_name(parsed.target)}}));
        if (!parsed.id.empty()) stubs_.back().set("id", parsed.id);
        return &stubs_.back();
    }
    [[nodiscard]] std::optional<bool> member_of(const path::Item& /*coded*/, std::string_view /*value_set_url*/) const override { return std::nullopt; }
    [[nodiscard]] std::optional<bool> conforms_to(const path::Item& /*item*/, std::string_view /*profile_url*/) const override { return std::nullopt; }

private:
    mutable std::deque<json::Value> stubs_;
};

struct LeafOf {
    std::string_view type;  ///< of FHIR, or of System where it is no element
    Leaf leaf;
};

template <std::size_t N>
std::optional<Leaf> find_leaf(const std::array<LeafOf, N>& rows, std::string_view type) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const LeafOf& row) { return row.type == type; });
    return found == rows.end() ? std::nullopt : std::optional(found->leaf);
}

constexpr std::array<LeafOf, 7> kTokenLeaves = {{{"boolean", Leaf::boolean},
                                                 {"Boolean", Leaf::boolean},
                                                 {"CodeableConcept", Leaf::codeable_concept},
                                                 {"Coding", Leaf::coding},
                                                 {"Identifier", Leaf::identifier},
                                                 {"ContactPoint", Leaf::contact_point},
                                                 {"Integer", Leaf::integer}}};
constexpr std::array<LeafOf, 5> kStringLeaves = {{{"HumanName", Leaf::human_name},
                                                  {"Address", Leaf::address},
                                                  {"Annotation", Leaf::annotation},
                                                  {"ContactPoint", Leaf::contact_point},
                                                  {"CodeableConcept", Leaf::codeable_concept}}};
constexpr std::array<LeafOf, 7> kDateLeaves = {{{"date", Leaf::date},
                                                {"dateTime", Leaf::date},
                                                {"instant", Leaf::date},
                                                {"Date", Leaf::date},
                                                {"DateTime", Leaf::date},
                                                {"Period", Leaf::period},
                                                {"Timing", Leaf::timing}}};
constexpr std::array<LeafOf, 7> kNumberLeaves = {{{"integer", Leaf::number},
                                                  {"unsignedInt", Leaf::number},
                                                  {"positiveInt", Leaf::number},
                                                  {"decimal", Leaf::number},
                                                  {"Integer", Leaf::number},
                                                  {"Decimal", Leaf::number},
                                                  {"Range", Leaf::range}}};
constexpr std::array<LeafOf, 9> kQuantityLeaves = {{{"Quantity", Leaf::quantity},
                                                    {"Age", Leaf::quantity},
                                                    {"Count", Leaf::quantity},
                                                    {"Distance", Leaf::quantity},
                                                    {"Duration", Leaf::quantity},
                                                    {"SimpleQuantity", Leaf::quantity},
                                                    {"Money", Leaf::money},
                                                    {"Range", Leaf::range},
                                                    {"SampledData", Leaf::sampled_data}}};

bool is_integer(std::string_view type) { return type == "integer" || type == "unsignedInt" || type == "positiveInt"; }

/// How a value of this type is indexed under a parameter of this kind; nothing when it does not fit.
std::optional<Leaf> leaf_of(ParamKind kind, std::string_view type, bool is_text) {
    switch (kind) {
        case ParamKind::token:
            if (is_integer(type)) return Leaf::integer;
            if (const auto leaf = find_leaf(kTokenLeaves, type)) return leaf;
            return is_text ? std::optional(Leaf::text) : std::nullopt;
        case ParamKind::string:
            if (const auto leaf = find_leaf(kStringLeaves, type)) return leaf;
            return is_text ? std::optional(Leaf::text) : std::nullopt;
        case ParamKind::reference:
            if (type == "Reference") return Leaf::reference;
            return is_text ? std::optional(Leaf::canonical) : std::nullopt;
        case ParamKind::date: return find_leaf(kDateLeaves, type);
        case ParamKind::number: return find_leaf(kNumberLeaves, type);
        case ParamKind::quantity: return find_leaf(kQuantityLeaves, type);
        case ParamKind::uri: return is_text ? std::optional(Leaf::text) : std::nullopt;
        default: return std::nullopt;
    }
}

ActionKind action_of(ParamKind kind) {
    switch (kind) {
        case ParamKind::reference: return ActionKind::reference;
        case ParamKind::string: return ActionKind::string;
        case ParamKind::date: return ActionKind::date;
        case ParamKind::uri: return ActionKind::uri;
        case ParamKind::quantity: return ActionKind::quantity;
        case ParamKind::number: return ActionKind::number;
        default: return ActionKind::token;
    }
}

/// A result as JSON; null for what no index holds.
json::Value json_of(const path::Item& item) {
    if (const auto* element = std::get_if<path::Element>(&item)) return element->value == nullptr ? json::Value() : *element->value;
    if (const auto* truth = std::get_if<bool>(&item)) return *truth;
    if (const auto* number = std::get_if<std::int64_t>(&item)) return *number;
    if (const auto* decimal = std::get_if<path::Decimal>(&item)) return json::Value::number(decimal->text());
    if (const auto* text = std::get_if<std::string>(&item)) return *text;
    if (const auto* time = std::get_if<path::Temporal>(&item)) return time->kind == path::Temporal::Kind::time ? json::Value() : json::Value(time->text());
    if (const auto* quantity = std::get_if<path::Quantity>(&item)) {
        return json::Value::object({{"value", json::Value::number(quantity->value.text())},
                                    {"unit", quantity->unit},
                                    {"system", "http://unitsofmeasure.org"},
                                    {"code", quantity->unit}});
    }
    return {};
}

/// A boundary: a resource on which the expression fails is stored all the same.
path::Collection found_by(const LocalParameter& parameter, const json::Value& resource, const path::Outside& outside) {
    path::Context context;
    context.outside = &outside;
    context.strictness = path::Strictness::lenient;
    context.steps = kLocalExpressionSteps;
    try {
        return path::evaluate(parameter.expression, resource, context);
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

void add_local_values(IndexValues& values, LocalTexts& texts, simdjson::dom::element resource, TypeId type, const LocalParameters& local,
                      const ExtractOptions& options) {
    const auto& parameters = local.of(type);
    if (parameters.empty()) return;
    const auto tree = json::parse(simdjson::minify(resource), limits::kJsonDepth + 1);
    if (!tree) return;
    const TypesOnly outside;
    std::vector<Action> actions;  // of the values, in their order
    json::Value list = json::Value::array();
    for (const LocalParameterPtr& parameter : parameters) {
        const path::Collection found = found_by(*parameter, *tree, outside);
        for (std::size_t i = 0; i < std::min(found.size(), kLocalParameterValues); ++i) {
            json::Value value = json_of(found.items[i]);
            if (value.is_null()) continue;
            const auto leaf = leaf_of(parameter->kind, path::type_of(found.items[i]).name, value.is_string());
            if (!leaf) continue;
            actions.push_back({parameter->number, action_of(parameter->kind), *leaf, TypeId::none, 0});
            list.push(std::move(value));
        }
    }
    if (actions.empty()) return;
    simdjson::dom::array items;
    if (texts.emplace_back().parse(simdjson::padded_string(list.dump())).get(items) != simdjson::SUCCESS) return;
    Collector collector(values, options);
    auto action = actions.begin();
    for (const simdjson::dom::element item : items) collector.act(*action++, item);
}

}  // namespace qiao::record
