#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Codes on paper for the day when the second factor is lost: twelve characters of 32 that cannot be taken for one another.
/// Only their HMAC under a key of the installation is kept, so the table alone opens nothing. Pure functions; any thread.
namespace qiao::access::recovery {

inline constexpr int kCodes = 10;

/// `length` characters, 5 random bits each: also for the short codes that one person reads to another.
std::string random_code(int length);
/// "7KQM-2XHT-9PWR", kCodes of them.
std::vector<std::string> new_codes();
/// As typed → upper case without spaces and dashes; O, I and L become the digits they were taken for. Empty when it is no code.
std::string normal(std::string_view typed);
/// What is kept of a code of this person.
std::string kept(std::string_view master_key, std::int64_t person, std::string_view normal_code);

}  // namespace qiao::access::recovery
