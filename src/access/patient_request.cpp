#include "access/patient_request.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kText_bytes = 4000;
constexpr std::size_t kItem_bytes = 200;
constexpr std::int64_t kOpenRequests = 20;
constexpr int kAnswer_days = 30;

std::string checked_text(std::string_view text) {
    const std::string clean(trim(text));
    if (clean.empty() || clean.size() > kText_bytes) throw Error(ErrorKind::invalid, "patient.bad_request_text", "a text of at most 4000 bytes");
    return clean;
}

AuditEvent event_of(const Audit& audit, const record::Actor& actor, std::string_view action, const PatientRequest& request) {
    AuditEvent event = audit.event_of(actor, action);
    event.patient = request.rid;
    event.detail = "request=" + request.number + " kind=" + request.kind + (request.outcome.empty() ? "" : " outcome=" + request.outcome);
    return event;
}

}  // namespace

PatientRequests::PatientRequests(storage::Database& database, storage::Writer& writer, Audit& audit, const Directory& directory, Grants& grants,
                                 const Clock& clock, const PatientPolicy& policy)
    : database_(database), writer_(writer), audit_(audit), directory_(directory), grants_(grants), clock_(clock), policy_(policy) {}

PatientRequest PatientRequests::ask(const PatientCaller& caller, const PatientTie& tie, std::string_view kind, std::string_view item, std::string_view text) {
    if (std::find(kRequestKinds.begin(), kRequestKinds.end(), kind) == kRequestKinds.end() || item.size() > kItem_bytes) {
        throw Error(ErrorKind::invalid, "patient.bad_request_kind", "objection, correction, deletion or names");
    }
    const Instant now = clock_.now();
    const auto days = policy_.answer_days.find(kind);
    PatientRequest request{.account = caller.account.id,
                           .rid = tie.rid,
                           .patient = tie.patient,
                           .kind = std::string(kind),
                           .item = std::string(item),
                           .text = checked_text(text),
                           .state = "open",
                           .created = now,
                           .due = now + (days == policy_.answer_days.end() ? kAnswer_days : days->second) * 24h};
    writer_.submit({[&](storage::Group& group) {
                        if (count_open(group, request.account) >= kOpenRequests) {
                            throw Error(ErrorKind::conflict, "patient.too_many_requests", "wait for the answers to the open ones");
                        }
                    },
                    [&](storage::Group& group) {
                        request.id = insert(group, request);
                        audit_.write(group, event_of(audit_, caller.caller.actor, "patient-request", request));
                    }});
    return request;
}

std::vector<PatientRequest> PatientRequests::of_patient(record::Rid patient) { return read_all("patient = ?", patient); }

void PatientRequests::withdraw(const PatientCaller& caller, const PatientTie& tie, std::int64_t id) {
    auto request = find(id);
    if (!request || request->rid != tie.rid || request->account != caller.account.id) throw Error(ErrorKind::not_found, "patient.no_request", "no such request");
    request->state = "answered";
    request->outcome = "withdrawn";
    request->answered = clock_.now();
    writer_.submit({[&](storage::Group& group) { require_open(group, id); },
                    [&](storage::Group& group) {
                        change(group, *request);
                        audit_.write(group, event_of(audit_, caller.caller.actor, "patient-request-withdrawn", *request));
                    }});
}

void PatientRequests::lift(const PatientCaller& caller, const PatientTie& tie, std::string_view organisation) {
    const auto where = directory_.organisation_by_resource(organisation);
    const auto stands = [&](storage::Connection& connection) {
        const auto all = Grants::denials(connection, tie.rid);
        return where && std::any_of(all.begin(), all.end(), [&](const Denial& one) { return one.organisation == where->id && one.reason == "objection"; });
    };
    writer_.submit({[&](storage::Group& group) {
                        if (!stands(group.connection())) {
                            throw Error(ErrorKind::conflict, "patient.no_denial", "no objection closes the record to this institution");
                        }
                    },
                    [&](storage::Group& group) {
                        grants_.allow(group, tie.rid, where->id, caller.caller.actor.person);
                        AuditEvent event = audit_.event_of(caller.caller.actor, "patient-denial-lifted");
                        event.patient = tie.rid;
                        event.detail = "allowed=" + where->resource;
                        audit_.write(group, event);
                    }});
}

std::vector<PatientRequest> PatientRequests::all() {
    auto list = read_all("0 = ?", 0);
    std::stable_sort(list.begin(), list.end(), [](const PatientRequest& a, const PatientRequest& b) {
        const bool a_open = a.state != "answered", b_open = b.state != "answered";
        if (a_open != b_open) return a_open;
        return a_open ? a.due < b.due : a.answered > b.answered;
    });
    return list;
}

std::optional<PatientRequest> PatientRequests::find(std::int64_t id) {
    auto found = read_all("id = ?", id);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

void PatientRequests::take(const record::Actor& officer, std::int64_t id) {
    auto request = find(id);
    if (!request) throw Error(ErrorKind::not_found, "patient.no_request", "no such request");
    request->state = "taken";
    request->officer = officer.person;
    request->taken = clock_.now();
    writer_.submit({[&](storage::Group& group) { require_open(group, id); },
                    [&](storage::Group& group) {
                        change(group, *request);
                        audit_.write(group, event_of(audit_, officer, "patient-request-taken", *request));
                    }});
}

/// The institution that this answer denies the record; none for all other answers.
std::optional<Organisation> PatientRequests::denied_by(const PatientRequest& request, std::string_view against) const {
    const bool objection = request.kind == request_kind::kObjection && request.outcome != "refused";
    if (against.empty()) return std::nullopt;
    const auto found = directory_.organisation_by_resource(against);
    if (!objection || !found) {
        throw Error(ErrorKind::invalid, "patient.bad_institution", "an institution that a granted objection is against",
                    {{"value", "against", "an institution"}});
    }
    return found;
}

void PatientRequests::answer(const record::Actor& officer, std::int64_t id, std::string_view outcome, std::string_view text, std::string_view against) {
    auto request = find(id);
    if (!request) throw Error(ErrorKind::not_found, "patient.no_request", "no such request");
    if (outcome != "done" && outcome != "partly" && outcome != "refused") throw Error(ErrorKind::invalid, "patient.bad_outcome", "done, partly or refused");
    request->answer = checked_text(text);
    request->outcome = outcome;
    request->officer = officer.person;
    request->answered = clock_.now();
    request->state = "answered";
    const auto denied = denied_by(*request, against);
    writer_.submit({[&](storage::Group& group) {
                        require_open(group, id);
                        if (denied && Grants::in_care(group.connection(), request->rid, denied->id, group.now())) {
                            throw Error(ErrorKind::conflict, "patient.institution_treats", "it treats the patient and keeps the record");
                        }
                    },
                    [&](storage::Group& group) {
                        change(group, *request);
                        AuditEvent event = event_of(audit_, officer, "patient-request-answered", *request);
                        if (denied) {
                            grants_.deny(group, request->rid, denied->id, "objection", officer.person);
                            event.detail += " denied=" + denied->resource;
                        }
                        audit_.write(group, event);
                    }});
}

bool PatientRequests::names_given(record::Rid patient) {
    const auto list = of_patient(patient);
    return std::any_of(list.begin(), list.end(),
                       [](const PatientRequest& one) { return one.kind == request_kind::kNames && one.state == "answered" && one.outcome == "done"; });
}

}  // namespace qiao::access
