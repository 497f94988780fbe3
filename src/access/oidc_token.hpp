#pragma once

#include "access/public_key.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an OpenID provider says, read and checked: its metadata (OpenID Connect Discovery 1.0), its keys (RFC 7517) and the
/// ID token (OpenID Connect Core 1.0, 3.1.3.7; RFC 9700). Pure functions; any thread.
namespace qiao::access {

struct OidcProvider {
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string jwks_uri;
    std::string end_session_endpoint;  ///< OpenID Connect RP-Initiated Logout 1.0; empty = there is none
    bool secret_in_body = false;       ///< client_secret_post; else client_secret_basic
    bool names_itself = false;    ///< RFC 9207: every answer carries `iss`
};

/// https, or http to 127.0.0.1; no user, password or fragment.
bool is_safe_oidc_url(std::string_view url);

/// Nothing unless `issuer` is exactly the configured one, every address is safe, and code, S256 and our way to prove who we are
/// (a client secret, or with `by_key` a `private_key_jwt` of ES256) are supported, where the metadata says.
std::optional<OidcProvider> read_oidc_provider(std::string_view metadata, std::string_view issuer, bool by_key = false);

struct OidcKey {
    std::string kid;  ///< may be empty
    PublicKey key;
    bool pinned = false;  ///< the set says for which algorithm the key is
};

/// The keys that RS256, PS256 or ES256 may be checked with; others of the set are passed over. At most 32.
std::vector<OidcKey> read_oidc_keys(std::string_view jwks);

struct OidcExpected {
    std::string_view issuer;
    std::string_view client;
    std::string_view nonce;
};

struct OidcIdentity {
    std::string subject;
    std::string acr;
    std::vector<std::string> amr;
};

/// Why an ID token is not taken: a word for the audit and the log, never for the person.
struct OidcVerdict {
    std::optional<OidcIdentity> identity;
    std::string_view refused = {};  ///< "form", "algorithm", "key", "signature", "issuer", "audience", "azp", "time", "nonce", "subject"
    [[nodiscard]] bool unknown_key() const { return refused == "key"; }
};

OidcVerdict check_id_token(std::string_view token, const std::vector<OidcKey>& keys, const OidcExpected& expected, Instant now);

}  // namespace qiao::access
