#include "access/signing_keys.hpp"

#include "access/certificate_chain.hpp"
#include "access/master_key.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <chrono>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kHolderYears = 3 * 365 * 24h;
constexpr auto kAuthorityYears = 25 * 365 * 24h;
constexpr std::string_view kAuthorityName = "Qiao built-in authority";

/// Positive and at most 16 bytes (RFC 5280 4.1.2.2).
std::string new_serial() {
    std::string bytes = random_bytes(16);
    bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7FU) | 0x40U);
    return to_hex(bytes);
}

/// What the wrapped key is bound to.
std::string label_of(const Holder& holder, KeyAlgorithm algorithm) {
    if (holder.kind == KeyKind::seal) return "qiao-seal-key " + std::to_string(holder.id);
    if (holder.kind == KeyKind::authority && algorithm == KeyAlgorithm::sm2) return "qiao-authority-key sm2";
    return "qiao-signing-key " + std::to_string(holder.id);
}

/// Another authority's certificate never gives way to a built-in one by itself: who reads the paper would not learn of it.
void require_in_force(const SigningKey& row, Instant begins, Instant now) {
    const bool seal = row.holder.kind == KeyKind::seal;
    if (row.revoked != Instant{}) {
        throw Error(ErrorKind::forbidden, seal ? "signing.seal_certificate_revoked" : "signing.own_certificate_revoked",
                    "the certificate was revoked: the security administrator imports a new one, or decides for the built-in authority");
    }
    if (row.expires <= now) {
        throw Error(ErrorKind::forbidden, seal ? "signing.seal_certificate_ended" : "signing.own_certificate_ended",
                    "the certificate ended: the security administrator imports a new one, or decides for the built-in authority");
    }
    if (now < begins) {
        throw Error(ErrorKind::forbidden, seal ? "signing.seal_certificate_not_yet" : "signing.own_certificate_not_yet",
                    "the certificate is not valid yet: is the clock of this machine right?");
    }
}

}  // namespace

std::string_view code_of(KeyKind kind) { return kind == KeyKind::person ? "person" : kind == KeyKind::seal ? "seal" : "authority"; }

SigningKeys::SigningKeys(storage::Database& database, storage::Writer& writer, Audit& audit, const Directory& directory, const Clock& clock,
                         const std::string& key_folder, KeyAlgorithm fresh)
    : database_(database), writer_(writer), audit_(audit), directory_(directory), clock_(clock), fresh_(fresh) {
    master_key_ = open_master_key(database_, key_folder);
    open_authority();
    load();
}

SigningKeys::~SigningKeys() = default;

void SigningKeys::open_authority() {
    const Holder holder{KeyKind::authority, 0};
    // Both stay good for what they issued; the one of the present choice issues.
    const auto known = read_key(holder, fresh_);
    if (!known || !known->in_force(clock_.now())) {
        const Key key = Key::make(fresh_);
        const Instant now = clock_.now();
        const std::string pem = make_certificate(key, {std::string(kAuthorityName), {}, {}}, key, {}, new_serial(), now, now + kAuthorityYears);
        SigningKey row;
        row.holder = holder;
        row.algorithm = fresh_;
        row.wrapped = wrap(master_key_, label_of(holder, fresh_), key.to_der());
        row.certificate_pem = pem;
        row.expires = expiry_of(pem);
        store_key(row, nullptr);
    }
    const auto row = read_key(holder, fresh_);
    static_cast<void>(open(*row));  // a wrong master key shows at the start, not at the first signature
    authority_pem_ = row->certificate_pem;
}

void SigningKeys::load() {
    auto authorities = read_authorities();
    auto built_in = read_built_in();
    auto seals = read_seals();
    const std::lock_guard lock(mutex_);
    authorities_ = std::move(authorities);
    built_in_ = std::move(built_in);
    seals_ = std::move(seals);
    live_.clear();
}

std::string SigningKeys::authority_pem() const { return authority_pem_; }

Key SigningKeys::open(const SigningKey& row) const { return Key::from_der(unwrap(master_key_, label_of(row.holder, row.algorithm), row.wrapped)); }

