#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The Chinese citizen identification number: check digit, birth date, sex and region that it states. Pure; any thread.
/// Source: GB 11643-1999; the check character is ISO 7064:1983 MOD 11-2.
namespace qiao::clinical {

enum class NationalIdDefect { none, length, character, birth_date, check_digit };

struct NationalId {
    std::string region;      ///< 6 digits of GB/T 2260, province first; not looked up in any table
    std::string birth_date;  ///< "1985-02-28"
    bool male = false;       ///< odd sequence number
};

/// @param text  18 characters, the last one may be x or X
NationalIdDefect check_national_id(std::string_view text);
/// What a right number states; nothing for a wrong one.
std::optional<NationalId> parse_national_id(std::string_view text);
/// The check character for the first 17 digits; nothing unless there are 17 digits.
std::optional<char> national_id_check_character(std::string_view first17);

}  // namespace qiao::clinical
