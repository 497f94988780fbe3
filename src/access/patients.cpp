#include "access/patients.hpp"

#include "access/identity_papers.hpp"
#include "access/role.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "http/outcome.hpp"
#include "record/match/match.hpp"
#include "record/rest/writes.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

constexpr std::size_t kShown = 10;

bool is_true(const http::Request& request, std::string_view name) {
    for (const auto& [key, value] : request.query_values()) {
        if (key == name) return value == "true";
    }
    return false;
}

std::string query_value(const http::Request& request, std::string_view name) {
    for (auto& [key, value] : request.query_values()) {
        if (key == name) return value;
    }
    return {};
}

std::int64_t known_organisation(const Directory& directory, std::string_view reference) {
    if (reference.empty()) return 0;
    const auto found = directory.organisation_by_resource(reference);
    if (!found) throw Error(ErrorKind::invalid, "access.bad_organisation", "no such institution");
    return found->id;
}

}  // namespace

Registration registration_in(const http::Request& request, const Directory& directory) {
    auto body = json::parse(request.body);
    if (!body || !body->is_object()) throw Error(ErrorKind::invalid, "patient.bad_json", "the body is no JSON object");
    if ((*body)["resourceType"].text() != "Parameters") {
        return {*std::move(body), query_value(request, "noIdReason"), is_true(request, "confirmed"),
                known_organisation(directory, query_value(request, "organisation"))};
    }
    Registration registration;
    for (const auto& parameter : (*body)["parameter"].items()) {
        const std::string& name = parameter["name"].text();
        if (name == "patient") registration.patient = parameter["resource"];
        if (name == "confirmed") registration.confirmed = parameter["valueBoolean"].truth();
        if (name == "noIdReason") registration.no_id_reason = parameter["valueCode"].text();
        if (name == "organisation") registration.organisation = known_organisation(directory, parameter["valueReference"]["reference"].text());
    }
    return registration;
}

Patients::Patients(record::Record& record, Grants& grants, const Directory& directory, const Clock& clock)
    : record_(record), grants_(grants), directory_(directory), clock_(clock) {}

std::int64_t Patients::registering_organisation(const record::Caller& caller, std::int64_t wanted) const {
    const RoleRights* own = find_role(caller.actor.role);
    if (caller.actor.person == 0 && own != nullptr && own->whole_record && wanted != 0) return wanted;
    for (const auto& one : directory_.memberships(caller.actor.person)) {
        const RoleRights* rights = find_role(one.role);
        if (rights != nullptr && rights->registers_patients && (wanted == 0 || one.organisation == wanted)) return one.organisation;
    }
    throw Error(ErrorKind::forbidden, "patient.may_not_register", "this role does not register patients");
}

Patients::Checked Patients::check(const record::Caller& caller, const Registration& registration) const {
    Checked checked{registration.patient, registering_organisation(caller, registration.organisation)};
    check_identity(checked.patient, registration.no_id_reason, clock_.now());
    if (checked.patient["identifier"].size() == 0) {
        checked.patient.member("identifier").push(temporary_identifier(registration.no_id_reason, clock_.now()));
    }
    checked.patient.remove("id");
    checked.patient.remove("meta");
    checked.patient.set("active", true);
    const auto where = directory_.organisation(checked.organisation);
    checked.patient.set("managingOrganization", json::Value::object({{"reference", where->resource}, {"display", where->name}}));
    return checked;
}

std::string Patients::register_patient(const record::Caller& caller, const Registration& registration) {
    Checked checked = check(caller, registration);
    if (!registration.confirmed && !likely_duplicates(checked.patient, checked.organisation).empty()) {
        throw Error(ErrorKind::conflict, "patient.likely_duplicate", "somebody very like this patient is registered here already");
    }
    return keep(caller, std::move(checked), nullptr);
}

std::string Patients::keep(const record::Caller& caller, Checked checked, record::Repeatable* repeatable) {
    record::Actor actor = caller.actor;
    actor.organisation = checked.organisation;
    auto work = record_.begin(caller.filter, actor);
    const std::string reference = work->create(std::move(checked.patient));
    work->also(
        [&](storage::Group& group, const record::Work::RidOf& rid_of) { grants_.begin_care(group, rid_of(reference), checked.organisation, actor.person); });
    if (repeatable != nullptr) repeatable->keep(*work, {{reference, 201}});
    return work->commit().skipped ? std::string() : reference;
}

