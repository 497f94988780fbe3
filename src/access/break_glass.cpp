#include "access/break_glass.hpp"

#include "access/identity_papers.hpp"
#include "access/patients.hpp"
#include "access/role.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "record/search/values.hpp"

#include <algorithm>
#include <set>

namespace qiao::access {
namespace {

constexpr std::size_t kTriesAnHour = 20;
constexpr std::size_t kRecords = 5;
constexpr std::size_t kReason_bytes = 2000;
constexpr std::ptrdiff_t kReason_characters = 5;

void require_text(std::string_view text) {
    const std::string_view said = trim(text);
    // Bytes that begin a character of UTF-8.
    const auto characters = std::count_if(said.begin(), said.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    if (characters < kReason_characters || said.size() > kReason_bytes) {
        throw Error(ErrorKind::invalid, "access.reason_needed", "say why, in 5 characters or more and 2,000 bytes at most");
    }
}

/// Numbers of papers are known to many: they count only with the name.
bool needs_name(std::string_view system) { return system == kNationalIdSystem || system.starts_with(kOtherDocumentSystem); }

std::string capitals(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

bool is_meant(const json::Value& patient, std::string_view identifier, std::string_view name) {
    for (const auto& one : patient["identifier"].items()) {
        if (lower(one["value"].text()) != lower(identifier)) continue;
        if (!needs_name(one["system"].text())) return true;
        if (!name.empty() && comparable_name(name_of(patient)) == comparable_name(name)) return true;
    }
    return false;
}

}  // namespace

BreakGlass::BreakGlass(storage::Database& database, storage::Writer& writer, record::Record& record, Grants& grants, const Directory& directory, Audit& audit,
                       SecurityNotices& notices, const Clock& clock)
    : database_(database), writer_(writer), record_(record), grants_(grants), directory_(directory), audit_(audit), notices_(notices), clock_(clock) {}

void BreakGlass::require_clinician(const record::Actor& actor) const {
    bool may = false;
    for (const Membership& one : directory_.memberships(actor.person)) {
        const RoleRights* rights = find_role(one.role);
        if (rights == nullptr) continue;
        if (rights->administrator) throw Error(ErrorKind::forbidden, "access.not_yours", "who administrates breaks no glass");
        may = may || rights->breaks_glass;
    }
    if (!may) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for clinicians");
}

void BreakGlass::count_try(std::int64_t person) {
    const Instant now = clock_.now();
    const std::lock_guard lock(mutex_);
    auto& tries = tries_[person];
    while (!tries.empty() && tries.front() < now - std::chrono::hours(1)) tries.pop_front();
    if (tries.size() >= kTriesAnHour) throw Error(ErrorKind::unavailable, "access.too_many_attempts", "20 searches an hour");
    tries.push_back(now);
}

std::vector<BreakGlass::Found> BreakGlass::records_of(const Known& known) {
    const auto reader = record_.read(record::ReadFilter::system("break-glass: whether there is exactly this record"));
    std::vector<Found> found;
    if (known.patient.starts_with("Patient/")) {
        const auto stored = reader->read("Patient", std::string_view(known.patient).substr(8));
        if (stored && !stored->deleted) found.push_back({stored->rid, stored->reference()});
        return found;
    }
    const std::string identifier(trim(known.identifier));
    if (identifier.empty() || identifier.size() > 64 || known.name.size() > 200) return found;
    // Numbers of papers are kept in capitals.
    const std::string query = "identifier=" + percent_encode(record::escape(identifier) + "," + record::escape(capitals(identifier))) + "&_count=20";
    for (const auto& match : reader->search("Patient", query).matches) {
        if (found.size() < kRecords && is_meant(match.resource.value(), identifier, known.name))
            found.push_back({match.resource.rid, match.resource.reference()});
    }
    return found;
}

std::size_t BreakGlass::find(const record::Actor& actor, const Known& known) {
    require_clinician(actor);
    count_try(actor.person);
    const auto found = records_of(known);
    AuditEvent event = audit_.event_of(actor, "break-glass-find", found.empty() ? "failed" : "success");
    event.purpose = "BTG";
    if (!found.empty()) event.patient = found.front().rid;
    audit_.note(event);
    return found.size();
}

void BreakGlass::write_audit(storage::Group& group, const record::Actor& actor, std::string_view action, const Glass& glass, const std::string& more) {
    AuditEvent event = audit_.event_of(actor, action);
    event.purpose = "BTG";  // HL7 v3 ActReason
    event.type = "Patient";
    event.patient = event.rid = glass.patient;
    event.detail = "severity=high glass=" + std::to_string(glass.id) + more;
    audit_.write(group, event);
}

Glass BreakGlass::open_one(storage::Group& group, const record::Actor& actor, const Wanted& wanted, const Found& found) {
    Glass glass;
    glass.person = actor.person;
    glass.organisation = actor.organisation;
    glass.patient = found.rid;
    glass.patient_ref = found.reference;
    glass.reason_code = wanted.reason_code;
    glass.reason = std::string(trim(wanted.reason));
    glass.starts = clock_.now();
    glass.ends = glass.starts + wanted.time;
    note_what_it_beats(group.connection(), glass);
    glass = insert(group, std::move(glass));
    record_.reach_patient(group, glass.patient, person_key(glass.person), "glass:" + std::to_string(glass.id), {}, glass.ends,
                          {.labels = record::kEveryLabel, .beats_denial = true});
    write_audit(group, actor, "break-glass", glass, " reason=" + glass.reason_code + " until=" + format_instant(glass.ends));
    tell(group, glass, "glass_broken", true);
    return glass;
}

std::vector<Glass> BreakGlass::open(const record::Actor& actor, const Wanted& wanted) {
    require_clinician(actor);
    require_text(wanted.reason);
    if (std::find(std::begin(kReasons), std::end(kReasons), wanted.reason_code) == std::end(kReasons)) {
        throw Error(ErrorKind::invalid, "access.reason_needed", "a reason code is emergency, unconscious, cover or other");
    }
    if (wanted.time < std::chrono::minutes(1) || wanted.time > kLongest) throw Error(ErrorKind::invalid, "access.bad_glass_time", "1 to 60 minutes");
    count_try(actor.person);
    const auto found = records_of(wanted.known);
    if (found.empty()) throw Error(ErrorKind::not_found, "access.no_record", "there is no record with exactly this");
    std::vector<Glass> opened;
    writer_.submit({{}, [&](storage::Group& group) {
                        opened.clear();
                        for (const Found& one : found) opened.push_back(open_one(group, actor, wanted, one));
                    }});
    return opened;
}

void BreakGlass::end(const record::Actor& actor, std::int64_t id) {
    writer_.submit({{}, [&](storage::Group& group) {
                        const auto found = select(group.connection(), "id = ? AND person = ? AND ended = 0", {id, actor.person});
                        if (found.empty()) throw Error(ErrorKind::not_found, "access.no_glass", "nothing of yours is open under this number");
                        close(group, found.front(), clock_.now());
                        write_audit(group, actor, "break-glass-end", found.front(), " by=hand");
                    }});
}

std::vector<Glass> BreakGlass::open_of(std::int64_t person) {
    const auto snapshot = database_.read();
    return select(snapshot->connection(), "person = ? AND ends_us > ? ORDER BY ends_us", {person, to_us(clock_.now())});
}

std::vector<std::int64_t> BreakGlass::in_care_of(record::Rid patient) {
    const auto snapshot = database_.read();
    return in_care_of(snapshot->connection(), patient);
}

std::vector<Glass> BreakGlass::reviews(const record::Actor& actor) {
    const auto snapshot = database_.read();
    auto all = select(snapshot->connection(), "reviewed_us = 0 ORDER BY starts_us LIMIT 500", {});
    const std::int64_t since_us = to_us(clock_.now() - std::chrono::hours(24 * 90));
    for (Glass& one : select(snapshot->connection(), "reviewed_us >= ? ORDER BY reviewed_us DESC LIMIT 200", {since_us})) all.push_back(std::move(one));
    std::erase_if(all, [&](const Glass& one) {
        auto places = in_care_of(snapshot->connection(), one.patient);
        places.push_back(one.organisation);
        const auto judges = officers(places);
        return std::find(judges.begin(), judges.end(), actor.person) == judges.end();
    });
    return all;
}

void BreakGlass::review(const record::Actor& actor, std::int64_t id, std::string_view verdict, std::string_view text) {
    if (verdict != "justified" && verdict != "not_justified") throw Error(ErrorKind::invalid, "access.bad_verdict", "justified or not_justified");
    require_text(text);
    const auto mine = reviews(actor);
    const auto one = std::find_if(mine.begin(), mine.end(), [&](const Glass& glass) { return glass.id == id; });
    if (one == mine.end()) throw Error(ErrorKind::not_found, "access.no_glass", "no such opening");
    if (one->person == actor.person) throw Error(ErrorKind::forbidden, "access.own_glass", "nobody judges their own");
    writer_.submit({{}, [&](storage::Group& group) {
                        if (select(group.connection(), "id = ? AND reviewed_us = 0", {id}).empty()) {
                            throw Error(ErrorKind::conflict, "access.reviewed", "somebody has judged it already");
                        }
                        store_verdict(group, id, actor.person, verdict, trim(text));
                        write_audit(group, actor, "break-glass-review", *one, " verdict=" + std::string(verdict));
                        notices_.write(group, one->person, verdict == "justified" ? "glass_justified" : "glass_not_justified");
                    }});
}

void BreakGlass::tick() {
    const Instant now = clock_.now();
    const auto ended = [&](storage::Connection& connection) { return select(connection, "ended = 0 AND ends_us <= ? LIMIT 100", {to_us(now)}); };
    const auto overdue = [&](storage::Connection& connection) {
        return select(connection, "reviewed_us = 0 AND overdue_told = 0 AND starts_us <= ? LIMIT 100", {to_us(now - std::chrono::hours(72))});
    };
    {
        const auto snapshot = database_.read();
        if (ended(snapshot->connection()).empty() && overdue(snapshot->connection()).empty()) return;
    }
    writer_.submit({{}, [&](storage::Group& group) {
                        for (const Glass& glass : ended(group.connection())) {
                            close(group, glass, glass.ends);
                            write_audit(group, record::Actor::system("HOPERAT"), "break-glass-end", glass, " by=time");
                        }
                        for (const Glass& glass : overdue(group.connection())) {
                            store_told(group, glass.id);
                            tell(group, glass, "glass_review_overdue", false);
                        }
                    }});
}

std::vector<std::int64_t> BreakGlass::officers(const std::vector<std::int64_t>& organisations) const {
    std::vector<std::int64_t> near, all;
    for (const Member& one : directory_.members(0, role::kPrivacyOfficer)) {
        all.push_back(one.person.id);
        const auto below = directory_.subtree(one.membership.organisation);
        const bool answers =
            std::any_of(organisations.begin(), organisations.end(), [&](std::int64_t id) { return std::find(below.begin(), below.end(), id) != below.end(); });
        if (answers) near.push_back(one.person.id);
    }
    return near.empty() ? all : near;
}

std::vector<std::int64_t> BreakGlass::staff_to_tell(const std::vector<std::int64_t>& organisations) const {
    std::vector<std::int64_t> people;
    const auto add = [&](std::int64_t organisation, std::string_view role) {
        for (const Member& one : directory_.members(organisation, role)) people.push_back(one.person.id);
    };
    for (const std::int64_t organisation : organisations) {
        const std::size_t before = people.size();
        add(organisation, role::kCoordinator);
        add(organisation, role::kCentreManager);
        if (people.size() == before) add(organisation, role::kDoctor);
    }
    return people;
}

void BreakGlass::tell(storage::Group& group, const Glass& glass, std::string_view code, bool also_staff) {
    const auto care = in_care_of(group.connection(), glass.patient);
    std::vector<std::int64_t> places = care;
    places.push_back(glass.organisation);
    const auto judges = officers(places);
    std::set<std::int64_t> people(judges.begin(), judges.end());
    if (also_staff) {
        const auto staff = staff_to_tell(care);
        people.insert(staff.begin(), staff.end());
    } else {
        for (const Member& one : directory_.members(glass.organisation, role::kCentreManager)) people.insert(one.person.id);
    }
    people.erase(glass.person);
    const auto where = directory_.organisation(glass.organisation);
    for (const std::int64_t person : people) notices_.write(group, person, code, where ? where->name : std::string());
}

}  // namespace qiao::access
