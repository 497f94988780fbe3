#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Encodings and small text functions without state. Any thread.
namespace qiao {

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
std::string to_base64(std::string_view bytes);
std::string to_base64url(std::string_view bytes);  ///< without padding
/// Standard or URL alphabet, padding optional; nothing when a character is outside it.
std::optional<std::string> from_base64(std::string_view text);
std::string percent_encode(std::string_view text);
/// Nothing when a % is not followed by two hex digits. `plus_is_space` for query strings and forms.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
bool is_utf8(std::string_view text);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
/// ASCII lower case.
std::string lower(std::string_view text);
/// Equal in time that depends on the lengths alone: for secrets and their hashes.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace qiao
