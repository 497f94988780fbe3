#include "access/contact.hpp"
#include "access/identity_papers.hpp"
#include "access/patient_wire.hpp"
#include "access/routes.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"

#include <charconv>

namespace qiao::access {

namespace {

using http::Method;
using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

Binding binding_in(const Request& request) {
    const auto body = body_of(request);
    return {.patient = "Patient/" + std::string(request.param("id")),
            .relation = body["relation"].text(),
            .name = body["name"].text(),
            .id_number = body["idNumber"].text(),
            .phone = body["phone"].text(),
            .until = wire::end_of(body, "until"),
            .reason = body["reason"].text(),
            .identity_checked = body["identityChecked"].truth()};
}

void add_binding(http::Router& router, Sessions& sessions, PatientAccounts& accounts) {
    router.add(Method::get, "/access/patients/{id}/phones", kSession, [&](const Request& request) {
        const record::Caller caller = sessions.caller(request);
        JsonWriter json;
        json.object([&] {
            json.array("phones", [&] {
                for (const auto& [account, tie] : accounts.bound_to(caller, "Patient/" + std::string(request.param("id")))) {
                    json.object([&, &bound = account, &to = tie] {
                        json.field("id", std::to_string(bound.id));
                        json.field("name", bound.name);
                        json.field("phone", masked_phone(bound.phone));
                        json.field("relation", to.relation);
                        json.field("since", format_instant(to.starts));
                        if (to.ends != Instant::max()) json.field("until", format_instant(to.ends));
                        json.field("used", format_instant(bound.used));
                        if (const auto by = sessions.directory().person(to.bound_by)) json.field("boundBy", by->name);
                    });
                }
            });
        });
        return answer(json.take());
    });
    router.add(Method::post, "/access/patients/{id}/phones", kSession, [&](const Request& request) {
        const auto offered = accounts.offer(sessions.caller(request), binding_in(request));
        JsonWriter json;
        json.object([&] {
            json.field("code", offered.code);
            json.field("until", format_instant(offered.until));
            if (offered.ends != Instant::max()) json.field("ends", format_instant(offered.ends));
        });
        return answer(json.take(), 201);
    });
    router.add(Method::post, "/access/patients/{id}/phones/{account}/end", kSession, [&](const Request& request) {
        accounts.unbind(sessions.caller(request), "Patient/" + std::string(request.param("id")), wire::request_number(request.param("account")));
        return answer({}, 204);
    });
}

/// The officer sees whose request it is and what is asked, and nothing else of the patient.
void write_for_officer(JsonWriter& json, Sessions& sessions, record::Record& record, PatientAccounts& accounts, const PatientRequest& one) {
    json.object([&] {
        wire::write_request(json, one, accounts.now());
        const auto reader = record.read(record::ReadFilter::system("the privacy officer sees whose request it is"));
        const auto stored = reader->read("Patient", one.patient.substr(one.patient.find('/') + 1));
        json.object("patient", [&] {
            json.field("id", one.patient.substr(one.patient.find('/') + 1));
            if (stored && !stored->deleted) {
                json.field("name", name_of(stored->value()));
                json.field("birthDate", stored->value()["birthDate"].text());
            }
        });
        if (const auto account = accounts.account(one.account)) {
            json.field("askedBy", account->name);
            json.field("phone", masked_phone(account->phone));
        }
        if (const auto officer = sessions.directory().person(one.officer)) {
            json.field("officer", officer->name);
            json.field("officerEn", officer->name_en);
        }
    });
}

}  // namespace

std::int64_t wire::request_number(std::string_view text) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) throw Error(ErrorKind::not_found, "patient.no_request", "no such number");
    return id;
}

void add_patient_desk_routes(http::Router& router, Sessions& sessions, record::Record& record, PatientAccounts& accounts, PatientRequests& requests) {
    add_binding(router, sessions, accounts);
    router.add(Method::get, "/access/patient-requests", kSession, [&](const Request& request) {
        wire::require_right(sessions, request, &RoleRights::answers_patients);
        JsonWriter json;
        json.object([&] {
            json.array("requests", [&] {
                for (const PatientRequest& one : requests.all()) write_for_officer(json, sessions, record, accounts, one);
            });
        });
        return answer(json.take());
    });
    router.add(Method::post, "/access/patient-requests/{id}/take", kSession, [&](const Request& request) {
        const record::Caller caller = wire::require_right(sessions, request, &RoleRights::answers_patients);
        requests.take(caller.actor, wire::request_number(request.param("id")));
        return answer({}, 204);
    });
    router.add(Method::post, "/access/patient-requests/{id}/answer", kSession, [&](const Request& request) {
        const record::Caller caller = wire::require_right(sessions, request, &RoleRights::answers_patients);
        const auto body = body_of(request);
        requests.answer(caller.actor, wire::request_number(request.param("id")), body["outcome"].text(), body["answer"].text(), body["against"].text());
        return answer({}, 204);
    });
}

}  // namespace qiao::access
