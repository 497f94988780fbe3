#include "record/path/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record::path {

void type_error(const std::string& message) { throw Error(ErrorKind::invalid, "fhirpath.type", message); }
void several_error() { throw Error(ErrorKind::invalid, "fhirpath.several", "one item is wanted where there are several"); }

std::optional<Item> only(const Collection& collection) {
    if (collection.size() > 1) several_error();
    if (collection.empty()) return std::nullopt;
    return system_value(collection.items.front());
}

std::optional<bool> truth(const Collection& collection) {
    const auto item = only(collection);
    if (!item) return std::nullopt;
    const auto* value = std::get_if<bool>(&*item);
    return value == nullptr || *value;
}

void Evaluator::step(std::size_t count) {
    steps_ += count;
    if (steps_ > context_.steps) throw Error(ErrorKind::too_large, "fhirpath.too_costly", fmt::format("the expression needs more than {} steps", context_.steps));
}

void Evaluator::require_order(const Collection& collection) const {
    if (strict() && !collection.ordered && collection.size() > 1)
        throw Error(ErrorKind::invalid, "fhirpath.order", "children() and descendants() have no order to count in");
}

namespace {

constexpr std::size_t kTextStep_bytes = 1024;  ///< of a text that is made, copied or searched: a step

std::size_t steps_of_texts(const Collection& collection) {
    std::size_t steps = 0;
    for (const Item& item : collection.items) {
        if (const auto* text = std::get_if<std::string>(&item)) steps += text->size() / kTextStep_bytes;
    }
    return steps;
}

}  // namespace

Collection Evaluator::run(NodeId id, const Frame& frame) {
    step();
    Collection result = run_node(expression_.node(id), frame);
    step(steps_of_texts(result));
    return result;
}

Collection Evaluator::run_node(const Node& node, const Frame& frame) {
    switch (node.op) {
        case Op::literal: return expression_.constant(node);
        case Op::nothing: return {};
        case Op::constant: return run_constant(node);
        case Op::self: return *frame.self;
        case Op::position:
            if (frame.position < 0) return {};
            return Item(frame.position);
        case Op::total: return frame.total == nullptr ? Collection() : *frame.total;
        case Op::member: return run_member(node, frame);
        case Op::call: {
            const NodeId left = expression_.child(node, 0);
            Call call{*this, node, frame, left == kNoNode ? *frame.self : run(left, frame)};
            Collection result = node.function->run(call);
            step(result.size());
            return result;
        }
        case Op::index_of: return run_index(node, frame);
        case Op::type_is:
        case Op::type_as: return run_type(node, frame);
        case Op::negate:
        case Op::plus_sign: {
            const auto value = only(run(expression_.child(node, 0), frame));
            if (!value) return {};
            auto result = node.op == Op::negate ? negated(*value) : negated(*value).has_value() ? value : std::nullopt;
            return result ? Collection(*std::move(result)) : Collection();
        }
        case Op::conjunction:
        case Op::disjunction:
        case Op::exclusive:
        case Op::implication: return run_logic(node, frame);
        default: return run_binary(node, frame);
    }
}

namespace {

/// Of an empty collection what it would hold, else the shape of its first item where that is an object.
ShapeId declared_shape(const Collection& collection) {
    if (collection.empty()) return collection.declared;
    const auto* element = std::get_if<Element>(&collection.items.front());
    return element != nullptr && (element->type == ValueType::object || element->type == ValueType::resource) ? element->shape : kNoShape;
}

}  // namespace

