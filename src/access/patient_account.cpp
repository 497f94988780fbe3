#include "access/patient_account.hpp"

#include "access/identity_papers.hpp"
#include "access/patients.hpp"
#include "access/role.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "clinical/national_id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kOfferValid = 10min;
constexpr auto kCodeValid = 5min;
constexpr auto kIdle = 15min;
constexpr auto kAbsolute = 12h;
constexpr auto kStoreUse = 20s;
constexpr auto kAskAgain = 60s;
constexpr std::size_t kAsksAnHour = 5;
constexpr int kWrongTries = 5;
constexpr std::size_t kToken_characters = 43;
constexpr std::size_t kCodes = 20'000;

std::string digits(int length) {
    std::string text;
    while (static_cast<int>(text.size()) < length) {
        const auto byte = static_cast<unsigned char>(random_bytes(1)[0]);
        if (byte < 250) text += static_cast<char>('0' + byte % 10);  // no digit more often than another
    }
    return text;
}

std::string_view token_of(const http::Request& request) {
    const std::string_view token = request.cookie(request.tls ? "__Host-qiao-patient" : "qiao-patient");
    return token.size() == kToken_characters ? token : std::string_view();
}

[[noreturn]] void refuse(std::string_view code, const std::string& message) { throw Error(ErrorKind::invalid, code, message); }

std::string tidied_phone(std::string_view phone) {
    std::string out;
    for (const char c : phone) {
        if (c != ' ' && c != '-' && c != '(' && c != ')') out += c;
    }
    const std::string_view plain = std::string_view(out).substr(out.starts_with('+') ? 1 : 0);
    if (plain.size() < 7 || plain.size() > 15 || plain.find_first_not_of("0123456789") != std::string_view::npos) {
        refuse("patient.bad_phone", "a telephone number of 7 to 15 digits");
    }
    return out;
}

/// Six digits that are neither one digit again and again nor a run.
void require_good_pin(std::string_view pin) {
    const bool six = pin.size() == 6 && pin.find_first_not_of("0123456789") == std::string_view::npos;
    bool same = six, up = six, down = six;
    for (std::size_t i = 1; six && i < pin.size(); ++i) {
        same = same && pin[i] == pin[0];
        up = up && pin[i] == pin[i - 1] + 1;
        down = down && pin[i] == pin[i - 1] - 1;
    }
    if (!six || same || up || down) refuse("patient.weak_pin", "six digits that nobody guesses");
}

/// The start of the birthday in UTC on which somebody becomes `years` old; 29 February counts as 1 March.
std::optional<Instant> birthday(const std::string& born, int years) {
    if (born.size() != 10) return std::nullopt;
    const int year = std::atoi(born.substr(0, 4).c_str()) + years;
    const std::string day = born.substr(4);
    if (const auto same = parse_instant(fmt::format("{:04}{}T00:00:00Z", year, day))) return same;
    return parse_instant(fmt::format("{:04}-03-01T00:00:00Z", year));
}

/// The number of the best paper: the national one before others; temporary numbers are none.
std::string paper_of(const json::Value& patient) {
    std::string other;
    for (const auto& one : patient["identifier"].items()) {
        const std::string& system = one["system"].text();
        if (system == kNationalIdSystem) return one["value"].text();
        if (system.starts_with(kOtherDocumentSystem) && other.empty()) other = one["value"].text();
    }
    return other;
}

}  // namespace

const PatientTie& PatientCaller::tie_to(std::string_view patient) const {
    const auto at = std::find_if(ties.begin(), ties.end(), [&](const PatientTie& one) {
        return one.patient == patient || std::string_view(one.patient).substr(one.patient.find('/') + 1) == patient;
    });
    if (at == ties.end()) throw Error(ErrorKind::not_found, "patient.not_yours", "no such patient of this account");
    return *at;
}

