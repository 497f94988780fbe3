#include "access/role.hpp"
#include "access/routes.hpp"
#include "access/sensitive_label.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;
using wire::end_of;
using wire::query_value;
using wire::require_right;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};
constexpr std::size_t kLabelRights = 500;  ///< listed at once

void add_reading_routes(http::Router& router, Sessions& sessions, Directory& directory) {
    router.add(http::Method::get, "/access/directory", kSession, [&directory](const Request& request) {
        const auto at = wire::organisation_of(directory, query_value(request, "organisation"));
        JsonWriter json;
        json.object([&] {
            json.array("people", [&] {
                for (const auto& member : directory.members(at, query_value(request, "role"), query_value(request, "specialty"))) {
                    wire::write_member(json, directory, member);
                }
            });
        });
        return answer(json.take());
    });
    router.add(http::Method::get, "/access/organisations", kSession, [&sessions, &directory](const Request& request) {
        // `service`: only those that one of the caller's institutions may ask for it.
        const std::string service = query_value(request, "service");
        if (service.empty()) return answer(wire::organisations_json(directory.organisations()));
        std::vector<Organisation> partners;
        const auto session = sessions.find(request);
        for (const auto& membership : directory.memberships(session ? session->person : 0)) {
            for (auto& one : directory.partners(membership.organisation, service)) {
                const bool known = std::any_of(partners.begin(), partners.end(), [&](const Organisation& other) { return other.id == one.id; });
                if (!known) partners.push_back(std::move(one));
            }
        }
        return answer(wire::organisations_json(partners));
    });
}

Response create_person(Sessions& sessions, Directory& directory, const Request& request) {
    const auto caller = require_right(sessions, request, &RoleRights::keeps_people);
    const auto body = body_of(request);
    NewPerson input{.login = body["login"].text(), .name = body["name"].text(), .name_en = body["nameEn"].text(), .gender = body["gender"].text()};
    if (!body["password"].is_null()) {
        PasswordHasher::require_good(body["password"].text(), input.login);
        input.password_hash = sessions.passwords().hash(body["password"].text());
    }
    const Person person = directory.create_person(caller.actor, input);
    JsonWriter json;
    json.object([&] {
        json.field("id", std::to_string(person.id));
        json.field("practitioner", person.resource);
    });
    return answer(json.take(), 201);
}

Response waiting(const RoleRequest& request) {
    JsonWriter json;
    json.object([&] {
        json.field("request", std::to_string(request.id));
        json.field("confirmUntil", format_instant(request.confirm_until()));
    });
    return answer(json.take(), 202);
}

/// A role of an administrator, or one that opens labels, takes a second administrator, once there is one: 202 and the request that
/// waits.
std::optional<Response> asked(Sessions& sessions, RoleRequests& requests, const record::Actor& actor, const NewMembership& input) {
    const RoleRights* rights = find_role(input.role);
    if (rights == nullptr || (!rights->administrator && input.labels == 0)) return std::nullopt;
    if (requests.confirmers(actor.person, input.person).empty()) return std::nullopt;
    wire::require_step_up(sessions, actor);
    return waiting(requests.ask(actor, {.role = input}));
}

Response add_membership(Sessions& sessions, Directory& directory, RoleRequests& requests, const Request& request) {
    const auto caller = require_right(sessions, request, &RoleRights::keeps_people);
    const auto body = body_of(request);
    const auto person = directory.person_by_resource(body["practitioner"].text());
    NewMembership input{.person = person ? person->id : 0,
                        .organisation = wire::organisation_of(directory, body["organisation"].text()),
                        .role = body["role"].text(),
                        .specialty = body["specialty"].text(),
                        .rank = body["rank"].text(),
                        .ends = end_of(body, "ends"),
                        .labels = labels_in(body["labels"])};
    if (auto response = asked(sessions, requests, caller.actor, input)) return *std::move(response);
    const Membership made = directory.add_membership(caller.actor, input);
    JsonWriter json;
    json.object([&] {
        json.field("id", std::to_string(made.id));
        json.field("resource", made.resource);
    });
    return answer(json.take(), 201);
}

