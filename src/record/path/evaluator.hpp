#pragma once

#include "base/error.hpp"
#include "record/path/compare.hpp"
#include "record/path/evaluate.hpp"
#include "record/path/functions.hpp"

#include <span>
#include <string>

/// One evaluation, as its functions see it. Part of evaluate(); one thread.
namespace qiao::record::path {

/// What $this, $index and $total are.
struct Frame {
    const Collection* self = nullptr;
    std::int64_t position = -1;  ///< -1 = none
    const Collection* total = nullptr;
};

class Evaluator {
public:
    Evaluator(const Expression& expression, const Collection& input, const Context& context) : expression_(expression), input_(input), context_(context) {}

    Collection run(NodeId id, const Frame& frame);
    /// Counts towards the limit.
    void step(std::size_t count = 1);

    [[nodiscard]] const Context& context() const { return context_; }
    [[nodiscard]] const Expression& expression() const { return expression_; }
    [[nodiscard]] bool strict() const { return context_.strictness == Strictness::strict; }
    /// The resource that contains everything.
    [[nodiscard]] const json::Value* root() const { return context_.root_resource != nullptr ? context_.root_resource : context_.resource; }
    void require_order(const Collection& collection) const;

private:
    Collection run_node(const Node& node, const Frame& frame);
    Collection run_member(const Node& node, const Frame& frame);
    Collection run_index(const Node& node, const Frame& frame);
    Collection run_constant(const Node& node);
    Collection run_logic(const Node& node, const Frame& frame);
    Collection run_binary(const Node& node, const Frame& frame);
    Collection run_type(const Node& node, const Frame& frame);

    const Expression& expression_;
    const Collection& input_;
    const Context& context_;
    std::size_t steps_ = 0;
};

/// A function at work: its input and its arguments, evaluated when asked for.
struct Call {
    Evaluator& evaluator;
    const Node& node;
    const Frame& frame;
    Collection input;

    [[nodiscard]] std::size_t count() const { return node.child_count - 1U; }
    [[nodiscard]] NodeId argument_node(std::size_t number) const { return evaluator.expression().child(node, static_cast<std::uint32_t>(number + 1)); }
    /// Argument `number` in the context of the whole expression.
    Collection argument(std::size_t number) { return evaluator.run(argument_node(number), frame); }
    /// Argument `number` with `item` as $this.
    Collection argument_for(std::size_t number, const Collection& item, std::int64_t position) {
        return evaluator.run(argument_node(number), {&item, position, frame.total});
    }

    /// The arguments as single values; nothing when empty. Throws fhirpath.type for another type.
    std::optional<std::string> text_argument(std::size_t number);
    std::optional<std::int64_t> integer_argument(std::size_t number);
    /// The input as a single value; nullptr when empty. Throws fhirpath.several.
    [[nodiscard]] const Item* single() const;
    /// The input as a String; nothing when empty. Throws fhirpath.type for another type.
    [[nodiscard]] std::optional<std::string> text() const;
};

[[noreturn]] void type_error(const std::string& message);
[[noreturn]] void several_error();

/// The only item as a System value; nothing when empty. Throws fhirpath.several.
std::optional<Item> only(const Collection& collection);

// Rows of the table of functions, by file.
std::span<const Function> collection_functions();
std::span<const Function> filter_functions();
std::span<const Function> text_functions();
std::span<const Function> coding_functions();
std::span<const Function> conversion_functions();
std::span<const Function> number_functions();
std::span<const Function> fhir_functions();

/// + - * / div mod & on single values; nothing when the result is empty. Throws fhirpath.type.
std::optional<Item> arithmetic(Op op, const Item& left, const Item& right);
std::optional<Item> negated(const Item& item);

}  // namespace qiao::record::path
