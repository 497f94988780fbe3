#include "access/entrance.hpp"
#include "access/role.hpp"
#include "access/routes.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "http/outcome.hpp"

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;
using wire::signed_in;
using wire::too_many;

constexpr http::RouteOptions kOpen{.scope = http::Scope::open, .body_limit_bytes = 16 * 1024};
constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

void add_session_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    router.add(http::Method::post, "/access/session", kOpen, [&](const Request& request) {
        const auto body = body_of(request);
        const std::string& login = body["login"].text();
        if (const auto wait = sessions.must_wait(login, request); wait.count() > 0) return too_many(wait);
        const auto result = entrance.steps.sign_in(login, body["password"].text(), request);
        return result.opened ? signed_in(request, *result.opened, sessions) : wire::second_needed(*result.waiting);
    });
    router.add(http::Method::post, "/access/session/second", kOpen, [&](const Request& request) {
        const auto body = body_of(request);
        return signed_in(request, entrance.steps.second_step(body["token"].text(), Proof::read(body), request), sessions);
    });
    // Open: the sign-in page asks who is there, and nobody is no error. A session that is over is one.
    router.add(http::Method::get, "/access/session", kOpen, [&sessions](const Request& request) {
        const auto session = sessions.find(request);
        if (!session && !Sessions::carries_token(request)) return answer({}, 204);
        if (!session) throw Error(ErrorKind::unauthenticated, "access.no_session", "sign in first");
        return answer(wire::session_json(*session, sessions.directory(), sessions.options()));
    });
    router.add(http::Method::del, "/access/session", kOpen, [&sessions](const Request& request) {
        sessions.sign_out(request);
        Response response = answer({}, 204);
        wire::forget_cookie(request, response).with("Clear-Site-Data", "\"cache\"");
        return response;
    });
    router.add(http::Method::post, "/access/device-session/challenge", kOpen, [&](const Request& request) {
        JsonWriter json;
        json.object([&] { json.field("challenge", entrance.steps.device_challenge(body_of(request)["device"].text())); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/device-session", kOpen, [&](const Request& request) {
        const Proof proof = Proof::read(body_of(request));
        if (!proof.device) throw Error(ErrorKind::invalid, "access.bad_proof", "a device with its signature and PIN");
        return signed_in(request, entrance.steps.sign_in_by_device(*proof.device, request), sessions);
    });
}

void add_step_up_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    router.add(http::Method::post, "/access/me/question", kSession, [&](const Request& request) {
        sessions.own_caller(request);
        const auto question = entrance.steps.question(*sessions.find(request), request);
        JsonWriter json;
        json.object([&] { wire::write_question(json, question.challenge, question.kinds, question.security_keys); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/step-up", kSession, [&](const Request& request) {
        const Proof proof = Proof::read(body_of(request));
        const auto session = sessions.find(request);
        const auto person = session ? sessions.directory().person(session->person) : std::nullopt;
        if (person && proof.password) {
            if (const auto wait = sessions.must_wait(person->login, request); wait.count() > 0) return too_many(wait);
        }
        const Instant until = entrance.steps.step_up(proof, request);
        JsonWriter json;
        json.object([&] { json.field("until", format_instant(until)); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/password", kSession, [&](const Request& request) {
        const auto caller = sessions.own_caller(request);
        if (sessions.find(request)->reset != 0) throw Error(ErrorKind::forbidden, "access.reset_unconfirmed", "a second person has to confirm first");
        wire::require_step_up(sessions, caller.actor);
        sessions.set_password(caller.actor, caller.actor.person, body_of(request)["password"].text());
        Response response = answer({}, 204);
        wire::forget_cookie(request, response);
        return response;
    });
    router.add(http::Method::post, "/access/reset-password", kOpen, [&](const Request& request) {
        const auto body = body_of(request);
        entrance.resets.set_password(body["login"].text(), body["code"].text(), body["password"].text(), request);
        return answer({}, 204);
    });
}

void add_demo_routes(http::Router& router, Sessions& sessions) {
    // The sign-in page asks for them everywhere; outside the demo there are none.
    router.add(http::Method::get, "/access/demo-users", kOpen, [&sessions](const Request&) {
        if (!sessions.options().demo) return answer("[]");
        const Directory& directory = sessions.directory();
        JsonWriter json;
        json.array([&] {
            for (const auto& person : directory.people()) {
                const auto memberships = directory.memberships(person.id);
                if (memberships.empty()) continue;
                const auto where = directory.organisation(memberships.front().organisation);
                json.object([&] {
                    json.field("login", person.login);
                    json.field("name", person.name);
                    json.field("nameEn", person.name_en);
                    json.field("role", memberships.front().role);
                    json.field("specialty", memberships.front().specialty);
                    json.field("organisation", where ? where->name : std::string());
                    json.field("organisationEn", where ? where->name_en : std::string());
                });
            }
        });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/demo-session", kOpen, [&sessions](const Request& request) {
        if (!sessions.options().demo) throw Error(ErrorKind::not_found, "http.not_found", "no such page");
        return signed_in(request, sessions.sign_in_demo(body_of(request)["login"].text(), request), sessions);
    });
}

Response first_run(Sessions& sessions, Entrance& entrance, const Request& request) {
    const auto body = body_of(request);
    const auto& place = body["organisation"];
    NewOrganisation organisation{.kind = "hub", .name = place.is_string() ? place.text() : place["name"].text(), .name_en = place["nameEn"].text()};
    if (place["kind"].is_string()) organisation.kind = place["kind"].text();
    std::vector<Sessions::FirstAdministrator> administrators;
    for (const auto& one : body["administrators"].items()) {
        Sessions::FirstAdministrator administrator{one["login"].text(), one["name"].text(), one["password"].text(), {}};
        for (const auto& role : one["roles"].items()) administrator.roles.push_back(role.text());
        administrators.push_back(std::move(administrator));
    }
    if (administrators.empty()) {  // one person for a small site; the audit administrator comes later and is another
        administrators.push_back({body["login"].text(), body["name"].text(), body["password"].text(), {"security_admin", "system_admin"}});
    }
    sessions.first_run(body["token"].text(), organisation, administrators);
    const auto result = entrance.steps.sign_in(administrators.front().login, administrators.front().password, request);
    return signed_in(request, *result.opened, sessions);  // somebody new has no second factor yet
}

}  // namespace

void add_sign_in_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    add_session_routes(router, sessions, entrance);
    add_step_up_routes(router, sessions, entrance);
    add_demo_routes(router, sessions);
    router.add(http::Method::post, "/access/first-run", kOpen, [&](const Request& request) { return first_run(sessions, entrance, request); });
}

}  // namespace qiao::access
