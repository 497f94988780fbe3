#pragma once

#include "access/public_key.hpp"
#include "base/time.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// `private_key_jwt` (RFC 7523, OpenID Connect Core 9): a system proves who it is by a JWT that it signed. The algorithm is the
/// registered key's, never the message's; `jku`, `x5u`, `jwk` and `x5c` of a header are not read. Pure functions; any thread.
namespace qiao::access {

struct ClientKey {
    std::string kid;
    PublicKey key;
};

/// Public keys for RS256 and ES256 from a JWK Set (RFC 7517), each with its `kid`. Error(invalid, "access.bad_jwks").
std::vector<ClientKey> read_jwks(std::string_view text);

struct ClientAssertion {
    std::string jti;
    Instant until{};
};

/// The client that a JWT claims to be from, unproved; empty when it cannot be read.
std::string claimed_client(std::string_view jwt);
/// Nothing for a wrong one. Whether its jti was used before is the caller's matter.
std::optional<ClientAssertion> check_client_assertion(std::string_view jwt, std::string_view client, std::string_view audience, std::span<const ClientKey> keys,
                                                      Instant now);

}  // namespace qiao::access
