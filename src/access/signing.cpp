#include "access/signing.hpp"

#include "access/certificate.hpp"
#include "access/certificate_chain.hpp"
#include "access/role.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

/// The base64 between the lines of a PEM certificate: what `x5c` holds.
std::string body_of_pem(std::string_view pem) {
    std::string body;
    for (const std::string_view line : split(pem, '\n')) {
        if (!line.starts_with("-----")) body += trim(line);
    }
    return body;
}

/// Empty for SM2, which has no name in JOSE.
std::string jws_of(const LiveKey& key, std::string_view payload) {
    if (key.key.algorithm() == KeyAlgorithm::sm2) return {};
    JsonWriter header;
    header.object([&] {
        header.field("alg", "ES256");
        header.field("kid", serial_of(key.certificate_pem));
        header.array("x5c", [&] {
            for (const std::string& one : split_certificates(key.certificate_pem + key.chain_pem)) header.string(body_of_pem(one));
        });
    });
    const std::string signed_text = to_base64url(header.text()) + "." + to_base64url(payload);
    return signed_text + "." + to_base64url(raw_signature(key.key.sign(signed_text)));
}

}  // namespace

std::string_view code_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::valid: return "valid";
        case Verdict::valid_certificate_expired: return "valid-certificate-since-expired";
        case Verdict::altered: return "altered";
        case Verdict::unknown_signer: return "unknown-signer";
        case Verdict::revoked_before: return "revoked-before";
    }
    return "altered";
}

Signing::Signing(storage::Database& database, const Directory& directory, const Clock& clock, SigningKeys& keys, SteppedUp stepped_up)
    : database_(database), directory_(directory), clock_(clock), keys_(keys), stepped_up_(std::move(stepped_up)) {}

/// The institution is the one that the person acts for, not the first of several.
Subject Signing::subject_of(const record::Actor& actor) const {
    const auto who = directory_.person(actor.person);
    const auto where = directory_.organisation(actor.organisation);
    return {actor.name, where ? where->name : std::string(), who ? who->resource : std::string()};
}

void Signing::check_right(const record::Actor& actor) const {
    const auto memberships = directory_.memberships(actor.person);
    const bool may = std::any_of(memberships.begin(), memberships.end(), [](const Membership& one) {
        const RoleRights* rights = find_role(one.role);
        return rights != nullptr && rights->signs;
    });
    if (!may) throw Error(ErrorKind::forbidden, "access.may_not_sign", "this role does not sign");
    if (!stepped_up_(actor)) throw Error(ErrorKind::forbidden, "access.step_up_needed", "give your password again to sign");
}

bool Signing::seals(const record::Actor& actor, std::string_view meaning) const {
    const auto sealed = keys_.sealed_meanings(actor.organisation);
    return std::find(sealed.begin(), sealed.end(), meaning) != sealed.end();
}

void Signing::require_may_sign(const record::Actor& actor, std::string_view meaning) {
    check_right(actor);
    static_cast<void>(keys_.key_of({KeyKind::person, actor.person}, subject_of(actor)));
    if (!seals(actor, meaning)) return;
    const Holder seal{KeyKind::seal, actor.organisation};
    static_cast<void>(keys_.key_of(seal, keys_.subject_of(seal)));
}

Signature Signing::sign(const record::Actor& actor, std::string manifest, std::string_view meaning) {
    check_right(actor);
    const auto key = keys_.key_of({KeyKind::person, actor.person}, subject_of(actor));
    Signature signature;
    signature.reference = new_secret();
    signature.der = key->key.sign(manifest);
    signature.jws = jws_of(*key, manifest);
    signature.certificate_pem = key->certificate_pem;
    signature.chain_pem = key->chain_pem;
    signature.person = actor.person;
    signature.signed_at = clock_.now();
    signature.revocation = keys_.revocation_state(*key);
    if (seals(actor, meaning)) {
        const Holder holder{KeyKind::seal, actor.organisation};
        const auto seal = keys_.key_of(holder, keys_.subject_of(holder));
        signature.seal = Seal{actor.organisation, seal->key.sign(manifest), seal->certificate_pem, seal->chain_pem};
    }
    signature.manifest = std::move(manifest);
    return signature;
}

Checked Signing::check(std::string_view manifest, std::string_view der, std::string_view certificate_pem, Instant signed_at) {
    if (!is_signature(manifest, der, certificate_pem)) return {Verdict::altered, {}};
    const Origin origin = keys_.origin_of(certificate_pem, signed_at);
    if (!origin.known) return {Verdict::unknown_signer, {}};
    const auto revoked = keys_.revoked_at(origin.authority, serial_of(certificate_pem));
    if (revoked && *revoked <= signed_at) return {Verdict::revoked_before, origin};
    return {clock_.now() < expiry_of(certificate_pem) ? Verdict::valid : Verdict::valid_certificate_expired, origin};
}

Checked Signing::check(const Signature& signature) {
    return check(signature.manifest, signature.der, signature.certificate_pem + signature.chain_pem, signature.signed_at);
}

Checked Signing::check_seal(const Signature& signature) {
    if (!signature.seal) return {};
    return check(signature.manifest, signature.seal->der, signature.seal->certificate_pem + signature.seal->chain_pem, signature.signed_at);
}

}  // namespace qiao::access
