#include "access/contact.hpp"
#include "access/identity_papers.hpp"
#include "access/patient_wire.hpp"
#include "access/routes.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace qiao::access {

namespace {

using http::Method;
using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;

constexpr http::RouteOptions kOpen{.scope = http::Scope::open, .body_limit_bytes = 4 * 1024};
constexpr http::RouteOptions kPatient{.scope = http::Scope::patient, .body_limit_bytes = 16 * 1024};

std::string cookie(const Request& request, std::string_view token) {
    std::string text = request.tls ? "__Host-qiao-patient=" : "qiao-patient=";
    text += token;
    text += "; Path=/; HttpOnly; SameSite=Strict";
    if (request.tls) text += "; Secure";
    if (token.empty()) text += "; Max-Age=0";
    return text;
}

/// Who is signed in, and for whom: name and until when.
void write_caller(JsonWriter& json, record::Record& record, const PatientCaller& caller) {
    json.field("name", caller.account.name);
    json.field("phone", masked_phone(caller.account.phone));
    json.field("expires", format_instant(caller.session.absolute_end));
    const auto reader = record.read(caller.caller.filter);
    json.array("people", [&] {
        for (const PatientTie& tie : caller.ties) {
            const auto stored = reader->read("Patient", tie.patient.substr(tie.patient.find('/') + 1));
            if (!stored || stored->deleted) continue;
            const json::Value patient = stored->value();
            json.object([&] {
                json.field("id", patient["id"].text());
                json.field("name", name_of(patient));
                json.field("birth_date", patient["birthDate"].text());
                json.field("relation", tie.relation);
                if (tie.ends != Instant::max()) json.field("until", format_instant(tie.ends));
            });
        }
    });
}

std::string state_json(record::Record& record, const PatientAccounts& accounts, const std::optional<PatientCaller>& caller) {
    JsonWriter json;
    json.object([&] {
        json.field("demo", accounts.demo());
        json.field("sms", accounts.has_sms());
        json.field("idle_minutes", 15);
        if (caller) {
            json.object("account", [&] { write_caller(json, record, *caller); });
        } else {
            json.raw_field("account", "null");
        }
    });
    return json.take();
}

/// The session that was just opened, as its next request will find it.
Response signed_in(record::Record& record, PatientAccounts& accounts, const Request& request, const PatientAccounts::Opened& opened) {
    Request next = request;
    std::erase_if(next.headers, [](const http::Header& one) { return one.first == "cookie"; });
    next.headers.emplace_back("cookie", (request.tls ? "__Host-qiao-patient=" : "qiao-patient=") + opened.token);
    Response response = answer(state_json(record, accounts, accounts.find(next, false)));
    response.with("Set-Cookie", cookie(request, opened.token));
    if (PatientAccounts::carries_token(request)) response.with("Clear-Site-Data", "\"cache\"");
    return response;
}

void add_sign_in(http::Router& router, record::Record& record, PatientAccounts& accounts) {
    // Open: the page asks who is there, and nobody is no error.
    router.add(Method::get, "/patient/session", kOpen, [&](const Request& request) {
        Response response = answer(state_json(record, accounts, accounts.find(request, false)));
        if (PatientAccounts::carries_token(request) && !accounts.find(request, false)) response.with("Set-Cookie", cookie(request, {}));
        return response;
    });
    router.add(Method::post, "/patient/binding", kOpen, [&](const Request& request) {
        const auto body = body_of(request);
        if (const auto wait = accounts.must_wait(PatientAccounts::binding_key(request), request); wait.count() > 0) return wire::too_many(wait);
        return signed_in(record, accounts, request, accounts.bind(body["code"].text(), body["pin"].text(), request));
    });
    router.add(Method::post, "/patient/session/code", kOpen, [&](const Request& request) {
        const auto body = body_of(request);
        const std::string& number = body["id_number"].text();
        if (number.size() < 4 || number.size() > 64) throw Error(ErrorKind::invalid, "patient.bad_number", "an identity number");
        if (const auto wait = accounts.must_wait(accounts.throttle_key(number), request); wait.count() > 0) return wire::too_many(wait);
        const auto simulated = accounts.ask_code(number, body["language"].text(), request);
        JsonWriter json;
        json.object([&] {
            json.field("minutes", 5);
            if (simulated) json.field("simulated_code", *simulated);
        });
        return answer(json.take());
    });
    router.add(Method::post, "/patient/session", kOpen, [&](const Request& request) {
        const auto body = body_of(request);
        const std::string& number = body["id_number"].text();
        if (const auto wait = accounts.must_wait(accounts.throttle_key(number), request); wait.count() > 0) return wire::too_many(wait);
        return signed_in(record, accounts, request, accounts.sign_in(number, body["code"].text(), request));
    });
    router.add(Method::del, "/patient/session", kOpen, [&](const Request& request) {
        accounts.sign_out(request);
        Response response = answer({}, 204);
        return response.with("Set-Cookie", cookie(request, {})).with("Clear-Site-Data", "\"cache\"");
    });
}

}  // namespace

