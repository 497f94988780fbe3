#include "access/entrance.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"

namespace qiao::access {
namespace {

using http::Request;
using wire::answer;
using wire::number_of;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

record::Caller administrator(Sessions& sessions, const Request& request) { return wire::require_right(sessions, request, &RoleRights::administrator); }

record::Caller proved_administrator(Sessions& sessions, const Request& request) {
    const auto caller = administrator(sessions, request);
    wire::require_step_up(sessions, caller.actor);
    return caller;
}

}  // namespace

void add_role_request_routes(http::Router& router, Sessions& sessions, RoleRequests& requests) {
    router.add(http::Method::get, "/access/role-requests", kSession, [&](const Request& request) {
        const auto caller = administrator(sessions, request);
        const Directory& directory = sessions.directory();
        JsonWriter json;
        json.object([&] {
            json.array("requests", [&] {
                for (const RoleRequest& one : requests.open()) {
                    json.object([&] {
                        json.field("id", std::to_string(one.id));
                        wire::write_person(json, "person", directory, one.role.person);
                        wire::write_person(json, "askedBy", directory, one.asked_by);
                        if (const auto where = directory.organisation(one.role.organisation)) wire::write_organisation(json, "organisation", *where);
                        json.field("role", one.role.role);
                        wire::write_labels(json, "opens", one.role.labels);
                        if (one.membership != 0) wire::write_labels(json, "before", one.before);
                        json.field("asked", format_instant(one.asked));
                        json.field("confirmUntil", format_instant(one.confirm_until()));
                        json.field("mayConfirm", requests.may_confirm(caller.actor.person, one));
                        json.field("own", caller.actor.person == one.asked_by);
                    });
                }
            });
        });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/role-requests/{id}/confirm", kSession, [&](const Request& request) {
        const auto caller = proved_administrator(sessions, request);
        requests.confirm(caller.actor, number_of(request.param("id")));
        return answer({}, 204);
    });
    router.add(http::Method::post, "/access/role-requests/{id}/refuse", kSession, [&](const Request& request) {
        const auto caller = administrator(sessions, request);
        requests.refuse(caller.actor, number_of(request.param("id")));
        return answer({}, 204);
    });
}

}  // namespace qiao::access
