#pragma once

#include "base/time.hpp"
#include "record/definitions/definitions.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

/// How identities, token values and bodies are written in the tables. Any thread.
namespace qiao::record {

/// res.state
enum class State : std::uint8_t { live = 0, deleted = 1, stub = 2 };

/// `d` of a resource that has no date of its own: behind all others when the newest come first.
inline constexpr std::int64_t kNoDate = std::numeric_limits<std::int64_t>::min();

/// A FHIR id as res.id: a lower-case UUID is its 16 bytes, any other text itself (with one zero byte more when it would be
/// 16 long).
class StoredId {
public:
    explicit StoredId(std::string_view id);
    [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), size_}; }

private:
    std::array<char, 65> bytes_{};
    std::size_t size_ = 0;
};
std::string id_text(std::string_view stored);

/// Keys of this database: nobody outside can build hash collisions or forge a cursor.
struct Keys {
    std::string hash;    ///< 16 bytes, SipHash
    std::string cursor;  ///< 32 bytes, HMAC
};

/// The hashes under which a token is found. Never 0: that is the row of the resource itself in `pat`.
class TokenHash {
public:
    explicit TokenHash(std::string_view key) : key_(key) {}
    [[nodiscard]] std::int64_t coded(std::string_view system, std::string_view code) const { return of('s', system, code); }
    [[nodiscard]] std::int64_t code_only(std::string_view code) const { return of('c', {}, code); }
    [[nodiscard]] std::int64_t without_system(std::string_view code) const { return of('n', {}, code); }
    [[nodiscard]] std::int64_t system_only(std::string_view system) const { return of('y', system, {}); }
    /// :identifier of a reference parameter.
    [[nodiscard]] std::int64_t identifier(std::string_view system, std::string_view value) const { return of('i', system, value); }
    [[nodiscard]] std::int64_t identifier_value(std::string_view value) const { return of('v', {}, value); }
    /// :of-type
    [[nodiscard]] std::int64_t of_type(std::string_view system, std::string_view code, std::string_view value) const;
    /// Inside composites: a unit as unit_key() writes it, a reference to "Type/id" of here, and any other one.
    [[nodiscard]] std::int64_t unit(std::string_view key) const { return of('u', {}, key); }
    [[nodiscard]] std::int64_t target(std::string_view type, std::string_view id) const { return of('r', type, id); }
    [[nodiscard]] std::int64_t url(std::string_view url) const { return of('l', {}, url); }
    /// The key in `pat`, whose rows carry no parameter.
    [[nodiscard]] static std::int64_t in_compartment(ParamId param, std::int64_t h);

private:
    [[nodiscard]] std::int64_t of(char form, std::string_view system, std::string_view code) const;
    std::string_view key_;
};

}  // namespace qiao::record
