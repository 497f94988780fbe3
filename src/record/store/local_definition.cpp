#include "base/error.hpp"
#include "record/path/evaluate.hpp"
#include "record/path/functions.hpp"
#include "record/store/local_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

/// From a SearchParameter (FHIR R4, searchparameter.html) to a parameter of this centre, or to what is wrong with it.
namespace qiao::record {
namespace {

constexpr std::size_t kCode_bytes = 64;
constexpr std::size_t kTargets = 20;

[[noreturn]] void refuse(std::string_view element, std::string_view code, const std::string& why) {
    throw Error(ErrorKind::invalid, "record.bad_search_parameter", "the search parameter cannot be used",
                {{std::string(code), fmt::format("SearchParameter.{}", element), why}});
}

/// Answers that change without the resource, or that cost more than one resource may.
constexpr std::array<std::string_view, 10> kRefusedFunctions = {"now",      "today",       "timeOfDay",   "memberOf", "conformsTo",
                                                                "children", "descendants", "repeat", "trace",    "htmlChecks"};

std::string code_of(const json::Value& resource) {
    const std::string& code = resource["code"].text();
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    const bool begins_well = !code.empty() && ((code[0] >= 'a' && code[0] <= 'z') || (code[0] >= 'A' && code[0] <= 'Z'));
    if (!begins_well || code.size() > kCode_bytes || !std::all_of(code.begin(), code.end(), fits))
        refuse("code", "value", "a code begins with a letter and has up to 64 letters, digits, - and _");
    return code;
}

ParamKind kind_of(const json::Value& resource) {
    const std::string& name = resource["type"].text();
    for (const ParamKind kind : {ParamKind::token, ParamKind::reference, ParamKind::string, ParamKind::date, ParamKind::uri, ParamKind::quantity, ParamKind::number}) {
        if (kind_name(kind) == name) return kind;
    }
    refuse("type", "not-supported", fmt::format("\"{}\": number, date, string, token, reference, quantity and uri are supported", name));
}

std::vector<TypeId> types_of(const json::Value& resource, std::string_view element, std::size_t most) {
    std::vector<TypeId> types;
    const json::Value& list = resource[element];
    for (std::size_t i = 0; i < list.size(); ++i) {
        const TypeId type = find_type(list.at(i).text());
        const std::string place = fmt::format("{}[{}]", element, i);
        if (type == TypeId::none) refuse(place, "not-supported", fmt::format("\"{}\": a resource type is wanted, not what several have in common", list.at(i).text()));
        if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
    }
    if (types.size() > most) refuse(element, "too-costly", fmt::format("at most {} types", most));
    return types;
}

std::vector<std::string> texts_of(const json::Value& list) {
    std::vector<std::string> texts;
    for (const json::Value& one : list.items()) texts.push_back(one.text());
    return texts;
}

/// What stands between | at the top: in an expression for several types each has its own.
void collect_alternatives(const path::Expression& expression, path::NodeId id, std::vector<path::NodeId>& out) {
    const path::Node& node = expression.node(id);
    if (node.op != path::Op::unite) return out.push_back(id);
    collect_alternatives(expression, expression.child(node, 0), out);
    collect_alternatives(expression, expression.child(node, 1), out);
}

/// What evaluating it strictly on an empty resource says; empty when nothing is wrong. A boundary.
std::string failure_on(const path::Expression& expression, path::NodeId node, TypeId type) {
    const json::Value resource = json::Value::object({{"resourceType", type_name(type)}});
    path::Context context;
    context.resource = &resource;
    context.steps = kLocalExpressionSteps;
    try {
        path::evaluate_part(expression, node, path::Collection(*path::resource_element(resource)), context);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

path::Expression expression_of(const std::string& text, const std::vector<TypeId>& bases) {
    if (text.empty()) refuse("expression", "required", "without an expression nothing is found");
    if (text.size() > kLocalExpression_bytes) refuse("expression", "too-costly", fmt::format("at most {} bytes", kLocalExpression_bytes));
    auto parsed = path::Expression::parse(text);
    if (!parsed) refuse("expression", "invalid", fmt::format("{} (at byte {})", parsed.error().message, parsed.error().offset));
    path::Expression expression = *std::move(parsed);
    for (path::NodeId id = 0; id < expression.size(); ++id) {
        const path::Function* function = expression.node(id).function;
        if (function != nullptr && std::find(kRefusedFunctions.begin(), kRefusedFunctions.end(), function->name) != kRefusedFunctions.end())
            refuse("expression", "not-supported", fmt::format("{}(): an index holds what is in the resource itself, at a bounded cost", function->name));
    }
    std::vector<path::NodeId> alternatives;
    collect_alternatives(expression, expression.root(), alternatives);
    std::vector<bool> used(bases.size(), false);
    for (const path::NodeId node : alternatives) {
        std::string failure;
        bool fits = false;
        for (std::size_t i = 0; i < bases.size(); ++i) {
            const std::string one = failure_on(expression, node, bases[i]);
            if (!one.empty() && failure.empty()) failure = one;
            fits = fits || one.empty();
            used[i] = used[i] || one.empty();
        }
        if (!fits) refuse("expression", "invalid", failure);
    }
    const auto unused = std::find(used.begin(), used.end(), false);
    if (unused != used.end()) {
        const TypeId type = bases[static_cast<std::size_t>(unused - used.begin())];
        refuse("expression", "invalid", fmt::format("no part of it is about {}", type_name(type)));
    }
    return expression;
}

void require_free(const LocalParameter& parameter) {
    for (const TypeId type : parameter.bases) {
        if (find_parameter(type, parameter.code) == nullptr) continue;
        refuse("code", "duplicate", fmt::format("\"{}\" is a search parameter of {} in FHIR R4", parameter.code, type_name(type)));
    }
}

/// The text that read_local_parameter() reads again.
std::string kept_text(const json::Value& resource) {
    json::Value kept = json::Value::object({{"status", "active"}});
    for (const std::string_view element :
         {"url", "code", "base", "type", "expression", "target", "modifier", "comparator", "chain", "multipleOr", "multipleAnd"}) {
        if (!resource[element].is_null()) kept.set(element, resource[element]);
    }
    return kept.dump();
}

}  // namespace

std::shared_ptr<LocalParameter> read_local_parameter(const json::Value& resource) {
    if (resource["status"].text() != "active") return nullptr;
    auto parameter = std::make_shared<LocalParameter>();
    parameter->url = resource["url"].text();
    parameter->code = code_of(resource);
    parameter->kind = kind_of(resource);
    parameter->bases = types_of(resource, "base", kLocalParameterBases);
    if (parameter->bases.empty()) refuse("base", "required", "it searches no type");
    parameter->targets = types_of(resource, "target", kTargets);
    if (const std::string& usage = resource["xpathUsage"].text(); !usage.empty() && usage != "normal")
        refuse("xpathUsage", "not-supported", "the values themselves are compared: normal");
    require_free(*parameter);
    parameter->expression_text = resource["expression"].text();
    parameter->expression = expression_of(parameter->expression_text, parameter->bases);
    parameter->modifiers = texts_of(resource["modifier"]);
    parameter->comparators = texts_of(resource["comparator"]);
    parameter->chains = texts_of(resource["chain"]);
    parameter->takes_or = resource["multipleOr"].is_null() || resource["multipleOr"].truth();
    parameter->takes_and = resource["multipleAnd"].is_null() || resource["multipleAnd"].truth();
    parameter->text = kept_text(resource);
    return parameter;
}

}  // namespace qiao::record
