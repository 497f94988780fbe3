#pragma once

#include "base/time.hpp"

#include <memory>
#include <string>
#include <string_view>

/// Keys, certificates and signatures of the built-in authority: a thin face of OpenSSL 3 for this folder. A Key may be used
/// by several threads; the functions are pure but for randomness. Failures of OpenSSL throw Error(internal, "signing.openssl").
namespace qiao::access {

/// A P-256 private key.
class Key {
public:
    static Key make();
    /// From what to_der() gave; Error(internal, "signing.bad_key").
    static Key from_der(std::string_view der);
    [[nodiscard]] std::string to_der() const;
    /// ECDSA with SHA-256 over `bytes`, DER.
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
    std::string serial_number;  ///< of the person: "Practitioner/…"; empty for the authority
};

/// @param issuer_pem  empty = signed by itself: the authority   @param serial_hex  at most 20 bytes
std::string make_certificate(const Key& subject_key, const Subject& subject, const Key& issuer_key, std::string_view issuer_pem, std::string_view serial_hex,
                             Instant from, Instant until);

enum class CertificateState { good, expired, unknown };
/// Whether `authority_pem` issued it for signing, and whether `at` lies in its time.
CertificateState check_certificate(std::string_view certificate_pem, std::string_view authority_pem, Instant at);
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
