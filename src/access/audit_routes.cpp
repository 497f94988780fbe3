#include "access/audit_routes.hpp"

#include "access/audit_fhir.hpp"
#include "access/audit_wire.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "http/outcome.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};
constexpr std::int64_t kPage = 50;
constexpr std::int64_t kPage_max = 200;
constexpr std::size_t kExported_max = 20'000;  // rows of one file: a longer time is asked for in parts

record::ReadFilter all() { return record::ReadFilter::system("the audit names references of what it is about"); }

void note(const AuditDesk& desk, const record::Caller& caller, std::string_view action, std::string detail, record::Rid patient = 0) {
    AuditEvent event = desk.audit.event_of(caller.actor, action);
    event.type = "AuditEvent";
    event.patient = patient;
    event.detail = std::move(detail);
    desk.audit.note(event);
}

/// Audit administrators see all of it, privacy officers what they answer for; nobody else anything.
record::Caller reader_of_audit(const AuditDesk& desk, const Request& request, AuditQuery& query) {
    record::Caller caller = desk.sessions.caller(request);
    const Directory& directory = desk.sessions.directory();
    bool reads_all = false;
    for (const Membership& one : directory.memberships(caller.actor.person)) {
        const RoleRights* rights = find_role(one.role);
        reads_all = reads_all || (rights != nullptr && rights->reads_audit);
        if (rights == nullptr || !rights->keeps_privacy) continue;
        const auto below = directory.subtree(one.organisation);
        query.answers_for.insert(query.answers_for.end(), below.begin(), below.end());
    }
    if (reads_all) query.answers_for.clear();
    if (!reads_all && query.answers_for.empty()) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    return caller;
}

struct Asked {
    record::Caller caller;
    AuditQuery query;
};

/// Who may not read the audit learns nothing from a question either.
Asked asked_in(const AuditDesk& desk, const Request& request, const json::Value& body) {
    AuditQuery scope;
    record::Caller caller = reader_of_audit(desk, request, scope);
    const auto reader = desk.record.read(all());
    Asked asked{std::move(caller), audit_query(body, *reader, desk.sessions.directory())};
    asked.query.answers_for = std::move(scope.answers_for);
    desk.audit.flush();
    return asked;
}

Response search(const AuditDesk& desk, const Request& request) {
    const auto body = body_of(request);
    const Asked asked = asked_in(desk, request, body);
    const std::int64_t count = body["count"].is_null() ? kPage : body["count"].integer().value_or(0);
    if (count < 1 || count > kPage_max) throw Error(ErrorKind::invalid, "access.bad_count", "count: 1 to 200");
    std::optional<AuditPlace> before;
    if (const std::string& cursor = body["cursor"].text(); !cursor.empty()) {
        before = AuditPlace::parse(cursor);
        if (!before) throw Error(ErrorKind::invalid, "access.bad_cursor", "cursor: as it was answered");
    }
    const AuditPage page = search_audit(desk.database, asked.query, before, static_cast<std::size_t>(count));
    note(desk, asked.caller, "search", {}, asked.query.patient);
    const auto reader = desk.record.read(all());
    AuditNames names(*reader, desk.sessions.directory());
    JsonWriter json;
    json.object([&] {
        json.array("rows", [&] {
            for (const AuditRow& row : page.rows) names.write(json, row);
        });
        if (page.next) json.field("next", page.next->text());
        json.field("searchedTo", format_instant(page.searched_to));
    });
    return answer(json.take());
}

/// All rows that fit, at most kExported_max.
std::vector<AuditRow> rows_to_export(const AuditDesk& desk, const AuditQuery& query, bool& more) {
    std::vector<AuditRow> rows;
    std::optional<AuditPlace> before;
    do {
        AuditPage page = search_audit(desk.database, query, before, kExported_max - rows.size());
        std::move(page.rows.begin(), page.rows.end(), std::back_inserter(rows));
        before = page.next;
    } while (before && rows.size() < kExported_max);
    more = before.has_value();
    return rows;
}

Response export_rows(const AuditDesk& desk, const Request& request) {
    const auto body = body_of(request);
    Asked asked = asked_in(desk, request, body);
    if (!asked.query.answers_for.empty()) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    const std::string& format = body["format"].text();
    if (format != "csv" && format != "ndjson") throw Error(ErrorKind::invalid, "access.bad_format", "format: csv or ndjson");
    if (asked.query.from == Instant{}) throw Error(ErrorKind::invalid, "access.bad_time", "an export begins at a time");
    bool more = false;
    const auto rows = rows_to_export(desk, asked.query, more);
    note(desk, asked.caller, "export", "format=" + format + " rows=" + std::to_string(rows.size()), asked.query.patient);
    const auto reader = desk.record.read(all());
    AuditNames names(*reader, desk.sessions.directory());
    // A mark of byte order: without it the usual spreadsheet takes Chinese names for Latin letters.
    std::string text = format == "csv" ? "\xEF\xBB\xBF" + AuditNames::header() : std::string();
    for (const AuditRow& row : rows) {
        text += format == "csv" ? names.csv(row) : audit_event_json(row, *reader, desk.sessions.directory()) + "\n";
    }
    Response response = answer(std::move(text));
    response.content_type = format == "csv" ? "text/csv; charset=utf-8" : "application/fhir+ndjson";
    response.with("Content-Disposition", "attachment; filename=\"audit." + format + "\"").with("X-Qiao-Rows", std::to_string(rows.size()));
    if (more) response.with("X-Qiao-More", "true");
    return response;
}

