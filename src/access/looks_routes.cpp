#include "access/audit_routes.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::query_value;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};
constexpr std::size_t kLines_max = 200;

Instant time_in(const Request& request, std::string_view name, Instant otherwise) {
    const std::string text = query_value(request, name);
    if (text.empty()) return otherwise;
    const auto time = parse_instant(text);
    if (!time) throw Error(ErrorKind::invalid, "access.bad_time", "from, until: a date with time and zone");
    return *time;
}

std::size_t count_in(const Request& request) {
    const std::string text = query_value(request, "count");
    if (text.empty()) return 50;
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > kLines_max) {
        throw Error(ErrorKind::invalid, "access.bad_count", "count: 1 to 200");
    }
    return count;
}

std::optional<AuditPlace> cursor_in(const Request& request) {
    const std::string text = query_value(request, "cursor");
    if (text.empty()) return std::nullopt;
    const auto place = AuditPlace::parse(text);
    if (!place) throw Error(ErrorKind::invalid, "access.bad_cursor", "cursor: as it was answered");
    return place;
}

record::Rid patient_in(record::Record& record, std::string text) {
    if (text.starts_with("Patient/")) text.erase(0, 8);
    const auto rid = record.read(record::ReadFilter::system("the looks at a patient, for who may see them"))->rid_of("Patient", text);
    if (!rid) throw Error(ErrorKind::not_found, "record.not_found", "no such patient");
    return *rid;
}

/// What is done with the answer, as the audit says it.
std::string act_in(const Request& request) {
    const std::string text = query_value(request, "act");
    if (text.empty()) return "read";
    if (text != "read" && text != "export" && text != "print") throw Error(ErrorKind::invalid, "access.bad_act", "act: read, export or print");
    return text;
}

/// Of the caller's institutions those whose privacy they keep.
std::vector<std::int64_t> kept_by(const record::Caller& caller, const Directory& directory) {
    std::vector<std::int64_t> organisations;
    for (const Membership& one : directory.memberships(caller.actor.person)) {
        const RoleRights* rights = find_role(one.role);
        if (rights != nullptr && rights->keeps_privacy) organisations.push_back(one.organisation);
    }
    return organisations;
}

Response looks(const AuditDesk& desk, const Request& request) {
    const record::Caller caller = wire::require_right(desk.sessions, request, &RoleRights::keeps_privacy);
    const Directory& directory = desk.sessions.directory();
    LooksQuery query{.patient = patient_in(desk.record, query_value(request, "patient")),
                     .from = time_in(request, "from", {}),
                     .until = time_in(request, "until", Instant::max())};
    const std::string act = act_in(request);
    // Own patients: everybody's looks. Anybody else's: what the own people did.
    const auto kept = kept_by(caller, directory);
    const bool own = std::any_of(kept.begin(), kept.end(), [&](std::int64_t at) { return desk.looks.in_care(query.patient, at); });
    if (!own) query.by_organisation = kept.front();
    const LooksPage page = desk.looks.of(query, cursor_in(request), count_in(request));
    // Whether a stranger is a patient of somebody else is told to nobody.
    if (!own && page.looks.empty()) throw Error(ErrorKind::not_found, "record.not_found", "no such patient");
    AuditEvent event = desk.audit.event_of(caller.actor, act);
    event.type = "AuditEvent";
    event.patient = query.patient;
    desk.audit.note(event);
    JsonWriter json;
    json.object([&] {
        json.field("onlyOwnPeople", !own);
        json.array("looks", [&] {
            for (const Look& look : page.looks) write_look(json, directory, look, true);
        });
        if (page.next) json.field("next", page.next->text());
    });
    return answer(json.take());
}

}  // namespace

void write_look(JsonWriter& json, const Directory& directory, const Look& look, bool names) {
    json.object([&] {
        json.field("first", format_instant(look.first));
        json.field("last", format_instant(look.last));
        json.field("act", look.act);
        json.field("category", look.category);
        json.field("why", look.why);
        json.field("count", look.count);
        json.field("role", look.role);
        if (const auto where = directory.organisation(look.organisation)) wire::write_organisation(json, "organisation", *where);
        if (!look.case_id.empty()) {
            json.object("case", [&] {
                json.field("id", look.case_id);
                json.field("number", look.case_number);
            });
        }
        if (!names) return;
        if (const auto person = directory.person(look.person)) {
            json.object("person", [&] {
                json.field("name", person->name);
                json.field("nameEn", person->name_en);
                json.field("practitioner", person->resource);
            });
        }
    });
}

void add_looks_routes(http::Router& router, AuditDesk desk) {
    router.add(http::Method::get, "/access/looks", kSession, [desk](const Request& request) { return looks(desk, request); });
}

}  // namespace qiao::access
