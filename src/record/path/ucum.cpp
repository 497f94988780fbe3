#include "record/path/ucum.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

namespace qiao::record::path {

namespace {

struct Prefix {
    std::string_view code;
    int exponent;
};
constexpr std::array<Prefix, 20> kPrefixes{{{"da", 1}, {"Y", 24}, {"Z", 21}, {"E", 18}, {"P", 15}, {"T", 12},  {"G", 9},   {"M", 6},   {"k", 3},   {"h", 2},
                                            {"d", -1}, {"c", -2}, {"m", -3}, {"u", -6}, {"n", -9}, {"p", -12}, {"f", -15}, {"a", -18}, {"z", -21}, {"y", -24}}};

/// An atom: `factor` ("5/9" is a fraction) times the unit `of`; empty = a base unit. Sorted by code.
struct Atom {
    std::string_view code, factor, of;
    bool metric;  ///< may carry a prefix
};
constexpr std::array kAtoms = std::to_array<Atom>({
    {"%", "0.01", "1", false},
    {"A", "1", "C/s", true},
    {"Ao", "0.1", "nm", false},
    {"Bq", "1", "s-1", true},
    {"C", "1", "", true},
    {"Cel", "1", "K", true},
    {"Ci", "37000000000", "Bq", true},
    {"F", "1", "C/V", true},
    {"Gy", "1", "J/kg", true},
    {"H", "1", "Wb/A", true},
    {"Hz", "1", "s-1", true},
    {"J", "1", "N.m", true},
    {"K", "1", "", true},
    {"L", "1", "dm3", true},
    {"N", "1", "kg.m/s2", true},
    {"Ohm", "1", "V/A", true},
    {"Pa", "1", "N/m2", true},
    {"R", "0.000258", "C/kg", true},
    {"RAD", "0.01", "Gy", true},
    {"REM", "0.01", "Sv", true},
    {"S", "1", "Ohm-1", true},
    {"Sv", "1", "J/kg", true},
    {"T", "1", "Wb/m2", true},
    {"U", "1", "umol/min", true},
    {"V", "1", "J/C", true},
    {"W", "1", "J/s", true},
    {"Wb", "1", "V.s", true},
    {"[degF]", "5/9", "K", false},
    {"[foz_us]", "29.5735295625", "mL", false},
    {"[ft_i]", "12", "[in_i]", false},
    {"[gal_us]", "3785.411784", "mL", false},
    {"[gr]", "64.79891", "mg", false},
    {"[in_i]", "2.54", "cm", false},
    {"[lb_av]", "453.59237", "g", false},
    {"[mi_i]", "1609.344", "m", false},
    {"[oz_av]", "28.349523125", "g", false},
    {"[pH]", "1", "", false},
    {"[pi]", "3.141592653589793238462643383279503", "1", false},
    {"[ppb]", "0.000000001", "1", false},
    {"[ppm]", "0.000001", "1", false},
    {"[ppth]", "0.001", "1", false},
    {"[psi]", "6894.757293168", "Pa", false},
    {"[pt_us]", "473.176473", "mL", false},
    {"[qt_us]", "946.352946", "mL", false},
    {"[sft_i]", "1", "[ft_i]2", false},
    {"[sin_i]", "1", "[in_i]2", false},
    {"[st_av]", "14", "[lb_av]", false},
    {"[tbs_us]", "14.78676478125", "mL", false},
    {"[tsp_us]", "4.92892159375", "mL", false},
    {"[yd_i]", "3", "[ft_i]", false},
    {"a", "365.25", "d", false},
    {"a_g", "365.2425", "d", false},
    {"a_j", "365.25", "d", false},
    {"a_t", "365.24219", "d", false},
    {"ar", "100", "m2", true},
    {"atm", "101325", "Pa", false},
    {"bar", "100000", "Pa", true},
    {"cal", "4.184", "J", true},
    {"cd", "1", "", true},
    {"d", "86400", "s", false},
    {"deg", "0.01745329251994329576923690768488613", "rad", false},
    {"dyn", "0.00001", "N", true},
    {"eV", "0.0000000000000000001602176487", "J", true},
    {"eq", "1", "mol", true},
    {"erg", "0.0000001", "J", true},
    {"g", "1", "", true},
    {"g%", "1", "g/dL", true},
    {"h", "3600", "s", false},
    {"kat", "1", "mol/s", true},
    {"l", "1", "L", true},
    {"lm", "1", "cd.sr", true},
    {"lx", "1", "lm/m2", true},
    {"m", "1", "", true},
    {"m[H2O]", "9806.65", "Pa", true},
    {"m[Hg]", "133322", "Pa", true},
    {"meq", "0.001", "mol", false},
    {"min", "60", "s", false},
    {"mo", "30.4375", "d", false},
    {"mo_g", "30.436875", "d", false},
    {"mo_j", "30.4375", "d", false},
    {"mo_s", "29.53059", "d", false},
    {"mol", "1", "", true},
    {"osm", "1", "mol", true},
    {"rad", "1", "", true},
    {"s", "1", "", true},
    {"sr", "1", "rad2", true},
    {"st", "1", "m3", true},
    {"t", "1000", "kg", true},
    {"u", "0.0000000000000000000000016605402", "g", true},
    {"wk", "7", "d", false},
});

const Atom* find_atom(std::string_view code) {
    const auto* found = std::ranges::lower_bound(kAtoms, code, {}, &Atom::code);
    return found != kAtoms.end() && found->code == code ? found : nullptr;
}

/// value *= by^exponent
bool scale(Decimal& value, const Decimal& by, int exponent) {
    const auto factor = power(by, exponent);
    const auto product = factor ? multiply(value, *factor) : std::nullopt;
    if (product) value = product->trimmed();
    return product.has_value();
}

bool combine(Unit& unit, const Unit& other, int exponent) {
    const bool inverse = exponent < 0;
    const int size = inverse ? -exponent : exponent;
    if (!scale(unit.numerator, inverse ? other.denominator : other.numerator, size) ||
        !scale(unit.denominator, inverse ? other.numerator : other.denominator, size))
        return false;
    unit.is_known = unit.is_known && other.is_known;
    for (const auto& [name, count] : other.dimensions) {
        const auto at = std::ranges::lower_bound(unit.dimensions, name, {}, &std::pair<std::string, int>::first);
        if (at != unit.dimensions.end() && at->first == name) {
            at->second += count * exponent;
            if (at->second == 0) unit.dimensions.erase(at);
        } else {
            unit.dimensions.insert(at, {name, count * exponent});
        }
    }
    return true;
}

std::optional<Unit> unit_of(const Atom& atom) {
    Unit unit;
    if (atom.of.empty()) {
        unit.dimensions.emplace_back(std::string(atom.code), 1);
        return unit;
    }
    const std::size_t bar = atom.factor.find('/');
    auto base = parse_unit(atom.of);
    const auto numerator = Decimal::parse(atom.factor.substr(0, bar));
    const auto denominator = bar == std::string_view::npos ? Decimal(1) : Decimal::parse(atom.factor.substr(bar + 1));
    if (!base || !numerator || !denominator) return std::nullopt;
    if (!scale(base->numerator, *numerator, 1) || !scale(base->denominator, *denominator, 1)) return std::nullopt;
    return base;
}

std::optional<Unit> simple_unit(std::string_view code) {
    if (code == "10*" || code == "10^") return Unit{Decimal(10), Decimal(1), {}, {}};
    if (const Atom* atom = find_atom(code)) return unit_of(*atom);
    for (const Prefix& prefix : kPrefixes) {
        if (!code.starts_with(prefix.code)) continue;
        const Atom* atom = find_atom(code.substr(prefix.code.size()));
        if (atom == nullptr || !atom->metric) continue;
        auto unit = unit_of(*atom);
        if (!unit || !scale(prefix.exponent < 0 ? unit->denominator : unit->numerator, Decimal(10), std::abs(prefix.exponent))) return std::nullopt;
        return unit;
    }
    Unit unknown;
    unknown.dimensions.emplace_back(std::string(code), 1);
    unknown.is_known = false;
    return unknown;
}

class UnitParser {
public:
    explicit UnitParser(std::string_view text) : text_(text) {}

