#include "services/consult/patient_routes.hpp"

#include "flow/case_view.hpp"
#include "flow/routes.hpp"
#include "services/consult/documents.hpp"
#include "services/consult/patient_view.hpp"

namespace qiao::consult {

namespace {

using http::Method;
using http::Request;
using http::Response;

constexpr http::RouteOptions kPatient{.scope = http::Scope::patient, .body_limit_bytes = 4 * 1024};

struct Handlers {
    flow::Engine& engine;
    access::PatientAccounts& accounts;
    record::Zone zone;
    std::function<std::string()> public_url;

    [[nodiscard]] const flow::Ground& ground() const { return engine.ground(); }
};

/// One request of a patient: the session, the person whose record it is about, and the record through their eyes.
struct Asked {
    access::PatientCaller caller;
    const access::PatientTie& tie;
    PatientEyes eyes;

    Asked(const Handlers& to, const Request& request)
        : caller(to.accounts.caller(request)), tie(caller.tie_to(request.param("patient"))), eyes{to.ground(), caller.caller.filter, tie.patient} {}
};

/// A list that was shown is one row of the audit, in the patient's own name.
void note(const Handlers& to, const Asked& asked, std::string_view what) {
    flow::note_reading(to.ground(), asked.caller.caller.actor, what, asked.tie.patient);
}

Response cases(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    note(to, asked, "Task");
    return flow::json_answer(patient_cases_view(asked.eyes));
}

Response one_case(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    const flow::Case item = shown_case(asked.eyes, request.param("case"));
    note(to, asked, "Task/" + item.id);
    return flow::json_answer(patient_case_view(asked.eyes, item));
}

Response opinion(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    const flow::Case item = shown_case(asked.eyes, request.param("case"));
    note(to, asked, item.notes["opinion"]["resource"].text());
    const auto reader = to.ground().record.read(asked.caller.caller.filter);
    Response response;
    response.content_type = "application/pdf";
    response.body = opinion_pdf(to.ground(), *reader, item, 0, {to.zone, to.public_url()});
    return response.with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "private, no-store")
        .with("Vary", "Cookie")
        .with("Content-Disposition", "inline; filename=\"" + item.number + ".pdf\"");
}

Response consents(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    note(to, asked, "Consent");
    return flow::json_answer(patient_consents_view(asked.eyes));
}

Response record_of(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    note(to, asked, "Observation");
    return flow::json_answer(patient_record_view(asked.eyes));
}

}  // namespace

void add_patient_routes(http::Router& router, flow::Engine& engine, access::PatientAccounts& accounts, PrintOptions print) {
    const auto to = std::make_shared<Handlers>(Handlers{engine, accounts, record::Zone(print.zone), std::move(print.public_url)});
    const auto get = [&](std::string_view pattern, Response (*handler)(const Handlers&, const Request&)) {
        router.add(Method::get, pattern, kPatient, [to, handler](const Request& request) { return handler(*to, request); });
    };
    get("/patient/{patient}/cases", cases);
    get("/patient/{patient}/cases/{case}", one_case);
    get("/patient/{patient}/cases/{case}/opinion.pdf", opinion);
    get("/patient/{patient}/consents", consents);
    get("/patient/{patient}/record", record_of);
}

}  // namespace qiao::consult
