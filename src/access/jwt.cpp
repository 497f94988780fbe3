#include "access/jwt.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

/// Only the one spelling that RFC 7515 allows: two texts must not be the same token.
std::optional<std::string> strict_base64url(std::string_view text) {
    auto bytes = from_base64(text);
    if (!bytes || to_base64url(*bytes) != text) return std::nullopt;
    return bytes;
}

}  // namespace

std::optional<Jwt> read_jwt(std::string_view text, std::size_t limit_bytes) {
    if (text.size() > limit_bytes) return std::nullopt;
    const auto pieces = split(text, '.');
    if (pieces.size() != 3) return std::nullopt;
    const auto header = strict_base64url(pieces[0]);
    const auto claims = strict_base64url(pieces[1]);
    auto signature = strict_base64url(pieces[2]);
    if (!header || !claims || !signature) return std::nullopt;
    auto header_json = json::parse(*header, 8);
    auto claims_json = json::parse(*claims, 8);
    if (!header_json || !header_json->is_object() || !claims_json || !claims_json->is_object()) return std::nullopt;
    if (!(*header_json)["crit"].is_null()) return std::nullopt;
    return Jwt{*std::move(header_json), *std::move(claims_json), std::string(text.substr(0, pieces[0].size() + 1 + pieces[1].size())), *std::move(signature)};
}

bool is_signed_by(const Jwt& jwt, const PublicKey& key) {
    return jwt.header["alg"].is_string() && jwt.header["alg"].text() == name_of(key.algorithm()) && key.verifies_raw(jwt.signed_text, jwt.signature);
}

bool is_for(const json::Value& audience, std::string_view wanted) {
    if (audience.is_string()) return audience.text() == wanted;
    return audience.is_array() &&
           std::any_of(audience.items().begin(), audience.items().end(), [&](const json::Value& one) { return one.is_string() && one.text() == wanted; });
}

bool is_in_time(const json::Value& claims, Instant now, std::int64_t skew_s) {
    const std::int64_t now_s = to_us(now) / 1'000'000;
    const auto expires = claims["exp"].integer();
    if (!expires || *expires <= now_s) return false;
    for (const char* name : {"nbf", "iat"}) {
        const auto at = claims[name].integer();
        if (!claims[name].is_null() && (!at || *at > now_s + skew_s)) return false;
    }
    return true;
}

}  // namespace qiao::access
