#include "record/path/expression.hpp"
#include "record/path/functions.hpp"
#include "record/path/lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace qiao::record::path {

namespace {

struct Binary {
    std::string_view symbol;
    Op op;
    int level;  ///< higher binds tighter
};
constexpr int kTypeLevel = 8;
constexpr int kUnaryLevel = 11;
/// The grammar of N1, section "Operator precedence", from the loosest.
constexpr std::array kBinaries = std::to_array<Binary>({
    {"implies", Op::implication, 1},
    {"or", Op::disjunction, 2},
    {"xor", Op::exclusive, 2},
    {"and", Op::conjunction, 3},
    {"in", Op::in, 4},
    {"contains", Op::contains, 4},
    {"=", Op::equal, 5},
    {"~", Op::equivalent, 5},
    {"!=", Op::not_equal, 5},
    {"!~", Op::not_equivalent, 5},
    {"<=", Op::less_equal, 6},
    {"<", Op::less, 6},
    {">", Op::greater, 6},
    {">=", Op::greater_equal, 6},
    {"|", Op::unite, 7},
    {"is", Op::type_is, kTypeLevel},
    {"as", Op::type_as, kTypeLevel},
    {"+", Op::add, 9},
    {"-", Op::subtract, 9},
    {"&", Op::concatenate, 9},
    {"*", Op::multiply, 10},
    {"/", Op::divide, 10},
    {"div", Op::div, 10},
    {"mod", Op::mod, 10},
});

constexpr std::array<std::string_view, 8> kReserved{"and", "or", "xor", "implies", "div", "mod", "true", "false"};

using Kind = Token::Kind;

}  // namespace

/// Precedence climbing. The first problem ends it: every function returns kNoNode then.
class Parser {
public:
    explicit Parser(std::string_view text) : lexer_(text) { advance(); }

    Result<Expression> whole() {
        const NodeId root = expression(0);
        if (!problem_ && token_.kind != Kind::end) fail("something follows the expression");
        if (problem_) return *problem_;
        result_.root_ = root;
        return std::move(result_);
    }

private:
    NodeId fail(std::string message) { return fail(std::move(message), token_.offset); }
    NodeId fail(std::string message, std::size_t offset) {
        if (!problem_) problem_ = ParseError{std::move(message), offset};
        return kNoNode;
    }
    void advance() {
        auto next = lexer_.next();
        if (next) {
            token_ = *std::move(next);
        } else {
            fail(next.error().message, next.error().offset);
            token_ = Token{Kind::end, {}, next.error().offset};
        }
    }
    [[nodiscard]] bool at_symbol(std::string_view symbol) const { return token_.kind == Kind::symbol && token_.text == symbol; }
    bool take(std::string_view symbol) {
        if (!at_symbol(symbol)) return false;
        advance();
        return true;
    }
    bool expect(std::string_view symbol) {
        if (take(symbol)) return true;
        fail("'" + std::string(symbol) + "' is missing");
        return false;
    }

    NodeId make(Op op, std::size_t offset, std::vector<NodeId> children, std::uint32_t index = 0, const Function* function = nullptr) {
        if (problem_) return kNoNode;
        int depth = 1;
        for (const NodeId child : children) depth = std::max(depth, child == kNoNode ? 1 : depths_[child] + 1);
        if (depth > kExpressionDepth) return fail("the expression is nested too deeply", offset);
        Node node{op,
                  index,
                  static_cast<std::uint32_t>(result_.children_.size()),
                  static_cast<std::uint32_t>(children.size()),
                  static_cast<std::uint32_t>(offset),
                  function};
        result_.children_.insert(result_.children_.end(), children.begin(), children.end());
        result_.nodes_.push_back(node);
        depths_.push_back(depth);
        return static_cast<NodeId>(result_.nodes_.size() - 1);
    }
    std::uint32_t name(std::string text) {
        result_.names_.push_back(std::move(text));
        return static_cast<std::uint32_t>(result_.names_.size() - 1);
    }
    NodeId literal(Item item, std::size_t offset) {
        result_.constants_.push_back(std::move(item));
        return make(Op::literal, offset, {}, static_cast<std::uint32_t>(result_.constants_.size() - 1));
    }

    [[nodiscard]] const Binary* binary() const {
        if (token_.kind != Kind::symbol && token_.kind != Kind::identifier) return nullptr;
        const auto* found = std::ranges::find(kBinaries, token_.text, &Binary::symbol);
        return found == kBinaries.end() ? nullptr : found;
    }

    NodeId expression(int level) {
        if (++nesting_ > kExpressionDepth) return fail("the expression is nested too deeply");
        NodeId left = unary();
        while (!problem_) {
            const Binary* row = binary();
            if (row == nullptr || row->level < level) break;
            const std::size_t offset = token_.offset;
            advance();
            if (row->level == kTypeLevel) {
                left = make(row->op, offset, {left}, type_name());
            } else {
                const NodeId right = expression(row->level + 1);
                left = make(row->op, offset, {left, right});
            }
        }
        --nesting_;
        return problem_ ? kNoNode : left;
    }

    NodeId unary() {
        if (!at_symbol("-") && !at_symbol("+")) return postfix();
        const std::size_t offset = token_.offset;
        const Op op = at_symbol("-") ? Op::negate : Op::plus_sign;
        advance();
        const NodeId operand = expression(kUnaryLevel);
        return make(op, offset, {operand});
    }

