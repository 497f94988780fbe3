#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// A writer that appends JSON text to one buffer; the nesting in the source is the nesting in the output. One thread.
namespace qiao {

class JsonWriter {
public:
    template <class Body>
    void object(Body body) {
        open('{');
        body();
        close('}');
    }
    template <class Body>
    void object(std::string_view name, Body body) {
        key(name);
        object(body);
    }
    template <class Body>
    void array(Body body) {
        open('[');
        body();
        close(']');
    }
    template <class Body>
    void array(std::string_view name, Body body) {
        key(name);
        array(body);
    }

    void field(std::string_view name, std::string_view value) {
        key(name);
        string(value);
    }
    void field(std::string_view name, const char* value) { field(name, std::string_view(value)); }
    void field(std::string_view name, const std::string& value) { field(name, std::string_view(value)); }
    void field(std::string_view name, std::int64_t value);
    void field(std::string_view name, int value) { field(name, static_cast<std::int64_t>(value)); }
    void field(std::string_view name, bool value);
    /// `json` is one complete JSON value, copied as it is: how resources and numbers that keep their digits are spliced in.
    void raw_field(std::string_view name, std::string_view json) {
        key(name);
        raw(json);
    }

    void key(std::string_view name);
    void string(std::string_view value);
    void number(std::int64_t value);
    void raw(std::string_view json);
    void open(char bracket);
    void close(char bracket);

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    void separate();

    std::string text_;
};

/// `value` as a JSON string literal, quotes included.
std::string json_quoted(std::string_view value);

}  // namespace qiao
