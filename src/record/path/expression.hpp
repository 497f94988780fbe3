#pragma once

#include "base/result.hpp"
#include "record/path/item.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A FHIRPath expression (N1, 2.0.0), parsed once and evaluated often. Immutable; any thread.
namespace qiao::record::path {

struct Function;

enum class Op : std::uint8_t {
    literal,   ///< constants[index]; none for {}
    nothing,   ///< {}
    constant,  ///< %name: names[index]
    self,      ///< $this
    position,  ///< $index
    total,     ///< $total
    member,    ///< children[0] (absent = the context) . names[index]
    call,      ///< children[0] . function(children[1…]); children[0] is `kNoNode` for the context
    index_of,  ///< children[0] [ children[1] ]
    type_is,   ///< children[0] is names[index]
    type_as,
    negate,
    plus_sign,
    multiply,
    divide,
    div,
    mod,
    add,
    subtract,
    concatenate,
    unite,
    less,
    less_equal,
    greater,
    greater_equal,
    equal,
    not_equal,
    equivalent,
    not_equivalent,
    in,
    contains,
    conjunction,
    disjunction,
    exclusive,
    implication,
};

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xffffffff;

struct Node {
    Op op;
    std::uint32_t index = 0;  ///< of a constant or a name
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t offset = 0;  ///< bytes from the start of the text
    const Function* function = nullptr;
};

class Expression {
public:
    /// Refuses text over 16 KiB, nesting over 128 levels, functions that do not exist or take other numbers of arguments.
    static Result<Expression> parse(std::string_view text);

    [[nodiscard]] const Node& node(NodeId id) const { return nodes_[id]; }
    [[nodiscard]] NodeId child(const Node& node, std::uint32_t number) const { return children_[node.first_child + number]; }
    [[nodiscard]] const Item& constant(const Node& node) const { return constants_[node.index]; }
    [[nodiscard]] const std::string& name(const Node& node) const { return names_[node.index]; }
    [[nodiscard]] NodeId root() const { return root_; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }  ///< nodes 0 … size() - 1 are those of the expression

private:
    friend class Parser;
    std::vector<Node> nodes_;
    std::vector<NodeId> children_;
    std::vector<Item> constants_;
    std::vector<std::string> names_;
    NodeId root_ = kNoNode;
};

inline constexpr std::size_t kExpression_bytes = 16 * 1024;
inline constexpr int kExpressionDepth = 128;

}  // namespace qiao::record::path
