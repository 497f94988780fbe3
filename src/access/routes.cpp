#include "access/routes.hpp"

#include "access/role.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "http/outcome.hpp"

#include <algorithm>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;

constexpr http::RouteOptions kOpen{.scope = http::Scope::open, .body_limit_bytes = 16 * 1024};
constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

/// `token` empty = the cookie is taken away.
std::string cookie(const Request& request, std::string_view token) {
    std::string text = request.tls ? "__Host-qiao=" : "qiao=";
    text += token;
    text += "; Path=/; HttpOnly; SameSite=Strict";
    if (request.tls) text += "; Secure";
    if (token.empty()) text += "; Max-Age=0";
    return text;
}

Response too_many(std::chrono::seconds wait) {
    Response response = http::outcome(Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again"));
    std::erase_if(response.headers, [](const http::Header& one) { return one.first == "Retry-After"; });
    response.with("Retry-After", std::to_string(wait.count()));
    return response;
}

Response signed_in(const Request& request, const Opened& opened, const Sessions& sessions) {
    Response response = answer(wire::session_json(opened.session, sessions.directory(), sessions.options()));
    response.with("Set-Cookie", cookie(request, opened.token));
    // Somebody was here before in this browser: nothing that they saw may be shown from its cache.
    if (!request.cookie(request.tls ? "__Host-qiao" : "qiao").empty()) response.with("Clear-Site-Data", "\"cache\"");
    return response;
}

void add_session_routes(http::Router& router, Sessions& sessions) {
    router.add(http::Method::post, "/access/session", kOpen, [&sessions](const Request& request) {
        const auto body = body_of(request);
        const std::string& login = body["login"].text();
        if (const auto wait = sessions.must_wait(login, request); wait.count() > 0) return too_many(wait);
        return signed_in(request, sessions.sign_in(login, body["password"].text(), request), sessions);
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
        response.with("Set-Cookie", cookie(request, {})).with("Clear-Site-Data", "\"cache\"");
        return response;
    });
    router.add(http::Method::post, "/access/step-up", kSession, [&sessions](const Request& request) {
        const auto session = sessions.find(request);
        const auto person = session ? sessions.directory().person(session->person) : std::nullopt;
        if (person) {
            if (const auto wait = sessions.must_wait(person->login, request); wait.count() > 0) return too_many(wait);
        }
        const Instant until = sessions.step_up(request, body_of(request)["password"].text());
        JsonWriter json;
        json.object([&] { json.field("until", format_instant(until)); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/password", kSession, [&sessions](const Request& request) {
        const auto caller = sessions.caller(request);
        if (!sessions.stepped_up(caller.actor)) throw Error(ErrorKind::forbidden, "access.step_up_needed", "give your password again first");
        sessions.set_password(caller.actor, caller.actor.person, body_of(request)["password"].text());
        Response response = answer({}, 204);
        response.with("Set-Cookie", cookie(request, {}));
        return response;
    });
}

void add_demo_routes(http::Router& router, Sessions& sessions) {
    router.add(http::Method::get, "/access/demo-users", kOpen, [&sessions](const Request&) {
        if (!sessions.options().demo) throw Error(ErrorKind::not_found, "http.not_found", "no such page");
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

Response first_run(Sessions& sessions, const Request& request) {
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
    return signed_in(request, sessions.sign_in(administrators.front().login, administrators.front().password, request), sessions);
}

/// RFC 6749 5.2.
Response oauth_error(std::string_view code, int status) {
    JsonWriter json;
    json.object([&] { json.field("error", code); });
    Response response = answer(json.take(), status);
    if (status == 401) response.with("WWW-Authenticate", "Basic realm=\"qiao\"");
    return response;
}

struct ClientSecret {
    std::string id;
    std::string secret;
};

/// The client's name and secret from the form, or by HTTP Basic (RFC 6749 2.3.1).
ClientSecret client_of(const Request& request, const std::vector<std::pair<std::string, std::string>>& form) {
    ClientSecret client;
    for (const auto& [name, value] : form) {
        if (name == "client_id") client.id = value;
        if (name == "client_secret") client.secret = value;
    }
    const std::string_view authorization = request.header("authorization");
    if (authorization.size() < 6 || lower(authorization.substr(0, 6)) != "basic ") return client;
    const auto text = from_base64(trim(authorization.substr(6)));
    const auto colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos) return client;
    return {percent_decode(text->substr(0, colon), true).value_or(""), percent_decode(text->substr(colon + 1), true).value_or("")};
}

Response oauth_token(Sessions& sessions, const Request& request) {
    Request form_request;
    form_request.query = request.body;
    const auto form = form_request.query_values();
    const auto grant = std::find_if(form.begin(), form.end(), [](const auto& one) { return one.first == "grant_type"; });
    if (grant == form.end()) return oauth_error("invalid_request", 400);
    if (grant->second != "client_credentials") return oauth_error("unsupported_grant_type", 400);
    const ClientSecret client = client_of(request, form);
    if (const auto wait = sessions.must_wait(client.id, request); wait.count() > 0) return too_many(wait);
    const auto opened = sessions.client_token(client.id, client.secret, request);
    if (!opened) return oauth_error("invalid_client", 401);
    JsonWriter json;
    json.object([&] {
        json.field("access_token", opened->token);
        json.field("token_type", "Bearer");
        json.field("expires_in", std::int64_t{3600});
        json.field("scope", opened->session.scope);
    });
    return answer(json.take());
}

}  // namespace

void add_routes(http::Router& router, Sessions& sessions, Directory& directory, const Clock&) {
    add_session_routes(router, sessions);
    add_demo_routes(router, sessions);
    router.add(http::Method::post, "/access/first-run", kOpen, [&sessions](const Request& request) { return first_run(sessions, request); });
    router.add(http::Method::post, "/oauth/token", kOpen, [&sessions](const Request& request) { return oauth_token(sessions, request); });
    add_people_routes(router, sessions, directory);
    add_agreement_routes(router, sessions, directory);
}

}  // namespace qiao::access
