#pragma once

#include "access/audit.hpp"
#include "access/certificate.hpp"
#include "access/organisation.hpp"
#include "storage/database.hpp"
#include "storage/writer.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The keys that sign: of people, of institutions (their seals) and of the authority built into this installation; the
/// other authorities that are trusted; who is revoked since when. Private keys are wrapped by the master key and never leave.
/// Thread-safe; changes block until they are durable and are audited in their own commit. docs/signatures.md.
namespace qiao::access {

inline constexpr std::chrono::days kEndsSoon{30};  ///< before a certificate ends its security administrator hears of it

enum class KeyKind : std::uint8_t { person, seal, authority };
std::string_view code_of(KeyKind kind);  ///< "person", "seal", "authority"

/// Whose key it is: a person, an institution's seal (its number), or the built-in authority (0).
struct Holder {
    KeyKind kind = KeyKind::person;
    std::int64_t id = 0;
    auto operator<=>(const Holder&) const = default;
};

/// SigningKey::authority of a key that a request was made over and that signs nothing yet.
inline constexpr std::int64_t kAskedFor = -1;

struct SigningKey {
    std::int64_t id = 0;
    Holder holder;
    KeyAlgorithm algorithm = KeyAlgorithm::p256;
    std::string wrapped;
    std::string certificate_pem;
    std::string chain_pem;       ///< from its issuer to the top
    std::int64_t authority = 0;  ///< 0 = the built-in one, kAskedFor, else OtherAuthority::id
    Instant created{};
    Instant expires{};  ///< when the certificate ends, or one above it
    Instant revoked{};  ///< Instant{} = not; signatures from then on are worth nothing
    std::string revoked_reason;
    [[nodiscard]] bool by_other() const { return authority > 0; }
    [[nodiscard]] bool in_force(Instant now) const { return revoked == Instant{} && now < expires; }
};

/// What signs now for somebody.
struct LiveKey {
    Key key;
    std::string certificate_pem;
    std::string chain_pem;
    std::int64_t authority = 0;
    Instant begins{};
    Instant expires{};
};

/// An authority that the security administrator trusts: a hospital's own, or one that is licensed by law.
struct OtherAuthority {
    std::int64_t id = 0;
    std::string name;
    bool licensed = false;  ///< as the security administrator stated
    std::string pem;        ///< all its certificates
    Instant added{};
    std::string list_number;  ///< of its newest revocation list
    Instant list_made{};      ///< Instant{} = none was given
    Instant list_next{};
};

/// Who vouches for a certificate.
struct Origin {
    bool known = false;
    std::int64_t authority = 0;
    bool licensed = false;
    std::string name;  ///< of the other authority; empty for the built-in one
};

class SigningKeys {
public:
    /// @param key_folder  of `master.key`   @param fresh  algorithm of keys that are made from now on
    SigningKeys(storage::Database& database, storage::Writer& writer, Audit& audit, const Directory& directory, const Clock& clock,
                const std::string& key_folder, KeyAlgorithm fresh = KeyAlgorithm::p256);
    ~SigningKeys();

    /// The newest certificate decides. One of the built-in authority is made when there is none, and again when it ended (3
    /// years) or was revoked. One of another authority is never replaced by itself: Error(forbidden)
    /// "signing.own_certificate_ended", "…_revoked", "…_not_yet"; of a seal "signing.seal_certificate_ended", and so on.
    /// @param subject  what a new certificate says
    std::shared_ptr<const LiveKey> key_of(const Holder& holder, const Subject& subject);
    /// Certificates of other authorities that end within 30 days, or ended or were revoked with nothing after them, so that
    /// their holder cannot sign. Of active people and institutions; first what ends first.
    [[nodiscard]] std::vector<SigningKey> need_care();
    [[nodiscard]] std::string authority_pem() const;  ///< of the built-in authority for new keys
    /// The authority that vouched for `certificate_pem` (with what lies between) at that time.
    [[nodiscard]] Origin origin_of(std::string_view certificate_pem, Instant at) const;
    [[nodiscard]] std::optional<Instant> revoked_at(std::int64_t authority, std::string_view serial);
    /// What was known when signing, as JSON: "good", by which list, when.
    [[nodiscard]] std::string revocation_state(const LiveKey& key) const;
    /// For what the institution's seal is put beside a person's signature ("opinion"); empty = it has none.
    [[nodiscard]] std::vector<std::string> sealed_meanings(std::int64_t organisation) const;
    [[nodiscard]] Subject subject_of(const Holder& holder) const;

