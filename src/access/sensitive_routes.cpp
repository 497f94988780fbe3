#include "access/sensitive_routes.hpp"

#include "access/wire.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;
using wire::number_of;
using wire::write_person;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

BreakGlass::Known known_in(const json::Value& body) { return {body["identifier"].text(), body["name"].text(), body["patient"].text()}; }

void write_open(JsonWriter& json, const Glass& glass) {
    json.field("id", std::to_string(glass.id));
    json.field("patient", glass.patient_ref);
    json.field("starts", format_instant(glass.starts));
    json.field("until", format_instant(glass.ends));
    json.field("beatDenial", glass.beat_denial);
    wire::write_labels(json, "beatLabels", glass.beat_labels);
}

std::string opened_json(const std::vector<Glass>& all) {
    JsonWriter json;
    json.object([&] {
        json.array("open", [&] {
            for (const Glass& one : all) json.object([&] { write_open(json, one); });
        });
    });
    return json.take();
}

/// What an officer judges by: no name and no content of the patient.
void write_review(JsonWriter& json, Sensitive& sensitive, const Glass& glass) {
    json.object([&] {
        json.field("id", std::to_string(glass.id));
        write_person(json, "person", sensitive.directory, glass.person);
        if (const auto where = sensitive.directory.organisation(glass.organisation)) wire::write_organisation(json, "organisation", *where);
        json.array("inCareOf", [&] {
            for (const std::int64_t id : sensitive.glass.in_care_of(glass.patient)) {
                if (const auto where = sensitive.directory.organisation(id)) {
                    json.object([&] {
                        json.field("name", where->name);
                        json.field("nameEn", where->name_en);
                    });
                }
            }
        });
        json.field("reasonCode", glass.reason_code);
        json.field("reason", glass.reason);
        json.field("starts", format_instant(glass.starts));
        json.field("until", format_instant(glass.ends));
        json.field("ended", glass.ended);
        json.field("beatDenial", glass.beat_denial);
        wire::write_labels(json, "beatLabels", glass.beat_labels);
        json.field("due", format_instant(glass.review_due()));
        if (glass.overdue_told) json.field("overdue", true);
        if (glass.reviewed_by == 0) return;
        write_person(json, "reviewedBy", sensitive.directory, glass.reviewed_by);
        json.field("reviewed", format_instant(glass.reviewed));
        json.field("verdict", glass.verdict);
        json.field("verdictText", glass.verdict_text);
    });
}

