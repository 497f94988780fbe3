#pragma once

#include "access/manifest.hpp"
#include "access/organisation.hpp"
#include "access/signing_keys.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Signatures of people, and of the institution beside them (its seal), over a manifest. docs/signatures.md says how anyone
/// verifies them with `openssl`. Thread-safe; making a person's first key blocks until it is durable.
namespace qiao::access {

/// The institution's own signature over the same manifest.
struct Seal {
    std::int64_t organisation = 0;
    std::string der;
    std::string certificate_pem;
    std::string chain_pem;
};

struct Signature {
    std::string reference;        ///< random, for the page behind the QR code
    std::string manifest;         ///< the signed bytes
    std::string der;              ///< over `manifest`, as `openssl dgst -verify` takes it
    std::string jws;              ///< the same manifest as compact JWS (RFC 7515, ES256), signed with the same key; empty for SM2
    std::string certificate_pem;  ///< of the signer
    std::string chain_pem;        ///< from its issuer to the top
    std::int64_t person = 0;
    Instant signed_at{};
    std::string revocation = {};  ///< what was known of revocation when signing, JSON
    std::optional<Seal> seal = {};
};

enum class Verdict : std::uint8_t { valid, valid_certificate_expired, altered, unknown_signer, revoked_before };
std::string_view code_of(Verdict verdict);  ///< "valid", "valid-certificate-since-expired", "altered", "unknown-signer", "revoked-before"
inline bool is_good(Verdict verdict) { return verdict == Verdict::valid || verdict == Verdict::valid_certificate_expired; }

struct Checked {
    Verdict verdict = Verdict::altered;
    Origin origin;  ///< who vouches for the signer; nobody when the verdict is altered or unknown_signer
};

/// Whether this session gave the password again within the last minutes (Sessions::stepped_up).
using SteppedUp = std::function<bool(const record::Actor&)>;

class Signing {
public:
    Signing(storage::Database& database, const Directory& directory, const Clock& clock, SigningKeys& keys, SteppedUp stepped_up);

    /// Asked before a work reads anything: whether sign() would, with the same errors. Signs nothing, but makes the first keys,
    /// which sign() would else have to wait for.
    void require_may_sign(const record::Actor& actor, std::string_view meaning);
    /// Signs in the name of actor.person; with the seal of actor.organisation where it has one for this meaning.
    /// Error(forbidden): access.step_up_needed, access.may_not_sign, and those of SigningKeys::key_of().
    Signature sign(const record::Actor& actor, std::string manifest, std::string_view meaning = {});
    /// Keeps the signature and closes what it covers, in the commit of the signed resources; on the writer thread.
    void keep(storage::Group& group, const Signature& signature, std::span<const SignedItem> items);

    [[nodiscard]] std::optional<Signature> find(std::string_view reference);
    /// The kept signature with exactly these bytes, the person's own or the seal.
    [[nodiscard]] std::optional<Signature> find_der(std::string_view der);
    /// The newest signature that covers a resource.
    [[nodiscard]] std::optional<Signature> of_resource(std::string_view type, std::string_view id);
    // For record::Ports::keeps_closed; on the writer thread no signature comes in between.
    /// Error(conflict, "signing.closed") for a signed resource.
    static void require_open(storage::Connection& connection, const std::string& resource);
    /// Error(conflict, "signing.closed_to_children") for a resource that refers to a signed one.
    static void require_open_targets(storage::Connection& connection, const std::string& resource, std::span<const std::string> refers);

    /// `certificate_pem`: of the signer, and what lies between it and an authority.
    [[nodiscard]] Checked check(std::string_view manifest, std::string_view der, std::string_view certificate_pem, Instant signed_at);
    [[nodiscard]] Checked check(const Signature& signature);
    [[nodiscard]] Checked check_seal(const Signature& signature);  ///< altered when there is none
    [[nodiscard]] Verdict verify(const Signature& signature) { return check(signature).verdict; }
    [[nodiscard]] SigningKeys& keys() { return keys_; }

private:
    void check_right(const record::Actor& actor) const;
    [[nodiscard]] bool seals(const record::Actor& actor, std::string_view meaning) const;
    [[nodiscard]] Subject subject_of(const record::Actor& actor) const;
    std::optional<Signature> signature_of(std::string_view condition, storage::Values args);

    storage::Database& database_;
    const Directory& directory_;
    const Clock& clock_;
    SigningKeys& keys_;
    SteppedUp stepped_up_;
};

}  // namespace qiao::access
