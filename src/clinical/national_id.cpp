#include "clinical/national_id.hpp"

#include <array>
#include <chrono>

namespace qiao::clinical {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int number(std::string_view digits) {
    int value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return value;
}

bool is_date(std::string_view yyyymmdd) {
    const std::chrono::year_month_day date{std::chrono::year(number(yyyymmdd.substr(0, 4))), std::chrono::month(static_cast<unsigned>(number(yyyymmdd.substr(4, 2)))),
                                           std::chrono::day(static_cast<unsigned>(number(yyyymmdd.substr(6, 2))))};
    return date.ok() && date.year() >= std::chrono::year(1800);
}

}  // namespace

std::optional<char> national_id_check_character(std::string_view first17) {
    // GB 11643-1999 4.2: weights 2^(i-1) mod 11 by place from the right, check characters for remainders 0..10.
    static constexpr std::array kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static constexpr std::string_view kCharacters = "10X98765432";
    if (first17.size() != kWeights.size()) return std::nullopt;
    int sum = 0;
    for (std::size_t i = 0; i < kWeights.size(); ++i) {
        if (!is_digit(first17[i])) return std::nullopt;
        sum += (first17[i] - '0') * kWeights[i];
    }
    return kCharacters[static_cast<std::size_t>(sum % 11)];
}

NationalIdDefect check_national_id(std::string_view text) {
    if (text.size() != 18) return NationalIdDefect::length;
    const auto expected = national_id_check_character(text.substr(0, 17));
    const char last = text[17] == 'x' ? 'X' : text[17];
    if (!expected || (!is_digit(last) && last != 'X')) return NationalIdDefect::character;
    if (!is_date(text.substr(6, 8))) return NationalIdDefect::birth_date;
    return last == *expected ? NationalIdDefect::none : NationalIdDefect::check_digit;
}

std::optional<NationalId> parse_national_id(std::string_view text) {
    if (check_national_id(text) != NationalIdDefect::none) return std::nullopt;
    NationalId id;
    id.region = text.substr(0, 6);
    id.birth_date = std::string(text.substr(6, 4)) + "-" + std::string(text.substr(10, 2)) + "-" + std::string(text.substr(12, 2));
    id.male = (text[16] - '0') % 2 == 1;
    return id;
}

}  // namespace qiao::clinical