    // What the security administrator does (signing_keys_admin.cpp). Actors are checked by the caller.
    [[nodiscard]] KeyAlgorithm fresh() const { return fresh_; }
    [[nodiscard]] std::vector<SigningKey> all();  ///< newest first
    [[nodiscard]] std::vector<OtherAuthority> authorities() const;
    /// A certificate request over the key that signs now, or did until its certificate ended; over a new key when that one was
    /// revoked. Error(not_found, "signing.no_holder").
    std::string request(const record::Actor& actor, const Holder& holder);
    /// `pem`: the certificate and what lies between it and a trusted authority. Error(invalid): signing.bad_certificate,
    /// signing.key_does_not_match, signing.authority_unknown, signing.certificate_not_for_signing,
    /// signing.certificate_not_in_force, signing.certificate_revoked, signing.certificate_known.
    SigningKey import_certificate(const record::Actor& actor, const Holder& holder, std::string_view pem);
    /// From now on a new key of the built-in authority signs for the holder, whose certificate of another authority is given up.
    /// Error(conflict, "signing.built_in_already"), Error(not_found, "signing.no_holder").
    void use_built_in(const record::Actor& actor, const Holder& holder);
    /// Error(invalid): signing.bad_certificate, signing.not_an_authority, signing.bad_name.
    std::int64_t add_authority(const record::Actor& actor, std::string_view name, bool licensed, std::string_view pem);
    /// Error(not_found, "signing.no_authority"), Error(conflict, "signing.authority_in_use").
    void remove_authority(const record::Actor& actor, std::int64_t id);
    /// Error(invalid): as read_revocation_list(), signing.revocation_list_older. Keys that it names are revoked.
    void import_list(const record::Actor& actor, std::int64_t authority, std::string_view bytes);
    /// Signatures from `at` on are worth nothing. Error(not_found, "signing.no_key"), Error(invalid): signing.bad_reason, signing.bad_time.
    void revoke(const record::Actor& actor, std::int64_t key, Instant at, std::string_view reason);
    /// Empty = the institution seals nothing more. Error(invalid): signing.bad_meaning, signing.no_holder.
    void set_seal(const record::Actor& actor, std::int64_t organisation, const std::vector<std::string>& meanings);

private:
    void open_authority();
    void load();  ///< authorities and seals into memory; forgets the live keys
    SigningKey make_key(const Holder& holder, const Subject& subject);
    /// What a request is over and an imported certificate has to be about.
    SigningKey key_to_certify(const Holder& holder, const Subject& subject);
    [[nodiscard]] Key open(const SigningKey& row) const;
    AuditEvent event_of(const record::Actor& actor, std::string detail) const;
    [[nodiscard]] std::optional<OtherAuthority> authority(std::int64_t id) const;

    // signing_keys_store.cpp
    /// The newest, in force or not: the one that decides who vouches for the holder.
    std::optional<SigningKey> read_key(const Holder& holder, std::optional<KeyAlgorithm> algorithm = std::nullopt);
    std::optional<SigningKey> read_asked_for(const Holder& holder);  ///< in force
    std::vector<SigningKey> read_ending(Instant before);             ///< for need_care(), whoever is active
    void store_key(const SigningKey& row, const AuditEvent* event);
    std::vector<OtherAuthority> read_authorities();
    std::map<std::int64_t, std::vector<std::string>> read_seals();
    std::vector<std::string> read_built_in();
    std::int64_t store_authority(const OtherAuthority& one, const AuditEvent& event);
    void store_list(const OtherAuthority& one, const std::vector<std::pair<std::string, Instant>>& revoked, const AuditEvent& event);
    void store_revocation(std::int64_t key, Instant at, std::string_view reason, const AuditEvent& event);
    void store_seal(std::int64_t organisation, std::string_view meanings, const AuditEvent& event);
    void delete_authority(std::int64_t id, const AuditEvent& event);

    storage::Database& database_;
    storage::Writer& writer_;
    Audit& audit_;
    const Directory& directory_;
    const Clock& clock_;
    const KeyAlgorithm fresh_;
    std::string master_key_;
    std::string authority_pem_;
    mutable std::mutex mutex_;
    std::map<Holder, std::shared_ptr<const LiveKey>> live_;
    std::vector<OtherAuthority> authorities_;
    std::vector<std::string> built_in_;
    std::map<std::int64_t, std::vector<std::string>> seals_;
};

}  // namespace qiao::access
