#include "access/duplicates_routes.hpp"

#include "access/wire.hpp"

#include <fmt/format.h>

#include <array>

namespace qiao::access {
namespace {

using http::Request;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 4 * 1024};
constexpr std::array<std::string_view, 4> kAgreements = {"missing", "disagree", "near", "exact"};

void write_pair(JsonWriter& json, const Duplicate& pair, const Directory& directory) {
    json.object([&] {
        json.field("id", std::to_string(pair.id));
        json.field("state", pair.state);
        json.field("grade", record::grade_code(pair.score.grade));
        json.raw_field("score", fmt::format("{:.4f}", pair.score.probability));
        json.field("found", format_instant(pair.found));
        if (pair.decided_by != 0) {
            wire::write_person(json, "decidedBy", directory, pair.decided_by);
            json.field("decided", format_instant(pair.decided));
        }
        json.array("fields", [&] {
            for (const record::FieldScore& one : pair.score.fields) {
                json.object([&] {
                    json.field("field", one.field);
                    json.field("agreement", kAgreements[static_cast<std::size_t>(one.how)]);
                    json.raw_field("bits", fmt::format("{:.1f}", one.bits));
                });
            }
        });
        json.array("patients", [&] {
            json.raw(pair.a.json);
            json.raw(pair.b.json);
        });
    });
}

}  // namespace

void add_duplicates_routes(http::Router& router, Sessions& sessions, Duplicates& duplicates) {
    router.add(http::Method::get, "/access/duplicates", kSession, [&](const Request& request) {
        const auto caller = wire::require_right(sessions, request, &RoleRights::registers_patients);
        const std::string state = wire::query_value(request, "state");
        const auto pairs = duplicates.list(caller.actor, state.empty() ? "open" : state);
        JsonWriter json;
        json.object([&] {
            json.array("pairs", [&] {
                for (const Duplicate& one : pairs) write_pair(json, one, sessions.directory());
            });
        });
        return wire::answer(json.take());
    });
    router.add(http::Method::post, "/access/duplicates/{id}", kSession, [&](const Request& request) {
        const auto caller = wire::require_right(sessions, request, &RoleRights::registers_patients);
        duplicates.decide(caller, wire::number_of(request.param("id")), wire::body_of(request)["verdict"].text());
        return wire::answer({}, 204);
    });
}

}  // namespace qiao::access
