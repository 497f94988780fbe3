#include "base/json.hpp"

#include <string_view>

namespace qiao {
namespace {

void append_escaped(std::string& text, std::string_view value) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : value) {
        switch (c) {
            case '"': text += "\\\""; break;
            case '\\': text += "\\\\"; break;
            case '\n': text += "\\n"; break;
            case '\r': text += "\\r"; break;
            case '\t': text += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    text += "\\u00";
                    text += kHex[static_cast<unsigned char>(c) >> 4U];
                    text += kHex[static_cast<unsigned char>(c) & 15U];
                } else {
                    text += c;
                }
        }
    }
}

}  // namespace

void JsonWriter::separate() {
    if (text_.empty()) return;
    const char last = text_.back();
    if (last != '{' && last != '[' && last != ':') text_ += ',';
}

void JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
}
void JsonWriter::close(char bracket) { text_ += bracket; }

void JsonWriter::key(std::string_view name) {
    string(name);
    text_ += ':';
}

void JsonWriter::field(std::string_view name, std::int64_t value) {
    key(name);
    number(value);
}

void JsonWriter::field(std::string_view name, bool value) {
    key(name);
    text_ += value ? "true" : "false";
}

void JsonWriter::number(std::int64_t value) {
    separate();
    text_ += std::to_string(value);
}

void JsonWriter::raw(std::string_view json) {
    separate();
    text_ += json;
}

void JsonWriter::string(std::string_view value) {
    separate();
    text_ += '"';
    append_escaped(text_, value);
    text_ += '"';
}

std::string json_quoted(std::string_view value) {
    std::string text = "\"";
    append_escaped(text, value);
    text += '"';
    return text;
}

}  // namespace qiao
