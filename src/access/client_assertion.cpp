#include "access/client_assertion.hpp"

#include "access/jwt.hpp"
#include "base/error.hpp"
#include "base/json_value.hpp"

#include <algorithm>
#include <chrono>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kJwtLimit_bytes = 8192;
constexpr std::size_t kKeysLimit = 8;
constexpr std::size_t kId_bytes = 128;
constexpr auto kLongest = 5min;
constexpr std::chrono::seconds kSkew = 30s;

[[noreturn]] void bad_jwks(const char* why) { throw Error(ErrorKind::invalid, "access.bad_jwks", why); }

const ClientKey* key_for(std::span<const ClientKey> keys, const json::Value& kid) {
    if (kid.is_null()) return keys.size() == 1 ? keys.data() : nullptr;
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const ClientKey& one) { return kid.is_string() && one.kid == kid.text(); });
    return found == keys.end() ? nullptr : &*found;
}

}  // namespace

std::vector<ClientKey> read_jwks(std::string_view text) {
    const auto set = json::parse(text, 8);
    if (!set || !(*set)["keys"].is_array()) bad_jwks("a JWK Set has an array `keys`");
    std::vector<ClientKey> keys;
    for (const auto& one : (*set)["keys"].items()) {
        const std::string& kid = one["kid"].text();
        auto key = PublicKey::from_jwk(one);
        if (!key || (key->algorithm() != SignatureAlgorithm::rs256 && key->algorithm() != SignatureAlgorithm::es256))
            bad_jwks("each key is a public RSA key of 2048 bits or more, or on P-256");
        if (kid.empty() || kid.size() > kId_bytes) bad_jwks("each key has a kid");
        if (std::any_of(keys.begin(), keys.end(), [&](const ClientKey& other) { return other.kid == kid; })) bad_jwks("two keys have one kid");
        keys.push_back({kid, *std::move(key)});
    }
    if (keys.empty() || keys.size() > kKeysLimit) bad_jwks("1 to 8 keys");
    return keys;
}

std::string claimed_client(std::string_view jwt) {
    const auto parts = read_jwt(jwt, kJwtLimit_bytes);
    if (!parts || !parts->claims["iss"].is_string() || parts->claims["iss"].text().size() > kId_bytes) return {};
    return parts->claims["iss"].text();
}

std::optional<ClientAssertion> check_client_assertion(std::string_view jwt, std::string_view client, std::string_view audience, std::span<const ClientKey> keys,
                                                      Instant now) {
    const auto parts = read_jwt(jwt, kJwtLimit_bytes);
    if (!parts || client.empty() || audience.empty()) return std::nullopt;
    const ClientKey* key = key_for(keys, parts->header["kid"]);
    if (key == nullptr || !is_signed_by(*parts, key->key)) return std::nullopt;
    const json::Value& claims = parts->claims;
    if (claims["iss"].text() != client || claims["sub"].text() != client || !is_for(claims["aud"], audience)) return std::nullopt;
    const auto expires = claims["exp"].integer();
    const std::int64_t longest_s = to_us(now) / 1'000'000 + std::chrono::seconds(kLongest + kSkew).count();
    if (!is_in_time(claims, now, kSkew.count()) || *expires > longest_s) return std::nullopt;
    const std::string& jti = claims["jti"].text();
    if (!claims["jti"].is_string() || jti.empty() || jti.size() > kId_bytes) return std::nullopt;
    return ClientAssertion{jti, from_us(*expires * 1'000'000)};
}

}  // namespace qiao::access
