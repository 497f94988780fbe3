#include "record/path/compare.hpp"

#include "record/path/evaluator.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace qiao::record::path {

namespace {

int sign(std::strong_ordering order) { return order < 0 ? -1 : (order > 0 ? 1 : 0); }

std::optional<int> order_quantities(const Quantity& left, const Quantity& right) {
    if (left.unit == right.unit && left.calendar == right.calendar) return sign(left.value <=> right.value);
    const auto a = unit_of(left);
    const auto b = unit_of(right);
    const auto order = a && b ? compare(left.value, *a, right.value, *b) : std::nullopt;
    return order ? std::optional(sign(*order)) : std::nullopt;
}

bool equivalent_decimals(const Decimal& left, const Decimal& right) {
    const int scale = std::min(left.trimmed().scale(), right.trimmed().scale());
    return left.rounded(scale, Decimal::Rounding::nearest) == right.rounded(scale, Decimal::Rounding::nearest);
}

/// As UCUM units: for equivalence a calendar year is the mean year.
Quantity definite(Quantity quantity) {
    constexpr std::array<std::string_view, 8> kUnits{"a", "mo", "wk", "d", "h", "min", "s", "ms"};
    if (!quantity.calendar) return quantity;
    const auto word = calendar_unit(quantity.unit);
    if (word) quantity = {quantity.value, std::string(kUnits[static_cast<std::size_t>(*word)]), false};
    return quantity;
}

/// Both in the larger of their units, compared as decimals are.
bool equivalent_quantities(const Quantity& left, const Quantity& right) {
    Quantity large = definite(left);
    Quantity small = definite(right);
    if (large.unit == small.unit) return equivalent_decimals(large.value, small.value);
    auto a = unit_of(large);
    auto b = unit_of(small);
    if (!a || !b) return false;
    const Decimal one(1);
    if (compare(one, Unit{a->numerator, a->denominator, {}, a->dimensions}, one, Unit{b->numerator, b->denominator, {}, b->dimensions}) ==
        std::strong_ordering::less) {
        std::swap(large, small);
        std::swap(a, b);
    }
    const auto value = converted(small.value, *b, *a);
    return value && equivalent_decimals(large.value, *value);
}

/// Lower case, blanks squeezed.
std::string normal(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (blank && (out.empty() || out.back() == ' ')) continue;
        out += blank ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

/// JSON of two elements: numbers by value, members in any order.
bool same_json(const json::Value& left, const json::Value& right) {
    if (left.kind() != right.kind()) return false;
    switch (left.kind()) {
        case json::Value::Kind::number: {
            const auto a = Decimal::parse(left.text());
            const auto b = Decimal::parse(right.text());
            return a && b ? *a == *b : left.text() == right.text();
        }
        case json::Value::Kind::array: return std::ranges::equal(left.items(), right.items(), same_json);
        case json::Value::Kind::object:
            return left.size() == right.size() && std::ranges::all_of(left.members(), [&](const json::Value::Member& member) {
                       const json::Value& other = right[member.first];
                       return !other.is_null() && same_json(member.second, other);
                   });
        default: return left.text() == right.text();
    }
}

bool same_element(const Element& left, const Element& right) {
    if (left.value == nullptr || right.value == nullptr) {
        return left.value == right.value && left.sidecar != nullptr && right.sidecar != nullptr && same_json(*left.sidecar, *right.sidecar);
    }
    return left.value == right.value || same_json(*left.value, *right.value);
}

/// Whether each of `left` has a partner of its own in `right` (as many).
bool matched(const Collection& left, const Collection& right) {
    std::vector<bool> used(right.size());
    return std::ranges::all_of(left.items, [&](const Item& item) {
        for (std::size_t i = 0; i < right.size(); ++i) {
            if (!used[i] && equivalent(item, right.items[i])) {
                used[i] = true;
                return true;
            }
        }
        return false;
    });
}

/// A number beside a quantity is one of unit 1.
std::optional<Quantity> quantity_of(const Item& item) {
    if (const auto* quantity = std::get_if<Quantity>(&item)) return *quantity;
    const auto number = decimal_of(item);
    return number ? std::optional(Quantity{*number, "1", false}) : std::nullopt;
}

}  // namespace

std::optional<Decimal> decimal_of(const Item& item) {
    if (const auto* whole = std::get_if<std::int64_t>(&item)) return Decimal(*whole);
    if (const auto* decimal = std::get_if<Decimal>(&item)) return *decimal;
    return std::nullopt;
}

std::optional<Unit> unit_of(const Quantity& quantity) {
    if (!quantity.calendar) return parse_unit(quantity.unit);
    const auto word = calendar_unit(quantity.unit);
    if (word == CalendarUnit::year || word == CalendarUnit::month) {
        Unit unit;
        unit.numerator = Decimal(word == CalendarUnit::year ? 12 : 1);
        unit.dimensions.emplace_back("calendar month", 1);
        return unit;
    }
    return parse_unit(definite(quantity).unit);
}

bool comparable(const Quantity& left, const Quantity& right) {
    const auto a = unit_of(left);
    const auto b = unit_of(right);
    return a && b && a->dimensions == b->dimensions;
}

std::optional<bool> equal(const Item& left_item, const Item& right_item) {
    const std::string* text = text_of(left_item);
    const std::string* other_text = text_of(right_item);
    if (text != nullptr || other_text != nullptr) return text != nullptr && other_text != nullptr && *text == *other_text;
    const Item left = system_value(left_item);
    const Item right = system_value(right_item);
    const auto a = decimal_of(left);
    const auto b = decimal_of(right);
    if (a && b) return *a == *b;
    if (std::holds_alternative<Quantity>(left) || std::holds_alternative<Quantity>(right)) {
        const auto x = quantity_of(left);
        const auto y = quantity_of(right);
        if (!x || !y) return false;
        const auto order = order_quantities(*x, *y);
        return order ? std::optional(*order == 0) : std::nullopt;
    }
    const auto* moment = std::get_if<Temporal>(&left);
    const auto* other_moment = std::get_if<Temporal>(&right);
    if (moment != nullptr && other_moment != nullptr) {
        if ((moment->kind == Temporal::Kind::time) != (other_moment->kind == Temporal::Kind::time)) return false;
        const auto order = compare(*moment, *other_moment);
        return order ? std::optional(*order == 0) : std::nullopt;
    }
    if (const auto* truth_value = std::get_if<bool>(&left)) {
        const auto* other = std::get_if<bool>(&right);
        return other != nullptr && *truth_value == *other;
    }
    const auto* element = std::get_if<Element>(&left);
    const auto* other_element = std::get_if<Element>(&right);
    if (element != nullptr && other_element != nullptr) return same_element(*element, *other_element);
    const auto* type = std::get_if<TypeName>(&left);
    const auto* other_type = std::get_if<TypeName>(&right);
    return type != nullptr && other_type != nullptr && type->space == other_type->space && type->name == other_type->name;
}

std::optional<bool> equal(const Collection& left, const Collection& right) {
    if (left.empty() || right.empty()) return std::nullopt;
    if (left.size() != right.size()) return false;
    bool open = false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        const auto same = equal(left.items[i], right.items[i]);
        if (same == false) return false;
        open |= !same;
    }
    return open ? std::nullopt : std::optional(true);
}