Collection Evaluator::run_member(const Node& node, const Frame& frame) {
    const std::string& name = expression_.name(node);
    Collection from;
    if (node.child_count == 0) {
        // "Patient.name": the name of the context's own type stands for the context.
        if (name[0] >= 'A' && name[0] <= 'Z' && frame.self->size() == 1 && is_of(frame.self->items.front(), {{}, name})) return *frame.self;
    } else {
        from = run(expression_.child(node, 0), frame);
    }
    const Collection& input = node.child_count == 0 ? *frame.self : from;
    Collection result;
    result.ordered = input.ordered;
    bool known = input.empty();
    if (const ShapeId shape = declared_shape(input); shape != kNoShape) {
        const auto child = child_shape(shape, name);
        known = child.has_value();
        result.declared = child.value_or(kNoShape);
    }
    for (const Item& item : input.items) {
        if (const auto* element = std::get_if<Element>(&item)) {
            known |= append_children(*element, name, result.items);
        } else if (const auto* type = std::get_if<TypeName>(&item)) {
            const std::string* part = name == "namespace" ? &type->space : name == "name" ? &type->name : name == "baseType" ? &type->base : nullptr;
            known |= part != nullptr;
            if (part != nullptr) result.items.emplace_back(*part);
        }
    }
    if (!known && strict()) {
        throw Error(ErrorKind::invalid, "fhirpath.unknown_element",
                    "no element " + name + (input.empty() ? std::string() : " in " + type_of(input.items.front()).name));
    }
    step(result.size());
    return result;
}

Collection Evaluator::run_index(const Node& node, const Frame& frame) {
    Collection input = run(expression_.child(node, 0), frame);
    const auto index = only(run(expression_.child(node, 1), frame));
    if (!index) return {};
    const auto* number = std::get_if<std::int64_t>(&*index);
    if (number == nullptr) type_error("an index is an Integer");
    require_order(input);
    if (*number < 0 || static_cast<std::size_t>(*number) >= input.size()) return {};
    return std::move(input.items[static_cast<std::size_t>(*number)]);
}

namespace {

constexpr std::string_view kValueSets = "http://hl7.org/fhir/ValueSet/";
constexpr std::string_view kExtensions = "http://hl7.org/fhir/StructureDefinition/";

}  // namespace

Collection Evaluator::run_constant(const Node& node) {
    const std::string& name = expression_.name(node);
    const auto resource = [](const json::Value* value) {
        const auto element = value == nullptr ? std::nullopt : resource_element(*value);
        return element ? Collection(*element) : Collection();
    };
    if (name == "context") return input_;
    if (name == "resource") return resource(context_.resource);
    if (name == "rootResource") return resource(root());
    if (name == "ucum") return Item(std::string("http://unitsofmeasure.org"));
    if (name == "sct") return Item(std::string("http://snomed.info/sct"));
    if (name == "loinc") return Item(std::string("http://loinc.org"));
    if (name.starts_with("vs-")) return Item(std::string(kValueSets) + name.substr(3));
    if (name.starts_with("ext-")) return Item(std::string(kExtensions) + name.substr(4));
    throw Error(ErrorKind::invalid, "fhirpath.unknown_constant", "no constant %" + name);
}

/// Three-valued; the right side is asked only where the left one leaves it open.
Collection Evaluator::run_logic(const Node& node, const Frame& frame) {
    const auto left = truth(run(expression_.child(node, 0), frame));
    if (node.op == Op::conjunction && left == false) return Item(false);
    if (node.op == Op::disjunction && left == true) return Item(true);
    if (node.op == Op::implication && left == false) return Item(true);
    const auto right = truth(run(expression_.child(node, 1), frame));
    const auto answer = [&]() -> std::optional<bool> {
        switch (node.op) {
            case Op::conjunction: return right == false ? right : (left && right ? std::optional(true) : std::nullopt);
            case Op::disjunction: return right == true ? right : (left && right ? std::optional(false) : std::nullopt);
            case Op::exclusive: return left && right ? std::optional(*left != *right) : std::nullopt;
            default: return right == true ? right : (left && right ? right : std::nullopt);
        }
    }();
    return answer ? Collection(Item(*answer)) : Collection();
}

Collection Evaluator::run_type(const Node& node, const Frame& frame) {
    Collection input = run(expression_.child(node, 0), frame);
    const TypeSpecifier type = specifier(expression_.name(node));
    if (!type_exists(type)) throw Error(ErrorKind::invalid, "fhirpath.unknown_type", "no type " + expression_.name(node));
    if (node.op == Op::type_is) {
        if (input.empty()) return {};
        if (input.size() > 1) several_error();
        return Item(is_of(input.items.front(), type));
    }
    if (input.size() > 1 && strict()) several_error();
    std::erase_if(input.items, [&](const Item& item) { return !is_of(item, type); });
    input.declared = find_shape(type.name);
    return input;
}