    std::optional<Unit> whole() {
        Unit unit;
        if (peek() == '/') {
            if (!terms(unit, -1)) return std::nullopt;
        } else if (!terms(unit, 1)) {
            return std::nullopt;
        }
        if (at_ != text_.size()) return std::nullopt;
        return unit;
    }

private:
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    /// term: component (("." | "/") component)*, or "/" first.
    bool terms(Unit& unit, int first_sign) {
        int sign = first_sign;
        if (first_sign < 0) ++at_;
        while (true) {
            if (!component(unit, sign)) return false;
            if (peek() == '.') {
                sign = 1;
            } else if (peek() == '/') {
                sign = -1;
            } else {
                return true;
            }
            ++at_;
        }
    }

    bool component(Unit& unit, int sign) {
        if (++count_ > 64) return false;
        if (peek() == '(') {
            ++at_;
            Unit inner;
            if (!terms(inner, peek() == '/' ? -1 : 1) || peek() != ')') return false;
            ++at_;
            return combine(unit, inner, sign);
        }
        const std::size_t start = at_;
        if (annotation()) return true;  // {beats}: 1
        while (peek() >= '0' && peek() <= '9') ++at_;
        if (at_ > start && peek() != '*' && peek() != '^') {
            const auto number = Decimal::parse(text_.substr(start, at_ - start));
            return number && combine(unit, Unit{*number, Decimal(1), {}, {}}, sign) && (annotation() || true);
        }
        if (at_ > start) ++at_;  // 10*, 10^
        bool bracket = false;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '[') bracket = true;
            if (c == ']') bracket = false;
            if (!bracket && c != ']' && (c == '.' || c == '/' || c == '(' || c == ')' || c == '{' || c == '+' || c == '-' || (c >= '0' && c <= '9'))) break;
        }
        const std::string_view code = text_.substr(start, at_ - start);
        if (code.empty() || bracket) return false;
        int exponent = 1;
        if (!read_exponent(exponent)) return false;
        annotation();
        const auto simple = simple_unit(code);
        return simple && combine(unit, *simple, sign * exponent);
    }

