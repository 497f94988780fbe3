#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Work on the text of JSON that is known to be valid, so that digits and order stay as they were sent. Any thread.
namespace qiao::record::json_text {

/// Position after the string literal that opens at `at`.
std::size_t skip_string(std::string_view text, std::size_t at);
/// Position after the value at `at` (which may have blanks before it).
std::size_t skip_value(std::string_view text, std::size_t at);
std::size_t skip_blanks(std::string_view text, std::size_t at);

/// One member of an object: both parts as written, the key with its quotes.
struct Member {
    std::string_view key, value;
};

/// `text` without blanks between tokens, appended to `out`.
void append_minified(std::string& out, std::string_view text);
/// The members of the object `text`.
std::vector<Member> members(std::string_view text);
/// Whether the key literal (quotes included, escapes allowed) says `name`.
bool key_is(std::string_view key_literal, std::string_view name);

}  // namespace qiao::record::json_text
