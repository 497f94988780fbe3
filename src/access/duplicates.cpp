#include "access/duplicates.hpp"

#include "access/role.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace qiao::access {
namespace {

using json::Value;

constexpr std::size_t kPairsOfOne = 20;
constexpr std::array<std::string_view, 3> kStates = {"open", "linked", "different"};

bool is_linked(const Value& patient, std::string_view reference) {
    const auto& links = patient["link"].items();
    return std::any_of(links.begin(), links.end(), [&](const Value& one) { return one["other"]["reference"].text() == reference; });
}

void set_link(Value& patient, std::string_view reference, bool linked) {
    Value kept = Value::array();
    for (const Value& one : patient["link"].items()) {
        // Only what is set here is taken away: replaced-by and replaces belong to $join.
        if (one["other"]["reference"].text() != reference || one["type"].text() != "seealso") kept.push(one);
    }
    if (linked) kept.push(Value::object({{"other", Value::object({{"reference", reference}})}, {"type", "seealso"}}));
    patient.remove("link");
    if (kept.size() > 0) patient.set("link", std::move(kept));
}

}  // namespace

Duplicates::Duplicates(storage::Database& database, storage::Writer& writer, record::Record& record, const Directory& directory, const Clock& clock)
    : database_(database), writer_(writer), record_(record), directory_(directory), clock_(clock) {}

record::ReadFilter Duplicates::care_of(std::int64_t person) const {
    record::ReadFilter filter;
    filter.scope = record::ReadFilter::Scope::standing;
    for (const Membership& one : directory_.memberships(person)) {
        const RoleRights* rights = find_role(one.role);
        if (rights == nullptr || !rights->registers_patients) continue;
        for (const std::int64_t id : directory_.subtree(one.organisation)) filter.grantees.push_back(organisation_key(id));
    }
    std::sort(filter.grantees.begin(), filter.grantees.end());
    filter.grantees.erase(std::unique(filter.grantees.begin(), filter.grantees.end()), filter.grantees.end());
    if (filter.grantees.empty()) filter.scope = record::ReadFilter::Scope::nothing;
    return filter;
}

std::vector<Duplicates::Pair> Duplicates::pairs_of(record::Reader& reader, record::Rid rid) const {
    std::vector<Pair> pairs;
    const std::string reference = reader.reference_of(rid);
    const auto patient = reference.empty() ? std::nullopt : reader.read("Patient", std::string_view(reference).substr(8));
    if (!patient || patient->deleted) return pairs;
    const Value value = patient->value();
    for (const auto& one : record::find_candidates(reader, value, record::Grade::probable, kPairsOfOne)) {
        if (one.patient.rid == rid || is_linked(value, one.patient.reference()) || is_linked(one.patient.value(), reference)) continue;
        pairs.push_back({one.patient.rid, one.score.bits});
    }
    return pairs;
}

void Duplicates::tick() {
    const auto now = clock_.now();
    // A clock that was set back does not hold the looks up.
    if (now < marked_at_ || now - marked_at_ >= kRest) {
        rested_ = std::exchange(marked_, newest_commit());
        marked_at_ = now;
    }
    const auto until = now + std::chrono::seconds(1);
    while (clock_.now() < until) {
        const auto some = changed();
        if (some.empty()) break;
        std::vector<std::pair<record::Rid, std::vector<Pair>>> found;
        // A reader each: a commit may hold thousands, and a snapshot over all of them would stop the checkpoints.
        for (const Changed& one : some) {
            const auto reader = record_.read(record::ReadFilter::system("pairs are looked for in the whole record and shown by the filter of who asks"));
            found.emplace_back(one.rid, pairs_of(*reader, one.rid));
        }
        keep(found, some.back().t);
    }
}

std::vector<Duplicate> Duplicates::list(const record::Actor& actor, std::string_view state) {
    if (std::find(kStates.begin(), kStates.end(), state) == kStates.end())
        throw Error(ErrorKind::invalid, "patient.bad_pair_state", "open, linked or different");
    const record::ReadFilter filter = care_of(actor.person);
    std::vector<Duplicate> shown;
    std::vector<record::Rid> patients;
    const auto found = rows(filter, state, 0);
    const auto reader = record_.read(filter);
    for (const Row& row : found) {
        const std::string a = reader->reference_of(row.a), b = reader->reference_of(row.b);
        if (a.empty() || b.empty()) continue;
        Duplicate one{.id = row.id,
                      .state = row.state,
                      .a = reader->get(a),
                      .b = reader->get(b),
                      .found = row.found,
                      .decided_by = row.decided_by,
                      .decided = row.decided};
        one.score = record::compare(record::person_of(one.a.value()), record::person_of(one.b.value()));
        patients.insert(patients.end(), {row.a, row.b});
        shown.push_back(std::move(one));
    }
    std::sort(patients.begin(), patients.end());
    patients.erase(std::unique(patients.begin(), patients.end()), patients.end());
    if (!patients.empty() && record_.ports().on_read) record_.ports().on_read(actor, "search", "Patient", patients, patients);
    return shown;
}

void Duplicates::decide(const record::Caller& caller, std::int64_t id, std::string_view verdict) {
    if (verdict != "same" && verdict != "different" && verdict != "undo") throw Error(ErrorKind::invalid, "patient.bad_verdict", "same, different or undo");
    const record::ReadFilter filter = care_of(caller.actor.person);
    const auto found = rows(filter, "", id);
    if (found.empty()) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
    const Row& row = found.front();
    if ((verdict == "undo") == (row.state == "open")) throw Error(ErrorKind::conflict, "patient.pair_decided", "this pair was decided meanwhile");
    auto work = record_.begin(filter, caller.actor);
    if (verdict == "same" || row.state == "linked") {
        const std::string a = work->reader().reference_of(row.a), b = work->reader().reference_of(row.b);
        Value first = work->load(a).value(), second = work->load(b).value();
        set_link(first, b, verdict == "same");
        set_link(second, a, verdict == "same");
        work->update(std::move(first));
        work->update(std::move(second));
    }
    set_state(*work, row, verdict == "same" ? "linked" : verdict == "different" ? "different" : "open", caller.actor.person);
    work->commit();
}

}  // namespace qiao::access
