#include "access/certificate_chain.hpp"
#include "access/signing_keys.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qiao::access {
namespace {

constexpr std::size_t kText_bytes = 200;
constexpr std::array<std::string_view, 6> kMeanings = {"request", "approval", "part", "opinion", "amendment", "receipt"};

[[noreturn]] void refuse(const char* code, const char* text) { throw Error(ErrorKind::invalid, code, text); }

std::string text_of_holder(const Holder& holder, const Subject& subject) { return fmt::format("{} {}", code_of(holder.kind), subject.serial_number); }

}  // namespace

AuditEvent SigningKeys::event_of(const record::Actor& actor, std::string detail) const {
    AuditEvent event = audit_.event_of(actor, "certificate");
    event.detail = std::move(detail);
    return event;
}

std::string SigningKeys::request(const record::Actor& actor, const Holder& holder) {
    const Subject subject = subject_of(holder);
    const Key key = open(key_to_certify(holder, subject));
    AuditEvent event = event_of(actor, "request " + text_of_holder(holder, subject));
    audit_.note(event);
    return make_request(key, subject);
}

SigningKey SigningKeys::key_to_certify(const Holder& holder, const Subject& subject) {
    const auto row = read_key(holder);
    // A certificate that only ended says nothing against its key.
    if (row && row->by_other() && row->revoked == Instant{}) return *row;
    if (!row || !row->by_other()) {
        static_cast<void>(key_of(holder, subject));
        return *read_key(holder);
    }
    if (const auto asked = read_asked_for(holder)) return *asked;
    SigningKey fresh = make_key(holder, subject);
    fresh.authority = kAskedFor;
    store_key(fresh, nullptr);
    return *read_asked_for(holder);
}

void SigningKeys::use_built_in(const record::Actor& actor, const Holder& holder) {
    const Subject subject = subject_of(holder);
    const auto row = read_key(holder);
    if (!row || !row->by_other()) throw Error(ErrorKind::conflict, "signing.built_in_already", "the built-in authority vouches for this holder already");
    const AuditEvent event = event_of(actor, "built-in from now on " + text_of_holder(holder, subject));
    store_key(make_key(holder, subject), &event);
    load();
}

std::vector<SigningKey> SigningKeys::need_care() {
    std::vector<SigningKey> found = read_ending(clock_.now() + kEndsSoon);
    std::erase_if(found, [&](const SigningKey& key) {
        if (key.holder.kind == KeyKind::seal) {
            const auto place = directory_.organisation(key.holder.id);
            return !place || !place->active;
        }
        const auto person = directory_.person(key.holder.id);
        return !person || !person->active;
    });
    return found;
}

SigningKey SigningKeys::import_certificate(const record::Actor& actor, const Holder& holder, std::string_view pem) {
    const Subject subject = subject_of(holder);
    SigningKey row = key_to_certify(holder, subject);
    const Key key = open(row);
    std::vector<std::string> certificates = split_certificates(pem);
    const auto own = std::find_if(certificates.begin(), certificates.end(), [&](const std::string& one) { return has_key(one, key); });
    if (own == certificates.end()) refuse("signing.key_does_not_match", "none of these certificates is about the key of the request");
    std::rotate(certificates.begin(), own, own + 1);
    const auto facts = facts_of(certificates.front());
    if (!facts || !facts->signs) refuse("signing.certificate_not_for_signing", "the certificate is not for signing documents");
    const Instant now = clock_.now();
    std::string whole;
    for (const std::string& one : certificates) whole += one;
    std::optional<OtherAuthority> issuer;
    bool out_of_time = facts->from > now || facts->until <= now;
    for (const OtherAuthority& one : authorities()) {
        const CertificateState state = check_certificate(whole, one.pem, now);
        out_of_time = out_of_time || state == CertificateState::expired;
        if (state == CertificateState::good) issuer = one;
    }
    if (!issuer && out_of_time) refuse("signing.certificate_not_in_force", "the certificate or one above it is not in force today");
    if (!issuer) refuse("signing.authority_unknown", "no trusted authority issued it: add the authority first, or give the certificates between");
    if (revoked_at(issuer->id, facts->serial)) refuse("signing.certificate_revoked", "the authority's revocation list names this certificate");
    row.certificate_pem = certificates.front();
    row.chain_pem = whole.substr(certificates.front().size());
    for (const std::string& one : split_certificates(issuer->pem)) {
        if (row.chain_pem.find(one) == std::string::npos) row.chain_pem += one;
    }
    row.authority = issuer->id;
    row.expires = facts->until;
    // What is signed after one above it ended does not check out either.
    for (const std::string& one : split_certificates(row.chain_pem)) {
        const Instant end = facts_of(one)->until;
        if (end < row.expires && check_certificate(whole, issuer->pem, end + std::chrono::seconds(1)) == CertificateState::expired) row.expires = end;
    }
    const AuditEvent event = event_of(actor, fmt::format("import {} {}", text_of_holder(holder, subject), facts->serial));
    store_key(row, &event);
    load();
    return *read_key(holder);
}

