#include "base/json_value.hpp"

#include "base/json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace qiao::json {
namespace {

namespace od = simdjson::ondemand;

struct Refused {
    const char* why;
};

// simdjson reports errors as codes; inside this file they travel as Refused so that the recursion stays readable.
template <class T>
T need(simdjson::simdjson_result<T>&& result, const char* why) {
    T value;
    if (std::move(result).get(value) != simdjson::SUCCESS) throw Refused{why};
    return value;
}

std::string_view number_text(od::value& value) {
    std::string_view raw = value.raw_json_token();
    while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\n' || raw.back() == '\r' || raw.back() == '\t')) raw.remove_suffix(1);
    return raw;
}

Value read(od::value value, int depth);

Value read_object(od::value value, int depth) {
    std::vector<Value::Member> members;
    std::unordered_set<std::string> names;
    for (auto field : need(value.get_object(), "not an object")) {
        const auto key = need(field.unescaped_key(), "bad key");
        std::string name(key);
        if (!names.insert(name).second) throw Refused{"duplicate key"};
        members.emplace_back(std::move(name), read(need(field.value(), "bad value"), depth - 1));
    }
    return Value::object(std::move(members));
}

Value read(od::value value, int depth) {
    if (depth <= 0) throw Refused{"nested too deeply"};
    switch (need(value.type(), "bad value")) {
        case od::json_type::object: return read_object(value, depth);
        case od::json_type::array: {
            std::vector<Value> items;
            for (auto item : need(value.get_array(), "not an array")) items.push_back(read(need(std::move(item), "bad item"), depth - 1));
            return Value::array(std::move(items));
        }
        case od::json_type::string: return Value(need(value.get_string(), "bad string"));
        case od::json_type::boolean: return Value(need(value.get_bool(), "bad boolean"));
        case od::json_type::number: {
            std::string text(number_text(value));
            if (!is_number(text)) throw Refused{"bad number"};
            return Value::number(std::move(text));
        }
        case od::json_type::null:
            if (need(value.is_null(), "bad literal")) return {};
            break;
    }
    throw Refused{"bad value"};
}

const Value& null_value() {
    static const Value kNull;
    return kNull;
}

}  // namespace

bool is_number(std::string_view text) {
    const auto digits = [&] {
        std::size_t count = 0;
        for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++count) text.remove_prefix(1);
        return count;
    };
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool leading_zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (leading_zero && whole > 1)) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return text.empty();
}

Result<Value> parse(std::string_view text, int depth_limit) {
    static thread_local od::parser parser;
    const simdjson::padded_string padded(text);
    od::document document;
    if (!simdjson::validate_utf8(text)) return ParseError{"invalid UTF-8", 0};
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return ParseError{"not JSON", 0};
    const auto offset = [&]() -> std::size_t {
        const char* place = nullptr;
        if (document.current_location().get(place) != simdjson::SUCCESS) return text.size();
        return static_cast<std::size_t>(place - padded.data());
    };
    try {
        bool scalar = false;
        if (document.is_scalar().get(scalar) != simdjson::SUCCESS || scalar) return ParseError{"not a JSON object or array", 0};
        Value value = read(need(document.get_value(), "not JSON"), depth_limit);
        const char* rest = nullptr;
        if (document.current_location().get(rest) == simdjson::SUCCESS) return ParseError{"bytes after the JSON value", offset()};
        return value;
    } catch (const Refused& refused) {
        return ParseError{refused.why, offset()};
    }
}

Value Value::object(std::vector<Member> members) {
    Value value;
    value.kind_ = Kind::object;
    value.members_ = std::move(members);
    return value;
}

Value Value::array(std::vector<Value> items) {
    Value value;
    value.kind_ = Kind::array;
    value.items_ = std::move(items);
    return value;
}

Value Value::number(std::string text) {
    Value value;
    value.kind_ = Kind::number;
    value.text_ = std::move(text);
    return value;
}

std::optional<std::int64_t> Value::integer() const {
    if (kind_ != Kind::number) return std::nullopt;
    std::int64_t result = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), result);
    if (error != std::errc{} || end != text_.data() + text_.size()) return std::nullopt;
    return result;
}

const Value& Value::operator[](std::string_view name) const {
    for (const auto& [key, value] : members_) {
        if (key == name) return value;
    }
    return null_value();
}

const Value& Value::at(std::size_t index) const { return index < items_.size() ? items_[index] : null_value(); }

Value& Value::member(std::string_view name) {
    if (kind_ == Kind::null) kind_ = Kind::object;
    for (auto& [key, value] : members_) {
        if (key == name) return value;
    }
    return members_.emplace_back(std::string(name), Value{}).second;
}

Value& Value::set(std::string_view name, Value value) { return member(name) = std::move(value); }

void Value::remove(std::string_view name) {
    std::erase_if(members_, [&](const Member& member) { return member.first == name; });
}

Value& Value::push(Value value) {
    if (kind_ == Kind::null) kind_ = Kind::array;
    return items_.emplace_back(std::move(value));
}

void Value::append_to(std::string& out) const {
    switch (kind_) {
        case Kind::null: out += "null"; return;
        case Kind::boolean:
        case Kind::number: out += text_; return;
        case Kind::string: out += json_quoted(text_); return;
        case Kind::array: {
            out += '[';
            for (std::size_t i = 0; i < items_.size(); ++i) {
                if (i != 0) out += ',';
                items_[i].append_to(out);
            }
            out += ']';
            return;
        }
        case Kind::object: {
            out += '{';
            for (std::size_t i = 0; i < members_.size(); ++i) {
                if (i != 0) out += ',';
                out += json_quoted(members_[i].first);
                out += ':';
                members_[i].second.append_to(out);
            }
            out += '}';
            return;
        }
    }
}

std::size_t Value::depth() const {
    std::size_t inner = 0;
    for (const Value& item : items_) inner = std::max(inner, item.depth());
    for (const Member& member : members_) inner = std::max(inner, member.second.depth());
    return kind_ == Kind::array || kind_ == Kind::object ? inner + 1 : 0;
}

std::string Value::dump() const {
    std::string out;
    append_to(out);
    return out;
}

}  // namespace qiao::json
