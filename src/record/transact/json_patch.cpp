#include "record/transact/json_patch.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace qiao::record {
namespace {

using json::Value;

constexpr std::size_t kOperations = 1000;

/// Where in the patch an error is: "[3]".
struct Place {
    std::size_t index;
    [[noreturn]] void malformed(std::string_view why) const { refuse("record.bad_patch", "this is no JSON Patch", why); }
    [[noreturn]] void failed(std::string_view why) const { refuse("record.patch_failed", "the patch does not fit the resource", why); }

private:
    [[noreturn]] void refuse(std::string_view code, const std::string& message, std::string_view why) const {
        throw Error(ErrorKind::invalid, code, message, {{"processing", "", fmt::format("operation {}: {}", index, why)}});
    }
};

/// A JSON Pointer (RFC 6901), unescaped.
std::vector<std::string> pointer_of(const Value& text, const Place& place) {
    if (!text.is_string()) place.malformed("path and from are JSON Pointers");
    std::vector<std::string> tokens;
    std::string_view rest = text.text();
    if (rest.empty()) return tokens;
    if (rest.front() != '/') place.malformed("a JSON Pointer begins with /");
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '/') {
            tokens.emplace_back();
        } else if (rest[i] == '~') {
            if (i + 1 == rest.size() || (rest[i + 1] != '0' && rest[i + 1] != '1')) place.malformed("~ in a JSON Pointer is ~0 or ~1");
            tokens.back() += rest[++i] == '0' ? '~' : '/';
        } else {
            tokens.back() += rest[i];
        }
    }
    if (tokens.size() > static_cast<std::size_t>(limits::kJsonDepth)) place.malformed("a JSON Pointer has at most 64 steps");
    return tokens;
}

bool has(const Value& object, std::string_view name) {
    return std::any_of(object.members().begin(), object.members().end(), [&](const Value::Member& member) { return member.first == name; });
}

/// The index that `token` names; `size` for "-" and for itself only when `end` is allowed.
std::size_t index_in(const Value& array, const std::string& token, bool end, const Place& place) {
    if (end && token == "-") return array.size();
    std::size_t index = 0;
    const auto [last, error] = std::from_chars(token.data(), token.data() + token.size(), index);
    if (error != std::errc() || last != token.data() + token.size() || (token.size() > 1 && token[0] == '0')) place.failed("no index of an array");
    if (index > array.size() || (index == array.size() && !end)) place.failed("behind the end of an array");
    return index;
}

/// The value that the first `depth` tokens lead to.
Value& walk(Value& root, const std::vector<std::string>& tokens, std::size_t depth, const Place& place) {
    Value* at = &root;
    for (std::size_t i = 0; i < depth; ++i) {
        if (at->is_array()) {
            at = &at->mutable_items()[index_in(*at, tokens[i], false, place)];
        } else if (at->is_object() && has(*at, tokens[i])) {
            at = &at->member(tokens[i]);
        } else {
            place.failed("its path leads to nothing");
        }
    }
    return *at;
}

std::size_t depth_of(const Value& value) {
    std::size_t deepest = 0;
    for (const Value& item : value.items()) deepest = std::max(deepest, depth_of(item));
    for (const auto& [name, member] : value.members()) deepest = std::max(deepest, depth_of(member));
    return deepest + 1;
}

void add(Value& root, const std::vector<std::string>& path, Value value, const Place& place) {
    if (path.size() + depth_of(value) > static_cast<std::size_t>(limits::kJsonDepth)) place.failed("it would nest deeper than 64 levels");
    if (path.empty()) {
        root = std::move(value);
        return;
    }
    Value& parent = walk(root, path, path.size() - 1, place);
    if (parent.is_array()) {
        const auto index = static_cast<std::ptrdiff_t>(index_in(parent, path.back(), true, place));
        parent.mutable_items().insert(parent.mutable_items().begin() + index, std::move(value));
    } else if (parent.is_object()) {
        parent.set(path.back(), std::move(value));
    } else {
        place.failed("its path leads into a plain value");
    }
}