std::int64_t SigningKeys::add_authority(const record::Actor& actor, std::string_view name, bool licensed, std::string_view pem) {
    name = trim(name);
    if (name.empty() || name.size() > kText_bytes) refuse("signing.bad_name", "a name of at most 200 bytes");
    OtherAuthority one;
    one.name = name;
    one.licensed = licensed;
    for (const std::string& certificate : split_certificates(pem)) {
        const auto facts = facts_of(certificate);
        if (!facts || !facts->is_authority) refuse("signing.not_an_authority", "each certificate has to be one of an authority (CA:TRUE)");
        if (facts->until <= clock_.now()) refuse("signing.certificate_not_in_force", "a certificate of the authority has run out");
        one.pem += certificate;
    }
    one.added = clock_.now();
    const std::int64_t id = store_authority(one, event_of(actor, fmt::format("trust {}{}", licensed ? "licensed " : "", name)));
    load();
    return id;
}

void SigningKeys::remove_authority(const record::Actor& actor, std::int64_t id) {
    const auto one = authority(id);
    if (!one) throw Error(ErrorKind::not_found, "signing.no_authority", "no such authority");
    const auto keys = all();
    if (std::any_of(keys.begin(), keys.end(), [&](const SigningKey& key) { return key.authority == id; })) {
        throw Error(ErrorKind::conflict, "signing.authority_in_use", "signatures rest on certificates of this authority");
    }
    delete_authority(id, event_of(actor, "distrust " + one->name));
    load();
}

void SigningKeys::import_list(const record::Actor& actor, std::int64_t id, std::string_view bytes) {
    auto one = authority(id);
    if (!one) throw Error(ErrorKind::not_found, "signing.no_authority", "no such authority");
    const RevocationList list = read_revocation_list(bytes, one->pem);
    if (list.made < one->list_made) refuse("signing.revocation_list_older", "a newer revocation list of this authority is here already");
    one->list_number = list.number;
    one->list_made = list.made;
    one->list_next = list.next;
    store_list(*one, list.revoked, event_of(actor, fmt::format("revocation list {} of {}: {} entries", list.number, one->name, list.revoked.size())));
    load();
}

void SigningKeys::revoke(const record::Actor& actor, std::int64_t key, Instant at, std::string_view reason) {
    reason = trim(reason);
    if (reason.empty() || reason.size() > kText_bytes) refuse("signing.bad_reason", "a reason of at most 200 bytes");
    const auto keys = all();
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const SigningKey& one) { return one.id == key; });
    if (found == keys.end() || found->holder.kind == KeyKind::authority || found->revoked != Instant{}) {
        throw Error(ErrorKind::not_found, "signing.no_key", "no such key in force");
    }
    if (at > clock_.now() || at < found->created) refuse("signing.bad_time", "a time between the making of the key and now");
    store_revocation(key, at, reason, event_of(actor, fmt::format("revoke {} {}", code_of(found->holder.kind), serial_of(found->certificate_pem))));
    load();
}

void SigningKeys::set_seal(const record::Actor& actor, std::int64_t organisation, const std::vector<std::string>& meanings) {
    const Holder holder{KeyKind::seal, organisation};
    const Subject subject = subject_of(holder);
    std::string words;
    for (const std::string& one : meanings) {
        if (std::find(kMeanings.begin(), kMeanings.end(), one) == kMeanings.end()) refuse("signing.bad_meaning", "nothing of this kind is signed");
        words += (words.empty() ? "" : " ") + one;
    }
    if (!words.empty() && !read_key(holder)) static_cast<void>(key_of(holder, subject));
    store_seal(organisation, words, event_of(actor, fmt::format("seal {}: {}", subject.serial_number, words.empty() ? "ends" : words)));
    load();
}

}  // namespace qiao::access
