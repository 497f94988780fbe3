#include "record/transact/rewrite.hpp"

#include "base/json.hpp"
#include "base/json_value.hpp"

#include <fmt/format.h>

namespace qiao::record {
namespace {

/// The end of the string that starts behind the quote at `start`: the position of the closing quote.
std::size_t string_end(std::string_view json, std::size_t start) {
    std::size_t i = start;
    while (i < json.size() && json[i] != '"') i += json[i] == '\\' ? 2 : 1;
    return i;
}

bool is_name_character(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.'; }

/// Replaces urn names inside one string's text.
void append_rewritten(std::string& out, std::string_view text, const Renamed& names) {
    std::size_t done = 0;
    for (std::size_t at = text.find("urn:"); at != std::string_view::npos; at = text.find("urn:", at + 4)) {
        const std::size_t kind = text.compare(at, 9, "urn:uuid:") == 0 ? 9 : text.compare(at, 8, "urn:oid:") == 0 ? 8 : 0;
        if (kind == 0) continue;
        std::size_t end = at + kind;
        while (end < text.size() && is_name_character(text[end])) ++end;
        const auto found = names.find(text.substr(at, end - at));
        if (found == names.end()) continue;
        out += text.substr(done, at - done);
        out += found->second;
        done = end;
    }
    out += text.substr(done);
}

/// Walks the strings of a document: `change(key, text)` gives the new inside of a value, or nothing to keep it.
template <class Change>
std::string walk_strings(std::string_view json, Change change) {
    std::string out;
    out.reserve(json.size());
    std::string_view key;
    std::size_t done = 0;
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (json[i] != '"') continue;
        const std::size_t start = i + 1;
        const std::size_t end = string_end(json, start);
        if (end >= json.size()) break;
        i = end;
        const std::string_view text = json.substr(start, end - start);
        std::size_t next = end + 1;
        while (next < json.size() && (json[next] == ' ' || json[next] == '\n' || json[next] == '\r' || json[next] == '\t')) ++next;
        if (next < json.size() && json[next] == ':') {
            key = text;
            continue;
        }
        const std::optional<std::string> changed = change(key, text);
        if (!changed) continue;
        out += json.substr(done, start - done);
        out += *changed;
        done = end;
    }
    out += json.substr(done);
    return out;
}

}  // namespace

std::string rewrite_links(std::string_view json, const Renamed& names) {
    if (names.empty()) return std::string(json);
    return walk_strings(json, [&](std::string_view key, std::string_view text) -> std::optional<std::string> {
        if (key == "value" || key == "resourceType") return std::nullopt;
        if (const auto found = names.find(text); found != names.end()) return found->second;
        if (text.find("urn:") == std::string_view::npos) return std::nullopt;
        std::string changed;
        append_rewritten(changed, text, names);
        return changed;
    });
}

std::string resolve_conditional_references(std::string_view json, const std::function<std::string(std::string_view)>& resolve) {
    if (json.find('?') == std::string_view::npos) return std::string(json);
    return walk_strings(json, [&](std::string_view key, std::string_view text) -> std::optional<std::string> {
        if (key != "reference" || text.find('?') == std::string_view::npos || text.find(':') < text.find('?')) return std::nullopt;
        const auto plain = json::parse(fmt::format("[\"{}\"]", text));
        if (!plain) return std::nullopt;
        const std::string quoted = json_quoted(resolve(plain->at(0).text()));
        return quoted.substr(1, quoted.size() - 2);
    });
}

}  // namespace qiao::record
