#include "record/validate/json_text.hpp"

#include "base/json_value.hpp"

#include <cstring>

namespace qiao::record::json_text {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::size_t skip_string(std::string_view text, std::size_t at) {
    for (std::size_t from = at + 1; from < text.size();) {
        const void* quote = std::memchr(text.data() + from, '"', text.size() - from);
        if (quote == nullptr) break;
        const auto found = static_cast<std::size_t>(static_cast<const char*>(quote) - text.data());
        std::size_t backslashes = 0;
        while (found - backslashes > at + 1 && text[found - backslashes - 1] == '\\') ++backslashes;
        if (backslashes % 2 == 0) return found + 1;
        from = found + 1;
    }
    return text.size();
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    while (at < text.size() && is_blank(text[at])) ++at;
    return at;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
    at = skip_blanks(text, at);
    int depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = skip_string(text, at);
            if (depth == 0) return at;
            continue;
        }
        if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return at;
            if (--depth == 0) return at + 1;
        } else if (depth == 0 && (c == ',' || c == ':' || is_blank(c))) {
            return at;
        }
        ++at;
    }
    return at;
}

void append_minified(std::string& out, std::string_view text) {
    out.reserve(out.size() + text.size());
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '"') {
            const std::size_t end = skip_string(text, at);
            out.append(text, at, end - at);
            at = end;
        } else {
            if (!is_blank(text[at])) out.push_back(text[at]);
            ++at;
        }
    }
}

std::vector<Member> members(std::string_view text) {
    std::vector<Member> found;
    std::size_t at = skip_blanks(text, 0);
    if (at >= text.size() || text[at] != '{') return found;
    at = skip_blanks(text, at + 1);
    while (at < text.size() && text[at] == '"') {
        const std::size_t key_end = skip_string(text, at);
        const std::size_t value = skip_blanks(text, skip_blanks(text, key_end) + 1);
        const std::size_t value_end = skip_value(text, value);
        found.push_back({text.substr(at, key_end - at), text.substr(value, value_end - value)});
        at = skip_blanks(text, value_end);
        if (at < text.size() && text[at] == ',') at = skip_blanks(text, at + 1);
    }
    return found;
}

bool key_is(std::string_view key_literal, std::string_view name) {
    if (key_literal.find('\\') == std::string_view::npos) return key_literal.size() == name.size() + 2 && key_literal.substr(1, name.size()) == name;
    std::string array(1, '[');
    array.append(key_literal).push_back(']');
    const auto decoded = json::parse(array);
    return decoded && decoded->at(0).text() == name;
}

}  // namespace qiao::record::json_text
