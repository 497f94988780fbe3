#pragma once

#include "access/manifest.hpp"
#include "access/organisation.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Signatures of people: ECDSA P-256 with SHA-256, keys and certificates of a certificate authority built into this
/// installation, private keys wrapped by a master key file. docs/signatures.md says how anyone verifies them with
/// `openssl`. Thread-safe; making a person's first key blocks until it is durable.
namespace qiao::access {

struct Signature {
    std::string reference;        ///< random, for the page behind the QR code
    std::string manifest;         ///< the signed bytes
    std::string der;              ///< ECDSA signature over `manifest`, DER as `openssl dgst -verify` takes it
    std::string jws;              ///< the same manifest as compact JWS (RFC 7515, ES256), signed with the same key
    std::string certificate_pem;  ///< of the signer
    std::string chain_pem;        ///< of the authority
    std::int64_t person = 0;
    Instant signed_at{};
};

enum class Verdict : std::uint8_t { valid, valid_certificate_expired, altered, unknown_signer, revoked_before };
std::string_view code_of(Verdict verdict);  ///< "valid", "valid-certificate-since-expired", "altered", "unknown-signer", "revoked-before"

/// Whether this session gave the password again within the last minutes (Sessions::stepped_up).
using SteppedUp = std::function<bool(const record::Actor&)>;

class Signing {
public:
    /// @param key_folder  of `master.key` (0400), made at the first start; keep a copy of it away from the data
    Signing(storage::Database& database, storage::Writer& writer, const Directory& directory, const Clock& clock, const std::string& key_folder,
            SteppedUp stepped_up);
    ~Signing();

    /// Asked before a work reads anything: whether sign() would, Error(forbidden) access.may_not_sign or
    /// access.step_up_needed. Signs nothing, but makes the person's first key, which sign() would else have to wait for.
    void require_may_sign(const record::Actor& actor);
    /// Signs in the name of actor.person. Error(forbidden): access.step_up_needed, access.may_not_sign.
    Signature sign(const record::Actor& actor, std::string manifest);
    /// Keeps the signature and closes what it covers, in the commit of the signed resources; on the writer thread.
    void keep(storage::Group& group, const Signature& signature, std::span<const SignedItem> items);

    [[nodiscard]] std::optional<Signature> find(std::string_view reference);
    /// The newest signature that covers a resource.
    [[nodiscard]] std::optional<Signature> of_resource(std::string_view type, std::string_view id);
    /// Whether a kept signature covers it: it is closed for plain writes ("signing.closed").
    [[nodiscard]] bool is_closed(std::string_view type, std::string_view id);
    /// For record::Ports::may_write: throws Error(conflict, "signing.closed").
    void require_open(const record::Stored* existing, std::string_view type);

    [[nodiscard]] Verdict verify(std::string_view manifest, std::string_view der, std::string_view certificate_pem, Instant signed_at);
    [[nodiscard]] Verdict verify(const Signature& signature);
    /// Signatures made later than `at` by the keys this person has now are worth nothing.
    void revoke_keys(std::int64_t person, Instant at, std::string_view reason);
    [[nodiscard]] std::string authority_pem() const;

private:
    void check_right(const record::Actor& actor) const;
    struct PersonKey;
    struct KeyRow {
        std::string wrapped;
        std::string certificate_pem;
    };
    void open_authority();
    [[nodiscard]] std::shared_ptr<const PersonKey> key_of(const record::Actor& actor);
    KeyRow make_row(std::int64_t person, std::string_view name, std::string_view organisation);

    // signing_store.cpp
    std::optional<KeyRow> read_key(std::int64_t person);
    /// Keeps `row` unless somebody else was quicker.
    void store_key(std::int64_t person, const KeyRow& row);
    std::vector<std::string> read_authorities();
    std::optional<Instant> revoked_at(std::string_view serial);
    static std::optional<Signature> signature_in(storage::Cursor rows);

    storage::Database& database_;
    storage::Writer& writer_;
    const Directory& directory_;
    const Clock& clock_;
    SteppedUp stepped_up_;
    std::string master_key_;
    std::string authority_pem_;
    std::mutex mutex_;
    std::map<std::int64_t, std::shared_ptr<const PersonKey>> keys_;
};

}  // namespace qiao::access
