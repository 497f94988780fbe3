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

void add_patient_routes(http::Router& router, record::Record& record, PatientAccounts& accounts, PatientRequests& requests) {
    add_sign_in(router, record, accounts);
    router.add(Method::get, "/patient/{patient}/requests", kPatient, [&](const Request& request) {
        const PatientCaller caller = accounts.caller(request);
        const PatientTie& tie = caller.tie_to(request.param("patient"));
        JsonWriter json;
        json.object([&] {
            json.array("requests", [&] {
                for (const PatientRequest& one : requests.of_patient(tie.rid)) json.object([&] { wire::write_request(json, one, accounts.now()); });
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
}

}  // namespace qiao::access
