#include "access/factor.hpp"

#include "access/certificate.hpp"
#include "access/recovery_code.hpp"
#include "access/totp.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <set>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kBegun = 10min;
constexpr std::int64_t kWrongPins = 10;
constexpr std::size_t kName_bytes = 60;
constexpr std::size_t kFactorsEach = 10;
constexpr std::string_view kSecretLabel = "qiao-totp ";

std::string clean_name(std::string_view name, std::string_view otherwise) {
    const std::string_view trimmed = trim(name);
    if (trimmed.empty()) return std::string(otherwise);
    if (trimmed.size() > kName_bytes || !is_utf8(trimmed)) throw Error(ErrorKind::invalid, "access.bad_name", "a name of at most 60 bytes");
    return std::string(trimmed);
}

std::string decoded(const json::Value& value) {
    auto bytes = from_base64(value.text());
    if (!bytes || bytes->empty()) throw Error(ErrorKind::invalid, "access.bad_proof", "a field is no base64url");
    return *std::move(bytes);
}

}  // namespace

bool Factor::locked() const { return wrong_pins >= kWrongPins; }

Proof Proof::read(const json::Value& body) {
    Proof proof;
    int count = 0;
    const auto text = [&](std::string_view name) -> std::optional<std::string> {
        if (!body[name].is_string()) return std::nullopt;
        ++count;
        return body[name].text();
    };
    proof.password = text("password");
    proof.code = text("code");
    proof.recovery = text("recovery");
    if (const auto& key = body["securityKey"]; key.is_object()) {
        ++count;
        proof.security_key = {key["id"].text(), decoded(key["clientDataJSON"]), decoded(key["authenticatorData"]), decoded(key["signature"])};
    }
    if (const auto& device = body["device"]; device.is_object()) {
        ++count;
        proof.device = {device["id"].text(), decoded(device["signature"]), device["pin"].text()};
    }
    if (count != 1) throw Error(ErrorKind::invalid, "access.bad_proof", "one of password, code, recovery, securityKey, device");
    return proof;
}

std::string device_text(std::string_view challenge, std::string_view host) {
    return "qiao-device-1\n" + std::string(challenge) + "\n" + std::string(host);
}

Factors::Factors(storage::Database& database, storage::Writer& writer, Audit& audit, PasswordHasher& hasher, SecurityNotices& notices, const Clock& clock,
                 std::string master_key)
    : database_(database), writer_(writer), audit_(audit), hasher_(hasher), notices_(notices), clock_(clock), master_key_(std::move(master_key)) {}

std::optional<std::string> Factors::prove(std::int64_t person, const Proof& proof, const webauthn::Expected& expected) {
    const auto kind_if = [](bool right, std::string_view kind) { return right ? std::optional<std::string>(kind) : std::nullopt; };
    if (proof.code) return kind_if(is_totp(person, *proof.code), factor::kTotp);
    if (proof.recovery) return kind_if(is_recovery_code(person, *proof.recovery), factor::kRecovery);
    if (proof.security_key) return kind_if(is_assertion(person, *proof.security_key, expected), factor::kSecurityKey);
    if (proof.device) return kind_if(is_device(person, *proof.device, expected), factor::kDevice);
    return std::nullopt;
}

bool Factors::is_totp(std::int64_t person, std::string_view code) {
    for (const Factor& one : of(person)) {
        if (one.kind != factor::kTotp) continue;
        const std::string secret = unwrap(master_key_, std::string(kSecretLabel) + std::to_string(person), one.sealed);
        const auto step = totp::matching_step(secret, code, clock_.now(), one.counter);
        if (step && use_counter(one, *step, false)) return true;
    }
    return false;
}

bool Factors::is_recovery_code(std::int64_t person, std::string_view typed) {
    const std::string code = recovery::normal(typed);
    return !code.empty() && use_recovery(person, recovery::kept(master_key_, person, code));
}

bool Factors::is_assertion(std::int64_t person, const Proof::SecurityKey& proof, const webauthn::Expected& expected) {
    const auto known = by_handle(proof.id);
    if (!known || known->person != person || known->kind != factor::kSecurityKey) return false;
    const auto key = PublicKey::from_spki(known->public_key);
    if (!key) return false;
    const auto counter = webauthn::check_assertion(*key, known->rp_id, proof.client_data, proof.authenticator_data, proof.signature, expected);
    // A counter that does not rise is the mark of a copied key.
    return counter && webauthn::counter_may_follow(*counter, static_cast<std::uint32_t>(known->counter)) && use_counter(*known, *counter, true);
}

