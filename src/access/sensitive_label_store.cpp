#include "access/role.hpp"
#include "access/sensitive_label.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

constexpr std::size_t kReason_bytes = 2000;
constexpr std::size_t kChangesShown = 50;

/// The patient's meta.security with these labels; what is no label stays.
json::Value security_with(const json::Value& patient, std::int64_t labels) {
    json::Value security = json::Value::array();
    for (const auto& one : patient["meta"]["security"].items()) {
        if (record::label_bit(one["code"].text()) == 0) security.push(one);
    }
    for (const std::string_view code : record::codes_of(labels)) {
        const bool level = code == "R" || code == "V";
        security.push(json::Value::object({{"system", level ? record::kConfidentialitySystem : record::kSensitivitySystem}, {"code", code}}));
    }
    return security;
}

}  // namespace

std::int64_t labels_of(const json::Value& resource) {
    std::int64_t labels = 0;
    for (const auto& one : resource["meta"]["security"].items()) labels |= record::label_bit(one["code"].text());
    return labels;
}

std::int64_t labels_in(const json::Value& codes) {
    std::int64_t labels = 0;
    for (const auto& code : codes.items()) {
        const std::int64_t bit = record::label_bit(code.text());
        if (bit == 0) throw Error(ErrorKind::invalid, "access.bad_label", "no such label");
        labels |= bit;
    }
    return labels;
}

SensitiveLabels::SensitiveLabels(storage::Database& database, record::Record& record, Grants& grants, const Directory& directory, const Clock& clock)
    : database_(database), record_(record), grants_(grants), directory_(directory), clock_(clock) {}

std::vector<std::int64_t> SensitiveLabels::in_care_of(record::Rid patient) {
    std::vector<std::int64_t> organisations;
    const auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT organisation FROM access_care_relation WHERE patient = ? AND ends_us > ?", {patient, to_us(clock_.now())});
    while (rows.next()) {
        for (auto one = directory_.organisation(rows.integer(0)); one; one = directory_.organisation(one->parent)) organisations.push_back(one->id);
    }
    return organisations;
}

bool SensitiveLabels::is_staff_of(std::int64_t person, const std::vector<std::int64_t>& organisations) const {
    const auto memberships = directory_.memberships(person);
    return std::any_of(memberships.begin(), memberships.end(), [&](const Membership& one) {
        const RoleRights* rights = find_role(one.role);
        return rights != nullptr && rights->clinical_staff && std::find(organisations.begin(), organisations.end(), one.organisation) != organisations.end();
    });
}

bool SensitiveLabels::may_label(const record::Caller& caller, record::Rid patient) { return is_staff_of(caller.actor.person, in_care_of(patient)); }

void SensitiveLabels::set(const record::Caller& caller, std::string_view patient_id, const Wanted& wanted) {
    auto work = record_.begin(caller.filter, caller.actor);
    const record::Stored stored = work->load("Patient", patient_id);
    const auto places = in_care_of(stored.rid);
    if (!is_staff_of(caller.actor.person, places)) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for the staff who have the patient in care");
    if (trim(wanted.reason).empty() || wanted.reason.size() > kReason_bytes) throw Error(ErrorKind::invalid, "access.reason_needed", "say why");
    for (const std::int64_t person : wanted.people) {
        if (!is_staff_of(person, places)) throw Error(ErrorKind::invalid, "access.not_treating", "the treating people are staff who have the patient in care");
    }
    std::vector<std::int64_t> people = wanted.people;
    people.push_back(caller.actor.person);
    json::Value patient = stored.value();
    patient.member("meta").set("security", security_with(patient, wanted.labels));
    if (patient["meta"]["security"].size() == 0) patient.member("meta").remove("security");
    const auto before = treating(stored.rid);
    work->update(std::move(patient));
    work->also([&](storage::Group& group, const record::Work::RidOf&) {
        for (const std::int64_t person : before) {
            const bool goes = wanted.labels == 0 || std::find(people.begin(), people.end(), person) == people.end();
            if (goes) grants_.treat(group, stored.rid, person, 0, caller.actor.person);
        }
        if (wanted.labels != 0) {
            for (const std::int64_t person : people) grants_.treat(group, stored.rid, person, wanted.labels, caller.actor.person);
        }
        grants_.taken_away(group);
        note(group, stored.rid, {group.now(), caller.actor.person, wanted.labels, {}, std::string(trim(wanted.reason))});
    });
    work->commit();
}

std::vector<LabelChange> SensitiveLabels::changes(record::Rid patient) {
    std::vector<LabelChange> all;
    const auto snapshot = database_.read();
    auto rows =
        snapshot->connection().query("SELECT at_us, person, labels, case_id, reason FROM access_label_change WHERE patient = ? ORDER BY id DESC LIMIT ?",
                                     {patient, std::int64_t{kChangesShown}});
    while (rows.next()) all.push_back({from_us(rows.integer(0)), rows.integer(1), rows.integer(2), std::string(rows.text(3)), std::string(rows.text(4))});
    return all;
}

std::vector<std::int64_t> SensitiveLabels::treating(record::Rid patient) {
    std::vector<std::int64_t> people;
    const auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT person FROM access_treating WHERE patient = ? AND ended_us > ?", {patient, to_us(clock_.now())});
    while (rows.next()) people.push_back(rows.integer(0));
    return people;
}

std::int64_t SensitiveLabels::present(const record::Caller& caller, record::Rid patient) {
    std::int64_t labels = 0, opened = caller.filter.labels;
    const auto snapshot = database_.read();
    {
        auto rows = snapshot->connection().query("SELECT labels FROM access_treating WHERE patient = ? AND person = ? AND ended_us > ?",
                                                 {patient, caller.actor.person, to_us(clock_.now())});
        if (rows.next()) opened |= rows.integer(0);
    }
    auto rows = snapshot->connection().query("SELECT DISTINCT labels FROM aclset WHERE patient_rid = ?", {patient});
    while (rows.next()) labels |= rows.integer(0);
    return labels & opened;
}

void SensitiveLabels::note(storage::Group& group, record::Rid patient, const LabelChange& change) {
    group.connection().execute("INSERT INTO access_label_change(patient, case_id, labels, person, at_us, reason) VALUES(?, ?, ?, ?, ?, ?)",
                               {patient, std::string_view(change.case_id), change.labels, change.person, to_us(change.at), std::string_view(change.reason)});
}

}  // namespace qiao::access