std::string_view name_of(AuditDefect::Kind kind) {
    constexpr std::array<std::string_view, 6> kNames = {"altered", "missing", "reordered", "cut_off", "head_differs", "head_forged"};
    return kNames.at(static_cast<std::size_t>(kind));
}

void write_finding(JsonWriter& json, const AuditFinding& found, const Directory& directory) {
    json.object("check", [&] {
        json.field("started", format_instant(found.started));
        json.field("ended", format_instant(found.ended));
        json.field("rows", found.rows);
        json.field("heads", found.heads);
        json.field("headSeq", found.head.seq);
        json.field("headHash", to_hex(found.head.hash));
        json.field("defectCount", found.defect_count);
        if (const auto by = directory.person(found.person)) {
            json.object("by", [&] {
                json.field("name", by->name);
                json.field("nameEn", by->name_en);
            });
        }
        json.array("defects", [&] {
            for (const AuditDefect& one : found.defects) {
                json.object([&] {
                    json.field("kind", name_of(one.kind));
                    json.field("first", one.seq);
                    json.field("last", one.last_seq);
                    json.field("text", one.text);
                });
            }
        });
    });
}

Response chain_state(const AuditDesk& desk) {
    const Audit::Head head = desk.audit.head();
    const auto anchored = anchored_head(desk.folder);
    const auto anchored_row = anchored ? audit_row(desk.database, anchored->seq) : std::nullopt;
    JsonWriter json;
    json.object([&] {
        json.field("chain", 1);
        json.field("rows", head.seq);
        json.field("hash", to_hex(head.hash));
        if (anchored) {
            json.object("anchored", [&] {
                json.field("seq", anchored->seq);
                json.field("hash", anchored->hash);
                json.field("at", anchored->time);
                json.field("fits", anchored_row && to_hex(anchored_row->hash) == anchored->hash);
            });
        }
        if (const auto running = desk.check.progress()) {
            json.object("running", [&] {
                json.field("rows", running->rows);
                json.field("total", running->total);
                json.field("started", format_instant(running->started));
            });
        }
        if (const auto last = desk.check.last()) write_finding(json, *last, desk.sessions.directory());
    });
    return answer(json.take());
}

// FHIR.

/// Months and days as a stretch of time in UTC; a full time as itself.
struct Stretch {
    Instant from{}, until{};
};
Stretch stretch_of(std::string_view text) {
    if (text.size() == 10) {
        const auto day = parse_instant(std::string(text) + "T00:00:00Z");
        if (day) return {*day, *day + std::chrono::hours(24)};
    }
    const auto time = parse_instant(text);
    if (!time) throw Error(ErrorKind::invalid, "access.bad_time", "date: a day or a time with zone, with ge, gt, le or lt before it");
    return {*time, *time + std::chrono::milliseconds(1)};
}

void narrow_date(AuditQuery& query, std::string_view value) {
    const std::string_view prefix = value.substr(0, 2);
    const bool has_prefix = prefix == "ge" || prefix == "gt" || prefix == "le" || prefix == "lt" || prefix == "eq";
    const Stretch when = stretch_of(has_prefix ? value.substr(2) : value);
    if (prefix == "ge" || prefix == "eq" || !has_prefix) query.from = std::max(query.from, when.from);
    if (prefix == "gt") query.from = std::max(query.from, when.until);
    if (prefix == "le" || prefix == "eq" || !has_prefix) query.until = std::min(query.until, when.until);
    if (prefix == "lt") query.until = std::min(query.until, when.from);
}

/// `action` of FHIR covers several of the chain's.
bool has_action(const AuditEvent& event, std::string_view code) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kActions = {
        {{"create", "C"}, {"update", "U"}, {"delete", "D"}, {"read", "R"}, {"vread", "R"}, {"history", "R"}, {"export", "R"}, {"print", "R"}}};
    for (const auto& [action, fhir] : kActions) {
        if (event.action == action) return fhir == code;
    }
    return code == "E";
}

struct FhirSearch {
    AuditQuery query;
    std::optional<AuditPlace> before;
    std::size_t count = kPage;
    std::string self;  ///< without the cursor
};

