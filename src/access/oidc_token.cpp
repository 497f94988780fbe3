#include "access/oidc_token.hpp"

#include "access/jwt.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

constexpr std::size_t kToken_bytes = 16 * 1024;
constexpr std::size_t kUrl_bytes = 1024;
constexpr std::size_t kKeys = 32;
constexpr std::size_t kSubject_bytes = 255;  // OpenID Connect Core 1.0, 2
constexpr std::size_t kMethods = 16;
constexpr std::int64_t kSkew_s = 60;

/// Whether a list of the metadata has `value`; `otherwise` when there is no list.
bool lists(const json::Value& list, std::string_view value, bool otherwise) { return list.is_null() ? otherwise : list.is_array() && is_for(list, value); }

/// The key that a header names; without a name the only one of the algorithm's kind.
std::optional<PublicKey> key_of(const std::vector<OidcKey>& keys, const json::Value& kid, std::string_view algorithm) {
    std::vector<PublicKey> fitting;
    for (const OidcKey& one : keys) {
        if (!kid.is_null() && (!kid.is_string() || one.kid != kid.text())) continue;
        auto key = one.key;
        if (algorithm == name_of(SignatureAlgorithm::ps256) && !one.pinned) key = one.key.for_pss().value_or(one.key);
        if (name_of(key.algorithm()) == algorithm) fitting.push_back(std::move(key));
    }
    if (fitting.size() != 1) return std::nullopt;
    return std::move(fitting.front());
}

bool is_allowed(const json::Value& algorithm) {
    return algorithm.is_string() && (algorithm.text() == "RS256" || algorithm.text() == "PS256" || algorithm.text() == "ES256");
}

/// `azp` is ours where it is, and it has to be where the token is for others too.
bool is_authorized_party(const json::Value& claims, std::string_view client) {
    if (!claims["azp"].is_null()) return claims["azp"].is_string() && claims["azp"].text() == client;
    return claims["aud"].is_string() || claims["aud"].size() == 1;
}

bool is_same(const json::Value& claim, std::string_view wanted) { return claim.is_string() && !wanted.empty() && equal_in_constant_time(claim.text(), wanted); }

}  // namespace

bool is_safe_oidc_url(std::string_view url) {
    const bool secure = url.starts_with("https://");
    if (!secure && !url.starts_with("http://")) return false;
    if (url.size() > kUrl_bytes || url.find_first_of("@#\\ \t\r\n\"<>") != std::string_view::npos) return false;
    const std::string_view rest = url.substr(secure ? 8 : 7);
    const std::string_view host = rest.substr(0, std::min(rest.find_first_of("/?:"), rest.size()));
    return !host.empty() && (secure || host == "127.0.0.1");
}

std::optional<OidcProvider> read_oidc_provider(std::string_view metadata, std::string_view issuer, bool by_key) {
    const auto read = json::parse(metadata, 8);
    if (!read || !read->is_object()) return std::nullopt;
    const json::Value& document = *read;
    if (!document["issuer"].is_string() || document["issuer"].text() != issuer) return std::nullopt;
    OidcProvider provider{.authorization_endpoint = document["authorization_endpoint"].text(),
                          .token_endpoint = document["token_endpoint"].text(),
                          .jwks_uri = document["jwks_uri"].text(),
                          .end_session_endpoint = document["end_session_endpoint"].text(),
                          .secret_in_body = false,
                          .names_itself = document["authorization_response_iss_parameter_supported"].truth()};
    if (!is_safe_oidc_url(provider.authorization_endpoint) || !is_safe_oidc_url(provider.token_endpoint) || !is_safe_oidc_url(provider.jwks_uri))
        return std::nullopt;
    if (!lists(document["response_types_supported"], "code", true) || !lists(document["code_challenge_methods_supported"], "S256", true)) return std::nullopt;
    if (!is_safe_oidc_url(provider.end_session_endpoint)) provider.end_session_endpoint.clear();
    const json::Value& methods = document["token_endpoint_auth_methods_supported"];
    if (by_key) {
        const bool can = lists(methods, "private_key_jwt", false) && lists(document["token_endpoint_auth_signing_alg_values_supported"], "ES256", true);
        return can ? std::optional(provider) : std::nullopt;
    }
    if (!lists(methods, "client_secret_basic", true)) {
        if (!lists(methods, "client_secret_post", false)) return std::nullopt;
        provider.secret_in_body = true;
    }
    return provider;
}

std::vector<OidcKey> read_oidc_keys(std::string_view jwks) {
    const auto set = json::parse(jwks, 8);
    std::vector<OidcKey> keys;
    if (!set) return keys;
    for (const auto& one : (*set)["keys"].items()) {
        if (keys.size() == kKeys) break;
        if (!one["use"].is_null() && one["use"].text() != "sig") continue;
        auto key = PublicKey::from_jwk(one);
        if (key && key->algorithm() != SignatureAlgorithm::eddsa) keys.push_back({one["kid"].text(), *std::move(key), !one["alg"].is_null()});
    }
    return keys;
}

OidcVerdict check_id_token(std::string_view token, const std::vector<OidcKey>& keys, const OidcExpected& expected, Instant now) {
    const auto jwt = read_jwt(token, kToken_bytes);
    if (!jwt) return {{}, "form"};
    if (!is_allowed(jwt->header["alg"])) return {{}, "algorithm"};
    const auto key = key_of(keys, jwt->header["kid"], jwt->header["alg"].text());
    if (!key) return {{}, "key"};
    if (!is_signed_by(*jwt, *key)) return {{}, "signature"};
    const json::Value& claims = jwt->claims;
    if (!is_same(claims["iss"], expected.issuer)) return {{}, "issuer"};
    if (expected.client.empty() || !is_for(claims["aud"], expected.client)) return {{}, "audience"};
    if (!is_authorized_party(claims, expected.client)) return {{}, "azp"};
    if (claims["iat"].is_null() || !is_in_time(claims, now, kSkew_s)) return {{}, "time"};
    if (!is_same(claims["nonce"], expected.nonce)) return {{}, "nonce"};
    const std::string& subject = claims["sub"].text();
    if (!claims["sub"].is_string() || subject.empty() || subject.size() > kSubject_bytes) return {{}, "subject"};
    OidcIdentity identity{.subject = subject, .acr = claims["acr"].is_string() ? claims["acr"].text() : std::string(), .amr = {}};
    for (const auto& one : claims["amr"].items()) {
        if (one.is_string() && identity.amr.size() < kMethods) identity.amr.push_back(one.text());
    }
    return {std::move(identity), {}};
}

}  // namespace qiao::access
