#include "record/path/lexer.hpp"

#include <array>
#include <optional>

namespace qiao::record::path {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || is_digit(c); }

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0U | code >> 6U);
        out += static_cast<char>(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0U | code >> 12U);
        out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
        out += static_cast<char>(0x80U | (code & 0x3FU));
    } else {
        out += static_cast<char>(0xF0U | code >> 18U);
        out += static_cast<char>(0x80U | (code >> 12U & 0x3FU));
        out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
        out += static_cast<char>(0x80U | (code & 0x3FU));
    }
}

std::optional<std::uint32_t> hex4(std::string_view text) {
    if (text.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text.substr(0, 4)) {
        const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!is_digit(c) && !letter) return std::nullopt;
        value = value * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

}  // namespace

bool Lexer::skip_blanks() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            ++at_;
        } else if (c == '/' && peek(1) == '/') {
            while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
        } else if (c == '/' && peek(1) == '*') {
            const std::size_t end = text_.find("*/", at_ + 2);
            if (end == std::string_view::npos) return false;
            at_ = end + 2;
        } else {
            break;
        }
    }
    return true;
}

Result<Token> Lexer::next() {
    if (!skip_blanks()) return error("a comment does not end");
    Token token;
    token.offset = at_;
    const char c = peek();
    if (at_ >= text_.size()) return token;
    if (is_digit(c)) return read_number();
    if (c == '@') return read_moment();
    if (c == '%') return read_constant();
    if (c == '\'' || c == '`') {
        token.kind = c == '`' ? Token::Kind::quoted : Token::Kind::string;
        if (!read_quoted(c, token.text)) return error("a quoted text does not end or has an unknown escape");
        return token;
    }
    if (starts_name(c) || (c == '$' && starts_name(peek(1)))) {
        ++at_;
        while (in_name(peek())) ++at_;
        return word(c == '$' ? Token::Kind::variable : Token::Kind::identifier, token.offset);
    }
    return read_symbol();
}

Token Lexer::word(Token::Kind kind, std::size_t start) { return {kind, std::string(text_.substr(start, at_ - start)), start}; }

Result<Token> Lexer::read_number() {
    const std::size_t start = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
        ++at_;
        while (is_digit(peek())) ++at_;
    }
    if (at_ - start > 64) return error("a number has more than 64 characters");
    return word(Token::Kind::number, start);
}

Result<Token> Lexer::read_moment() {
    const std::size_t mark = at_++;
    const std::size_t start = at_;
    const auto moment = [&](Token::Kind kind, std::size_t from) { return Token{kind, std::string(text_.substr(from, at_ - from)), mark}; };
    if (peek() == 'T') {
        const std::size_t time = ++at_;
        while (is_digit(peek()) || peek() == ':' || (peek() == '.' && is_digit(peek(1)))) ++at_;
        return moment(Token::Kind::time, time);
    }
    // "-" belongs to a date only with two digits after it: @2026-1 is a subtraction.
    const auto part = [&] { return peek() == '-' && is_digit(peek(1)) && is_digit(peek(2)); };
    while (is_digit(peek())) ++at_;
    for (int i = 0; i < 2 && part(); ++i) at_ += 3;
    if (peek() != 'T') return moment(Token::Kind::date, start);
    ++at_;
    if (is_digit(peek())) {
        while (is_digit(peek()) || peek() == ':' || (peek() == '.' && is_digit(peek(1)))) ++at_;
        if (peek() == 'Z') {
            ++at_;
        } else if ((peek() == '+' || peek() == '-') && is_digit(peek(1)) && is_digit(peek(2)) && peek(3) == ':') {
            at_ += 6;
            if (at_ > text_.size()) at_ = text_.size();
        }
    }
    return moment(Token::Kind::date_time, start);
}

Result<Token> Lexer::read_constant() {
    Token token;
    token.kind = Token::Kind::constant;
    token.offset = at_++;
    if (peek() == '`' || peek() == '\'') {
        if (!read_quoted(peek(), token.text)) return error("a quoted text does not end or has an unknown escape");
        return token;
    }
    if (!starts_name(peek())) return error("% without a name");
    // R4 writes %vs-name and %ext-name without quotes.
    while (in_name(peek())) ++at_;
    const std::string_view name = text_.substr(token.offset + 1, at_ - token.offset - 1);
    if (name == "vs" || name == "ext") {
        while (in_name(peek()) || (peek() == '-' && starts_name(peek(1)))) ++at_;
    }
    token.text = text_.substr(token.offset + 1, at_ - token.offset - 1);
    return token;
}

Result<Token> Lexer::read_symbol() {
    static constexpr std::array<std::string_view, 22> kSymbols{"!=", "!~", "<=", ">=", "(", ")", "[", "]", "{", "}", ".",
                                                               ",",  "+",  "-",  "*",  "/", "&", "|", "=", "~", "<", ">"};
    for (const std::string_view symbol : kSymbols) {
        if (!text_.substr(at_).starts_with(symbol)) continue;
        Token token{Token::Kind::symbol, std::string(symbol), at_};
        at_ += symbol.size();
        return token;
    }
    return error("a character that no expression has");
}

bool Lexer::read_quoted(char quote, std::string& out) {
    for (++at_; at_ < text_.size(); ++at_) {
        const char c = text_[at_];
        if (c == quote) {
            ++at_;
            return true;
        }
        if (c != '\\') {
            out += c;
        } else if (!read_escape(out)) {
            return false;
        }
    }
    return false;
}

/// At a backslash; leaves `at_` on the last character of the escape.
bool Lexer::read_escape(std::string& out) {
    const char c = peek(1);
    constexpr std::string_view kNames = "rntf'\"`\\/";
    constexpr std::string_view kValues = "\r\n\t\f'\"`\\/";
    if (const std::size_t place = kNames.find(c); c != '\0' && place != std::string_view::npos) {
        out += kValues[place];
        ++at_;
        return true;
    }
    if (c != 'u') return false;
    auto code = hex4(text_.substr(at_ + 2));
    if (!code) return false;
    at_ += 5;
    if (*code >= 0xD800 && *code <= 0xDBFF) {
        const auto low = peek(1) == '\\' && peek(2) == 'u' ? hex4(text_.substr(at_ + 3)) : std::nullopt;
        if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
        code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
        at_ += 6;
    } else if (*code >= 0xDC00 && *code <= 0xDFFF) {
        return false;
    }
    append_utf8(out, *code);
    return true;
}

}  // namespace qiao::record::path
