#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The words of a FHIRPath text, one after the other. Part of the parser; one thread.
namespace qiao::record::path {

struct Token {
    enum class Kind : std::uint8_t {
        end,
        identifier,  ///< name; text = without backquotes
        quoted,      ///< `name` in backquotes: never a key word
        string,      ///< text = unescaped
        number,      ///< text = as written
        date,        ///< @2026-11-21
        date_time,   ///< @2026-11-21T08:30
        time,        ///< @T08:30
        constant,    ///< %name
        variable,    ///< $this
        symbol,      ///< operator or bracket
    };
    Kind kind = Kind::end;
    std::string text;
    std::size_t offset = 0;
};

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}
    /// Kind::end at the end. After an error nothing more may be asked.
    Result<Token> next();

private:
    ParseError error(const char* message) const { return {message, at_}; }
    bool skip_blanks();
    [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool read_quoted(char quote, std::string& out);
    bool read_escape(std::string& out);
    Token word(Token::Kind kind, std::size_t start);
    Result<Token> read_number();
    Result<Token> read_moment();
    Result<Token> read_constant();
    Result<Token> read_symbol();

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace qiao::record::path
