// Tokens that others make: ID tokens of an OpenID provider, assertions of systems, sets of keys. The first byte says what the rest is:
// a whole token, which nobody without the key can make so that it is taken; header and claims, which the harness signs itself, so that
// the checks behind the signature are reached; or a set of keys and a provider's metadata.
#include "access/client_assertion.hpp"
#include "access/jwt.hpp"
#include "access/oidc_token.hpp"
#include "base/error.hpp"
#include "base/freed.hpp"
#include "base/text.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace qiao;
using namespace qiao::access;

constexpr std::string_view kIssuer = "https://id";
constexpr std::string_view kClient = "qiao";
constexpr std::string_view kNonce = "n";
constexpr std::int64_t kNow_s = 1'800'000'000;
constexpr std::size_t kNumber_bytes = 32;

void require(bool holds) {
    if (!holds) std::abort();
}

/// The key of this run; both kinds of token are checked with it.
class Signer {
public:
    Signer() : key_(EVP_EC_gen("P-256")) {
        const std::string jwks = R"({"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":")" + coordinate(OSSL_PKEY_PARAM_EC_PUB_X) + R"(","y":")" +
                                 coordinate(OSSL_PKEY_PARAM_EC_PUB_Y) + "\"}]}";
        provider = read_oidc_keys(jwks);
        client = read_jwks(jwks);
        require(provider.size() == 1 && client.size() == 1);
    }

    [[nodiscard]] std::string token(std::string_view header, std::string_view claims) const {
        const std::string text = to_base64url(header) + "." + to_base64url(claims);
        const std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
        std::array<unsigned char, 128> der{};
        std::size_t size = der.size();
        require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                EVP_DigestSign(context.get(), der.data(), &size, reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
        const unsigned char* at = der.data();
        const std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
        return text + "." + to_base64url(fixed(ECDSA_SIG_get0_r(signature.get())) + fixed(ECDSA_SIG_get0_s(signature.get())));
    }

    std::vector<OidcKey> provider;
    std::vector<ClientKey> client;

private:
    static std::string fixed(const BIGNUM* number) {
        std::string bytes(kNumber_bytes, '\0');
        require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kNumber_bytes) == kNumber_bytes);
        return bytes;
    }
    [[nodiscard]] std::string coordinate(const char* name) const {
        BIGNUM* number = nullptr;
        require(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
        const std::unique_ptr<BIGNUM, Freed<BN_free>> owned(number);
        return to_base64url(fixed(number));
    }
    std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key_;
};

const Signer& signer() {
    static const Signer one;
    return one;
}

Instant now() { return from_us(kNow_s * 1'000'000); }
OidcVerdict identity(std::string_view token) { return check_id_token(token, signer().provider, {kIssuer, kClient, kNonce}, now()); }
std::optional<ClientAssertion> assertion(std::string_view token) { return check_client_assertion(token, kClient, kIssuer, signer().client, now()); }

/// What is read is the token itself, in its one spelling; a stranger's is never taken.
void whole(std::string_view token) {
    if (const auto jwt = read_jwt(token, 16 * 1024)) {
        require(jwt->header.is_object() && jwt->claims.is_object());
        require(jwt->signed_text + "." + to_base64url(jwt->signature) == token);
        require(!is_signed_by(*jwt, signer().client.front().key));
    }
    require(claimed_client(token).size() <= 128);
    require(!identity(token).identity && !assertion(token));
}

/// What of a signed token was taken says what it must; one other byte, and it is not.
void made_by_the_key(std::string_view header, std::string_view claims) {
    const std::string token = signer().token(header, claims);
    const auto verdict = identity(token);
    const auto system = assertion(token);
    if (!verdict.identity && !system) return;
    const auto jwt = read_jwt(token, 16 * 1024);
    require(jwt && jwt->header["alg"].text() == "ES256" && jwt->header["crit"].is_null());
    require(jwt->claims["exp"].integer().value_or(0) > kNow_s);
    if (verdict.identity) {
        require(jwt->claims["iss"].text() == kIssuer && jwt->claims["nonce"].text() == kNonce && is_for(jwt->claims["aud"], kClient));
        require(!verdict.identity->subject.empty() && verdict.identity->subject.size() <= 255 && verdict.identity->amr.size() <= 16);
    }
    if (system) {
        require(jwt->claims["iss"].text() == kClient && jwt->claims["sub"].text() == kClient && is_for(jwt->claims["aud"], kIssuer));
        require(!system->jti.empty() && system->jti.size() <= 128 && system->until > now());
    }
    for (const std::size_t at : {token.find('.') - 1, token.find('.') + 1, token.rfind('.') - 1, token.rfind('.') + 2}) {
        std::string other = token;
        other[at] = other[at] == 'A' ? 'B' : 'A';
        require(!identity(other).identity && !assertion(other));
    }
}

void keys_and_metadata(std::string_view text) {
    const auto keys = read_oidc_keys(text);
    require(keys.size() <= 32);
    for (const OidcKey& one : keys) {
        const auto again = PublicKey::from_spki(one.key.to_spki());
        require(again && again->to_spki() == one.key.to_spki());
    }
    try {
        const auto clients = read_jwks(text);
        require(!clients.empty() && clients.size() <= 8);
    } catch (const Error&) {
    }
    for (const bool by_key : {false, true}) {
        const auto provider = read_oidc_provider(text, kIssuer, by_key);
        if (!provider) continue;
        require(is_safe_oidc_url(provider->authorization_endpoint) && is_safe_oidc_url(provider->token_endpoint) && is_safe_oidc_url(provider->jwks_uri));
        require(provider->end_session_endpoint.empty() || is_safe_oidc_url(provider->end_session_endpoint));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t line = bytes.find('\n');
    switch (data[0] % 3) {
        case 0: whole(bytes); break;
        case 1: made_by_the_key(bytes.substr(0, line), line == std::string_view::npos ? "{}" : bytes.substr(line + 1)); break;
        default: keys_and_metadata(bytes);
    }
    return 0;
}
