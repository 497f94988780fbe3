#include "record/path/evaluator.hpp"

#include <re2/re2.h>

#include <algorithm>

/// Functions on texts (N1, section 5.6, with those of the later drafts that FHIR uses). Positions count characters, not bytes.
/// Patterns run in linear time: RE2 has no look-around and no back references.
namespace qiao::record::path {

namespace {

constexpr std::size_t kMost_bytes = 1U << 20U;

void require_size(std::size_t bytes) {
    if (bytes > kMost_bytes) throw Error(ErrorKind::too_large, "fhirpath.too_costly", "a text may have 1 MiB");
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::int64_t character_count(std::string_view text) { return std::ranges::count_if(text, starts_character); }

/// Byte position of character `number`; the size of the text when it has fewer.
std::size_t byte_of(std::string_view text, std::int64_t number) {
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        if (starts_character(text[at]) && number-- == 0) break;
    }
    return at;
}

Collection run_length(Call& call) {
    const auto text = call.text();
    return text ? Collection(Item(character_count(*text))) : Collection();
}

Collection run_substring(Call& call) {
    const auto text = call.text();
    const auto start = call.integer_argument(0);
    if (!text || !start || *start < 0 || *start >= character_count(*text)) return {};
    const std::string_view rest = std::string_view(*text).substr(byte_of(*text, *start));
    if (call.count() == 1) return Item(std::string(rest));
    const auto length = call.integer_argument(1);
    if (!length) return Item(std::string(rest));
    return Item(std::string(rest.substr(0, *length <= 0 ? 0 : byte_of(rest, *length))));
}

Collection run_index(Call& call, bool last) {
    const auto text = call.text();
    const auto part = call.text_argument(0);
    if (!text || !part) return {};
    const std::size_t at = last ? text->rfind(*part) : text->find(*part);
    if (at == std::string::npos) return Item(std::int64_t{-1});
    return Item(character_count(std::string_view(*text).substr(0, at)));
}

/// A question about two texts.
Collection ask(Call& call, bool (*question)(std::string_view text, std::string_view part)) {
    const auto text = call.text();
    const auto part = call.text_argument(0);
    return text && part ? Collection(Item(question(*text, *part))) : Collection();
}

Collection change_case(Call& call, char first, int by) {
    auto text = call.text();
    if (!text) return {};
    for (char& c : *text) {
        if (c >= first && c < first + 26) c = static_cast<char>(c + by);
    }
    return Item(*std::move(text));
}

Collection run_replace(Call& call) {
    const auto text = call.text();
    const auto pattern = call.text_argument(0);
    const auto by = call.text_argument(1);
    if (!text || !pattern || !by) return {};
    std::string out;
    if (pattern->empty()) {
        for (std::size_t i = 0; i < text->size(); ++i) {
            if (starts_character((*text)[i])) out += *by;
            out += (*text)[i];
            require_size(out.size());
        }
        return Item(out + *by);
    }
    std::size_t at = 0;
    while (true) {
        const std::size_t found = text->find(*pattern, at);
        out.append(*text, at, found == std::string::npos ? found : found - at);
        if (found == std::string::npos) break;
        out += *by;
        at = found + pattern->size();
        require_size(out.size());
    }
    return Item(std::move(out));
}

/// `pattern` compiled, "." matching line ends as N1 wants. Throws fhirpath.argument.
class Pattern {
public:
    explicit Pattern(const std::string& pattern) : regex_(pattern, options()) {
        if (!regex_.ok()) throw Error(ErrorKind::invalid, "fhirpath.argument", "a pattern that cannot be used: " + regex_.error());
    }
    [[nodiscard]] const RE2& regex() const { return regex_; }

private:
    static RE2::Options options() {
        RE2::Options options;
        options.set_dot_nl(true);
        options.set_log_errors(false);
        options.set_max_mem(1 << 20);
        return options;
    }
    RE2 regex_;
};

Collection run_matches(Call& call, bool whole) {
    const auto text = call.text();
    const auto pattern = call.text_argument(0);
    if (!text || !pattern) return {};
    const Pattern compiled(*pattern);
    return Item(whole ? RE2::FullMatch(*text, compiled.regex()) : RE2::PartialMatch(*text, compiled.regex()));
}

/// "$1" and "${name}" of the standard in RE2's words.
std::string rewrite_of(const std::string& replacement, const RE2& regex) {
    std::string out;
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        const char c = replacement[i];
        const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
        if (c == '$' && next >= '0' && next <= '9') {
            if (next - '0' > regex.NumberOfCapturingGroups()) throw Error(ErrorKind::invalid, "fhirpath.argument", "the pattern has fewer groups");
            out += '\\';
        } else if (c == '$' && next == '{') {
            const std::size_t end = replacement.find('}', i);
            const auto& groups = regex.NamedCapturingGroups();
            const auto group = end == std::string::npos ? groups.end() : groups.find(replacement.substr(i + 2, end - i - 2));
            if (group == groups.end() || group->second > 9) throw Error(ErrorKind::invalid, "fhirpath.argument", "the pattern has no such group");
            out += '\\' + std::to_string(group->second);
            i = end;
        } else if (c == '\\') {
            out += "\\\\";
        } else {
            out += c;
        }
    }
    return out;
}

Collection run_replace_matches(Call& call) {
    auto text = call.text();
    const auto pattern = call.text_argument(0);
    const auto by = call.text_argument(1);
    if (!text || !pattern || !by) return {};
    if (pattern->empty()) return Item(*std::move(text));
    require_size(text->size() * (by->size() + 1) / (by->empty() ? 1 : 2));
    const Pattern compiled(*pattern);
    RE2::GlobalReplace(&*text, compiled.regex(), rewrite_of(*by, compiled.regex()));
    require_size(text->size());
    return Item(*std::move(text));
}

Collection run_characters(Call& call) {
    const auto text = call.text();
    Collection result;
    if (!text) return result;
    for (std::size_t i = 0; i < text->size();) {
        std::size_t end = i + 1;
        while (end < text->size() && !starts_character((*text)[end])) ++end;
        call.evaluator.step();
        result.items.emplace_back(text->substr(i, end - i));
        i = end;
    }
    return result;
}

Collection run_split(Call& call) {
    const auto text = call.text();
    const auto separator = call.text_argument(0);
    if (!text || !separator) return {};
    if (separator->empty()) return run_characters(call);
    Collection result;
    for (std::size_t at = 0;;) {
        const std::size_t found = text->find(*separator, at);
        call.evaluator.step();
        result.items.emplace_back(text->substr(at, found == std::string::npos ? found : found - at));
        if (found == std::string::npos) return result;
        at = found + separator->size();
    }
}

Collection run_join(Call& call) {
    const auto separator = call.count() == 0 ? std::optional<std::string>("") : call.text_argument(0);
    if (!separator || call.input.empty()) return {};
    std::string out;
    for (std::size_t i = 0; i < call.input.size(); ++i) {
        const std::string* text = text_of(call.input.items[i]);
        if (text == nullptr) type_error("join() wants Strings and not " + type_of(call.input.items[i]).name);
        if (i > 0) out += *separator;
        out += *text;
        require_size(out.size());
    }
    return Item(std::move(out));
}

Collection run_trim(Call& call) {
    const auto text = call.text();
    if (!text) return {};
    constexpr std::string_view kBlanks = " \t\r\n\f\v";
    const std::size_t first = text->find_first_not_of(kBlanks);
    if (first == std::string::npos) return Item(std::string());
    return Item(text->substr(first, text->find_last_not_of(kBlanks) - first + 1));
}

constexpr Function kFunctions[] = {
    {"contains", 1, 1, false,
     [](Call& call) { return ask(call, [](std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }); }},
    {"endsWith", 1, 1, false, [](Call& call) { return ask(call, [](std::string_view text, std::string_view part) { return text.ends_with(part); }); }},
    {"indexOf", 1, 1, false, [](Call& call) { return run_index(call, false); }},
    {"join", 0, 1, false, run_join},
    {"lastIndexOf", 1, 1, false, [](Call& call) { return run_index(call, true); }},
    {"length", 0, 0, false, run_length},
    {"lower", 0, 0, false, [](Call& call) { return change_case(call, 'A', 'a' - 'A'); }},
    {"matches", 1, 1, false, [](Call& call) { return run_matches(call, false); }},
    {"matchesFull", 1, 1, false, [](Call& call) { return run_matches(call, true); }},
    {"replace", 2, 2, false, run_replace},
    {"replaceMatches", 2, 2, false, run_replace_matches},
    {"split", 1, 1, false, run_split},
    {"startsWith", 1, 1, false, [](Call& call) { return ask(call, [](std::string_view text, std::string_view part) { return text.starts_with(part); }); }},
    {"substring", 1, 2, false, run_substring},
    {"toChars", 0, 0, false, run_characters},
    {"trim", 0, 0, false, run_trim},
    {"upper", 0, 0, false, [](Call& call) { return change_case(call, 'a', 'A' - 'a'); }},
};

}  // namespace

std::span<const Function> text_functions() { return kFunctions; }

}  // namespace qiao::record::path
