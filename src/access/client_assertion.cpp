#include "access/client_assertion.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <chrono>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kJwtLimit_bytes = 8192;
constexpr std::size_t kKeysLimit = 8;
constexpr std::size_t kId_bytes = 128;
constexpr auto kLongest = 5min;
constexpr auto kSkew = 30s;

[[noreturn]] void bad_jwks(const char* why) { throw Error(ErrorKind::invalid, "access.bad_jwks", why); }

struct Parts {
    json::Value header;
    json::Value claims;
    std::string_view signed_text;
    std::string signature;
};

/// Only the one spelling that RFC 7515 allows: two texts must not be the same token.
std::optional<std::string> strict_base64url(std::string_view text) {
    auto bytes = from_base64(text);
    if (!bytes || to_base64url(*bytes) != text) return std::nullopt;
    return bytes;
}

std::optional<Parts> read(std::string_view jwt) {
    if (jwt.size() > kJwtLimit_bytes) return std::nullopt;
    const auto pieces = split(jwt, '.');
    if (pieces.size() != 3) return std::nullopt;
    const auto header = strict_base64url(pieces[0]);
    const auto claims = strict_base64url(pieces[1]);
    auto signature = strict_base64url(pieces[2]);
    if (!header || !claims || !signature) return std::nullopt;
    auto header_json = json::parse(*header, 8);
    auto claims_json = json::parse(*claims, 8);
    if (!header_json || !header_json->is_object() || !claims_json || !claims_json->is_object()) return std::nullopt;
    return Parts{*std::move(header_json), *std::move(claims_json), jwt.substr(0, pieces[0].size() + 1 + pieces[1].size()), *std::move(signature)};
}

bool names(const json::Value& audience, std::string_view wanted) {
    if (audience.is_string()) return audience.text() == wanted;
    return audience.is_array() && std::any_of(audience.items().begin(), audience.items().end(), [&](const json::Value& one) { return one.is_string() && one.text() == wanted; });
}

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
        if (!key || key->algorithm() == SignatureAlgorithm::eddsa) bad_jwks("each key is a public RSA key of 2048 bits or more, or on P-256");
        if (kid.empty() || kid.size() > kId_bytes) bad_jwks("each key has a kid");
        if (std::any_of(keys.begin(), keys.end(), [&](const ClientKey& other) { return other.kid == kid; })) bad_jwks("two keys have one kid");
        keys.push_back({kid, *std::move(key)});
    }
    if (keys.empty() || keys.size() > kKeysLimit) bad_jwks("1 to 8 keys");
    return keys;
}

std::string claimed_client(std::string_view jwt) {
    const auto parts = read(jwt);
    if (!parts || !parts->claims["iss"].is_string() || parts->claims["iss"].text().size() > kId_bytes) return {};
    return parts->claims["iss"].text();
}

std::optional<ClientAssertion> check_client_assertion(std::string_view jwt, std::string_view client, std::string_view audience, std::span<const ClientKey> keys,
                                                      Instant now) {
    const auto parts = read(jwt);
    if (!parts || client.empty() || audience.empty()) return std::nullopt;
    const ClientKey* key = key_for(keys, parts->header["kid"]);
    if (key == nullptr || parts->header["alg"].text() != name_of(key->key.algorithm()) || !parts->header["crit"].is_null()) return std::nullopt;
    if (!key->key.verifies_raw(parts->signed_text, parts->signature)) return std::nullopt;
    const json::Value& claims = parts->claims;
    if (claims["iss"].text() != client || claims["sub"].text() != client || !names(claims["aud"], audience)) return std::nullopt;
    const auto expires = claims["exp"].integer();
    const std::int64_t now_s = to_us(now) / 1'000'000;
    const std::int64_t skew_s = std::chrono::seconds(kSkew).count();
    const std::int64_t longest_s = std::chrono::seconds(kLongest).count() + skew_s;
    if (!expires || *expires <= now_s || *expires > now_s + longest_s) return std::nullopt;
    for (const char* name : {"nbf", "iat"}) {
        const auto at = claims[name].integer();
        if (!claims[name].is_null() && (!at || *at > now_s + skew_s)) return std::nullopt;
    }
    const std::string& jti = claims["jti"].text();
    if (!claims["jti"].is_string() || jti.empty() || jti.size() > kId_bytes) return std::nullopt;
    return ClientAssertion{jti, from_us(*expires * 1'000'000)};
}

}  // namespace qiao::access
