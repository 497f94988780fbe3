#pragma once

#include "base/json_value.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What of a Patient tells one person from another, in the form in which it is compared. Pure; any thread.
namespace qiao::record {

inline constexpr std::string_view kNationalIdSystem = "urn:oid:2.16.156.10011.1.3";  ///< resident identity number
inline constexpr std::string_view kTemporaryIdSystem = "urn:qiao:temporary";         ///< says nothing of a person

/// What a Patient has beyond these is neither compared nor searched for.
inline constexpr std::size_t kComparedNames = 5;
inline constexpr std::size_t kComparedNumbers = 20;
inline constexpr std::size_t kComparedPhones = 10;
inline constexpr std::size_t kComparedText_bytes = 400;  ///< of a name or number

struct PersonNumber {
    std::string system;
    std::string value;     ///< half-width, without blanks, letters in upper case; a number of the first generation with 18 places
    bool checked = false;  ///< a national number whose check character is right
};

struct PersonName {
    std::string text;                ///< folded, without blanks, dots and hyphens
    std::vector<std::string> sound;  ///< toneless pinyin or the folded text, also with family and given name exchanged
    bool han = false;
};

struct Person {
    std::vector<PersonNumber> numbers;
    std::vector<PersonName> names;
    std::string birth_date;           ///< as stated: "1980", "1980-05", "1980-05-06"
    std::string sex;                  ///< male, female; empty = not stated or other
    std::vector<std::string> phones;  ///< the last eight digits
    std::string district;             ///< folded; of the first address that says anything, else its city
    std::string street;               ///< folded lines of that address, else its text
};

Person person_of(const json::Value& patient);
/// Whether an identifier or a telecom is one that person_of() takes.
bool is_compared_number(const json::Value& identifier);
bool is_compared_phone(const json::Value& telecom);
/// Half-width, without blanks, upper case; of the national system also 15 places → 18 (GB 11643-1999: "19" before the year, and
/// the check character).
std::string comparable_number(std::string_view system, std::string_view value);
/// Digits only; empty for fewer than seven.
std::string comparable_phone(std::string_view text);

}  // namespace qiao::record
