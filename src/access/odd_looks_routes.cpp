#include "access/audit_routes.hpp"
#include "access/odd_looks.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <charconv>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};

struct Officer {
    record::Caller caller;
    std::vector<std::int64_t> organisations;  ///< that they answer for
};

Officer officer_in(Sessions& sessions, const Request& request) {
    Officer officer{wire::require_right(sessions, request, &RoleRights::keeps_privacy), {}};
    const Directory& directory = sessions.directory();
    for (const Membership& one : directory.memberships(officer.caller.actor.person)) {
        const RoleRights* rights = find_role(one.role);
        if (rights == nullptr || !rights->keeps_privacy) continue;
        const auto below = directory.subtree(one.organisation);
        officer.organisations.insert(officer.organisations.end(), below.begin(), below.end());
    }
    return officer;
}

void write_line(JsonWriter& json, const OddLook& one, record::Reader& reader, const Directory& directory) {
    json.object([&] {
        json.field("id", std::to_string(one.id));
        json.field("kind", one.kind);
        json.field("first", format_instant(one.first));
        json.field("last", format_instant(one.last));
        json.field("count", one.count);
        if (one.patient != 0) json.field("patient", reader.reference_of(one.patient));
        wire::write_person(json, "person", directory, one.person);
        if (const auto where = directory.organisation(one.organisation)) wire::write_organisation(json, "organisation", *where);
        if (one.explained == Instant{}) return;
        json.object("explained", [&] {
            json.field("at", format_instant(one.explained));
            json.field("text", one.explanation);
            wire::write_person(json, "by", directory, one.explained_by);
        });
    });
}

Response list(Sessions& sessions, OddLooks& odd_looks, record::Record& record, Audit& audit, const Request& request) {
    const Officer officer = officer_in(sessions, request);
    const auto weeks = odd_looks.weeks(officer.organisations);
    Instant week = weeks.empty() ? Instant{} : weeks.front();
    if (const std::string asked = wire::query_value(request, "week"); !asked.empty()) {
        const auto time = parse_instant(asked);
        if (!time) throw Error(ErrorKind::invalid, "access.bad_time", "week: as it was listed");
        week = OddLooks::week_of(*time);
    }
    AuditEvent event = audit.event_of(officer.caller.actor, "read");
    event.type = "AuditEvent";
    event.detail = "odd-looks";
    audit.note(event);
    const auto reader = record.read(record::ReadFilter::system("a line names the record by its number"));
    JsonWriter json;
    json.object([&] {
        json.array("weeks", [&] {
            for (const Instant one : weeks) json.string(format_instant(one));
        });
        json.field("week", weeks.empty() ? std::string() : format_instant(week));
        json.field("manyPatients", kMany_patients);
        json.array("lines", [&] {
            for (const OddLook& one : odd_looks.of_week(week, officer.organisations)) write_line(json, one, *reader, sessions.directory());
        });
    });
    return answer(json.take());
}

Response explain(Sessions& sessions, OddLooks& odd_looks, const Request& request) {
    const Officer officer = officer_in(sessions, request);
    const auto body = wire::body_of(request);
    const std::string_view text = trim(body["text"].text());
    if (text.size() < 4 || text.size() > 1000) throw Error(ErrorKind::invalid, "access.bad_explanation", "text: 4 to 1000 bytes");
    std::int64_t id = 0;
    const std::string_view number = request.param("id");
    std::from_chars(number.data(), number.data() + number.size(), id);
    odd_looks.explain(officer.caller.actor, id, text, officer.organisations);
    return answer({}, 204);
}

}  // namespace

void add_odd_looks_routes(http::Router& router, const AuditDesk& desk, OddLooks& odd_looks) {
    Sessions& sessions = desk.sessions;
    router.add(http::Method::get, "/access/odd-looks", kSession, [&sessions, &odd_looks, &record = desk.record, &audit = desk.audit](const Request& request) {
        return list(sessions, odd_looks, record, audit, request);
    });
    router.add(http::Method::post, "/access/odd-looks/{id}/explain", kSession,
               [&sessions, &odd_looks](const Request& request) { return explain(sessions, odd_looks, request); });
}

}  // namespace qiao::access
