#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Keys, certificates and signatures: a thin face of OpenSSL 3 for this folder. A Key may be used
/// by several threads; the functions are pure but for randomness. Failures of OpenSSL throw Error(internal, "signing.openssl").
namespace qiao::access {

/// ECDSA on P-256 with SHA-256, or SM2 with SM3 (GM/T 0003, GM/T 0009).
enum class KeyAlgorithm : std::uint8_t { p256, sm2 };
std::string_view code_of(KeyAlgorithm algorithm);  ///< "p256", "sm2"
std::optional<KeyAlgorithm> key_algorithm_of(std::string_view code);

/// A private key.
class Key {
public:
    static Key make(KeyAlgorithm algorithm = KeyAlgorithm::p256);
    /// From what to_der() gave; Error(internal, "signing.bad_key").
    static Key from_der(std::string_view der);
    [[nodiscard]] std::string to_der() const;
    [[nodiscard]] KeyAlgorithm algorithm() const;
    /// Over `bytes`, DER.
    [[nodiscard]] std::string sign(std::string_view bytes) const;

    struct State;
    [[nodiscard]] const State& state() const { return *state_; }

private:
    explicit Key(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

struct Subject {
    std::string common_name;
    std::string organisation;
    std::string serial_number;  ///< "Practitioner/…", "Organization/…"; empty for the authority
};

/// @param issuer_pem  empty = signed by itself: the authority   @param serial_hex  at most 20 bytes
std::string make_certificate(const Key& subject_key, const Subject& subject, const Key& issuer_key, std::string_view issuer_pem, std::string_view serial_hex,
                             Instant from, Instant until);

/// PKCS#10 in PEM: what another authority makes a certificate from. It proves that the key is here.
std::string make_request(const Key& key, const Subject& subject);
/// Whether the certificate is about this key.
bool has_key(std::string_view certificate_pem, const Key& key);
bool uses_sm2(std::string_view certificate_pem);
std::string serial_of(std::string_view certificate_pem);  ///< hex, upper case; empty when it cannot be read
Instant expiry_of(std::string_view certificate_pem);

/// Whether `der` is a signature over `bytes` by the key of the certificate.
bool is_signature(std::string_view bytes, std::string_view der, std::string_view certificate_pem);
/// r and s, 32 bytes each, from DER: the form of JWS ES256 (RFC 7518 3.4).
std::string raw_signature(std::string_view der);

/// AES-256-GCM under `master_key` (32 bytes): nonce, ciphertext, tag. `label` is bound to it.
std::string wrap(std::string_view master_key, std::string_view label, std::string_view secret);
/// Error(internal, "signing.bad_master_key") when it was wrapped under another key or label.
std::string unwrap(std::string_view master_key, std::string_view label, std::string_view wrapped);

}  // namespace qiao::access