FhirSearch fhir_search_in(const AuditDesk& desk, const Request& request) {
    FhirSearch asked;
    json::Value body = json::Value::object({});
    std::string action;
    for (const auto& [name, value] : request.query_values()) {
        if (name == "_cursor") {
            asked.before = AuditPlace::parse(value);
            if (!asked.before) throw Error(ErrorKind::invalid, "access.bad_cursor", "_cursor: as it was answered");
            continue;
        }
        asked.self += (asked.self.empty() ? "?" : "&") + name + "=" + percent_encode(value);
        if (name == "date") {
            narrow_date(asked.query, value);
        } else if (name == "patient") {
            body.set("patient", value);
        } else if (name == "agent") {
            body.set("person", value);
        } else if (name == "outcome") {
            body.set("outcome", value == "0" ? "success" : value == "4" ? "denied" : "failed");
        } else if (name == "action") {
            action = value;
        } else if (name == "_count") {
            std::from_chars(value.data(), value.data() + value.size(), asked.count);
            asked.count = std::clamp<std::size_t>(asked.count, 1, kPage_max);
        } else {
            throw Error(ErrorKind::invalid, "search.unknown_parameter", "AuditEvent is searched by date, patient, agent, action, outcome, _count");
        }
    }
    const auto reader = desk.record.read(all());
    AuditQuery named = audit_query(body, *reader, desk.sessions.directory());
    named.from = asked.query.from, named.until = asked.query.until;
    if (!action.empty()) named.also = [action](const AuditRow& row) { return has_action(row.event, action); };
    asked.query = std::move(named);
    return asked;
}

Response fhir_answer(std::string json) {
    Response response = answer(std::move(json));
    response.content_type = "application/fhir+json; charset=utf-8";
    return response;
}

Response fhir_search(const AuditDesk& desk, const Request& request) {
    const record::Caller caller = wire::require_right(desk.sessions, request, &RoleRights::reads_audit);
    desk.audit.flush();
    const FhirSearch asked = fhir_search_in(desk, request);
    const AuditPage page = search_audit(desk.database, asked.query, asked.before, asked.count);
    note(desk, caller, "search", {}, asked.query.patient);
    const auto reader = desk.record.read(all());
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", "searchset");
        json.array("link", [&] {
            json.object([&] {
                json.field("relation", "self");
                json.field("url", "/fhir/AuditEvent" + asked.self);
            });
            if (!page.next) return;
            json.object([&] {
                json.field("relation", "next");
                json.field("url", "/fhir/AuditEvent" + asked.self + (asked.self.empty() ? "?" : "&") + "_cursor=" + page.next->text());
            });
        });
        if (page.rows.empty()) return;
        json.array("entry", [&] {
            for (const AuditRow& row : page.rows) {
                json.object([&] {
                    json.field("fullUrl", "/fhir/AuditEvent/1-" + std::to_string(row.seq));
                    json.raw_field("resource", audit_event_json(row, *reader, desk.sessions.directory()));
                    json.object("search", [&] { json.field("mode", "match"); });
                });
            }
        });
    });
    return fhir_answer(json.take());
}

Response fhir_read(const AuditDesk& desk, const Request& request) {
    const record::Caller caller = wire::require_right(desk.sessions, request, &RoleRights::reads_audit);
    const std::string_view id = request.param("id");
    std::int64_t seq = 0;
    const bool named = id.starts_with("1-") && std::from_chars(id.data() + 2, id.data() + id.size(), seq).ptr == id.data() + id.size();
    const auto row = named ? audit_row(desk.database, seq) : std::nullopt;
    if (!row) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
    note(desk, caller, "read", "row=" + std::to_string(seq));
    const auto reader = desk.record.read(all());
    return fhir_answer(audit_event_json(*row, *reader, desk.sessions.directory()));
}

void add_fhir_routes(http::Router& router, const AuditDesk& desk) {
    router.add(http::Method::get, "/fhir/AuditEvent", kSession, [desk](const Request& request) { return fhir_search(desk, request); });
    router.add(http::Method::get, "/fhir/AuditEvent/{id}", kSession, [desk](const Request& request) { return fhir_read(desk, request); });
    const auto only_grows = [](const Request&) {
        return http::outcome(Error(ErrorKind::invalid, "http.method", "the audit only grows, and by itself")).with("Allow", "GET, HEAD");
    };
    router.add(http::Method::post, "/fhir/AuditEvent", kSession, only_grows);
    for (const auto method : {http::Method::put, http::Method::patch, http::Method::del}) {
        router.add(method, "/fhir/AuditEvent", kSession, only_grows);
        router.add(method, "/fhir/AuditEvent/{id}", kSession, only_grows);
    }
}

}  // namespace

void add_audit_routes(http::Router& router, AuditDesk desk) {
    router.add(http::Method::post, "/access/audit/search", kSession, [desk](const Request& request) { return search(desk, request); });
    router.add(http::Method::post, "/access/audit/export", kSession, [desk](const Request& request) { return export_rows(desk, request); });
    router.add(http::Method::get, "/access/audit/chain", kSession, [desk](const Request& request) {
        wire::require_right(desk.sessions, request, &RoleRights::reads_audit);
        return chain_state(desk);
    });
    router.add(http::Method::post, "/access/audit/verify", kSession, [desk](const Request& request) {
        desk.check.start(wire::require_right(desk.sessions, request, &RoleRights::reads_audit).actor);
        Response response = chain_state(desk);
        response.status = 202;
        return response;
    });
    add_fhir_routes(router, desk);
}

}  // namespace qiao::access
