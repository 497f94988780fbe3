#pragma once

#include "access/cbor.hpp"
#include "base/json_value.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Public keys of others (security keys, phones, other systems) and their signatures, by OpenSSL. A key that is no P-256, no
/// RSA of at least 2048 bits and no Ed25519 is none. Immutable; any thread.
namespace qiao::access {

/// Names of RFC 7518 and RFC 8037.
enum class SignatureAlgorithm : std::uint8_t { es256, rs256, eddsa, ps256 };
std::string_view name_of(SignatureAlgorithm algorithm);  ///< "ES256", "RS256", "EdDSA", "PS256"
std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name);

class PublicKey {
public:
    static std::optional<PublicKey> from_spki(std::string_view der);
    /// RFC 9053: EC2 on P-256, RSA, OKP Ed25519, with the algorithm that it names.
    static std::optional<PublicKey> from_cose(const cbor::Value& key);
    /// RFC 7517; private members make it no public key.
    static std::optional<PublicKey> from_jwk(const json::Value& key);

    [[nodiscard]] std::string to_spki() const;
    /// The one algorithm that this key is used with, whatever a message claims.
    [[nodiscard]] SignatureAlgorithm algorithm() const { return algorithm_; }
    /// The same RSA key for RSASSA-PSS; nothing for a key of another kind. RSA keys are for RS256 unless a JWK says PS256.
    [[nodiscard]] std::optional<PublicKey> for_pss() const;
    /// ES256 signatures are DER.
    [[nodiscard]] bool verifies(std::string_view bytes, std::string_view signature) const;
    /// ES256 signatures are r and s, 32 bytes each, as in JWS and WebCrypto.
    [[nodiscard]] bool verifies_raw(std::string_view bytes, std::string_view signature) const;

private:
    struct State;
    static std::optional<PublicKey> of(std::shared_ptr<const State> state);
    PublicKey(std::shared_ptr<const State> state, SignatureAlgorithm algorithm) : state_(std::move(state)), algorithm_(algorithm) {}
    std::shared_ptr<const State> state_;
    SignatureAlgorithm algorithm_;
};

}  // namespace qiao::access
