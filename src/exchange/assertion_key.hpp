#pragma once

#include "base/time.hpp"

#include <memory>
#include <string>
#include <string_view>

/// A key by which this program proves who it is to another (ECDSA P-256): a gateway's at its centre, a centre's at its OpenID
/// provider. Made here, its private half never leaves. Immutable; any thread.
namespace qiao::exchange {

class AssertionKey {
public:
    /// Reads `path` (PEM, 0600), or makes a new key there, durably. Error(invalid, "exchange.bad_key").
    /// @param name  `kid` of the key
    static AssertionKey open(const std::string& path, std::string name = "gateway");

    /// The public half as a JWK Set (RFC 7517).
    [[nodiscard]] std::string jwks() const;
    /// A `private_key_jwt` (RFC 7523, ES256) of `client` for `audience`, valid for a minute.
    [[nodiscard]] std::string assertion(std::string_view client, std::string_view audience, Instant now) const;

private:
    struct State;
    explicit AssertionKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

}  // namespace qiao::exchange
