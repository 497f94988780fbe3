#pragma once

#include "access/signing.hpp"
#include "flow/engine.hpp"
#include "http/router.hpp"

#include <string>
#include <string_view>

/// Whether a signed opinion is still what was signed, and the public pages that say so: behind the QR code, and for
/// exported files. They show the verdict, the day, the institution and the kinds of signatures, and nothing else. Any thread.
namespace qiao::consult {

enum class OpinionState : std::uint8_t { valid, certificate_expired, amended, altered, unknown_signer, revoked_before };
std::string_view code_of(OpinionState state);
/// Whether it may be acted on: it is what was signed, by whom it says, though perhaps not the newest version.
inline bool is_good(OpinionState state) { return state == OpinionState::valid || state == OpinionState::certificate_expired || state == OpinionState::amended; }

/// Of the signature alone, without a look at what it covers.
OpinionState state_of(access::Verdict verdict);
/// Looks at the stored versions that the manifest names and at the person's signature; a seal is checked apart.
OpinionState state_of(const flow::Ground& ground, const access::Signature& signature);

/// What the certificate is worth, in both languages: until a licensed authority vouches for the signer, integrity only.
struct Words {
    std::string zh;
    std::string en;
};
Words worth_of(const access::Origin& origin);

/// The reference of the signature over one version of an opinion; empty when there is none.
std::string signature_of_version(const flow::Case& item, std::int64_t version);

/// `GET /verify/{ref}`, `GET /verify` and `POST /verify` (form-data: manifest, signature, certificate): no session, no name,
/// a fixed set of words; at most 30 a minute from one network.
void add_verification_routes(http::Router& router, flow::Engine& engine);

}  // namespace qiao::consult
