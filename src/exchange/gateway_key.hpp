#pragma once

#include "base/time.hpp"

#include <memory>
#include <string>
#include <string_view>

/// A gateway's own key (ECDSA P-256): made here, its private half never leaves. Immutable; any thread.
namespace qiao::exchange {

class GatewayKey {
public:
    /// Reads `path` (PEM, 0600), or makes a new key there, durably. Error(invalid, "exchange.bad_key").
    static GatewayKey open(const std::string& path);

    /// The public half as a JWK Set (RFC 7517).
    [[nodiscard]] std::string jwks() const;
    /// A `private_key_jwt` (RFC 7523, ES256) of `client` for `audience`, valid for a minute.
    [[nodiscard]] std::string assertion(std::string_view client, std::string_view audience, Instant now) const;

private:
    struct State;
    explicit GatewayKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

}  // namespace qiao::exchange