/// Roles of clinical staff with the sensitivity labels that each opens: of one institution, or everywhere those that open any.
Response label_rights(Sessions& sessions, Directory& directory, const Request& request) {
    static_cast<void>(require_right(sessions, request, &RoleRights::keeps_people));
    const std::int64_t at = wire::organisation_of(directory, query_value(request, "organisation"));
    std::vector<Member> shown = directory.members(at, {});
    std::erase_if(shown, [&](const Member& one) {
        const RoleRights* rights = find_role(one.membership.role);
        return rights == nullptr || !rights->clinical_staff || (at == 0 && one.membership.labels == 0);
    });
    const bool more = shown.size() > kLabelRights;
    if (more) shown.resize(kLabelRights);
    JsonWriter json;
    json.object([&] {
        json.array("roles", [&] {
            for (const Member& one : shown) {
                json.object([&] {
                    json.field("id", std::to_string(one.membership.id));
                    json.field("practitioner", one.person.resource);
                    json.field("name", one.person.name);
                    json.field("nameEn", one.person.name_en);
                    json.field("role", one.membership.role);
                    if (const auto where = directory.organisation(one.membership.organisation)) wire::write_organisation(json, "organisation", *where);
                    wire::write_labels(json, "labels", one.membership.labels);
                });
            }
        });
        json.field("more", more);
    });
    return answer(json.take());
}

/// Opening more takes two persons, as an administrator's role does; what is taken away is gone at once.
Response set_label_rights(Sessions& sessions, Directory& directory, RoleRequests& requests, const Request& request) {
    const auto caller = require_right(sessions, request, &RoleRights::keeps_people);
    wire::require_step_up(sessions, caller.actor);
    const auto found = directory.membership(wire::number_of(request.param("id")));
    if (!found) throw Error(ErrorKind::not_found, "access.no_membership", "no such role in force");
    if (found->person == caller.actor.person) throw Error(ErrorKind::forbidden, "access.own_rights", "somebody else keeps these rights");
    const auto body = body_of(request);
    const std::int64_t before = labels_in(body["before"]), labels = labels_in(body["labels"]);
    if ((labels & ~before) != 0 && !requests.confirmers(caller.actor.person, found->person).empty()) {
        return waiting(requests.ask(
            caller.actor, {.role = {.person = found->person, .organisation = found->organisation, .role = found->role, .ends = found->ends, .labels = labels},
                           .membership = found->id,
                           .before = before}));
    }
    directory.set_opened_labels(caller.actor, found->id, before, labels);
    return answer({}, 204);
}

}  // namespace

void add_people_routes(http::Router& router, Sessions& sessions, Directory& directory, RoleRequests& role_requests) {
    add_reading_routes(router, sessions, directory);
    router.add(http::Method::post, "/access/organisations", kSession, [&](const Request& request) {
        const auto caller = require_right(sessions, request, &RoleRights::keeps_people);
        const auto body = body_of(request);
        const auto made = directory.create_organisation(caller.actor, {.kind = body["kind"].text(),
                                                                       .name = body["name"].text(),
                                                                       .name_en = body["nameEn"].text(),
                                                                       .parent = wire::organisation_of(directory, body["parent"].text())});
        return answer(wire::organisations_json({made}), 201);
    });
    router.add(http::Method::put, "/access/organisations/{id}/office-approval", kSession, [&](const Request& request) {
        const auto caller = require_right(sessions, request, &RoleRights::keeps_people);
        const json::Value on = body_of(request)["on"];
        if (on.kind() != json::Value::Kind::boolean) throw Error(ErrorKind::invalid, "access.bad_organisation", "on: true or false");
        directory.set_office_approval(caller.actor, wire::organisation_of(directory, request.param("id")), on.truth());
        return answer({}, 204);
    });
    router.add(http::Method::post, "/access/people", kSession, [&](const Request& request) { return create_person(sessions, directory, request); });
    router.add(http::Method::post, "/access/people/{id}/end", kSession, [&](const Request& request) {
        const auto caller = require_right(sessions, request, &RoleRights::keeps_people);
        const auto person = directory.person_by_resource("Practitioner/" + std::string(request.param("id")));
        if (!person) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
        directory.set_person_active(caller.actor, person->id, false);
        sessions.revoke_person(person->id);
        return answer({}, 204);
    });
    router.add(http::Method::post, "/access/memberships", kSession,
               [&](const Request& request) { return add_membership(sessions, directory, role_requests, request); });
    router.add(http::Method::get, "/access/label-rights", kSession, [&](const Request& request) { return label_rights(sessions, directory, request); });
    router.add(http::Method::put, "/access/label-rights/{id}", kSession,
               [&](const Request& request) { return set_label_rights(sessions, directory, role_requests, request); });
}

}  // namespace qiao::access
