#pragma once

#include "access/signing.hpp"
#include "flow/engine.hpp"
#include "http/router.hpp"

#include <string>
#include <string_view>

/// Whether a signed opinion is still what was signed, and the public page behind the QR code, which says that and nothing
/// else. Any thread.
namespace qiao::consult {

enum class OpinionState : std::uint8_t { valid, amended, altered };
std::string_view code_of(OpinionState state);

/// Looks at the stored versions that the manifest names and at the signature itself.
OpinionState verdict_of(const flow::Ground& ground, const access::Signature& signature);

/// The reference of the signature over one version of an opinion; empty when there is none.
std::string signature_of_version(const flow::Case& item, std::int64_t version);

/// `GET /verify/{ref}`: no session, no name, a fixed set of words.
http::Response verification_page(const flow::Ground& ground, std::string_view reference);

}  // namespace qiao::consult
