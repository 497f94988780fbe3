#pragma once

#include "access/public_key.hpp"
#include "base/json_value.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// JSON Web Tokens in compact form (RFC 7515, RFC 7519): taken apart, and the checks that every kind of them needs. `jku`,
/// `x5u`, `jwk` and `x5c` of a header are not read by anybody. Pure functions; any thread.
namespace qiao::access {

struct Jwt {
    json::Value header;
    json::Value claims;
    std::string signed_text;
    std::string signature;
};

/// Nothing for what is no compact JWS with a JSON header and JSON claims, or for one with `crit`.
std::optional<Jwt> read_jwt(std::string_view text, std::size_t limit_bytes);

/// Whether the header names this key's algorithm and the signature is right.
bool is_signed_by(const Jwt& jwt, const PublicKey& key);

/// `aud` is `wanted`, or a list that has it.
bool is_for(const json::Value& audience, std::string_view wanted);

/// `exp` lies ahead; `nbf` and `iat`, where they are, do not. @param skew_s  by how much the other's clock may be ahead
bool is_in_time(const json::Value& claims, Instant now, std::int64_t skew_s);

}  // namespace qiao::access
