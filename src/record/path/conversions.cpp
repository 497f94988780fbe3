#include "record/path/evaluator.hpp"

#include <algorithm>

/// toX() and convertsToX() (N1, section 5.5); precision and boundaries of values.
namespace qiao::record::path {

namespace {

using Converted = std::optional<Item>;

Converted to_boolean(const Item& item) {
    if (std::holds_alternative<bool>(item)) return item;
    if (const auto number = decimal_of(item)) {
        if (*number == Decimal(1)) return Item(true);
        if (number->is_zero()) return Item(false);
        return std::nullopt;
    }
    const auto* text = std::get_if<std::string>(&item);
    if (text == nullptr) return std::nullopt;
    std::string lower = *text;
    std::ranges::transform(lower, lower.begin(), [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    for (const std::string_view yes : {"true", "t", "yes", "y", "1", "1.0"}) {
        if (lower == yes) return Item(true);
    }
    for (const std::string_view no : {"false", "f", "no", "n", "0", "0.0"}) {
        if (lower == no) return Item(false);
    }
    return std::nullopt;
}

Converted to_integer(const Item& item) {
    if (std::holds_alternative<std::int64_t>(item)) return item;
    if (const auto* boolean = std::get_if<bool>(&item)) return Item(std::int64_t{*boolean ? 1 : 0});
    const auto* text = std::get_if<std::string>(&item);
    if (text == nullptr || text->find_first_not_of("+-0123456789") != std::string::npos) return std::nullopt;
    const auto number = Decimal::parse(*text);
    const auto whole = number ? number->truncated() : std::nullopt;
    if (!whole || *whole < INT32_MIN || *whole > INT32_MAX) return std::nullopt;
    return Item(*whole);
}

Converted to_decimal(const Item& item) {
    if (const auto number = decimal_of(item)) return Item(*number);
    if (const auto* boolean = std::get_if<bool>(&item)) return Item(*Decimal::parse(*boolean ? "1.0" : "0.0"));
    const auto* text = std::get_if<std::string>(&item);
    if (text == nullptr || text->find_first_of("eE") != std::string::npos) return std::nullopt;
    const auto number = Decimal::parse(*text);
    return number ? Converted(*number) : std::nullopt;
}

Converted to_date(const Item& item) {
    if (const auto* moment = std::get_if<Temporal>(&item)) {
        if (moment->kind == Temporal::Kind::time) return std::nullopt;
        Temporal date = *moment;
        date.kind = Temporal::Kind::date;
        date.precision = std::min(date.precision, Temporal::Precision::day);
        date.hour = date.minute = date.second = 0;
        date.millisecond = 0;
        date.zone_minutes.reset();
        return Item(date);
    }
    const auto* text = std::get_if<std::string>(&item);
    const auto moment = text != nullptr ? Temporal::parse_date_time(*text) : std::nullopt;
    return moment ? to_date(*moment) : std::nullopt;
}

Converted to_date_time(const Item& item) {
    if (const auto* moment = std::get_if<Temporal>(&item)) return moment->kind == Temporal::Kind::time ? std::nullopt : Converted(moment->as_date_time());
    const auto* text = std::get_if<std::string>(&item);
    const auto moment = text != nullptr ? Temporal::parse_date_time(*text) : std::nullopt;
    return moment ? Converted(*moment) : std::nullopt;
}

Converted to_time(const Item& item) {
    if (const auto* moment = std::get_if<Temporal>(&item)) return moment->kind == Temporal::Kind::time ? Converted(item) : std::nullopt;
    const auto* text = std::get_if<std::string>(&item);
    std::string_view rest = text != nullptr ? std::string_view(*text) : std::string_view();
    if (rest.starts_with('T')) rest.remove_prefix(1);
    const auto moment = Temporal::parse_time(rest);
    return moment ? Converted(*moment) : std::nullopt;
}

Converted to_text(const Item& item) {
    if (std::holds_alternative<Element>(item) || std::holds_alternative<TypeName>(item)) return std::nullopt;
    if (const auto* moment = std::get_if<Temporal>(&item)) return Item(moment->text());
    return Item(shown_text(item));
}

/// "1.5 'mg'", "4 days", "3".
std::optional<Quantity> parse_quantity(const std::string& text) {
    const std::size_t number_end = std::min(text.find_first_not_of("+-.0123456789"), text.size());
    const auto value = Decimal::parse(text.substr(0, number_end));
    if (!value) return std::nullopt;
    const std::size_t unit_at = std::min(text.find_first_not_of(" \t", number_end), text.size());
    const std::string unit = text.substr(unit_at);
    if (unit.empty()) return number_end == text.size() ? std::optional(Quantity{*value, "1", false}) : std::nullopt;
    if (unit.size() > 2 && unit.front() == '\'' && unit.back() == '\'') return Quantity{*value, unit.substr(1, unit.size() - 2), false};
    if (unit_at == number_end || !calendar_unit(unit)) return std::nullopt;
    return Quantity{*value, unit, true};
}

Converted to_quantity(const Item& item) {
    if (std::holds_alternative<Quantity>(item)) return item;
    if (const auto number = decimal_of(item)) return Item(Quantity{*number, "1", false});
    if (const auto* boolean = std::get_if<bool>(&item)) return Item(Quantity{*Decimal::parse(*boolean ? "1.0" : "0.0"), "1", false});
    const auto* text = std::get_if<std::string>(&item);
    const auto quantity = text != nullptr ? parse_quantity(*text) : std::nullopt;
    return quantity ? Converted(*quantity) : std::nullopt;
}

/// Whether `quantity` can be said in the unit that the argument names; then it is.
Converted in_unit(const Quantity& quantity, const std::string& unit) {
    const Quantity wanted{Decimal(1), unit, calendar_unit(unit).has_value()};
    const auto from = unit_of(quantity);
    const auto to = unit_of(wanted);
    const auto value = from && to ? converted(quantity.value, *from, *to) : std::nullopt;
    return value ? Converted(Quantity{*value, unit, wanted.calendar}) : std::nullopt;
}

Converted to_quantity_of(Call& call, const Item& item) {
    auto result = to_quantity(item);
    if (!result || call.count() == 0) return result;
    const auto unit = call.text_argument(0);
    return unit ? in_unit(std::get<Quantity>(*result), *unit) : std::nullopt;
}

template <Converted (*convert)(const Item&)>
Collection run_to(Call& call) {
    const auto item = only(call.input);
    auto result = item ? convert(*item) : std::nullopt;
    return result ? Collection(*std::move(result)) : Collection();
}

template <Converted (*convert)(const Item&)>
Collection run_converts(Call& call) {
    const auto item = only(call.input);
    return item ? Collection(Item(convert(*item).has_value())) : Collection();
}

Collection run_to_quantity(Call& call) {
    const auto item = only(call.input);
    auto result = item ? to_quantity_of(call, *item) : std::nullopt;
    return result ? Collection(*std::move(result)) : Collection();
}

Collection run_converts_to_quantity(Call& call) {
    const auto item = only(call.input);
    return item ? Collection(Item(to_quantity_of(call, *item).has_value())) : Collection();
}

constexpr int kBoundaryDigits = 8;
constexpr int kMostBoundaryDigits = 28;

/// The least or greatest number that rounds to `value`, to `digits` digits after the point.
std::optional<Decimal> decimal_boundary(const Decimal& value, int digits, bool high) {
    if (digits < 0 || digits > kMostBoundaryDigits) return std::nullopt;
    const auto half = divide(Decimal(1), multiply(Decimal(2), *power(Decimal(10), value.scale())).value());
    const auto edge = high ? add(value, *half) : subtract(value, *half);
    return edge ? edge->rounded(digits, high ? Decimal::Rounding::up : Decimal::Rounding::down) : std::nullopt;
}

Collection run_boundary(Call& call, bool high) {
    const auto item = only(call.input);
    if (!item) return {};
    std::optional<int> digits;
    if (call.count() == 1) {
        const auto asked = call.integer_argument(0);
        if (!asked || *asked < -1 || *asked > 100) return {};
        digits = static_cast<int>(*asked);
    }
    if (const auto number = decimal_of(*item)) {
        const auto result = decimal_boundary(*number, digits.value_or(kBoundaryDigits), high);
        return result ? Collection(Item(*result)) : Collection();
    }
    if (const auto* quantity = std::get_if<Quantity>(&*item)) {
        const auto result = decimal_boundary(quantity->value, digits.value_or(kBoundaryDigits), high);
        return result ? Collection(Item(Quantity{*result, quantity->unit, quantity->calendar})) : Collection();
    }
    const auto* moment = std::get_if<Temporal>(&*item);
    if (moment == nullptr) type_error(std::string(call.node.function->name) + "() wants a number, a date or a time");
    const int all = moment->kind == Temporal::Kind::date ? 8 : (moment->kind == Temporal::Kind::time ? 9 : 17);
    const auto result = boundary(*moment, digits.value_or(all), high);
    return result ? Collection(Item(*result)) : Collection();
}

Collection run_precision(Call& call) {
    const auto item = only(call.input);
    if (!item) return {};
    if (const auto number = decimal_of(*item)) return Item(static_cast<std::int64_t>(number->scale()));
    const auto* moment = std::get_if<Temporal>(&*item);
    if (moment == nullptr) type_error("precision() wants a number, a date or a time");
    return Item(static_cast<std::int64_t>(moment->digits()));
}

Collection run_comparable(Call& call) {
    const auto left = only(call.input);
    const auto right = only(call.argument(0));
    if (!left || !right) return {};
    const auto* a = std::get_if<Quantity>(&*left);
    const auto* b = std::get_if<Quantity>(&*right);
    if (a == nullptr || b == nullptr) type_error("comparable() wants two Quantities");
    return Item(comparable(*a, *b));
}

constexpr Function kFunctions[] = {
    {"comparable", 1, 1, false, run_comparable},
    {"convertsToBoolean", 0, 0, false, run_converts<to_boolean>},
    {"convertsToDate", 0, 0, false, run_converts<to_date>},
    {"convertsToDateTime", 0, 0, false, run_converts<to_date_time>},
    {"convertsToDecimal", 0, 0, false, run_converts<to_decimal>},
    {"convertsToInteger", 0, 0, false, run_converts<to_integer>},
    {"convertsToQuantity", 0, 1, false, run_converts_to_quantity},
    {"convertsToString", 0, 0, false, run_converts<to_text>},
    {"convertsToTime", 0, 0, false, run_converts<to_time>},
    {"highBoundary", 0, 1, false, [](Call& call) { return run_boundary(call, true); }},
    {"lowBoundary", 0, 1, false, [](Call& call) { return run_boundary(call, false); }},
    {"precision", 0, 0, false, run_precision},
    {"toBoolean", 0, 0, false, run_to<to_boolean>},
    {"toDate", 0, 0, false, run_to<to_date>},
    {"toDateTime", 0, 0, false, run_to<to_date_time>},
    {"toDecimal", 0, 0, false, run_to<to_decimal>},
    {"toInteger", 0, 0, false, run_to<to_integer>},
    {"toQuantity", 0, 1, false, run_to_quantity},
    {"toString", 0, 0, false, run_to<to_text>},
    {"toTime", 0, 0, false, run_to<to_time>},
};

}  // namespace

std::span<const Function> conversion_functions() { return kFunctions; }

}  // namespace qiao::record::path