SigningKey SigningKeys::make_key(const Holder& holder, const Subject& subject) {
    const Key authority = open(*read_key({KeyKind::authority, 0}, fresh_));
    const Key key = Key::make(fresh_);
    const Instant now = clock_.now();
    const Instant until = std::min<Instant>(now + kHolderYears, expiry_of(authority_pem_));
    SigningKey row;
    row.holder = holder;
    row.algorithm = fresh_;
    row.wrapped = wrap(master_key_, label_of(holder, fresh_), key.to_der());
    row.certificate_pem = make_certificate(key, subject, authority, authority_pem_, new_serial(), now, until);
    row.chain_pem = authority_pem_;
    row.expires = expiry_of(row.certificate_pem);
    return row;
}

std::shared_ptr<const LiveKey> SigningKeys::key_of(const Holder& holder, const Subject& subject) {
    {
        const std::lock_guard lock(mutex_);
        const auto at = live_.find(holder);
        if (at != live_.end() && at->second->begins <= clock_.now() && clock_.now() < at->second->expires) return at->second;
    }
    auto row = read_key(holder);
    // The built-in authority's begin when they are made; a clock that was set back since stops nobody.
    const Instant begins = row && row->by_other() ? facts_of(row->certificate_pem)->from : Instant{};
    if (row && row->by_other()) require_in_force(*row, begins, clock_.now());
    if (!row || !row->in_force(clock_.now())) {
        store_key(make_key(holder, subject), nullptr);
        row = read_key(holder);
    }
    if (!row || !row->in_force(clock_.now())) throw Error(ErrorKind::internal, "signing.no_key", "a signing key was made and is not there");
    auto key = std::make_shared<const LiveKey>(LiveKey{open(*row), row->certificate_pem, row->chain_pem, row->authority, begins, row->expires});
    const std::lock_guard lock(mutex_);
    live_[holder] = key;
    return key;
}

Subject SigningKeys::subject_of(const Holder& holder) const {
    if (holder.kind == KeyKind::seal) {
        const auto place = directory_.organisation(holder.id);
        if (!place) throw Error(ErrorKind::not_found, "signing.no_holder", "no such institution");
        return {place->name, place->name, place->resource};
    }
    const auto person = holder.kind == KeyKind::person ? directory_.person(holder.id) : std::nullopt;
    if (!person) throw Error(ErrorKind::not_found, "signing.no_holder", "no such person");
    const auto memberships = directory_.memberships(person->id);
    const auto place = memberships.empty() ? std::nullopt : directory_.organisation(memberships.front().organisation);
    return {person->name, place ? place->name : std::string(), person->resource};
}

Origin SigningKeys::origin_of(std::string_view certificate_pem, Instant at) const {
    const std::lock_guard lock(mutex_);
    for (const std::string& own : built_in_) {
        if (check_certificate(certificate_pem, own, at) == CertificateState::good) return {.known = true};
    }
    for (const OtherAuthority& one : authorities_) {
        if (check_certificate(certificate_pem, one.pem, at) == CertificateState::good) return {true, one.id, one.licensed, one.name};
    }
    return {};
}

std::string SigningKeys::revocation_state(const LiveKey& key) const {
    const auto from = authority(key.authority);
    JsonWriter json;
    json.object([&] {
        json.field("state", "good");
        json.field("checked", format_instant(clock_.now()));
        json.field("authority", from ? from->name : std::string("built-in"));
        if (from && from->list_made != Instant{}) {
            json.field("list", from->list_number);
            json.field("listMade", format_instant(from->list_made));
        }
    });
    return json.take();
}

std::vector<std::string> SigningKeys::sealed_meanings(std::int64_t organisation) const {
    const std::lock_guard lock(mutex_);
    const auto found = seals_.find(organisation);
    return found == seals_.end() ? std::vector<std::string>() : found->second;
}

std::vector<OtherAuthority> SigningKeys::authorities() const {
    const std::lock_guard lock(mutex_);
    return authorities_;
}

std::optional<OtherAuthority> SigningKeys::authority(std::int64_t id) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(authorities_.begin(), authorities_.end(), [&](const OtherAuthority& one) { return one.id == id; });
    return found == authorities_.end() ? std::nullopt : std::optional(*found);
}

}  // namespace qiao::access
