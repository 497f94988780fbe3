#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// CBOR (RFC 8949) as authenticators send it: definite lengths, no tags, no floating point. Bounded; any thread.
namespace qiao::access::cbor {

struct Member;

class Value {
public:
    enum class Kind : std::uint8_t { integer, bytes, text, array, map, simple };

    Kind kind = Kind::simple;
    std::int64_t number = 0;  ///< integers; 20 false, 21 true, 22 null for simple values
    std::string data;         ///< bytes and text
    std::vector<Value> items;
    std::vector<Member> members;  ///< of a map

    /// The member of a map under a text or an integer, or null.
    [[nodiscard]] const Value* find(std::string_view key) const;
    [[nodiscard]] const Value* find(std::int64_t key) const;
    /// The bytes of a member, or an empty text.
    [[nodiscard]] std::string_view bytes_at(std::string_view key) const;
    [[nodiscard]] std::string_view bytes_at(std::int64_t key) const;
    /// The integer of a member; `otherwise` when it is none.
    [[nodiscard]] std::int64_t integer_at(std::int64_t key, std::int64_t otherwise) const;
};

struct Member {
    Value key;  ///< integer or text
    Value value;
};

/// The first item of `bytes`, of at most 8 levels and 1,000 items, and how many bytes it takes. Refuses duplicate keys.
struct Item {
    Value value;
    std::size_t size = 0;
};
Result<Item> parse(std::string_view bytes);

}  // namespace qiao::access::cbor
