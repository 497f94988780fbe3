#include "record/validate/parse.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "record/definitions/tables.hpp"
#include "record/validate/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace qiao::record {

namespace {

constexpr std::size_t kKeysPerObject = 10'000;
constexpr std::size_t kNumberText_bytes = 64;
constexpr std::size_t kOffsetSearch_bytes = 16'384;  ///< the second parse, which finds the offset, takes quadratic time in the keys of an object
constexpr std::size_t kKeptParser_bytes = 1U << 20U;

using simdjson::dom::element_type;

/// What simdjson accepts and a FHIR server must not; nullptr = fine.
class TapeCheck {
public:
    const char* check(const simdjson::dom::element& value) {
        switch (value.type()) {
            case element_type::OBJECT: return check_object(value);
            case element_type::ARRAY:
                for (const auto item : simdjson::dom::array(value)) {
                    if (const char* problem = check(item)) return problem;
                }
                return nullptr;
            case element_type::STRING: return value.get_string_length() > limits::kJsonString_bytes ? "a string is longer than 1 MiB" : nullptr;
            default: return nullptr;
        }
    }

private:
    const char* check_object(const simdjson::dom::object& object) {
        std::array<std::uint32_t, 32> hashes;
        std::size_t count = 0;
        bool suspect = false;
        for (const auto [key, value] : object) {
            if (count < hashes.size()) {
                const std::uint32_t hash = tables::table_hash(key);
                for (std::size_t i = 0; i < count; ++i) suspect |= hashes[i] == hash;
                hashes[count] = hash;
            }
            ++count;
            if (const char* problem = key == "data" && value.is_string() ? check_content(value) : check(value)) return problem;
        }
        if (count > kKeysPerObject) return "an object has more than 10,000 keys";
        if ((suspect || count > hashes.size()) && has_duplicate(object)) return "duplicate key";
        return nullptr;
    }

    static const char* check_content(const simdjson::dom::element& value) {
        return value.get_string_length() > limits::kJsonContent_bytes ? "content as base64 is longer than 15 MiB" : nullptr;
    }

    static bool has_duplicate(const simdjson::dom::object& object) {
        std::vector<std::string_view> keys;
        for (const auto field : object) keys.push_back(field.key);
        std::ranges::sort(keys);
        return std::ranges::adjacent_find(keys) != keys.end();
    }
};

struct TextProblem {
    const char* message;
    std::size_t offset;
};

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 0;
}

/// Code unit of the \uXXXX escape at `at`; -1 when there is none.
int escape_at(std::string_view text, std::size_t at) {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int unit = 0;
    for (std::size_t i = 2; i < 6; ++i) unit = unit * 16 + hex_value(text[at + i]);
    return unit;
}

/// Escapes of text that simdjson has accepted: no NUL, no lone surrogate.
std::optional<TextProblem> check_escapes(std::string_view text) {
    const auto* backslash = static_cast<const char*>(std::memchr(text.data(), '\\', text.size()));
    while (backslash != nullptr) {
        auto at = static_cast<std::size_t>(backslash - text.data());
        const int unit = escape_at(text, at);
        std::size_t length = unit < 0 ? 2 : 6;
        if (unit == 0) return TextProblem{"a string contains NUL", at};
        if (unit >= 0xDC00 && unit <= 0xDFFF) return TextProblem{"lone surrogate", at};
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            const int low = escape_at(text, at + 6);
            if (low < 0xDC00 || low > 0xDFFF) return TextProblem{"lone surrogate", at};
            length = 12;
        }
        at += length;
        if (at >= text.size()) break;
        backslash = static_cast<const char*>(std::memchr(text.data() + at, '\\', text.size() - at));
    }
    return std::nullopt;
}

/// Numbers stand between strings: only a long gap can hold a long one.
std::optional<TextProblem> check_number_lengths(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto* quote = static_cast<const char*>(std::memchr(text.data() + at, '"', text.size() - at));
        const std::size_t end = quote == nullptr ? text.size() : static_cast<std::size_t>(quote - text.data());
        if (end - at > kNumberText_bytes) {
            std::size_t run = 0;
            for (std::size_t i = at; i < end; ++i) {
                const char c = text[i];
                run = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E' ? run + 1 : 0;
                if (run > kNumberText_bytes) return TextProblem{"a number has more than 64 characters", i - run + 1};
            }
        }
        if (quote == nullptr) break;
        at = json_text::skip_string(text, end);
    }
    return std::nullopt;
}

ParseError located(std::string_view text, std::string message) {
    if (text.size() <= kOffsetSearch_bytes) {
        const auto again = json::parse(text, limits::kJsonDepth);
        if (!again) return again.error();
    }
    return ParseError{std::move(message), 0};
}

/// One parser a thread: its index buffer is reused, and given back when a large body has made it grow.
class LentParser {
public:
    LentParser() : parser_(mine()) {}
    ~LentParser() {
        if (parser_.capacity() > kKeptParser_bytes) parser_ = simdjson::dom::parser();
    }
    LentParser(const LentParser&) = delete;
    LentParser& operator=(const LentParser&) = delete;
    simdjson::dom::parser* operator->() { return &parser_; }

private:
    static simdjson::dom::parser& mine() {
        thread_local simdjson::dom::parser parser;
        return parser;
    }
    simdjson::dom::parser& parser_;
};

}  // namespace

struct ParsedResource::State {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    simdjson::dom::document document;

    [[nodiscard]] std::string_view text() const { return {bytes.get(), size}; }
};

