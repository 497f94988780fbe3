#include "services/consult/patient_routes.hpp"

#include "flow/routes.hpp"
#include "services/consult/documents.hpp"
#include "services/consult/patient_handlers.hpp"

namespace qiao::consult {

namespace patient {

Response file_answer(std::string bytes, std::string_view type, std::string_view shown, const std::string& name) {
    Response response;
    response.content_type = type;
    response.body = std::move(bytes);
    return response.with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "private, no-store")
        .with("Vary", "Cookie")
        .with("Content-Disposition", std::string(shown) + "; filename=\"" + name + "\"");
}

namespace {

Response cases(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    note(to, asked, "Task");
    return flow::json_answer(patient_cases_view(asked.eyes));
}

Response one_case(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    const flow::Case item = shown_case(asked.eyes, request.param("case"));
    note(to, asked, "Task", item.id);
    return flow::json_answer(patient_case_view(asked.eyes, item));
}

Response opinion(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    const flow::Case item = shown_case(asked.eyes, request.param("case"));
    note(to, asked, "Composition", item.id);
    const auto reader = to.ground().record.read(asked.caller.caller.filter);
    return file_answer(opinion_pdf(to.ground(), *reader, item, 0, {to.zone, to.public_url()}), "application/pdf", "inline", item.number + ".pdf");
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

/// Takes back what the patient agreed to; whoever acts for another asks the clinic, which knows on whose word.
Response withdraw(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    const json::Value body = flow::body_object(request, "pin scope confirmed");
    if (asked.tie.relation != access::relation::kSelf) {
        throw Error(ErrorKind::forbidden, "patient.not_for_another", "who acts for another withdraws at the clinic");
    }
    const flow::Case item = shown_case(asked.eyes, request.param("case"));
    const std::string& scope = body["scope"].text();
    if (!flow::has_word("consultation recording teaching", scope)) {
        throw Error(ErrorKind::invalid, "patient.bad_scope", "consultation, recording or teaching");
    }
    to.desk.accounts.require_pin(asked.caller, body["pin"].text());
    to.desk.consult.withdraw_for_patient(asked.caller.caller.actor, item.id, scope, body["confirmed"].truth());
    return flow::json_answer(patient_consents_view(asked.eyes));
}

}  // namespace

}  // namespace patient

void add_patient_routes(http::Router& router, const PatientDesk& desk, PrintOptions print) {
    using namespace patient;
    const auto to = std::make_shared<const Handlers>(Handlers{desk, record::Zone(print.zone), std::move(print.public_url)});
    const auto add = [&](Method method, std::string_view pattern, Response (*handler)(const Handlers&, const Request&)) {
        router.add(method, pattern, kPatient, [to, handler](const Request& request) { return handler(*to, request); });
    };
    add(Method::get, "/patient/{patient}/cases", cases);
    add(Method::get, "/patient/{patient}/cases/{case}", one_case);
    add(Method::get, "/patient/{patient}/cases/{case}/opinion.pdf", opinion);
    add(Method::post, "/patient/{patient}/cases/{case}/withdraw", withdraw);
    add(Method::get, "/patient/{patient}/consents", consents);
    add(Method::get, "/patient/{patient}/record", record_of);
    add_looks(router, to);
    add_papers(router, to);
}

}  // namespace qiao::consult