bool equivalent(const Item& left_item, const Item& right_item) {
    const Item left = system_value(left_item);
    const Item right = system_value(right_item);
    const auto* text = std::get_if<std::string>(&left);
    const auto* other_text = std::get_if<std::string>(&right);
    if (text != nullptr && other_text != nullptr) return normal(*text) == normal(*other_text);
    const auto a = decimal_of(left);
    const auto b = decimal_of(right);
    if (a && b) return equivalent_decimals(*a, *b);
    if (std::holds_alternative<Quantity>(left) || std::holds_alternative<Quantity>(right)) {
        const auto x = quantity_of(left);
        const auto y = quantity_of(right);
        return x && y && equivalent_quantities(*x, *y);
    }
    const auto* moment = std::get_if<Temporal>(&left);
    const auto* other_moment = std::get_if<Temporal>(&right);
    if (moment != nullptr && other_moment != nullptr) return equivalent(*moment, *other_moment);
    return equal(left, right) == true;
}

bool equivalent(const Collection& left, const Collection& right) { return left.size() == right.size() && matched(left, right); }

std::optional<int> ordered(const Item& left_item, const Item& right_item) {
    const Item left = system_value(left_item);
    const Item right = system_value(right_item);
    const auto a = decimal_of(left);
    const auto b = decimal_of(right);
    if (a && b) return sign(*a <=> *b);
    const auto* text = std::get_if<std::string>(&left);
    const auto* other_text = std::get_if<std::string>(&right);
    if (text != nullptr && other_text != nullptr) return sign(*text <=> *other_text);
    const auto* moment = std::get_if<Temporal>(&left);
    const auto* other_moment = std::get_if<Temporal>(&right);
    if (moment != nullptr && other_moment != nullptr && (moment->kind == Temporal::Kind::time) == (other_moment->kind == Temporal::Kind::time)) {
        return compare(*moment, *other_moment);
    }
    if (std::holds_alternative<Quantity>(left) || std::holds_alternative<Quantity>(right)) {
        const auto x = quantity_of(left);
        const auto y = quantity_of(right);
        if (x && y) return order_quantities(*x, *y);
    }
    type_error(shown_type(left) + " and " + shown_type(right) + " have no order");
}

bool holds_equal(const Collection& collection, const Item& item) {
    return std::ranges::any_of(collection.items, [&](const Item& other) { return equal(item, other) == true; });
}

}  // namespace qiao::record::path
