#include "record/search/values.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace qiao::record {

std::vector<std::string_view> split_escaped(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == separator) {
            pieces.push_back(text.substr(start, i - start));
            start = i + 1;
        }
    }
    pieces.push_back(text.substr(start));
    return pieces;
}

std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '|' || text[i + 1] == '$' || text[i + 1] == '\\')) ++i;
        out += text[i];
    }
    return out;
}

std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '\\' || c == ',' || c == '|' || c == '$') out += '\\';
        out += c;
    }
    return out;
}

Prefix take_prefix(std::string_view& text) {
    constexpr std::array<std::pair<std::string_view, Prefix>, 9> kPrefixes = {{{"eq", Prefix::eq},
                                                                               {"ne", Prefix::ne},
                                                                               {"gt", Prefix::gt},
                                                                               {"lt", Prefix::lt},
                                                                               {"ge", Prefix::ge},
                                                                               {"le", Prefix::le},
                                                                               {"sa", Prefix::sa},
                                                                               {"eb", Prefix::eb},
                                                                               {"ap", Prefix::ap}}};
    for (const auto& [name, prefix] : kPrefixes) {
        if (text.substr(0, 2) != name) continue;
        text.remove_prefix(2);
        return prefix;
    }
    return Prefix::eq;
}

std::optional<SearchNumber> parse_number(std::string_view text) {
    constexpr std::size_t kDigits = 64;
    if (text.size() > kDigits || !json::is_number(text)) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    const std::size_t e = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(0, e);
    int exponent = 0;
    if (e != std::string_view::npos) {
        std::string_view digits = text.substr(e + 1);
        if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
        if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc()) return std::nullopt;
    }
    const std::size_t dot = mantissa.find('.');
    const int decimals = dot == std::string_view::npos ? 0 : static_cast<int>(mantissa.size() - dot - 1);
    const double half = 0.5 * std::pow(10.0, exponent - decimals);
    return SearchNumber{value, value - half, value + half};
}

std::string parameter_place(std::string_view name) {
    constexpr std::size_t kShown_bytes = 64;
    return "http." + std::string(name.substr(0, kShown_bytes));
}

void throw_bad_value(std::string_view parameter, std::string_view why) {
    throw Error(ErrorKind::invalid, "record.bad_search_value", "bad search value",
                {{"value", parameter_place(parameter), fmt::format("the value of \"{}\" {}", parameter, why)}});
}

void throw_bad_modifier(std::string_view parameter, std::string_view modifier) {
    throw Error(ErrorKind::invalid, "record.unsupported_modifier", "unsupported search modifier",
                {{"not-supported", parameter_place(parameter), fmt::format("\"{}\" does not have the modifier \":{}\"", parameter, modifier)}});
}

}  // namespace qiao::record
