#include "access/signing.hpp"

#include "access/certificate.hpp"
#include "access/master_key.hpp"
#include "access/role.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <chrono>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kPersonYears = 3 * 365 * 24h;
constexpr auto kAuthorityYears = 25 * 365 * 24h;
constexpr std::string_view kAuthorityName = "Qiao built-in authority";

/// Positive and at most 16 bytes (RFC 5280 4.1.2.2).
std::string new_serial() {
    std::string bytes = random_bytes(16);
    bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7FU) | 0x40U);
    return to_hex(bytes);
}

std::string label_of(std::int64_t person) { return "qiao-signing-key " + std::to_string(person); }

/// The base64 between the lines of a PEM certificate: what `x5c` holds.
std::string body_of_pem(std::string_view pem) {
    std::string body;
    for (const std::string_view line : split(pem, '\n')) {
        if (!line.starts_with("-----")) body += trim(line);
    }
    return body;
}

std::string jws_of(const Key& key, std::string_view payload, std::string_view certificate_pem, std::string_view authority_pem) {
    JsonWriter header;
    header.object([&] {
        header.field("alg", "ES256");
        header.field("kid", serial_of(certificate_pem));
        header.array("x5c", [&] {
            header.string(body_of_pem(certificate_pem));
            header.string(body_of_pem(authority_pem));
        });
    });
    const std::string signed_text = to_base64url(header.text()) + "." + to_base64url(payload);
    return signed_text + "." + to_base64url(raw_signature(key.sign(signed_text)));
}

}  // namespace

struct Signing::PersonKey {
    Key key;
    std::string certificate_pem;
    Instant expires;
};

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

Signing::Signing(storage::Database& database, storage::Writer& writer, const Directory& directory, const Clock& clock, const std::string& key_folder,
                 SteppedUp stepped_up)
    : database_(database), writer_(writer), directory_(directory), clock_(clock), stepped_up_(std::move(stepped_up)) {
    master_key_ = open_master_key(database_, key_folder);
    open_authority();
}

Signing::~Signing() = default;

void Signing::open_authority() {
    if (!read_key(0)) {
        const Key key = Key::make();
        const Instant now = clock_.now();
        const std::string pem = make_certificate(key, {std::string(kAuthorityName), {}, {}}, key, {}, new_serial(), now, now + kAuthorityYears);
        store_key(0, {wrap(master_key_, label_of(0), key.to_der()), pem});
    }
    const auto row = read_key(0);
    unwrap(master_key_, label_of(0), row->wrapped);  // a wrong master key shows at the start, not at the first signature
    authority_pem_ = row->certificate_pem;
}

std::string Signing::authority_pem() const { return authority_pem_; }

Signing::KeyRow Signing::make_row(std::int64_t person, std::string_view name, std::string_view organisation) {
    const auto who = directory_.person(person);
    const Key authority = Key::from_der(unwrap(master_key_, label_of(0), read_key(0)->wrapped));
    const Key key = Key::make();
    const Instant now = clock_.now();
    const Subject subject{std::string(name), std::string(organisation), who ? who->resource : std::string()};
    const Instant until = std::min<Instant>(now + kPersonYears, expiry_of(authority_pem_));
    const std::string pem = make_certificate(key, subject, authority, authority_pem_, new_serial(), now, until);
    return {wrap(master_key_, label_of(person), key.to_der()), pem};
}

std::shared_ptr<const Signing::PersonKey> Signing::key_of(const record::Actor& actor) {
    {
        const std::lock_guard lock(mutex_);
        const auto at = keys_.find(actor.person);
        if (at != keys_.end() && clock_.now() < at->second->expires) return at->second;
    }
    auto row = read_key(actor.person);
    if (!row) {
        const auto where = directory_.organisation(actor.organisation);
        store_key(actor.person, make_row(actor.person, actor.name, where ? where->name : std::string()));
        row = read_key(actor.person);
    }
    if (!row) throw Error(ErrorKind::internal, "signing.no_key", "a signing key was made and is not there");
    auto key = std::make_shared<const PersonKey>(
        PersonKey{Key::from_der(unwrap(master_key_, label_of(actor.person), row->wrapped)), row->certificate_pem, expiry_of(row->certificate_pem)});
    const std::lock_guard lock(mutex_);
    keys_[actor.person] = key;
    return key;
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

void Signing::require_may_sign(const record::Actor& actor) {
    check_right(actor);
    static_cast<void>(key_of(actor));
}

Signature Signing::sign(const record::Actor& actor, std::string manifest) {
    check_right(actor);
    const auto key = key_of(actor);
    Signature signature;
    signature.reference = new_secret();
    signature.der = key->key.sign(manifest);
    signature.jws = jws_of(key->key, manifest, key->certificate_pem, authority_pem_);
    signature.manifest = std::move(manifest);
    signature.certificate_pem = key->certificate_pem;
    signature.chain_pem = authority_pem_;
    signature.person = actor.person;
    signature.signed_at = clock_.now();
    return signature;
}

void Signing::require_open(const record::Stored* existing, std::string_view type) {
    if (existing != nullptr && is_closed(type, existing->id))
        throw Error(ErrorKind::conflict, "signing.closed", "it is signed: a change is a new, signed version");
}

Verdict Signing::verify(std::string_view manifest, std::string_view der, std::string_view certificate_pem, Instant signed_at) {
    if (!is_signature(manifest, der, certificate_pem)) return Verdict::altered;
    const auto authorities = read_authorities();
    const bool known = std::any_of(authorities.begin(), authorities.end(),
                                   [&](const std::string& pem) { return check_certificate(certificate_pem, pem, signed_at) == CertificateState::good; });
    if (!known) return Verdict::unknown_signer;
    const auto revoked = revoked_at(serial_of(certificate_pem));
    if (revoked && *revoked <= signed_at) return Verdict::revoked_before;
    return clock_.now() < expiry_of(certificate_pem) ? Verdict::valid : Verdict::valid_certificate_expired;
}

Verdict Signing::verify(const Signature& signature) { return verify(signature.manifest, signature.der, signature.certificate_pem, signature.signed_at); }

}  // namespace qiao::access