    bool read_exponent(int& exponent) {
        const bool negative = peek() == '-';
        if (negative || peek() == '+') ++at_;
        const std::size_t start = at_;
        int value = 0;
        for (; peek() >= '0' && peek() <= '9' && at_ - start < 3; ++at_) value = value * 10 + (peek() - '0');
        if (at_ == start) return !negative;
        exponent = negative ? -value : value;
        return true;
    }

    bool annotation() {
        if (peek() != '{') return false;
        const std::size_t end = text_.find('}', at_);
        if (end == std::string_view::npos) return false;
        at_ = end + 1;
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int count_ = 0;
};

}  // namespace

std::optional<Unit> parse_unit(std::string_view code) {
    constexpr std::size_t kMost_bytes = 128;
    if (code.empty() || code.size() > kMost_bytes) return std::nullopt;
    auto unit = UnitParser(code).whole();
    // A scale with another zero has its offset only when it stands alone.
    if (unit && code == "Cel") unit->offset = *Decimal::parse("273.15");
    if (unit && code == "[degF]") unit->offset = *Decimal::parse("459.67");
    return unit;
}

namespace {

/// (value + offset) * numerator * other denominator
std::optional<Decimal> cross(const Decimal& value, const Unit& unit, const Unit& other) {
    const auto shifted = unit.offset.is_zero() ? value : add(value, unit.offset);
    const auto scaled = shifted ? multiply(*shifted, unit.numerator) : std::nullopt;
    return scaled ? multiply(*scaled, other.denominator) : std::nullopt;
}

}  // namespace

std::optional<Decimal> converted(const Decimal& value, const Unit& from, const Unit& to) {
    if (from.dimensions != to.dimensions) return std::nullopt;
    const auto scaled = cross(value, from, to);
    const auto divisor = multiply(from.denominator, to.numerator);
    const auto result = scaled && divisor ? divide(*scaled, *divisor) : std::nullopt;
    return result ? subtract(*result, to.offset) : std::nullopt;
}

std::optional<std::strong_ordering> compare(const Decimal& left, const Unit& left_unit, const Decimal& right, const Unit& right_unit) {
    if (left_unit.dimensions != right_unit.dimensions) return std::nullopt;
    const auto a = cross(left, left_unit, right_unit);
    const auto b = cross(right, right_unit, left_unit);
    return a && b ? std::optional(*a <=> *b) : std::nullopt;
}

}  // namespace qiao::record::path