bool Factors::is_device(std::int64_t person, const Proof::Device& proof, const webauthn::Expected& expected) {
    const auto known = by_handle(proof.id);
    if (!known || known->person != person || known->kind != factor::kDevice || expected.challenge.empty()) return false;
    const auto key = PublicKey::from_spki(known->public_key);
    if (!key || !key->verifies_raw(device_text(expected.challenge, expected.host), proof.signature)) return false;
    // Only who holds the device's key can count its PIN up, so a stranger locks nothing.
    if (known->locked()) throw Error(ErrorKind::forbidden, "access.device_locked", "too many wrong PINs: this device has to be registered again");
    if (!hasher_.matches(known->pin_hash, proof.pin)) {
        if (count_wrong_pin(*known) >= kWrongPins) throw Error(ErrorKind::forbidden, "access.device_locked", "too many wrong PINs");
        return false;
    }
    use_device(*known);
    return true;
}

void Factors::require_good_pin(std::string_view pin) {
    const bool digits = std::all_of(pin.begin(), pin.end(), [](char c) { return c >= '0' && c <= '9'; });
    bool run = true;
    for (std::size_t i = 2; i < pin.size(); ++i) run = run && pin[i] - pin[i - 1] == pin[1] - pin[0];
    const bool few = std::set<char>(pin.begin(), pin.end()).size() < 3;
    if (!digits || pin.size() < 6 || pin.size() > 12 || run || few) {
        throw Error(ErrorKind::invalid, "access.pin_easy", "a PIN has 6 to 12 digits, at least three different ones and no run");
    }
}

std::string Factors::begin_totp(std::int64_t person) {
    const std::lock_guard lock(mutex_);
    const Instant now = clock_.now();
    std::erase_if(begun_, [&](const auto& one) { return one.second.until <= now; });
    Begun& begun = begun_[person];
    begun = {totp::new_secret(), now + kBegun};
    return begun.secret;
}

void Factors::confirm_totp(const record::Actor& actor, std::string_view code, std::string_view name) {
    std::string secret;
    {
        const std::lock_guard lock(mutex_);
        const auto at = begun_.find(actor.person);
        if (at == begun_.end() || at->second.until <= clock_.now()) throw Error(ErrorKind::conflict, "access.totp_not_begun", "begin again: show a new code");
        secret = at->second.secret;
    }
    const auto step = totp::matching_step(secret, code, clock_.now(), 0);
    if (!step) throw Error(ErrorKind::invalid, "access.wrong_code", "this is not the code of now");
    Factor factor{.person = actor.person, .kind = std::string(factor::kTotp), .name = clean_name(name, "TOTP"), .handle = new_secret()};
    factor.sealed = wrap(master_key_, std::string(kSecretLabel) + std::to_string(actor.person), secret);
    factor.counter = *step;
    add(actor, factor, "totp_added");
    const std::lock_guard lock(mutex_);
    begun_.erase(actor.person);
}

void Factors::add_security_key(const record::Actor& actor, std::string_view name, const webauthn::NewKey& key, std::string_view rp_id) {
    Factor factor{.person = actor.person, .kind = std::string(factor::kSecurityKey), .name = clean_name(name, "WebAuthn"), .handle = key.id};
    factor.algorithm = name_of(key.key.algorithm());
    factor.public_key = key.key.to_spki();
    factor.rp_id = rp_id;
    factor.counter = key.counter;
    add(actor, factor, "security_key_added");
}

std::string Factors::add_device(const record::Actor& actor, std::string_view name, const PublicKey& key, std::string_view pin, std::int64_t by) {
    require_good_pin(pin);
    Factor factor{.person = actor.person, .kind = std::string(factor::kDevice), .name = clean_name(name, "device"), .handle = new_secret()};
    factor.algorithm = name_of(key.algorithm());
    factor.public_key = key.to_spki();
    factor.pin_hash = hasher_.hash(pin);
    factor.counter = by;
    add(actor, factor, "device_added");
    return factor.handle;
}

void Factors::add(const record::Actor& actor, const Factor& factor, std::string_view detail) {
    if (of(factor.person).size() >= kFactorsEach) throw Error(ErrorKind::conflict, "access.too_many_factors", "remove one that is not used any more");
    AuditEvent event = audit_.event_of(actor, "second-factor");
    event.detail = std::string(detail) + (factor.kind == factor::kDevice ? " by=" + std::to_string(factor.counter) : std::string());
    insert(factor, event, detail);
}

void Factors::remove(const record::Actor& actor, std::int64_t person, std::int64_t id) {
    AuditEvent event = audit_.event_of(actor, "second-factor");
    event.detail = "removed person=" + std::to_string(person) + " factor=" + std::to_string(id);
    if (!erase(person, id, event, "factor_removed")) throw Error(ErrorKind::not_found, "access.no_factor", "there is no such factor");
}

std::vector<std::string> Factors::new_recovery_codes(const record::Actor& actor) {
    auto codes = recovery::new_codes();
    std::vector<std::string> kept;
    for (const auto& code : codes) kept.push_back(recovery::kept(master_key_, actor.person, recovery::normal(code)));
    AuditEvent event = audit_.event_of(actor, "second-factor");
    event.detail = "recovery codes made";
    replace_recovery(actor.person, kept, event);
    return codes;
}

}  // namespace qiao::access
