#pragma once

#include "access/public_key.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What browsers send of security keys (W3C Web Authentication Level 2): registration with attestation "none" or "packed" by
/// the key itself, and assertions with ES256, RS256 and EdDSA. Pure functions; any thread.
namespace qiao::access::webauthn {

/// What the server asked and where. All of it must be in the answer.
struct Expected {
    std::string challenge;       ///< base64url, as it was given to the browser
    std::string host;            ///< the request's Host, lower case: "qiao.example:8443"
    bool user_verified = false;  ///< the authenticator must have checked a PIN, a finger, a face
};

/// `host` without its port: the relying party's id.
std::string rp_id_of(std::string_view host);

struct NewKey {
    std::string id;  ///< base64url
    PublicKey key;
    std::uint32_t counter = 0;
};

/// Error(invalid): access.bad_security_key, access.attestation_not_supported. Arguments are the decoded bytes.
NewKey read_registration(std::string_view client_data, std::string_view attestation_object, const Expected& expected);

/// The signature counter of a right assertion by `key` of `rp_id`; nothing for a wrong one.
std::optional<std::uint32_t> check_assertion(const PublicKey& key, std::string_view rp_id, std::string_view client_data, std::string_view authenticator_data,
                                             std::string_view signature, const Expected& expected);

/// Whether a counter may follow the kept one: it rises, or the authenticator has none (both zero).
bool counter_may_follow(std::uint32_t counter, std::uint32_t kept);

}  // namespace qiao::access::webauthn
