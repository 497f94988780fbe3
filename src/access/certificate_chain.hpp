#pragma once

#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Certificates and revocation lists of other authorities: what they say, and whether one leads to an authority (RFC 5280,
/// by OpenSSL's verifier; SM2 with SM3 too). Pure; any thread.
namespace qiao::access {

struct CertificateFacts {
    std::string serial;   ///< hex, upper case
    std::string subject;  ///< one line, UTF-8
    std::string issuer;
    std::string fingerprint;  ///< SHA-256, hex
    Instant from{};
    Instant until{};
    bool is_authority = false;
    bool signs = false;  ///< key usage digitalSignature or nonRepudiation, and no authority
};
/// Of the first certificate of a PEM text; nothing when it cannot be read.
std::optional<CertificateFacts> facts_of(std::string_view certificate_pem);
/// Each certificate of a PEM text as a PEM text of its own, at most 10. Error(invalid, "signing.bad_certificate") for none or more.
std::vector<std::string> split_certificates(std::string_view pem);

enum class CertificateState { good, expired, unknown };
/// Whether the first of `certificate_pem` leads to one of `authorities_pem` (trusted, with what lies between) and may sign
/// documents, and whether `at` lies in the time of all of them.
CertificateState check_certificate(std::string_view certificate_pem, std::string_view authorities_pem, Instant at);

/// A revocation list (X.509 CRL v2).
struct RevocationList {
    std::string number;  ///< decimal; empty when it has none
    Instant made{};
    Instant next{};                                             ///< Instant::max() when it does not say
    std::vector<std::pair<std::string, Instant>> revoked = {};  ///< serial and from when
};
/// PEM or DER, signed by one of `authorities_pem`, at most 100,000 entries. Error(invalid): signing.bad_revocation_list,
/// signing.revocation_list_of_another.
RevocationList read_revocation_list(std::string_view bytes, std::string_view authorities_pem);

}  // namespace qiao::access