/// Only who is in care of this institution: a grant of a case, or another institution's patient, never shows here.
record::ReadFilter Patients::own_patients(std::int64_t organisation) const {
    record::ReadFilter filter;
    filter.scope = record::ReadFilter::Scope::standing;
    for (const std::int64_t id : directory_.subtree(organisation)) {
        filter.grantees.push_back(organisation_key(id));
        filter.organisations.push_back(id);
    }
    return filter;
}

std::vector<record::Stored> Patients::likely_duplicates(const json::Value& patient, std::int64_t organisation) {
    const record::ReadFilter filter = own_patients(organisation);
    std::vector<record::Stored> found;
    for (auto& candidate : record::find_candidates(*record_.read(filter), patient, record::Grade::probable, kShown))
        found.push_back(std::move(candidate.patient));
    return found;
}

http::Response Patients::answer_duplicates(const record::Caller& caller, const std::vector<record::Stored>& candidates) const {
    std::vector<record::Rid> shown;
    json::Value contained = json::Value::array();
    for (const auto& one : candidates) {
        shown.push_back(one.rid);
        contained.push(one.value());
    }
    if (record_.ports().on_read) record_.ports().on_read(caller.actor, "search", "Patient", shown, shown);
    http::Response response =
        http::outcome(Error(ErrorKind::conflict, "patient.likely_duplicate", "somebody very like this patient is registered here already"));
    auto parsed = json::parse(response.body);
    if (!parsed) throw Error(ErrorKind::internal, "patient.outcome", "an outcome is no JSON");
    json::Value outcome = *std::move(parsed);
    outcome.set("contained", std::move(contained));
    response.body = outcome.dump();
    return response;
}

http::Response Patients::answer_register(const http::Request& request, const record::Caller& caller) {
    record::Repeatable repeatable(record_, caller, request);
    // Before the look for duplicates: the patient whom the lost answer spoke of is none.
    if (const auto before = repeatable.before()) return answer_registered(before->front().reference, record_.read(caller.filter)->get(before->front().reference));
    const Registration registration = registration_in(request, directory_);
    Checked checked = check(caller, registration);
    if (!registration.confirmed) {
        const auto candidates = likely_duplicates(checked.patient, checked.organisation);
        if (!candidates.empty()) return answer_duplicates(caller, candidates);
    }
    std::string reference = keep(caller, std::move(checked), &repeatable);
    // The same request came twice at once, and the other one was first.
    if (reference.empty()) reference = repeatable.before().value().front().reference;
    return answer_registered(reference, record_.read(record::ReadFilter::system("what this request has just made"))->get(reference));
}

http::Response Patients::answer_registered(const std::string& reference, const record::Stored& made) {
    http::Response response{.status = 201, .body = made.json};
    response.with("Location", "/fhir/" + reference + "/_history/" + std::to_string(made.version)).with("ETag", "W/\"" + std::to_string(made.version) + "\"");
    return response;
}

void Patients::add_operation(record::Rest& rest) {
    using http::Method;
    rest.add_operation(Method::post, "Patient", "$identify", true, [this](const http::Request& request, const record::Caller& caller, std::string_view id) {
        return answer_identify(request, caller, id);
    });
    rest.add_operation(Method::post, "Patient", "$join", true, [this](const http::Request& request, const record::Caller& caller, std::string_view id) {
        const auto body = json::parse(request.body);
        std::string other;
        if (body && body->is_object()) {
            for (const auto& parameter : (*body)["parameter"].items()) {
                if (parameter["name"].text() == "other") other = parameter["valueReference"]["reference"].text();
            }
        }
        if (!other.starts_with("Patient/")) throw Error(ErrorKind::invalid, "patient.bad_json", "other: a reference to the other record");
        join(caller, id, std::string_view(other).substr(8));
        return http::Response{.status = 204};
    });
    rest.add_operation(Method::post, "Patient", "$part", true, [this](const http::Request&, const record::Caller& caller, std::string_view id) {
        part(caller, id);
        return http::Response{.status = 204};
    });
    rest.add_operation(http::Method::post, "Patient", "$register", false,
                       [this](const http::Request& request, const record::Caller& caller, std::string_view) { return answer_register(request, caller); });
}

}  // namespace qiao::access
