#include "base/error.hpp"
#include "base/limits.hpp"
#include "record/patch/patch.hpp"
#include "record/path/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace qiao::record {

namespace {

[[noreturn]] void fail(std::string_view code, std::size_t number, const char* what) {
    throw Error(ErrorKind::invalid, code, "operation " + std::to_string(number) + ": " + what);
}

/// A JSON Pointer (RFC 6901); nothing when it is none.
std::optional<std::vector<std::string>> pointer(const std::string& text) {
    std::vector<std::string> parts;
    if (text.empty()) return parts;
    if (text[0] != '/') return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '/') {
            parts.emplace_back();
        } else if (text[i] != '~') {
            parts.back() += text[i];
        } else {
            const char next = i + 1 < text.size() ? text[++i] : '\0';
            if (next != '0' && next != '1') return std::nullopt;
            parts.back() += next == '0' ? '~' : '/';
        }
    }
    return parts;
}

/// "0", "12"; no sign, no leading zero. `limit` is allowed.
std::optional<std::size_t> array_index(const std::string& text, std::size_t limit) {
    std::size_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || (text.size() > 1 && text[0] == '0') || value > limit)
        return std::nullopt;
    return value;
}

bool has_member(const json::Value& object, const std::string& name) {
    return std::ranges::any_of(object.members(), [&](const json::Value::Member& member) { return member.first == name; });
}

/// RFC 6902 section 4.6: numbers by value, members in any order.
bool same(const json::Value& left, const json::Value& right) {
    if (left.kind() != right.kind()) return false;
    switch (left.kind()) {
        case json::Value::Kind::number: {
            const auto a = path::Decimal::parse(left.text());
            const auto b = path::Decimal::parse(right.text());
            return a && b ? *a == *b : left.text() == right.text();
        }
        case json::Value::Kind::array: return std::ranges::equal(left.items(), right.items(), same);
        case json::Value::Kind::object:
            return left.size() == right.size() && std::ranges::all_of(left.members(), [&](const json::Value::Member& member) {
                       return has_member(right, member.first) && same(member.second, right[member.first]);
                   });
        default: return left.text() == right.text();
    }
}

class JsonPatch {
public:
    explicit JsonPatch(json::Value document) : document_(std::move(document)) {}

    void apply(const json::Value& operation, std::size_t number) {
        number_ = number;
        const std::string& op = operation["op"].text();
        const auto path = place(operation, "path");
        if (op == "remove") return void(take(path));
        if (op == "move" || op == "copy") {
            const auto from = place(operation, "from");
            if (op == "copy") return add(path, copied(*existing(from, from.size())));
            if (path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin()))
                fail("patch.malformed", number_, "a value cannot move into itself");
            return add(path, take(from));
        }
        if (!has_member(operation, "value"))
            fail("patch.malformed", number_, op == "add" || op == "replace" || op == "test" ? "value is missing" : "op is none of the six");
        const json::Value& value = operation["value"];
        if (op == "add") return add(path, value);
        if (op == "replace") {
            require_flat(path, value);
            return void(*existing(path, path.size()) = value);
        }
        if (op != "test") fail("patch.malformed", number_, "op is none of the six");
        if (!same(*existing(path, path.size()), value)) fail("patch.test_failed", number_, "the value is another one");
    }

    json::Value finish() { return std::move(document_); }

private:
    using Pointer = std::vector<std::string>;

    Pointer place(const json::Value& operation, std::string_view member) const {
        auto parts = operation[member].is_string() ? pointer(operation[member].text()) : std::nullopt;
        if (!parts) fail("patch.malformed", number_, member == "path" ? "path is no JSON Pointer" : "from is no JSON Pointer");
        return *std::move(parts);
    }

    /// The value at the first `depth` parts of `path`.
    json::Value* existing(const Pointer& path, std::size_t depth) {
        json::Value* value = &document_;
        for (std::size_t i = 0; i < depth; ++i) {
            if (value->is_object() && has_member(*value, path[i])) {
                value = &value->member(path[i]);
                continue;
            }
            const auto index = value->is_array() && value->size() > 0 ? array_index(path[i], value->size() - 1) : std::nullopt;
            if (!index) fail("patch.no_target", number_, "there is no such place");
            value = &value->mutable_items()[*index];
        }
        return value;
    }

    /// Copies of copies double: all of them together are no larger than a resource may be.
    const json::Value& copied(const json::Value& value) {
        copied_bytes_ += value.dump().size();
        if (copied_bytes_ > limits::kResourceBody_bytes) throw Error(ErrorKind::too_large, "patch.too_long", "what is copied is larger than 16 MiB");
        return value;
    }

    /// Values that go into each other grow deeper than what walks them can follow.
    static void require_flat(const Pointer& path, const json::Value& value) {
        if (path.size() + value.depth() > kPatchedDepth) throw Error(ErrorKind::too_large, "patch.too_long", "the patched document is nested too deeply");
    }

    void add(const Pointer& path, json::Value value) {
        require_flat(path, value);
        if (path.empty()) return void(document_ = std::move(value));
        json::Value* parent = existing(path, path.size() - 1);
        if (parent->is_object()) return void(parent->set(path.back(), std::move(value)));
        if (!parent->is_array()) fail("patch.no_target", number_, "only objects and arrays have members");
        const auto index = path.back() == "-" ? std::optional(parent->size()) : array_index(path.back(), parent->size());
        if (!index) fail("patch.no_target", number_, "there is no such index");
        parent->mutable_items().insert(parent->mutable_items().begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    }

    json::Value take(const Pointer& path) {
        if (path.empty()) fail("patch.malformed", number_, "the document itself cannot be taken away");
        json::Value* value = existing(path, path.size());
        json::Value taken = std::move(*value);
        json::Value* parent = existing(path, path.size() - 1);
        if (parent->is_object()) {
            parent->remove(path.back());
        } else {
            parent->mutable_items().erase(parent->mutable_items().begin() + (value - parent->mutable_items().data()));
        }
        return taken;
    }

    json::Value document_;
    std::size_t number_ = 0;
    std::uint64_t copied_bytes_ = 0;
};

}  // namespace

json::Value apply_json_patch(const json::Value& document, const json::Value& patch) {
    if (!patch.is_array()) throw Error(ErrorKind::invalid, "patch.malformed", "a JSON Patch is an array");
    if (patch.size() > kPatchOperations) throw Error(ErrorKind::too_large, "patch.too_long", "a patch may have 1,000 operations");
    JsonPatch work(document);
    for (std::size_t i = 0; i < patch.size(); ++i) {
        if (!patch.at(i).is_object()) fail("patch.malformed", i + 1, "an operation is an object");
        work.apply(patch.at(i), i + 1);
    }
    return work.finish();
}

}  // namespace qiao::record