void add_glass_routes(http::Router& router, Sessions& sessions, Sensitive& sensitive) {
    router.add(http::Method::get, "/access/break-glass", kSession,
               [&](const Request& request) { return answer(opened_json(sensitive.glass.open_of(sessions.caller(request).actor.person))); });
    router.add(http::Method::post, "/access/break-glass/find", kSession, [&](const Request& request) {
        const auto caller = sessions.caller(request);
        JsonWriter json;
        json.object([&] { json.field("records", static_cast<std::int64_t>(sensitive.glass.find(caller.actor, known_in(body_of(request))))); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/break-glass", kSession, [&](const Request& request) {
        const auto caller = sessions.caller(request);
        wire::require_step_up(sessions, caller.actor);
        const auto body = body_of(request);
        const auto minutes = body["minutes"].is_null() ? BreakGlass::kUsual.count() : body["minutes"].integer().value_or(0);
        return answer(opened_json(sensitive.glass.open(caller.actor, {known_in(body), body["reasonCode"].text(), body["reason"].text(),
                                                                      std::chrono::minutes(std::clamp<std::int64_t>(minutes, 0, 1000))})),
                      201);
    });
    router.add(http::Method::post, "/access/break-glass/{id}/end", kSession, [&](const Request& request) {
        sensitive.glass.end(sessions.caller(request).actor, number_of(request.param("id")));
        return answer({}, 204);
    });
    router.add(http::Method::get, "/access/break-glass/reviews", kSession, [&](const Request& request) {
        const auto caller = wire::require_right(sessions, request, &RoleRights::reviews_glass);
        JsonWriter json;
        json.object([&] {
            json.array("reviews", [&] {
                for (const Glass& one : sensitive.glass.reviews(caller.actor)) write_review(json, sensitive, one);
            });
        });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/break-glass/{id}/review", kSession, [&](const Request& request) {
        const auto caller = wire::require_right(sessions, request, &RoleRights::reviews_glass);
        const auto body = body_of(request);
        sensitive.glass.review(caller.actor, number_of(request.param("id")), body["verdict"].text(), body["text"].text());
        return answer({}, 204);
    });
}

void write_why(JsonWriter& json, const Directory& directory, const Reason& reason) {
    json.object([&] {
        json.field("kind", reason.kind);
        if (!reason.reason.empty()) json.field("reason", reason.reason);
        if (!reason.case_id.empty()) json.field("case", reason.case_id);
        json.field("wholePatient", reason.patient != 0);
        json.field("since", format_instant(reason.starts));
        if (reason.ends != Instant::max()) json.field("until", format_instant(reason.ends));
        const Grantee who = grantee_of(reason.grantee);
        const auto where = who.kind == GranteeKind::person ? std::nullopt : directory.organisation(who.id);
        if (where) wire::write_organisation(json, "organisation", *where);
        if (who.kind == GranteeKind::desk) json.field("role", who.role);
    });
}

void write_denials(JsonWriter& json, Sensitive& sensitive, record::Rid patient) {
    const auto reader = sensitive.record.read(record::ReadFilter::system("what the patient denies, for who treats them"));
    json.array("denials", [&] {
        for (const Denial& one : Grants::denials(reader->connection(), patient)) {
            json.object([&] {
                if (const auto where = sensitive.directory.organisation(one.organisation)) wire::write_organisation(json, "organisation", *where);
                json.field("since", format_instant(one.since));
                json.field("reason", one.reason);
            });
        }
    });
}

Response rights_of(Sessions& sessions, Sensitive& sensitive, const Request& request) {
    const auto caller = sessions.caller(request);
    const record::Stored patient = sensitive.record.read(caller.filter)->get("Patient/" + std::string(request.param("id")));
    const bool may_label = sensitive.labels.may_label(caller, patient.rid);
    const std::vector<Reason> why = sensitive.grants.why(caller.filter, patient.rid);
    JsonWriter json;
    json.object([&] {
        json.array("why", [&] {
            for (const Reason& one : why) write_why(json, sensitive.directory, one);
        });
        // To those who treat the patient: nobody else needs to know who else is denied.
        if (std::any_of(why.begin(), why.end(), [](const Reason& one) { return one.kind == "care"; })) write_denials(json, sensitive, patient.rid);
        wire::write_labels(json, "labels", labels_of(patient.value()));
        wire::write_labels(json, "present", sensitive.labels.present(caller, patient.rid));
        json.field("mayLabel", may_label);
        if (!may_label) return;
        json.array("treating", [&] {
            for (const std::int64_t id : sensitive.labels.treating(patient.rid)) {
                if (const auto person = sensitive.directory.person(id)) json.string(person->resource);
            }
        });
        json.array("changes", [&] {
            for (const LabelChange& one : sensitive.labels.changes(patient.rid)) {
                json.object([&] {
                    json.field("at", format_instant(one.at));
                    write_person(json, "by", sensitive.directory, one.person);
                    wire::write_labels(json, "labels", one.labels);
                    if (!one.case_id.empty()) json.field("case", one.case_id);
                    json.field("reason", one.reason);
                });
            }
        });
    });
    return answer(json.take());
}

}  // namespace

void add_sensitive_routes(http::Router& router, Sessions& sessions, Sensitive& sensitive) {
    add_glass_routes(router, sessions, sensitive);
    router.add(http::Method::get, "/access/patients/{id}/rights", kSession, [&](const Request& request) { return rights_of(sessions, sensitive, request); });
    router.add(http::Method::put, "/access/patients/{id}/labels", kSession, [&](const Request& request) {
        const auto caller = sessions.caller(request);
        const auto body = body_of(request);
        SensitiveLabels::Wanted wanted{.labels = labels_in(body["labels"]), .reason = body["reason"].text()};
        for (const auto& one : body["people"].items()) {
            const auto person = sensitive.directory.person_by_resource(one.text());
            wanted.people.push_back(person ? person->id : 0);
        }
        sensitive.labels.set(caller, request.param("id"), wanted);
        return answer({}, 204);
    });
}

}  // namespace qiao::access
