#pragma once

#include "record/path/decimal.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// UCUM units as a factor of base units, so that 4 g and 4000 mg are one quantity. The grammar is complete (prefixes, powers,
/// products, annotations); of the atoms those are known that medicine uses. Pure; any thread.
/// The mole is a base unit here: as a number of 6.022e23 it would be comparable with percent.
/// Source of factors: The Unified Code for Units of Measure 2.1, tables 1 to 6.
namespace qiao::record::path {

struct Unit {
    // A value is (value + offset) * numerator / denominator of the base units; a fraction, so that thirds and sixtieths stay exact.
    Decimal numerator{1};
    Decimal denominator{1};
    Decimal offset;  ///< degrees Celsius and Fahrenheit; 0 for other units
    /// Base unit and power, sorted; a code that is not known is a base unit of its own, comparable with itself only.
    std::vector<std::pair<std::string, int>> dimensions;
    bool is_known = true;  ///< every atom of it is in the table
};

/// The unit of a UCUM code such as "mg/dL", "10*9/L", "mm[Hg]". Nothing when the code does not parse or leaves 34 digits.
std::optional<Unit> parse_unit(std::string_view code);

/// `value` of unit `from` in unit `to`; nothing when they measure different things or 34 digits do not do.
std::optional<Decimal> converted(const Decimal& value, const Unit& from, const Unit& to);
/// Order of two values; nothing as above.
std::optional<std::strong_ordering> compare(const Decimal& left, const Unit& left_unit, const Decimal& right, const Unit& right_unit);

}  // namespace qiao::record::path