ParsedResource::ParsedResource(std::unique_ptr<State> state) : state_(std::move(state)) {
    std::string_view name;
    if (root()["resourceType"].get(name) == simdjson::SUCCESS) type_ = find_type(name);
    if (root()["id"].get(id_) != simdjson::SUCCESS) id_ = {};
}
ParsedResource::ParsedResource(ParsedResource&&) noexcept = default;
ParsedResource& ParsedResource::operator=(ParsedResource&&) noexcept = default;
ParsedResource::~ParsedResource() = default;

simdjson::dom::element ParsedResource::root() const { return state_->document.root(); }
std::string_view ParsedResource::text() const { return state_->text(); }

Result<ParsedResource> parse_resource(std::string_view bytes, std::size_t limit_bytes) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
    if (bytes.size() > limit_bytes) return ParseError{"the text is longer than " + std::to_string(limit_bytes) + " bytes", limit_bytes};

    auto state = std::make_unique<ParsedResource::State>();
    state->size = bytes.size();
    state->bytes = std::make_unique<char[]>(bytes.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(state->bytes.get(), bytes.data(), bytes.size());
    const std::string_view text = state->text();

    LentParser parser;
    const std::size_t capacity = std::max<std::size_t>(text.size(), 4096);
    if (parser->capacity() < capacity || parser->max_depth() != static_cast<std::size_t>(limits::kJsonDepth)) {
        if (parser->allocate(capacity, static_cast<std::size_t>(limits::kJsonDepth)) != simdjson::SUCCESS) {
            return ParseError{"the text cannot be held in memory", 0};
        }
    }
    const auto parsed = parser->parse_into_document(state->document, state->bytes.get(), text.size(), false);
    if (parsed.error() != simdjson::SUCCESS) return located(text, simdjson::error_message(parsed.error()));
    if (!state->document.root().is_object()) return ParseError{"a resource is a JSON object", 0};
    if (const auto problem = check_escapes(text)) return ParseError{problem->message, problem->offset};
    if (const auto problem = check_number_lengths(text)) return ParseError{problem->message, problem->offset};
    if (const char* problem = TapeCheck().check(state->document.root())) return located(text, problem);
    return ParsedResource(std::move(state));
}

// ---- the body that is kept ------------------------------------------------------------------------------------------

namespace {

void append_member(std::string& out, std::string_view key, std::string_view value) {
    if (out.back() != '{') out.push_back(',');
    json_text::append_minified(out, key);
    out.push_back(':');
    json_text::append_minified(out, value);
}

void append_kept_meta(std::string& out, std::string_view meta) {
    std::string kept = "{";
    for (const auto& [key, value] : json_text::members(meta)) {
        if (!json_text::key_is(key, "versionId") && !json_text::key_is(key, "lastUpdated")) append_member(kept, key, value);
    }
    kept.push_back('}');
    if (kept != "{}") append_member(out, R"("meta")", kept);
}

}  // namespace

std::string stored_body(std::string_view json) {
    const auto members = json_text::members(json);
    std::string out = "{";
    out.reserve(json.size());
    const bool type_first = !members.empty() && json_text::key_is(members.front().key, "resourceType");
    if (type_first) append_member(out, R"("resourceType")", members.front().value);
    for (const auto& [key, value] : members) {
        if (value.starts_with('{') && json_text::key_is(key, "meta")) append_kept_meta(out, value);
    }
    for (std::size_t i = type_first ? 1 : 0; i < members.size(); ++i) {
        const auto& [key, value] = members[i];
        if (json_text::key_is(key, "id") || json_text::key_is(key, "meta")) continue;
        append_member(out, key, value);
    }
    out.push_back('}');
    return out;
}

std::string stored_body(const ParsedResource& resource) { return stored_body(resource.text()); }

void append_spliced(std::string& out, std::string_view body, const ServerMeta& meta) {
    constexpr std::string_view kType = R"({"resourceType":")";
    std::size_t head = 1;
    if (body.starts_with(kType)) head = json_text::skip_string(body, kType.size() - 1);
    std::string_view rest = body.substr(head);
    out.reserve(out.size() + body.size() + meta.id.size() + meta.version.size() + meta.last_updated.size() + 64);
    out.append(body.substr(0, head));
    if (head > 1) out.push_back(',');
    out.append(R"("id":")").append(meta.id).append(R"(","meta":{"versionId":")").append(meta.version);
    out.append(R"(","lastUpdated":")").append(meta.last_updated).push_back('"');
    if (rest.starts_with(',')) rest.remove_prefix(1);
    constexpr std::string_view kMeta = R"("meta":{)";
    if (rest.starts_with(kMeta)) {
        rest.remove_prefix(kMeta.size());
        out.push_back(',');
    } else {
        out.push_back('}');
        if (rest != "}") out.push_back(',');
    }
    out.append(rest);
}

std::string spliced(std::string_view body, const ServerMeta& meta) {
    std::string out;
    append_spliced(out, body, meta);
    return out;
}

// ---- pieces of text -------------------------------------------------------------------------------------------------

std::optional<std::string_view> raw_member(std::string_view json, std::string_view key) {
    for (const auto& member : json_text::members(json)) {
        if (json_text::key_is(member.key, key)) return member.value;
    }
    return std::nullopt;
}

std::vector<std::string_view> raw_items(std::string_view json) {
    std::vector<std::string_view> items;
    std::size_t at = json_text::skip_blanks(json, 0);
    if (at >= json.size() || json[at] != '[') return items;
    at = json_text::skip_blanks(json, at + 1);
    while (at < json.size() && json[at] != ']') {
        const std::size_t end = json_text::skip_value(json, at);
        if (end == at) break;
        items.push_back(json.substr(at, end - at));
        at = json_text::skip_blanks(json, end);
        if (at < json.size() && json[at] == ',') at = json_text::skip_blanks(json, at + 1);
    }
    return items;
}

}  // namespace qiao::record
