#include "access/oidc_routes.hpp"

#include "access/wire.hpp"
#include "base/error.hpp"

namespace qiao::access {
namespace {

using http::Request;
using http::Response;
using wire::answer;

constexpr http::RouteOptions kOpen{.scope = http::Scope::open, .body_limit_bytes = 16 * 1024};
constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

/// The browser's part of an attempt. `secret` empty = it is taken away.
Response& with_cookie(const Request& request, Response& response, std::string_view secret) {
    std::string text = request.tls ? "__Host-qiao-oidc=" : "qiao-oidc=";
    text += secret;
    text += "; Path=/; HttpOnly; SameSite=Strict";
    if (request.tls) text += "; Secure";
    text += secret.empty() ? "; Max-Age=0" : "; Max-Age=600";
    return response.with("Set-Cookie", std::move(text));
}

std::string_view cookie_of(const Request& request) { return request.cookie(request.tls ? "__Host-qiao-oidc" : "qiao-oidc"); }

Response begun(const Request& request, const Oidc::Begun& begun) {
    JsonWriter json;
    json.object([&] { json.field("url", begun.url); });
    Response response = answer(json.take());
    with_cookie(request, response, begun.secret);
    return response;
}

OidcAnswer answer_in(const Request& request) {
    const auto body = wire::body_of(request);
    return {.code = body["code"].text(), .state = body["state"].text(), .issuer = body["iss"].text(), .error = body["error"].text()};
}

/// Whose link it is: signed in as usual, by nothing that a second person has yet to confirm.
Session linking(Sessions& sessions, const Request& request) {
    sessions.caller(request);  // who has to do something first is refused
    const auto session = sessions.find(request);
    if (!session || session->person == 0) throw Error(ErrorKind::forbidden, "access.not_yours", "only people have this");
    if (session->reset != 0) throw Error(ErrorKind::forbidden, "access.reset_unconfirmed", "a second person has to confirm first");
    return *session;
}

/// And proved a moment ago. What an attempt begun so brings back is taken later too, in the same session alone.
Session proved(Sessions& sessions, const Request& request) {
    Session session = linking(sessions, request);
    wire::require_step_up(sessions, sessions.caller(request).actor);
    return session;
}

}  // namespace

void add_oidc_routes(http::Router& router, Sessions& sessions, Oidc& oidc) {
    router.add(http::Method::get, "/access/oidc", kOpen, [&oidc](const Request&) {
        if (!oidc.on()) return answer({}, 204);
        JsonWriter json;
        json.object([&] {
            json.field("label", oidc.config().label);
            json.field("labelEn", oidc.config().label_en);
            if (const std::string url = oidc.end_session_url(); !url.empty()) json.field("endSession", url);
        });
        return answer(json.take());
    });
    // The public half of our key, for the provider to register or to fetch.
    router.add(http::Method::get, "/access/oidc/jwks", kOpen, [&oidc](const Request&) {
        if (oidc.config().jwks.empty()) throw Error(ErrorKind::not_found, "access.oidc_off", "this centre has no key for a sign-in service");
        return answer(oidc.config().jwks);
    });
    router.add(http::Method::post, "/access/oidc/begin", kOpen, [&oidc](const Request& request) { return begun(request, oidc.begin(request)); });
    router.add(http::Method::post, "/access/oidc/finish", kOpen, [&](const Request& request) {
        const auto result = oidc.sign_in(cookie_of(request), answer_in(request), request);
        Response response = result.opened ? wire::signed_in(request, *result.opened, sessions) : wire::second_needed(*result.waiting);
        with_cookie(request, response, {});
        return response;
    });
    router.add(http::Method::get, "/access/me/oidc", kSession, [&](const Request& request) {
        const auto caller = sessions.own_caller(request);
        const auto since = oidc.on() ? oidc.linked_since(caller.actor.person) : std::nullopt;
        JsonWriter json;
        json.object([&] {
            json.field("on", oidc.on());
            json.field("label", oidc.config().label);
            json.field("labelEn", oidc.config().label_en);
            if (since) json.field("since", format_instant(*since));
        });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/me/oidc/begin", kSession,
               [&](const Request& request) { return begun(request, oidc.begin(request, proved(sessions, request).key)); });
    router.add(http::Method::post, "/access/me/oidc/finish", kSession, [&](const Request& request) {
        const Session session = linking(sessions, request);
        oidc.link(sessions.caller(request).actor, session, cookie_of(request), answer_in(request), request);
        Response response = answer({}, 204);
        with_cookie(request, response, {});
        return response;
    });
    router.add(http::Method::post, "/access/me/oidc/remove", kSession, [&](const Request& request) {
        proved(sessions, request);
        oidc.unlink(sessions.caller(request).actor);
        return answer({}, 204);
    });
}

}  // namespace qiao::access