PatientAccounts::PatientAccounts(storage::Database& database, storage::Writer& writer, record::Record& record, Grants& grants, const Directory& directory,
                                 Audit& audit, PasswordHasher& hasher, const Clock& clock, const std::string& master_key, PatientPolicy policy, Sms sms,
                                 bool demo)
    : database_(database),
      writer_(writer),
      record_(record),
      grants_(grants),
      directory_(directory),
      audit_(audit),
      hasher_(hasher),
      clock_(clock),
      key_(hmac_sha256(master_key, "qiao-patient-identity-1")),
      policy_(std::move(policy)),
      sms_(std::move(sms)),
      demo_(demo),
      throttle_(clock) {}

std::string PatientAccounts::hash_of(std::string_view id_number) const {
    std::string normal;
    for (const char c : id_number.substr(0, 64)) {
        if (c == ' ' || c == '-') continue;
        normal += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return to_hex(hmac_sha256(key_, normal));
}

AuditEvent PatientAccounts::event_for(const http::Request& request, std::int64_t account, std::string_view action, std::string_view outcome) const {
    record::Actor actor;
    actor.person = -account;
    actor.role = account == 0 ? "" : "patient";
    actor.purpose = "PATRQT";
    actor.source = request.peer_address;
    return audit_.event_of(actor, action, outcome);
}

record::Rid PatientAccounts::require_care(const record::Caller& staff, std::string_view patient) {
    const auto nobody = [] { throw Error(ErrorKind::not_found, "record.not_found", "no such patient in your care"); };
    const std::string id(patient.substr(patient.find('/') == std::string_view::npos ? 0 : patient.find('/') + 1));
    std::optional<record::Rid> rid;
    {
        const auto reader = record_.read(staff.filter);
        const auto stored = reader->read("Patient", id);
        if (stored && !stored->deleted) rid = stored->rid;
    }
    const auto memberships = directory_.memberships(staff.actor.person);
    const bool clinical = std::any_of(memberships.begin(), memberships.end(), [](const Membership& one) {
        const RoleRights* rights = find_role(one.role);
        return rights != nullptr && rights->clinical_staff;
    });
    if (!rid || !clinical) nobody();
    const auto reasons = grants_.why(staff.filter, *rid);
    if (std::none_of(reasons.begin(), reasons.end(), [](const Reason& one) { return one.kind == "care"; })) nobody();
    return *rid;
}

/// Fills in what the record says and checks who may act for whom.
void PatientAccounts::complete(Binding& binding, const json::Value& patient) const {
    if (!binding.identity_checked) refuse("patient.identity_not_checked", "look at the identity paper first");
    binding.phone = tidied_phone(binding.phone);
    const Instant now = clock_.now();
    const auto of_age = birthday(patient["birthDate"].text(), policy_.ward_until_years);
    const bool child = of_age && *of_age > now;
    if (binding.relation == relation::kSelf) {
        if (child) refuse("patient.too_young", "a child's phone is bound for the guardian");
        binding.name = name_of(patient);
        binding.id_number = paper_of(patient);
        binding.until = Instant::max();
        if (binding.id_number.empty()) refuse("patient.no_identity_number", "the record has no identity number yet");
        return;
    }
    if (binding.relation != relation::kGuardian && binding.relation != relation::kProxy) refuse("patient.bad_relation", "self, guardian or proxy");
    if (trim(binding.name).empty() || binding.name.size() > 200) refuse("patient.name_missing", "the name of who acts for the patient");
    const std::string number(trim(binding.id_number));
    if (number.size() < 4 || number.size() > 64) refuse("patient.no_identity_number", "the identity number of who acts for the patient");
    if (number.size() == 18 && !clinical::parse_national_id(number)) refuse("patient.national_id_wrong", "this is no identity number");
    if (child && binding.relation == relation::kGuardian) {
        binding.until = std::min(binding.until, *of_age);
        return;
    }
    if (trim(binding.reason).empty() || binding.reason.size() > 500) refuse("patient.reason_missing", "why somebody else acts for this patient");
    if (binding.until <= now || binding.until > now + policy_.longest_proxy_days * 24h) {
        refuse("patient.bad_until", fmt::format("an end within {} days", policy_.longest_proxy_days));
    }
}

PatientAccounts::Offered PatientAccounts::offer(const record::Caller& staff, const Binding& asked) {
    Waiting waiting{.binding = asked, .rid = require_care(staff, asked.patient), .staff = staff.actor};
    json::Value patient;
    {
        const auto reader = record_.read(staff.filter);
        const std::string id = asked.patient.substr(asked.patient.find('/') == std::string::npos ? 0 : asked.patient.find('/') + 1);
        patient = reader->get("Patient/" + id).value();
        waiting.binding.patient = "Patient/" + id;
    }
    complete(waiting.binding, patient);
    waiting.id_hash = hash_of(waiting.binding.id_number);
    waiting.binding.id_number.clear();
    const auto known = read_account(waiting.id_hash);
    if (known && comparable_name(known->name) != comparable_name(waiting.binding.name)) {
        throw Error(ErrorKind::conflict, "patient.other_name", "this identity number belongs to somebody with another name");
    }
    const std::string code = digits(8);
    waiting.code_hash = sha256(code);
    waiting.by = staff.actor.person;
    waiting.organisation = staff.actor.organisation;
    waiting.until = clock_.now() + kOfferValid;
    AuditEvent event = audit_.event_of(staff.actor, "patient-phone-offered");
    event.patient = waiting.rid;
    event.detail = "relation=" + waiting.binding.relation;
    audit_.note(event);
    const Offered offered{code, waiting.until, waiting.binding.until};
    const std::lock_guard lock(mutex_);
    // One open code a patient and relation: the newest.
    std::erase_if(offers_, [&](const Waiting& one) { return one.until <= clock_.now() || (one.rid == waiting.rid && one.id_hash == waiting.id_hash); });
    offers_.push_back(std::move(waiting));
    return offered;
}

std::vector<std::pair<PatientAccount, PatientTie>> PatientAccounts::bound_to(const record::Caller& staff, std::string_view patient) {
    return accounts_of(require_care(staff, patient), clock_.now());
}

void PatientAccounts::unbind(const record::Caller& staff, std::string_view patient, std::int64_t account_id) {
    const record::Rid rid = require_care(staff, patient);
    const auto bound = accounts_of(rid, clock_.now());
    if (std::none_of(bound.begin(), bound.end(), [&](const auto& one) { return one.first.id == account_id; })) {
        throw Error(ErrorKind::not_found, "patient.no_account", "no such phone of this patient");
    }
    AuditEvent event = audit_.event_of(staff.actor, "patient-phone-ended");
    event.patient = rid;
    event.detail = "account=" + std::to_string(account_id);
    writer_.submit({{}, [&](storage::Group& group) {
                        end_tie(group, account_id, rid, clock_.now());
                        delete_sessions_of(group, account_id);
                        audit_.write(group, event);
                    }});
}

std::string PatientAccounts::binding_key(const http::Request& request) { return "patient-code " + Throttle::network_of(request.peer_address); }

PatientAccounts::Opened PatientAccounts::bind(std::string_view code, std::string_view pin, const http::Request& request) {
    require_good_pin(pin);
    throttle_.began(binding_key(request), request.peer_address);
    std::string typed;
    for (const char c : code.substr(0, 32)) {
        if (c >= '0' && c <= '9') typed += c;
    }
    const std::string hash = sha256(typed);
    Waiting taken;
    {
        const std::lock_guard lock(mutex_);
        const auto at = std::find_if(offers_.begin(), offers_.end(),
                                     [&](const Waiting& one) { return equal_in_constant_time(one.code_hash, hash) && one.until > clock_.now(); });
        if (at != offers_.end()) {
            taken = std::move(*at);
            offers_.erase(at);
        }
    }
    if (taken.rid == 0) {
        AuditEvent event = event_for(request, 0, "patient-bind", "denied");
        audit_.note(event);
        refuse("patient.wrong_code", "the code is wrong, or its time is over");
    }
    throttle_.succeeded(binding_key(request), request.peer_address);
    const Instant now = clock_.now();
    PatientAccount account{.id_hash = taken.id_hash, .name = taken.binding.name, .phone = taken.binding.phone, .pin_hash = hasher_.hash(pin), .created = now};
    AuditEvent event = audit_.event_of(taken.staff, "patient-phone-bound");
    event.patient = taken.rid;
    std::int64_t id = 0;
    writer_.submit({{}, [&](storage::Group& group) {
                        id = put_account(group, account);
                        delete_sessions_of(group, id);  // another phone takes over
                        put_tie(group, {.account = id,
                                        .rid = taken.rid,
                                        .patient = taken.binding.patient,
                                        .relation = taken.binding.relation,
                                        .starts = now,
                                        .ends = taken.binding.until,
                                        .bound_by = taken.by,
                                        .organisation = taken.organisation,
                                        .reason = taken.binding.reason});
                        event.detail = "account=" + std::to_string(id) + " relation=" + taken.binding.relation;
                        audit_.write(group, event);
                    }});
    return open(id, request, "login");
}

std::optional<std::string> PatientAccounts::ask_code(std::string_view id_number, std::string_view language, const http::Request& request) {
    if (!has_sms()) throw Error(ErrorKind::unavailable, "patient.no_sms", "this centre sends no SMS: ask the clinic");
    const std::string id_hash = hash_of(id_number);
    throttle_.began("patient " + id_hash, request.peer_address);
    const auto account = read_account(id_hash);
    const Instant now = clock_.now();
    const std::string code = digits(6);
    {
        const std::lock_guard lock(mutex_);
        if (codes_.size() > kCodes) {
            std::erase_if(codes_, [&](const auto& one) { return one.second.until <= now; });
        }
        Code& kept = codes_[id_hash];
        std::erase_if(kept.asked, [&](Instant at) { return at + 1h <= now; });
        if ((!kept.asked.empty() && kept.asked.back() + kAskAgain > now && !demo_) || kept.asked.size() >= kAsksAnHour) {
            throw Error(ErrorKind::unavailable, "access.too_many_attempts", "a code was sent; wait before asking again");
        }
        kept.asked.push_back(now);
        kept.hash = sha256(code);
        kept.wrong = 0;
        kept.until = now + kCodeValid;
    }
    AuditEvent event = event_for(request, account ? account->id : 0, "patient-code", account ? "success" : "denied");
    audit_.note(event);
    if (account && !demo_) {
        std::string text = language == "en" ? policy_.code_text_en : policy_.code_text_zh;
        const std::size_t at = text.find("{code}");
        if (at != std::string::npos) text.replace(at, 6, code);
        sms_.send(account->phone, std::string(language), text);
    }
    return demo_ ? std::optional(code) : std::nullopt;
}

PatientAccounts::Opened PatientAccounts::sign_in(std::string_view id_number, std::string_view code, const http::Request& request) {
    const std::string id_hash = hash_of(id_number);
    const std::string account_key = "patient " + id_hash;
    throttle_.began(account_key, request.peer_address);
    bool right = false;
    {
        const std::lock_guard lock(mutex_);
        const auto at = codes_.find(id_hash);
        const bool live = at != codes_.end() && !at->second.hash.empty() && at->second.until > clock_.now();
        right = live && equal_in_constant_time(at->second.hash, sha256(trim(code)));
        if (live && (right || ++at->second.wrong >= kWrongTries)) at->second.hash.clear();
    }
    const auto account = read_account(id_hash);
    if (!right || !account || ties_of(account->id, clock_.now()).empty()) {
        AuditEvent event = event_for(request, account ? account->id : 0, "login", "denied");
        audit_.note(event);
        throw Error(ErrorKind::unauthenticated, "patient.wrong_sign_in", "the number or the code is wrong, or its time is over");
    }
    throttle_.succeeded(account_key, request.peer_address);
    return open(account->id, request, "login");
}

PatientAccounts::Opened PatientAccounts::open(std::int64_t account, const http::Request& request, std::string_view action) {
    Opened opened;
    opened.token = new_secret();
    const Instant now = clock_.now();
    opened.session = {to_hex(sha256(opened.token)), account, now, now, now + kAbsolute};
    AuditEvent event = event_for(request, account, action, "success");
    event.session8 = opened.session.key.substr(0, 16);
    const std::string_view before = token_of(request);
    const std::string old_key = before.empty() ? std::string() : to_hex(sha256(before));
    writer_.submit({{}, [&](storage::Group& group) {
                        insert_session(group, opened.session);
                        audit_.write(group, event);
                    }});
    if (!old_key.empty()) delete_session(old_key);
    return opened;
}

void PatientAccounts::sign_out(const http::Request& request) {
    const auto found = find(request, false);
    if (!found) return;
    AuditEvent event = event_for(request, found->account.id, "logout", "success");
    event.session8 = found->session.key.substr(0, 16);
    audit_.note(event);
    delete_session(found->session.key);
}

bool PatientAccounts::carries_token(const http::Request& request) { return !token_of(request).empty(); }

std::optional<PatientCaller> PatientAccounts::find(const http::Request& request, bool use) {
    const std::string_view token = token_of(request);
    if (token.empty()) return std::nullopt;
    const auto session = read_session(to_hex(sha256(token)));
    const Instant now = clock_.now();
    if (!session || now >= session->absolute_end || now >= session->used + kIdle) return std::nullopt;
    const auto who = account(session->account);
    if (!who) return std::nullopt;
    PatientCaller found{.account = *who, .ties = ties_of(who->id, now), .session = *session, .caller = {}};
    if (found.ties.empty()) return std::nullopt;
    build(found);
    found.caller.actor.source = request.peer_address;
    if (use && now - session->used >= kStoreUse) store_use(session->key, who->id, now);
    return found;
}

void PatientAccounts::build(PatientCaller& found) const {
    record::Actor& actor = found.caller.actor;
    actor.person = -found.account.id;
    actor.name = found.account.name;
    actor.role = "patient";
    actor.session8 = found.session.key.substr(0, 16);
    actor.purpose = "PATRQT";
    record::ReadFilter& filter = found.caller.filter;
    filter.scope = record::ReadFilter::Scope::standing;
    filter.grantees = {patient_key(found.account.id)};
}

PatientCaller PatientAccounts::caller(const http::Request& request) {
    auto found = find(request, true);
    if (!found) throw Error(ErrorKind::unauthenticated, "patient.no_session", "sign in first");
    return *std::move(found);
}

void PatientAccounts::require_pin(const PatientCaller& caller, std::string_view pin) {
    const std::string key = "patient-pin " + std::to_string(caller.account.id);
    if (throttle_.wait(key, caller.caller.actor.source).count() > 0) {
        throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    }
    throttle_.began(key, caller.caller.actor.source);
    if (!hasher_.matches(caller.account.pin_hash, pin)) {
        audit_.note(audit_.event_of(caller.caller.actor, "patient-pin", "denied"));
        throw Error(ErrorKind::forbidden, "patient.wrong_pin", "the PIN is wrong");
    }
    throttle_.succeeded(key, caller.caller.actor.source);
}

void PatientAccounts::note(const record::Actor& actor, record::Rid patient, std::string_view action, std::string_view type, std::string_view case_id,
                           std::string detail) const {
    AuditEvent event = audit_.event_of(actor, action);
    event.patient = patient;
    event.type = type;
    event.case_id = case_id;
    event.detail = std::move(detail);
    audit_.note(event);
}

std::chrono::seconds PatientAccounts::must_wait(std::string_view account, const http::Request& request) const {
    return throttle_.wait(account, request.peer_address);
}

}  // namespace qiao::access
