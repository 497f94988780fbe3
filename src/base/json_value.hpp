#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A small mutable JSON tree for code that builds or changes a document (flow, services, demo). Members keep their
/// order and numbers stay the text that was sent, because FHIR decimals keep their digits. Hot paths (validation,
/// index extraction) read with simdjson instead. A value belongs to one thread.
namespace qiao::json {

class Value {
public:
    enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
    using Member = std::pair<std::string, Value>;

    Value() = default;
    Value(std::string_view text) : kind_(Kind::string), text_(text) {}                // NOLINT(google-explicit-constructor)
    Value(const char* text) : kind_(Kind::string), text_(text) {}                     // NOLINT(google-explicit-constructor)
    Value(std::string text) : kind_(Kind::string), text_(std::move(text)) {}          // NOLINT(google-explicit-constructor)
    Value(bool value) : kind_(Kind::boolean), text_(value ? "true" : "false") {}      // NOLINT(google-explicit-constructor)
    Value(int value) : kind_(Kind::number), text_(std::to_string(value)) {}           // NOLINT(google-explicit-constructor)
    Value(std::int64_t value) : kind_(Kind::number), text_(std::to_string(value)) {}  // NOLINT(google-explicit-constructor)

    static Value object(std::vector<Member> members = {});
    static Value array(std::vector<Value> items = {});
    /// A number as its decimal text, e.g. "36.70". The caller guarantees JSON number syntax.
    static Value number(std::string text);

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
    [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }
    [[nodiscard]] bool is_array() const { return kind_ == Kind::array; }
    [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }

    /// The string, number text or "true"/"false"; empty for null, arrays and objects.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool truth() const { return kind_ == Kind::boolean && text_ == "true"; }
    /// The value of a JSON integer; nothing for anything else.
    [[nodiscard]] std::optional<std::int64_t> integer() const;

    /// Member `name` of an object, or a shared null value: chains read like FHIR paths and never throw.
    [[nodiscard]] const Value& operator[](std::string_view name) const;
    /// Item `index` of an array, or a shared null value.
    [[nodiscard]] const Value& at(std::size_t index) const;
    [[nodiscard]] const std::vector<Value>& items() const { return items_; }
    [[nodiscard]] const std::vector<Member>& members() const { return members_; }
    [[nodiscard]] std::size_t size() const { return kind_ == Kind::object ? members_.size() : items_.size(); }

    /// Member `name`, created as null when missing; turns a null value into an object.
    Value& member(std::string_view name);
    /// Sets member `name`, keeping its place when it exists; turns a null value into an object.
    Value& set(std::string_view name, Value value);
    void remove(std::string_view name);
    /// Appends to an array; turns a null value into an array.
    Value& push(Value value);
    std::vector<Value>& mutable_items() { return items_; }

    /// Levels of arrays and objects; 0 of all else. Recursive, like dump() and the destructor: who builds a tree from outside keeps
    /// it as flat as parse() would have.
    [[nodiscard]] std::size_t depth() const;
    [[nodiscard]] std::string dump() const;
    void append_to(std::string& out) const;

    friend bool operator==(const Value&, const Value&) = default;

private:
    Kind kind_ = Kind::null;
    std::string text_;
    std::vector<Value> items_;
    std::vector<Member> members_;
};

/// Whether `text` is a JSON number (RFC 8259 section 6), of any length.
bool is_number(std::string_view text);

/// Parses one JSON document of at most `depth_limit` levels. Refuses invalid UTF-8, duplicate keys, trailing bytes.
Result<Value> parse(std::string_view text, int depth_limit = 64);

}  // namespace qiao::json