namespace {

Collection boolean(std::optional<bool> value, bool wanted = true) { return value ? Collection(Item(*value == wanted)) : Collection(); }

Collection compared(Op op, const Collection& left, const Collection& right) {
    const auto a = only(left);
    const auto b = only(right);
    if (!a || !b) return {};
    const auto order = ordered(*a, *b);
    if (!order) return {};
    switch (op) {
        case Op::less: return Item(*order < 0);
        case Op::less_equal: return Item(*order <= 0);
        case Op::greater: return Item(*order > 0);
        default: return Item(*order >= 0);
    }
}

Collection united(Evaluator& evaluator, const Collection& left, const Collection& right) {
    Collection result;
    result.ordered = left.ordered && right.ordered;
    for (const Collection* side : {&left, &right}) {
        for (const Item& item : side->items) {
            evaluator.step(1 + result.size() / 64);
            if (!holds_equal(result, item)) result.items.push_back(item);
        }
    }
    return result;
}

Collection contained(const Collection& item, const Collection& collection) {
    if (item.size() > 1) several_error();
    if (item.empty()) return {};
    return Item(holds_equal(collection, item.items.front()));
}

}  // namespace

Collection Evaluator::run_binary(const Node& node, const Frame& frame) {
    const Collection left = run(expression_.child(node, 0), frame);
    const Collection right = run(expression_.child(node, 1), frame);
    switch (node.op) {
        case Op::unite: return united(*this, left, right);
        case Op::equal: return boolean(equal(left, right));
        case Op::not_equal: return boolean(equal(left, right), false);
        case Op::equivalent:
        case Op::not_equivalent: step(left.size() * right.size() / 64); return boolean(equivalent(left, right), node.op == Op::equivalent);
        case Op::in: return contained(left, right);
        case Op::contains: return contained(right, left);
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal: return compared(node.op, left, right);
        default: break;
    }
    const auto a = only(left);
    const auto b = only(right);
    if (node.op == Op::concatenate) {
        const auto part = [](const std::optional<Item>& item) { return item ? *item : Item(std::string()); };
        return *arithmetic(node.op, part(a), part(b));
    }
    if (!a || !b) return {};
    auto result = arithmetic(node.op, *a, *b);
    return result ? Collection(*std::move(result)) : Collection();
}

const Item* Call::single() const {
    if (input.size() > 1) several_error();
    return input.empty() ? nullptr : &input.items.front();
}

std::optional<std::string> Call::text() const {
    const Item* item = single();
    if (item == nullptr) return std::nullopt;
    const std::string* text = text_of(*item);
    if (text == nullptr) type_error(std::string(node.function->name) + "() wants a String and not " + type_of(*item).name);
    evaluator.step(text->size() / kTextStep_bytes);
    return *text;
}

std::optional<std::string> Call::text_argument(std::size_t number) {
    const Collection value = argument(number);
    if (value.size() > 1) several_error();
    if (value.empty()) return std::nullopt;
    const std::string* text = text_of(value.items.front());
    if (text == nullptr) type_error(std::string(node.function->name) + "() wants a String and not " + type_of(value.items.front()).name);
    return *text;
}

std::optional<std::int64_t> Call::integer_argument(std::size_t number) {
    const auto value = only(argument(number));
    if (!value) return std::nullopt;
    const auto* integer = std::get_if<std::int64_t>(&*value);
    if (integer == nullptr) type_error(std::string(node.function->name) + "() wants an Integer and not " + type_of(*value).name);
    return *integer;
}

Collection evaluate(const Expression& expression, const Collection& input, const Context& context) {
    return evaluate_part(expression, expression.root(), input, context);
}

Collection evaluate_part(const Expression& expression, NodeId node, const Collection& input, const Context& context) {
    Evaluator evaluator(expression, input, context);
    return evaluator.run(node, {&input, -1, nullptr});
}

Collection evaluate(const Expression& expression, const json::Value& resource, Context context) {
    const auto element = resource_element(resource);
    if (!element) throw Error(ErrorKind::invalid, "fhirpath.unknown_type", "resourceType is no type of FHIR R4");
    context.resource = &resource;
    return evaluate(expression, Collection(*element), context);
}

}  // namespace qiao::record::path
