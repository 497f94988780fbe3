#include "access/identity_papers.hpp"
#include "access/patients.hpp"
#include "access/role.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using json::Value;

bool is_temporary(const Value& patient) {
    const auto& identifiers = patient["identifier"].items();
    return std::any_of(identifiers.begin(), identifiers.end(),
                       [](const Value& one) { return one["system"].text() == kTemporarySystem && one["use"].text() == "temp"; });
}

/// The record that took the place of this one; empty when none did.
std::string joined_to(const Value& patient) {
    for (const Value& link : patient["link"].items()) {
        if (link["type"].text() == "replaced-by") return link["other"]["reference"].text();
    }
    return {};
}

void require_temporary(const Value& patient) {
    if (!is_temporary(patient) || !joined_to(patient).empty()) {
        throw Error(ErrorKind::conflict, "patient.not_temporary", "this patient has papers, or is joined to another record");
    }
}

Value link_to(std::string_view id, std::string_view type) {
    return Value::object({{"other", Value::object({{"reference", "Patient/" + std::string(id)}})}, {"type", type}});
}

void remove_link(Value& patient, std::string_view reference) {
    Value kept = Value::array();
    for (const Value& link : patient["link"].items()) {
        if (link["other"]["reference"].text() != reference) kept.push(link);
    }
    patient.remove("link");
    if (kept.size() > 0) patient.set("link", std::move(kept));
}

}  // namespace

Value Patients::own_patient(const record::Caller& caller, std::string_view id) const {
    for (const Membership& one : directory_.memberships(caller.actor.person)) {
        const RoleRights* rights = find_role(one.role);
        if (rights == nullptr || !rights->registers_patients) continue;
        const record::ReadFilter filter = own_patients(one.organisation);
        const auto reader = record_.read(filter);
        if (auto found = reader->read("Patient", id); found && !found->deleted) return found->value();
    }
    throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
}

void Patients::identify(const record::Caller& caller, std::string_view id, const Registration& registration) {
    Value patient = own_patient(caller, id);
    require_temporary(patient);
    Value papers = registration.patient;
    check_identity(papers, "", clock_.now());
    Value identifiers = papers["identifier"];
    for (Value identifier : patient["identifier"].items()) {
        if (identifier["system"].text() == kTemporarySystem) identifier.set("use", "old");
        identifiers.push(std::move(identifier));
    }
    for (const char* member : {"name", "gender", "birthDate"}) patient.set(member, papers[member]);
    patient.set("identifier", std::move(identifiers));
    auto work = record_.begin(caller.filter, caller.actor);
    static_cast<void>(work->load("Patient", id));
    work->update(std::move(patient));
    work->commit();
}

void Patients::join(const record::Caller& caller, std::string_view id, std::string_view other) {
    Value patient = own_patient(caller, id);
    Value target = own_patient(caller, other);
    require_temporary(patient);
    if (id == other || !joined_to(target).empty()) {
        throw Error(ErrorKind::conflict, "patient.cannot_join", "a record is joined to another one that stands by itself");
    }
    patient.member("link").push(link_to(other, "replaced-by"));
    patient.set("active", false);
    target.member("link").push(link_to(id, "replaces"));
    auto work = record_.begin(caller.filter, caller.actor);
    static_cast<void>(work->load("Patient", id));
    static_cast<void>(work->load("Patient", other));
    work->update(std::move(patient));
    work->update(std::move(target));
    work->commit();
}

void Patients::part(const record::Caller& caller, std::string_view id) {
    Value patient = own_patient(caller, id);
    const std::string other = joined_to(patient);
    if (other.empty()) throw Error(ErrorKind::conflict, "patient.not_joined", "this record is joined to no other");
    Value target = own_patient(caller, std::string_view(other).substr(8));
    remove_link(patient, other);
    patient.set("active", true);
    remove_link(target, "Patient/" + std::string(id));
    auto work = record_.begin(caller.filter, caller.actor);
    static_cast<void>(work->load("Patient", id));
    static_cast<void>(work->load("Patient", std::string_view(other).substr(8)));
    work->update(std::move(patient));
    work->update(std::move(target));
    work->commit();
}

http::Response Patients::answer_identify(const http::Request& request, const record::Caller& caller, std::string_view id) {
    const Registration registration = registration_in(request, directory_);
    if (!registration.confirmed) {
        auto candidates = likely_duplicates(registration.patient, registering_organisation(caller, registration.organisation));
        std::erase_if(candidates, [&](const record::Stored& one) { return one.id == id; });
        if (!candidates.empty()) return answer_duplicates(caller, candidates);
    }
    identify(caller, id, registration);
    return http::Response{.status = 204};
}

}  // namespace qiao::access
