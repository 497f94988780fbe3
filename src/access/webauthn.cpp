#include "access/webauthn.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/text.hpp"

namespace qiao::access::webauthn {
namespace {

constexpr std::size_t kClientDataLimit_bytes = 4096;
constexpr std::size_t kAttestationLimit_bytes = 16 * 1024;
constexpr std::size_t kHash_bytes = 32;
constexpr std::size_t kHead_bytes = kHash_bytes + 1 + 4;  // hash of the rpId, flags, counter
constexpr std::size_t kAaguid_bytes = 16;
constexpr std::size_t kCredentialIdLimit_bytes = 1023;
constexpr unsigned kUserPresent = 0x01, kUserVerified = 0x04, kAttestedKey = 0x40;

[[noreturn]] void bad(const char* why) { throw Error(ErrorKind::invalid, "access.bad_security_key", why); }

/// Section 5.8.1: the kind of ceremony, the challenge, and the page that asked.
bool is_expected(std::string_view client_data, std::string_view type, const Expected& expected) {
    if (client_data.size() > kClientDataLimit_bytes || expected.challenge.empty()) return false;
    const auto data = json::parse(client_data, 8);
    if (!data || (*data)["type"].text() != type || (*data)["crossOrigin"].truth()) return false;
    if (!equal_in_constant_time((*data)["challenge"].text(), expected.challenge)) return false;
    const std::string origin = lower((*data)["origin"].text());
    if (origin == "https://" + expected.host) return true;
    // Browsers offer security keys without TLS on this name alone.
    return origin == "http://" + expected.host && rp_id_of(expected.host) == "localhost";
}

struct Head {
    unsigned flags = 0;
    std::uint32_t counter = 0;
};

/// Section 6.1: for this relying party, with somebody at the key.
std::optional<Head> read_head(std::string_view data, std::string_view rp_id, bool user_verified) {
    if (data.size() < kHead_bytes || data.substr(0, kHash_bytes) != sha256(rp_id)) return std::nullopt;
    Head head;
    head.flags = static_cast<unsigned char>(data[kHash_bytes]);
    for (std::size_t i = kHash_bytes + 1; i < kHead_bytes; ++i) head.counter = (head.counter << 8U) | static_cast<unsigned char>(data[i]);
    const unsigned needed = kUserPresent | (user_verified ? kUserVerified : 0U);
    if ((head.flags & needed) != needed) return std::nullopt;
    return head;
}

/// Sections 8.2 (with the key itself) and 8.7.
void check_attestation(const cbor::Value& attestation, const PublicKey& key, std::string_view authenticator_data, std::string_view client_data) {
    const cbor::Value* format = attestation.find("fmt");
    const cbor::Value* statement = attestation.find("attStmt");
    if (format == nullptr || statement == nullptr) bad("an attestation has fmt and attStmt");
    if (format->data == "none") return;
    if (format->data != "packed" || statement->find("x5c") != nullptr) {
        throw Error(ErrorKind::invalid, "access.attestation_not_supported", "attestation none, or packed by the key itself");
    }
    if (!key.verifies(std::string(authenticator_data) + sha256(client_data), statement->bytes_at("sig"))) bad("the attestation's signature is wrong");
}

}  // namespace

std::string rp_id_of(std::string_view host) {
    const auto colon = host.rfind(':');
    return std::string(colon == std::string_view::npos || host.ends_with(']') ? host : host.substr(0, colon));
}

NewKey read_registration(std::string_view client_data, std::string_view attestation_object, const Expected& expected) {
    if (!is_expected(client_data, "webauthn.create", expected)) bad("the answer is not to this question");
    if (attestation_object.size() > kAttestationLimit_bytes) bad("the attestation is too long");
    const auto attestation = cbor::parse(attestation_object);
    if (!attestation || attestation->size != attestation_object.size()) bad("the attestation is no CBOR");
    const std::string_view data = attestation->value.bytes_at("authData");
    const auto head = read_head(data, rp_id_of(expected.host), expected.user_verified);
    if (!head || (head->flags & kAttestedKey) == 0) bad("the authenticator's data is not for this server");
    std::string_view rest = data.substr(kHead_bytes);
    if (rest.size() < kAaguid_bytes + 2) bad("the authenticator's data is cut off");
    const std::size_t length =
        (std::size_t{static_cast<unsigned char>(rest[kAaguid_bytes])} << 8U) | static_cast<unsigned char>(rest[kAaguid_bytes + 1]);
    rest.remove_prefix(kAaguid_bytes + 2);
    if (length == 0 || length > kCredentialIdLimit_bytes || length > rest.size()) bad("the credential's id has a bad length");
    const std::string_view id = rest.substr(0, length);
    const auto cose = cbor::parse(rest.substr(length));
    const auto key = cose ? PublicKey::from_cose(cose->value) : std::nullopt;
    if (!key) bad("the key is none of ES256, RS256, EdDSA");
    check_attestation(attestation->value, *key, data, client_data);
    return {to_base64url(id), *key, head->counter};
}

std::optional<std::uint32_t> check_assertion(const PublicKey& key, std::string_view rp_id, std::string_view client_data, std::string_view authenticator_data,
                                             std::string_view signature, const Expected& expected) {
    if (rp_id_of(expected.host) != rp_id || !is_expected(client_data, "webauthn.get", expected)) return std::nullopt;
    if (authenticator_data.size() > kAttestationLimit_bytes) return std::nullopt;
    const auto head = read_head(authenticator_data, rp_id, expected.user_verified);
    if (!head || !key.verifies(std::string(authenticator_data) + sha256(client_data), signature)) return std::nullopt;
    return head->counter;
}

bool counter_may_follow(std::uint32_t counter, std::uint32_t kept) { return counter > kept || (counter == 0 && kept == 0); }

}  // namespace qiao::access::webauthn
