#pragma once

#include "record/extract/dates.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The values of search parameters as text and as ranges. Pure; any thread.
namespace qiao::record {

/// Splits at `separator` where no backslash stands before it; the pieces keep their escapes.
std::vector<std::string_view> split_escaped(std::string_view text, char separator);
/// Takes the escapes \, \| \$ \\ away.
std::string unescape(std::string_view text);
/// The other way: `text` as one value, whatever characters it has.
std::string escape(std::string_view text);

enum class Prefix : std::uint8_t { eq, ne, gt, lt, ge, le, sa, eb, ap };
/// Removes a prefix from the front of `text`; eq when there is none.
Prefix take_prefix(std::string_view& text);

/// A number with the half of its last digit: "5.4" is 5.4, [5.35, 5.45).
struct SearchNumber {
    double value, lo, hi;
};
std::optional<SearchNumber> parse_number(std::string_view text);

/// OperationOutcome.issue.expression of an error about a parameter: "http.birthdate".
std::string parameter_place(std::string_view name);
/// Error(invalid, "record.bad_search_value").
[[noreturn]] void throw_bad_value(std::string_view parameter, std::string_view why);
/// Error(invalid, "record.unsupported_modifier").
[[noreturn]] void throw_bad_modifier(std::string_view parameter, std::string_view modifier);

}  // namespace qiao::record
