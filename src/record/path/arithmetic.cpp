#include "record/path/evaluator.hpp"

#include <cmath>
#include <limits>

/// Operators on single values (N1, section "Math") and the mathematical functions.
namespace qiao::record::path {

namespace {

std::optional<Item> integer(std::optional<std::int64_t> value) {
    constexpr std::int64_t kLow = std::numeric_limits<std::int32_t>::min();
    constexpr std::int64_t kHigh = std::numeric_limits<std::int32_t>::max();
    if (!value || *value < kLow || *value > kHigh) return std::nullopt;
    return Item(*value);
}

std::optional<Item> decimal(const std::optional<Decimal>& value) { return value ? std::optional<Item>(*value) : std::nullopt; }

[[noreturn]] void mismatch(const Item& left, const Item& right) { type_error("no such operation on " + shown_type(left) + " and " + shown_type(right)); }

/// Operands were checked to be 32-bit, so 64 bits hold every result.
std::optional<Item> on_integers(Op op, std::int64_t left, std::int64_t right) {
    switch (op) {
        case Op::add: return integer(left + right);
        case Op::subtract: return integer(left - right);
        case Op::multiply: return integer(left * right);
        case Op::divide: return decimal(divide(Decimal(left), Decimal(right)));
        case Op::div: return right == 0 ? std::nullopt : integer(left / right);
        default: return right == 0 ? std::nullopt : integer(left % right);
    }
}

std::optional<Item> on_decimals(Op op, const Decimal& left, const Decimal& right) {
    if (op == Op::add) return decimal(add(left, right));
    if (op == Op::subtract) return decimal(subtract(left, right));
    if (op == Op::multiply) return decimal(multiply(left, right));
    const auto quotient = divide(left, right);
    if (op == Op::divide || !quotient) return decimal(quotient);
    const auto whole = quotient->rounded(0, Decimal::Rounding::to_zero);
    if (op == Op::div) return whole ? integer(whole->truncated()) : std::nullopt;
    const auto product = whole ? multiply(*whole, right) : std::nullopt;
    return product ? decimal(subtract(left, *product)) : std::nullopt;
}

/// Quantities of different units meet in the unit of the left one.
std::optional<Decimal> in_unit_of(const Quantity& quantity, const Quantity& to) {
    if (quantity.unit == to.unit && quantity.calendar == to.calendar) return quantity.value;
    const auto from_unit = unit_of(quantity);
    const auto to_unit = unit_of(to);
    return from_unit && to_unit ? converted(quantity.value, *from_unit, *to_unit) : std::nullopt;
}

std::string joined_units(const Quantity& left, const Quantity& right, char between) {
    const auto bracketed = [](const std::string& unit) { return unit.find_first_of("./") == std::string::npos ? unit : '(' + unit + ')'; };
    if (right.unit == "1") return left.unit;
    if (between == '.' && left.unit == "1") return right.unit;
    if (between == '/' && left.unit == right.unit) return "1";
    if (left.unit == "1") return '/' + bracketed(right.unit);
    return left.unit + between + (between == '/' ? bracketed(right.unit) : right.unit);
}

std::optional<Item> on_quantities(Op op, const Quantity& left, const Quantity& right) {
    if (op == Op::add || op == Op::subtract) {
        const auto other = in_unit_of(right, left);
        const auto value = other ? (op == Op::add ? add(left.value, *other) : subtract(left.value, *other)) : std::nullopt;
        return value ? std::optional<Item>(Quantity{*value, left.unit, left.calendar}) : std::nullopt;
    }
    if (op != Op::multiply && op != Op::divide) mismatch(left, right);
    const auto value = op == Op::multiply ? multiply(left.value, right.value) : divide(left.value, right.value);
    if (!value) return std::nullopt;
    return Item(Quantity{*value, joined_units(left, right, op == Op::multiply ? '.' : '/'), false});
}

/// "month" in quotes is the calendar's month too; 'mo' and 'a' are means of 30.4375 and 365.25 days, by which no date moves.
CalendarUnit moving_unit(const Quantity& quantity) {
    if (const auto word = calendar_unit(quantity.unit)) return *word;
    if (!quantity.calendar) {
        if (quantity.unit == "wk") return CalendarUnit::week;
        if (quantity.unit == "d") return CalendarUnit::day;
        if (quantity.unit == "h") return CalendarUnit::hour;
        if (quantity.unit == "min") return CalendarUnit::minute;
        if (quantity.unit == "s") return CalendarUnit::second;
        if (quantity.unit == "ms") return CalendarUnit::millisecond;
    }
    type_error("a date or time moves by calendar units and not by '" + quantity.unit + "'");
}

std::optional<Item> on_moment(Op op, const Temporal& moment, const Quantity& quantity) {
    const CalendarUnit unit = moving_unit(quantity);
    if (moment.kind == Temporal::Kind::time && unit < CalendarUnit::hour) type_error("a time moves by hours and what is shorter");
    const auto result = moved(moment, op == Op::add ? quantity.value : quantity.value.negated(), unit);
    return result ? std::optional<Item>(*result) : std::nullopt;
}

}  // namespace

std::optional<Item> arithmetic(Op op, const Item& left, const Item& right) {
    const auto* text = std::get_if<std::string>(&left);
    const auto* other_text = std::get_if<std::string>(&right);
    if (text != nullptr && other_text != nullptr && (op == Op::add || op == Op::concatenate)) {
        constexpr std::size_t kMost_bytes = 1U << 20U;
        if (text->size() + other_text->size() > kMost_bytes) throw Error(ErrorKind::too_large, "fhirpath.too_costly", "a text may have 1 MiB");
        return Item(*text + *other_text);
    }
    if (op == Op::concatenate) mismatch(left, right);
    const auto* moment = std::get_if<Temporal>(&left);
    const auto* quantity = std::get_if<Quantity>(&left);
    const auto* other_quantity = std::get_if<Quantity>(&right);
    if (moment != nullptr && other_quantity != nullptr && (op == Op::add || op == Op::subtract)) return on_moment(op, *moment, *other_quantity);
    const auto* a = std::get_if<std::int64_t>(&left);
    const auto* b = std::get_if<std::int64_t>(&right);
    if (a != nullptr && b != nullptr) return on_integers(op, *a, *b);
    const auto x = decimal_of(left);
    const auto y = decimal_of(right);
    if (x && y) return on_decimals(op, *x, *y);
    if ((quantity != nullptr || x) && (other_quantity != nullptr || y)) {
        return on_quantities(op, quantity != nullptr ? *quantity : Quantity{*x, "1", false},
                             other_quantity != nullptr ? *other_quantity : Quantity{*y, "1", false});
    }
    mismatch(left, right);
}

std::optional<Item> negated(const Item& item) {
    if (const auto* whole = std::get_if<std::int64_t>(&item)) return Item(-*whole);
    if (const auto* number = std::get_if<Decimal>(&item)) return Item(number->negated());
    if (const auto* quantity = std::get_if<Quantity>(&item)) return Item(Quantity{quantity->value.negated(), quantity->unit, quantity->calendar});
    type_error("no sign before " + shown_type(item));
}

namespace {

Collection result_of(std::optional<Item> item) { return item ? Collection(*std::move(item)) : Collection(); }

/// The input as a number; nothing when empty.
std::optional<Item> number_input(const Call& call) {
    const auto item = only(call.input);
    if (item && !decimal_of(*item) && !std::holds_alternative<Quantity>(*item))
        type_error(std::string(call.node.function->name) + "() wants a number and not " + shown_type(*item));
    return item;
}

std::optional<Decimal> plain_number(const Call& call) {
    const auto item = number_input(call);
    if (item && std::holds_alternative<Quantity>(*item)) type_error(std::string(call.node.function->name) + "() wants no Quantity");
    return item ? decimal_of(*item) : std::nullopt;
}

Collection run_abs(Call& call) {
    const auto item = number_input(call);
    if (!item) return {};
    if (const auto* whole = std::get_if<std::int64_t>(&*item)) return result_of(integer(std::abs(*whole)));
    if (const auto* number = std::get_if<Decimal>(&*item)) return Item(number->absolute());
    const auto& quantity = std::get<Quantity>(*item);
    return Item(Quantity{quantity.value.absolute(), quantity.unit, quantity.calendar});
}

Collection to_whole(const Call& call, Decimal::Rounding rounding) {
    const auto number = plain_number(call);
    const auto whole = number ? number->rounded(0, rounding) : std::nullopt;
    return whole ? result_of(integer(whole->truncated())) : Collection();
}

Collection run_round(Call& call) {
    const auto number = plain_number(call);
    if (!number) return {};
    const auto digits = call.count() == 0 ? std::optional<std::int64_t>(0) : call.integer_argument(0);
    if (!digits) return {};
    if (*digits < 0) throw Error(ErrorKind::invalid, "fhirpath.argument", "round() wants no negative precision");
    if (*digits >= number->scale()) return Item(*number);
    return result_of(decimal(number->rounded(static_cast<int>(*digits), Decimal::Rounding::nearest)));
}

Collection run_power(Call& call) {
    const auto base_item = number_input(call);
    const auto base = plain_number(call);
    const auto exponent_item = only(call.argument(0));
    const auto exponent = exponent_item ? decimal_of(*exponent_item) : std::nullopt;
    if (exponent_item && !exponent) type_error("power() wants a number");
    if (!base || !exponent) return {};
    if (exponent->is_whole()) {
        const auto whole = exponent->truncated();
        const auto result = whole ? power(*base, *whole) : std::nullopt;
        const bool integers = std::holds_alternative<std::int64_t>(*base_item) && std::holds_alternative<std::int64_t>(*exponent_item) && *whole >= 0;
        if (integers) return result ? result_of(integer(result->truncated())) : Collection();
        return result_of(decimal(result));
    }
    return result_of(decimal(Decimal::from_approximation(std::pow(base->approximation(), exponent->approximation()))));
}

Collection approximate(const Call& call, long double (*function)(long double)) {
    const auto number = plain_number(call);
    return number ? result_of(decimal(Decimal::from_approximation(function(number->approximation())))) : Collection();
}

Collection run_log(Call& call) {
    const auto number = plain_number(call);
    const auto base_item = only(call.argument(0));
    const auto base = base_item ? decimal_of(*base_item) : std::nullopt;
    if (base_item && !base) type_error("log() wants a number");
    if (!number || !base) return {};
    return result_of(decimal(Decimal::from_approximation(std::log(number->approximation()) / std::log(base->approximation()))));
}

constexpr Function kFunctions[] = {
    {"abs", 0, 0, false, run_abs},
    {"ceiling", 0, 0, false, [](Call& call) { return to_whole(call, Decimal::Rounding::up); }},
    {"exp", 0, 0, false, [](Call& call) { return approximate(call, [](long double x) { return std::exp(x); }); }},
    {"floor", 0, 0, false, [](Call& call) { return to_whole(call, Decimal::Rounding::down); }},
    {"ln", 0, 0, false, [](Call& call) { return approximate(call, [](long double x) { return std::log(x); }); }},
    {"log", 1, 1, false, run_log},
    {"power", 1, 1, false, run_power},
    {"round", 0, 1, false, run_round},
    {"sqrt", 0, 0, false, [](Call& call) { return approximate(call, [](long double x) { return std::sqrt(x); }); }},
    {"truncate", 0, 0, false, [](Call& call) { return to_whole(call, Decimal::Rounding::to_zero); }},
};

}  // namespace

std::span<const Function> number_functions() { return kFunctions; }

}  // namespace qiao::record::path