    NodeId postfix() {
        NodeId left = term();
        while (!problem_) {
            const std::size_t offset = token_.offset;
            if (take(".")) {
                left = invocation(left);
            } else if (take("[")) {
                const NodeId index = expression(0);
                expect("]");
                left = make(Op::index_of, offset, {left, index});
            } else {
                break;
            }
        }
        return left;
    }

    [[nodiscard]] bool is_name(const Token& token) const {
        if (token.kind == Kind::quoted) return true;
        return token.kind == Kind::identifier && std::ranges::find(kReserved, token.text) == kReserved.end();
    }

    /// After a point, or at the start of a term (`left` = kNoNode).
    NodeId invocation(NodeId left) {
        const Token token = token_;
        if (token.kind == Kind::variable) return variable(left);
        // After a point every word is a name: R4 writes text.div.
        const bool is_word = left != kNoNode && token.kind == Kind::identifier;
        if (!is_word && !is_name(token)) return fail("a name is missing");
        advance();
        if (!at_symbol("(")) return make(Op::member, token.offset, left == kNoNode ? std::vector<NodeId>{} : std::vector<NodeId>{left}, name(token.text));
        return call(left, token);
    }

    NodeId variable(NodeId left) {
        const Token token = token_;
        if (left != kNoNode) return fail("a variable cannot follow a point");
        advance();
        if (token.text == "$this") return make(Op::self, token.offset, {});
        if (token.text == "$index") return make(Op::position, token.offset, {});
        if (token.text == "$total") return make(Op::total, token.offset, {});
        return fail("an unknown variable " + token.text, token.offset);
    }

    NodeId call(NodeId left, const Token& token) {
        const Function* function = find_function(token.text);
        if (function == nullptr) return fail("an unknown function " + token.text, token.offset);
        advance();
        std::vector<NodeId> children{left};
        std::uint32_t type = 0;
        if (!at_symbol(")")) {
            do {
                if (function->takes_type) {
                    type = type_name();
                    children.push_back(kNoNode);
                } else {
                    children.push_back(expression(0));
                }
            } while (!problem_ && take(","));
        }
        expect(")");
        const std::size_t count = children.size() - 1;
        if (count < function->least || count > function->most) return fail(token.text + " does not take this number of arguments", token.offset);
        return make(Op::call, token.offset, std::move(children), type, function);
    }

    /// Name, or name.name.
    std::uint32_t type_name() {
        std::string text;
        for (int part = 0; part < 2; ++part) {
            if (!is_name(token_)) {
                fail("the name of a type is missing");
                return 0;
            }
            text += token_.text;
            advance();
            if (part == 1 || !at_symbol(".")) break;
            advance();
            text += '.';
        }
        return name(std::move(text));
    }

    NodeId term() {
        const Token token = token_;
        switch (token.kind) {
            case Kind::string: advance(); return literal(token.text, token.offset);
            case Kind::number: return number();
            case Kind::date: advance(); return moment(Temporal::parse_date(token.text), token.offset);
            case Kind::date_time: advance(); return moment(Temporal::parse_date_time(token.text), token.offset);
            case Kind::time: advance(); return moment(Temporal::parse_time(token.text), token.offset);
            case Kind::constant: advance(); return make(Op::constant, token.offset, {}, name(token.text));
            case Kind::symbol: return bracketed();
            case Kind::identifier:
                if (token.text == "true" || token.text == "false") {
                    advance();
                    return literal(token.text == "true", token.offset);
                }
                return invocation(kNoNode);
            case Kind::quoted:
            case Kind::variable: return invocation(kNoNode);
            case Kind::end: break;
        }
        return fail("the expression ends too early");
    }

    NodeId bracketed() {
        const std::size_t offset = token_.offset;
        if (take("{")) {
            expect("}");
            return make(Op::nothing, offset, {});
        }
        if (!take("(")) return fail("an operand is missing");
        const NodeId inner = expression(0);
        expect(")");
        return inner;
    }

    NodeId moment(const std::optional<Temporal>& value, std::size_t offset) {
        if (!value) return fail("no such date or time", offset);
        return literal(*value, offset);
    }

    NodeId number() {
        const Token token = token_;
        advance();
        const auto value = Decimal::parse(token.text);
        if (!value) return fail("a number with too many digits", token.offset);
        if (token_.kind == Kind::string) {
            Quantity quantity{*value, token_.text, false};
            advance();
            return literal(std::move(quantity), token.offset);
        }
        if (token_.kind == Kind::identifier && calendar_unit(token_.text)) {
            Quantity quantity{*value, token_.text, true};
            advance();
            return literal(std::move(quantity), token.offset);
        }
        if (token.text.find('.') != std::string::npos) return literal(*value, token.offset);
        const auto whole = value->truncated();
        if (!whole || *whole > 2'147'483'648) return fail("an integer is beyond 32 bits", token.offset);
        return literal(*whole, token.offset);
    }

    Lexer lexer_;
    Token token_;
    Expression result_;
    std::vector<int> depths_;  ///< by node
    int nesting_ = 0;
    std::optional<ParseError> problem_;
};

Result<Expression> Expression::parse(std::string_view text) {
    if (text.size() > kExpression_bytes) return ParseError{"an expression may have 16 KiB", kExpression_bytes};
    return Parser(text).whole();
}

}  // namespace qiao::record::path
