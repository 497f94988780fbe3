#include "exchange/mail.hpp"

#include "base/text.hpp"

namespace qiao::exchange {

namespace {

constexpr std::size_t kBase64Line = 76;
constexpr std::size_t kWord_bytes = 42;  // 42 bytes are 56 characters of base64: an encoded word of at most 75

/// RFC 2047 encoded words; none is cut inside a character.
std::string header_text(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t length = std::min(kWord_bytes, text.size());
        while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
            --length;
        }
        out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + to_base64(text.substr(0, length)) + "?=");
        text.remove_prefix(length);
    }
    return out;
}

/// "Sat, 21 Nov 2026 08:30:00 +0000" from the HTTP date.
std::string mail_date(Instant now) {
    const std::string http = format_http_date(now);
    return http.substr(0, http.size() - 3) + "+0000";
}

}  // namespace

std::string mail_text(const Message& message, std::string_view from, Instant now) {
    std::string out = "Date: " + mail_date(now) + "\r\n";
    out += "From: <" + std::string(from) + ">\r\n";
    out += "To: <" + message.address + ">\r\n";
    out += "Subject: " + header_text(message.subject) + "\r\n";
    out += "Message-ID: <" + message.key + std::string(from.substr(from.find('@'))) + ">\r\n";
    if (message.urgency == "emergency") {
        out += "Importance: high\r\n";
    }
    out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const std::string body = to_base64(message.text);
    for (std::size_t at = 0; at < body.size(); at += kBase64Line) {
        out += body.substr(at, kBase64Line) + "\r\n";
    }
    return out;
}

}  // namespace qiao::exchange
