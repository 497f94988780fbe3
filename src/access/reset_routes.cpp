#include "access/entrance.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;
using wire::number_of;
using wire::write_person;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

void write_reset(JsonWriter& json, const Directory& directory, const Reset& reset, std::int64_t reader) {
    json.object([&] {
        json.field("id", std::to_string(reset.id));
        write_person(json, "person", directory, reset.person);
        write_person(json, "startedBy", directory, reset.started_by);
        json.field("night", reset.night);
        json.field("reason", reset.reason);
        json.field("started", format_instant(reset.started));
        json.field("confirmUntil", format_instant(reset.confirm_until()));
        json.field("confirmed", reset.confirmed != Instant{});
        json.field("used", reset.used != Instant{});
        if (reset.code_until != Instant{}) json.field("codeUntil", format_instant(reset.code_until));
        json.field("mayConfirm", reset.confirmed == Instant{} && reader != reset.started_by && reader != reset.person);
    });
}

/// The list is for those who may start or confirm one.
record::Caller require_resetter(Sessions& sessions, const Request& request) {
    record::Caller caller = sessions.caller(request);
    for (const Membership& one : sessions.directory().memberships(caller.actor.person)) {
        if (one.role == role::kSecurityAdmin || one.role == role::kCoordinator || one.role == role::kDutyLead) return caller;
    }
    throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
}

void add_two_person_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    router.add(http::Method::get, "/access/resets", kSession, [&](const Request& request) {
        const auto caller = require_resetter(sessions, request);
        JsonWriter json;
        json.object([&] {
            json.array("resets", [&] {
                for (const Reset& one : entrance.resets.open()) write_reset(json, sessions.directory(), one, caller.actor.person);
            });
        });
        return answer(json.take());
    });
    router.add(http::Method::get, "/access/people/{id}/registered-number", kSession, [&](const Request& request) {
        require_resetter(sessions, request);
        JsonWriter json;
        json.object([&] { json.field("number", entrance.resets.registered_number(wire::person_of(sessions.directory(), request.param("id")).id)); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/resets", kSession, [&](const Request& request) {
        const auto caller = require_resetter(sessions, request);
        const auto body = body_of(request);
        const Person person = wire::person_of(sessions.directory(), body["practitioner"].text());
        const auto started = entrance.resets.start(caller.actor, person.id, body["reason"].text(), body["night"].truth());
        JsonWriter json;
        json.object([&] {
            json.field("id", std::to_string(started.id));
            json.field("code", started.code);
        });
        return answer(json.take(), 201);
    });
    router.add(http::Method::post, "/access/resets/{id}/confirm", kSession, [&](const Request& request) {
        const auto caller = require_resetter(sessions, request);
        JsonWriter json;
        json.object([&] { json.field("code", entrance.resets.confirm(caller.actor, number_of(request.param("id")))); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/resets/{id}/refuse", kSession, [&](const Request& request) {
        const auto caller = require_resetter(sessions, request);
        entrance.resets.refuse(caller.actor, number_of(request.param("id")));
        return answer({}, 204);
    });
}

}  // namespace

void add_reset_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    add_two_person_routes(router, sessions, entrance);
    router.add(http::Method::get, "/access/people/{id}/sessions", kSession, [&](const Request& request) {
        wire::require_right(sessions, request, &RoleRights::keeps_people);
        const Person person = wire::person_of(sessions.directory(), request.param("id"));
        JsonWriter json;
        json.object([&] {
            json.array("sessions", [&] {
                for (const Session& one : sessions.sessions_of(person.id)) wire::write_session(json, one, {});
            });
        });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/people/{id}/sessions/end", kSession, [&](const Request& request) {
        const auto caller = wire::require_right(sessions, request, &RoleRights::keeps_people);
        const Person person = wire::person_of(sessions.directory(), request.param("id"));
        for (const Session& one : sessions.sessions_of(person.id)) sessions.end_session(caller.actor, one);
        return answer({}, 204);
    });
    router.add(http::Method::post, "/access/device-codes", kSession, [&](const Request& request) {
        const auto caller = sessions.caller(request);
        wire::require_step_up(sessions, caller.actor);
        const Person person = wire::person_of(sessions.directory(), body_of(request)["practitioner"].text());
        const auto given = entrance.device_codes.give(caller.actor, person.id);
        JsonWriter json;
        json.object([&] {
            json.field("code", given.code);
            json.field("until", format_instant(given.until));
        });
        return answer(json.take(), 201);
    });
}

}  // namespace qiao::access
