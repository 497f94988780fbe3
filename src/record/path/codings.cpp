#include "base/json.hpp"
#include "record/path/evaluator.hpp"

#include <algorithm>
#include <array>

/// encode(), decode(), escape() and unescape() of the FHIRPath drafts: hex, base64, urlbase64; html and json.
namespace qiao::record::path {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kHex[byte >> 4U];
        out += kHex[byte & 0xFU];
    }
    return out;
}

std::string to_base64(std::string_view bytes, std::string_view letters) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? letters[group >> (18U - 6U * k) & 63U] : '=';
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned byte = 0;
        for (const char c : text.substr(i, 2)) {
            const std::size_t digit = kHex.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
            if (digit == std::string_view::npos) return std::nullopt;
            byte = byte << 4U | static_cast<unsigned>(digit);
        }
        out += static_cast<char>(byte);
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text, std::string_view letters) {
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t place = letters.find(c);
        if (place == std::string_view::npos) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(place);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
        }
    }
    return out;
}

struct Entity {
    char character;
    std::string_view text;
};
constexpr std::array kEntities = std::to_array<Entity>({{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}});

std::string to_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto* entity = std::find_if(kEntities.begin(), kEntities.end(), [&](const Entity& row) { return row.character == c; });
        if (entity == kEntities.end()) {
            out += c;
        } else {
            out += entity->text;
        }
    }
    return out;
}

std::string from_html(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto* entity = std::find_if(kEntities.begin(), kEntities.end(), [&](const Entity& row) { return text.substr(i).starts_with(row.text); });
        out += entity == kEntities.end() ? text[i] : entity->character;
        i += entity == kEntities.end() ? 1 : entity->text.size();
    }
    return out;
}

std::string to_json(std::string_view text) {
    const std::string quoted = json_quoted(text);
    return quoted.substr(1, quoted.size() - 2);
}

std::optional<std::string> from_json(const std::string& text) {
    // A quotation mark that stands alone is kept as it is.
    std::string quoted = "[\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') quoted += '\\';
        quoted += text[i];
        if (text[i] == '\\' && i + 1 < text.size()) quoted += text[++i];
    }
    const auto parsed = json::parse(quoted + "\"]");
    return parsed ? std::optional(parsed->at(0).text()) : std::nullopt;
}

[[noreturn]] void unknown_form(const Call& call, const std::string& form) {
    throw Error(ErrorKind::invalid, "fhirpath.argument", std::string(call.node.function->name) + "() does not know " + form);
}

/// The text and the form; nothing when either is empty.
template <class Change>
Collection changed(Call& call, Change change) {
    const auto text = call.text();
    const auto form = call.text_argument(0);
    if (!text || !form) return {};
    const std::optional<std::string> result = change(*text, *form);
    return result ? Collection(Item(*result)) : Collection();
}

Collection run_encode(Call& call) {
    return changed(call, [&](const std::string& text, const std::string& form) -> std::optional<std::string> {
        if (form == "hex") return to_hex(text);
        if (form == "base64") return to_base64(text, kBase64);
        if (form == "urlbase64") return to_base64(text, kUrlBase64);
        unknown_form(call, form);
    });
}

Collection run_decode(Call& call) {
    return changed(call, [&](const std::string& text, const std::string& form) {
        if (form == "hex") return from_hex(text);
        if (form == "base64") return from_base64(text, kBase64);
        if (form == "urlbase64") return from_base64(text, kUrlBase64);
        unknown_form(call, form);
    });
}

Collection run_escape(Call& call) {
    return changed(call, [&](const std::string& text, const std::string& form) -> std::optional<std::string> {
        if (form == "html") return to_html(text);
        if (form == "json") return to_json(text);
        unknown_form(call, form);
    });
}

Collection run_unescape(Call& call) {
    return changed(call, [&](const std::string& text, const std::string& form) -> std::optional<std::string> {
        if (form == "html") return from_html(text);
        if (form == "json") return from_json(text);
        unknown_form(call, form);
    });
}

constexpr Function kFunctions[] = {
    {"decode", 1, 1, false, run_decode},
    {"encode", 1, 1, false, run_encode},
    {"escape", 1, 1, false, run_escape},
    {"unescape", 1, 1, false, run_unescape},
};

}  // namespace

std::span<const Function> coding_functions() { return kFunctions; }

}  // namespace qiao::record::path