void wire::write_request(JsonWriter& json, const PatientRequest& request, Instant now) {
    json.field("id", request.id);
    json.field("number", request.number);
    json.field("kind", request.kind);
    json.field("item", request.item);
    json.field("text", request.text);
    json.field("state", request.state);
    json.field("created", format_instant(request.created));
    json.field("due", format_instant(request.due));
    json.field("late", request.state != "answered" && now > request.due);
    if (request.taken != Instant{}) json.field("taken", format_instant(request.taken));
    if (request.state != "answered") return;
    json.field("outcome", request.outcome);
    json.field("answer", request.answer);
    json.field("answered", format_instant(request.answered));
}

namespace {

/// Who made a denial or gave an answer: an officer or the clinic's staff by name; nobody when the patient did it.
void write_by(JsonWriter& json, std::string_view name, const Directory& directory, std::int64_t person) {
    const auto who = person > 0 ? directory.person(person) : std::nullopt;
    if (!who) return;
    json.object(name, [&] {
        json.field("name", who->name);
        json.field("nameEn", who->name_en);
    });
}

void write_own_request(JsonWriter& json, const PatientRequests& requests, const PatientRequest& one, Instant now) {
    json.object([&] {
        wire::write_request(json, one, now);
        if (one.state == "answered") write_by(json, "answeredBy", requests.directory(), one.officer);
    });
}

Response denials_of(record::Record& record, const PatientRequests& requests, const PatientTie& tie) {
    const auto reader = record.read(record::ReadFilter::system("what a patient denies, for the patient"));
    JsonWriter json;
    json.object([&] {
        json.array("denials", [&] {
            for (const Denial& one : Grants::denials(reader->connection(), tie.rid, true)) {
                json.object([&] {
                    if (const auto where = requests.directory().organisation(one.organisation)) wire::write_organisation(json, "organisation", *where);
                    json.field("since", format_instant(one.since));
                    json.field("stands", one.stands);
                    if (one.stands) json.field("reason", one.reason);
                    write_by(json, "by", requests.directory(), one.made_by);
                    json.field("byPatient", one.made_by < 0);
                });
            }
        });
    });
    return answer(json.take());
}

void add_denials(http::Router& router, record::Record& record, PatientAccounts& accounts, PatientRequests& requests) {
    router.add(Method::get, "/patient/{patient}/denials", kPatient, [&](const Request& request) {
        const PatientCaller caller = accounts.caller(request);
        return denials_of(record, requests, caller.tie_to(request.param("patient")));
    });
    router.add(Method::post, "/patient/{patient}/denials/{organisation}/end", kPatient, [&](const Request& request) {
        const PatientCaller caller = accounts.caller(request);
        const PatientTie& tie = caller.tie_to(request.param("patient"));
        if (tie.relation != relation::kSelf) throw Error(ErrorKind::forbidden, "patient.not_for_another", "who acts for another does this at the clinic");
        accounts.require_pin(caller, body_of(request)["pin"].text());
        requests.lift(caller, tie, "Organization/" + std::string(request.param("organisation")));
        return denials_of(record, requests, tie);
    });
}

}  // namespace

void add_patient_routes(http::Router& router, record::Record& record, PatientAccounts& accounts, PatientRequests& requests) {
    add_sign_in(router, record, accounts);
    add_denials(router, record, accounts, requests);
    router.add(Method::get, "/patient/{patient}/requests", kPatient, [&](const Request& request) {
        const PatientCaller caller = accounts.caller(request);
        const PatientTie& tie = caller.tie_to(request.param("patient"));
        JsonWriter json;
        json.object([&] {
            json.array("requests", [&] {
                for (const PatientRequest& one : requests.of_patient(tie.rid)) write_own_request(json, requests, one, accounts.now());
            });
        });
        return answer(json.take());
    });
    router.add(Method::post, "/patient/{patient}/requests", kPatient, [&](const Request& request) {
        const PatientCaller caller = accounts.caller(request);
        const PatientTie& tie = caller.tie_to(request.param("patient"));
        const auto body = body_of(request);
        const PatientRequest asked = requests.ask(caller, tie, body["kind"].text(), body["item"].text(), body["text"].text());
        JsonWriter json;
        json.object([&] { wire::write_request(json, asked, accounts.now()); });
        return answer(json.take(), 201);
    });
    router.add(Method::post, "/patient/{patient}/requests/{id}/withdraw", kPatient, [&](const Request& request) {
        const PatientCaller caller = accounts.caller(request);
        requests.withdraw(caller, caller.tie_to(request.param("patient")), wire::request_number(request.param("id")));
        return answer({}, 204);
    });
}

}  // namespace qiao::access
