#include "access/cbor.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace qiao::access::cbor {
namespace {

constexpr int kDepth = 8;
constexpr int kItems = 1000;

enum class Major : std::uint8_t { unsigned_integer, negative_integer, bytes, text, array, map, tag, simple };

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::size_t at() const { return at_; }

    std::optional<Value> value(int depth) {
        if (depth > kDepth || ++items_ > kItems || at_ >= bytes_.size()) return std::nullopt;
        const auto first = static_cast<unsigned char>(bytes_[at_++]);
        const auto argument = number(first & 0x1FU);
        if (!argument) return std::nullopt;
        Value result;
        switch (static_cast<Major>(first >> 5U)) {
            case Major::unsigned_integer:
            case Major::negative_integer:
                if (*argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
                result.kind = Value::Kind::integer;
                result.number = static_cast<std::int64_t>(*argument);
                if (static_cast<Major>(first >> 5U) == Major::negative_integer) result.number = -1 - result.number;
                return result;
            case Major::bytes:
            case Major::text:
                if (*argument > bytes_.size() - at_) return std::nullopt;
                result.kind = static_cast<Major>(first >> 5U) == Major::bytes ? Value::Kind::bytes : Value::Kind::text;
                result.data = bytes_.substr(at_, *argument);
                at_ += *argument;
                return result;
            case Major::array: return array(*argument, depth);
            case Major::map: return map(*argument, depth);
            case Major::simple:
                if (*argument < 20 || *argument > 22 || (first & 0x1FU) > 23) return std::nullopt;
                result.number = static_cast<std::int64_t>(*argument);
                return result;
            case Major::tag: return std::nullopt;
        }
        return std::nullopt;
    }

private:
    std::optional<std::uint64_t> number(unsigned additional) {
        if (additional < 24) return additional;
        if (additional > 27) return std::nullopt;  // reserved, and indefinite lengths
        const std::size_t length = std::size_t{1} << (additional - 24);
        if (length > bytes_.size() - at_) return std::nullopt;
        std::uint64_t result = 0;
        for (std::size_t i = 0; i < length; ++i) result = (result << 8U) | static_cast<unsigned char>(bytes_[at_++]);
        return result;
    }

    std::optional<Value> array(std::uint64_t count, int depth) {
        if (count > bytes_.size() - at_) return std::nullopt;
        Value result;
        result.kind = Value::Kind::array;
        for (std::uint64_t i = 0; i < count; ++i) {
            auto item = value(depth + 1);
            if (!item) return std::nullopt;
            result.items.push_back(*std::move(item));
        }
        return result;
    }

    std::optional<Value> map(std::uint64_t count, int depth) {
        if (count > (bytes_.size() - at_) / 2) return std::nullopt;
        Value result;
        result.kind = Value::Kind::map;
        for (std::uint64_t i = 0; i < count; ++i) {
            auto key = value(depth + 1);
            if (!key || (key->kind != Value::Kind::integer && key->kind != Value::Kind::text)) return std::nullopt;
            const bool twice = std::any_of(result.members.begin(), result.members.end(), [&](const auto& one) {
                return one.key.kind == key->kind && one.key.number == key->number && one.key.data == key->data;
            });
            if (twice) return std::nullopt;
            auto member = value(depth + 1);
            if (!member) return std::nullopt;
            result.members.push_back({*std::move(key), *std::move(member)});
        }
        return result;
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    int items_ = 0;
};

}  // namespace

const Value* Value::find(std::string_view key) const {
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& one) { return one.key.kind == Kind::text && one.key.data == key; });
    return found == members.end() ? nullptr : &found->value;
}

const Value* Value::find(std::int64_t key) const {
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& one) { return one.key.kind == Kind::integer && one.key.number == key; });
    return found == members.end() ? nullptr : &found->value;
}

std::string_view Value::bytes_at(std::string_view key) const {
    const Value* found = find(key);
    return found != nullptr && found->kind == Kind::bytes ? std::string_view(found->data) : std::string_view();
}

std::string_view Value::bytes_at(std::int64_t key) const {
    const Value* found = find(key);
    return found != nullptr && found->kind == Kind::bytes ? std::string_view(found->data) : std::string_view();
}

std::int64_t Value::integer_at(std::int64_t key, std::int64_t otherwise) const {
    const Value* found = find(key);
    return found != nullptr && found->kind == Kind::integer ? found->number : otherwise;
}

Result<Item> parse(std::string_view bytes) {
    Reader reader(bytes);
    auto value = reader.value(1);
    if (!value) return ParseError{"not the CBOR of an authenticator", reader.at()};
    return Item{*std::move(value), reader.at()};
}

}  // namespace qiao::access::cbor