/// @return what was there
Value remove(Value& root, const std::vector<std::string>& path, const Place& place) {
    if (path.empty()) place.failed("the whole resource cannot be removed");
    Value taken = std::move(walk(root, path, path.size(), place));
    Value& parent = walk(root, path, path.size() - 1, place);
    if (parent.is_array()) {
        parent.mutable_items().erase(parent.mutable_items().begin() + static_cast<std::ptrdiff_t>(index_in(parent, path.back(), false, place)));
    } else {
        parent.remove(path.back());
    }
    return taken;
}

/// A number without what does not change it: "1.50e1" is "15" with exponent 0.
std::pair<std::string, std::int64_t> plain_number(std::string_view text) {
    std::int64_t exponent = 0;
    if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view digits = text.substr(e + 1);
        if (digits.starts_with('+')) digits.remove_prefix(1);
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        text = text.substr(0, e);
    }
    std::string digits;
    bool fraction = false;
    for (const char c : text) {
        if (c == '.') {
            fraction = true;
        } else if (c != '-') {
            if (fraction) --exponent;
            if (c != '0' || !digits.empty()) digits += c;
        }
    }
    while (digits.ends_with('0')) {
        digits.pop_back();
        ++exponent;
    }
    if (digits.empty()) return {"", 0};
    return {text.starts_with('-') ? "-" + digits : digits, exponent};
}

/// Equality of RFC 6902 section 4.6: numbers by value, objects in any order.
bool same(const Value& a, const Value& b) {
    if (a.kind() != b.kind() || a.size() != b.size()) return false;
    if (a.kind() == Value::Kind::number) return plain_number(a.text()) == plain_number(b.text());
    if (a.is_array()) return std::equal(a.items().begin(), a.items().end(), b.items().begin(), same);
    if (!a.is_object()) return a.text() == b.text();
    return std::all_of(a.members().begin(), a.members().end(),
                       [&](const Value::Member& member) { return has(b, member.first) && same(member.second, b[member.first]); });
}

const Value& value_of(const Value& operation, const Place& place) {
    if (!has(operation, "value")) place.malformed("value is missing");
    return operation["value"];
}

/// @param copied_bytes  what `copy` made so far: copies of copies grow without it
void apply(Value& document, const Value& operation, const Place& place, std::size_t& copied_bytes) {
    if (!operation.is_object()) place.malformed("it is no object");
    const std::string& op = operation["op"].text();
    const auto path = pointer_of(operation["path"], place);
    if (op == "add") {
        add(document, path, value_of(operation, place), place);
    } else if (op == "remove") {
        remove(document, path, place);
    } else if (op == "replace") {
        const Value& value = value_of(operation, place);
        if (path.size() + depth_of(value) > static_cast<std::size_t>(limits::kJsonDepth)) place.failed("it would nest deeper than 64 levels");
        walk(document, path, path.size(), place) = value;
    } else if (op == "move") {
        const auto from = pointer_of(operation["from"], place);
        if (path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin())) place.failed("a value cannot move into itself");
        add(document, path, remove(document, from, place), place);
    } else if (op == "copy") {
        const auto from = pointer_of(operation["from"], place);
        Value value = walk(document, from, from.size(), place);
        copied_bytes += value.dump().size();
        if (copied_bytes > limits::kResourceBody_bytes) place.failed("the copies are longer than a resource may be");
        add(document, path, std::move(value), place);
    } else if (op == "test") {
        if (!same(walk(document, path, path.size(), place), value_of(operation, place))) place.failed("the test fails");
    } else {
        place.malformed("op is add, remove, replace, move, copy or test");
    }
}

}  // namespace

Value apply_json_patch(Value document, const Value& patch) {
    if (!patch.is_array()) Place{0}.malformed("it is no array of operations");
    if (patch.size() > kOperations) throw Error(ErrorKind::too_large, "record.patch_too_long", "a patch has at most 1,000 operations");
    std::size_t copied_bytes = 0;
    for (std::size_t i = 0; i < patch.size(); ++i) apply(document, patch.at(i), {i}, copied_bytes);
    return document;
}

}  // namespace qiao::record
