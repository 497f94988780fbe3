#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "imaging/gateways.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace qiao::imaging {
namespace {

using http::Method;
using http::Request;
using http::Response;
using json::Value;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};
constexpr http::RouteOptions kOpen{.scope = http::Scope::open, .body_limit_bytes = 16 * 1024};
constexpr http::RouteOptions kReport{.scope = http::Scope::gateway, .body_limit_bytes = 256 * 1024};
constexpr http::RouteOptions kPiece{.scope = http::Scope::gateway, .body_limit_bytes = kGatewayPiece_bytes};
constexpr std::size_t kReportedRows = 200;
constexpr std::size_t kReportedText_bytes = 200;
constexpr std::string_view kUnlabelledCharset = "GB18030";

// What a gateway may say of itself; anything else it says is not kept.
constexpr std::array<std::string_view, 13> kReportFields = {"version",   "started",        "stopping",    "queueObjects", "queueBytes",
                                                            "oldest",    "bytesPerSecond", "diskPercent", "full",         "sentObjects",
                                                            "sentBytes", "lastObject",     "refusedCount"};
constexpr std::array<std::string_view, 3> kReportLists = {"devices", "callers", "refused"};
constexpr std::array<std::string_view, 13> kRowFields = {"title",  "address", "lastAssociation", "lastObject", "objects", "calling", "called", "kind",
                                                         "reason", "at",      "count",           "bytes",      "digest"};

Response answer(const Value& value, int status = 200) {
    Response response{.status = status, .content_type = "application/json", .body = value.dump()};
    response.with("Cache-Control", "no-store");
    return response;
}

Value body_of(const Request& request) {
    auto body = json::parse(request.body);
    if (!body || !body->is_object()) throw Error(ErrorKind::invalid, "imaging.bad_json", "a JSON object is expected");
    return *std::move(body);
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

record::Caller administrator(const GatewayPorts& to, const Request& request) {
    return access::wire::require_right(to.sessions, request, &access::RoleRights::keeps_nodes);
}

Gateway gateway_of(const GatewayPorts& to, const Request& request) {
    const auto id = number(request.param("id"));
    auto gateway = id ? to.gateways.find(static_cast<std::int64_t>(*id)) : std::nullopt;
    if (!gateway) throw Error(ErrorKind::not_found, "imaging.no_gateway", "no such gateway");
    return *std::move(gateway);
}

Value time_value(Instant at) { return at == Instant{} ? Value() : Value(format_instant(at)); }

/// @param whole  with the lists of devices, callers and refused objects
Value value_of(const GatewayPorts& to, const Gateway& gateway, bool whole) {
    const GatewayReport report = to.gateways.report(gateway.id);
    Value value;
    value.set("id", std::to_string(gateway.id));
    value.set("name", gateway.name);
    if (const auto at = to.gateways.directory().organisation(gateway.organisation))
        value.set("organisation", Value::object({{"name", at->name}, {"nameEn", at->name_en}, {"resource", at->resource}}));
    value.set("state", name_of(state_of(gateway, report, to.gateways.clock().now())));
    value.set("created", time_value(gateway.created));
    value.set("enrolled", time_value(gateway.enrolled));
    value.set("ended", time_value(gateway.ended));
    value.set("codeUntil", gateway.code_until > to.gateways.clock().now() ? time_value(gateway.code_until) : Value());
    value.set("lastReport", time_value(report.at));
    value.set("clockOffsetMs", report.clock_offset_ms);
    Value body = report.body;
    if (!whole)
        for (const auto list : kReportLists) body.remove(list);
    value.set("report", std::move(body));
    return value;
}

Response list(const GatewayPorts& to, const Request& request) {
    administrator(to, request);
    Value gateways = Value::array();
    for (const auto& gateway : to.gateways.all()) gateways.push(value_of(to, gateway, false));
    return answer(Value::object({{"gateways", std::move(gateways)}}));
}

Value made_value(const GatewayPorts& to, const Gateways::Made& made) {
    Value value;
    value.set("gateway", value_of(to, made.gateway, false));
    value.set("code", made.code);
    return value;
}

Response add(const GatewayPorts& to, const Request& request) {
    const auto caller = administrator(to, request);
    const Value body = body_of(request);
    const auto organisation = to.gateways.directory().organisation_by_resource(body["organisation"].text());
    return answer(made_value(to, to.gateways.add(caller.actor, body["name"].text(), organisation ? organisation->id : 0)), 201);
}

/// One gateway with what stands behind it: the devices that it lets in and the callers that it does not.
Response one(const GatewayPorts& to, const Request& request) {
    administrator(to, request);
    const Gateway gateway = gateway_of(to, request);
    Value value = value_of(to, gateway, true);
    Value devices = Value::array();
    for (const auto& ae : to.devices.of_gateway(gateway.id)) {
        Value row = to.devices.value_of(ae, nullptr);
        for (const Value& seen : value["report"]["devices"].items()) {
            if (seen["title"].text() != ae.title || seen["address"].text() != ae.address) continue;
            for (const char* field : {"lastAssociation", "lastObject", "objects"}) row.set(field, seen[field]);
        }
        devices.push(std::move(row));
    }
    value.set("devices", std::move(devices));
    return answer(value);
}

Response code(const GatewayPorts& to, const Request& request) {
    const auto caller = administrator(to, request);
    return answer(made_value(to, to.gateways.renew_code(caller.actor, gateway_of(to, request).id)));
}

Response retry(const GatewayPorts& to, const Request& request) {
    administrator(to, request);
    to.gateways.ask_retry(gateway_of(to, request).id);
    return {.status = 204, .content_type = {}};
}

Response end(const GatewayPorts& to, const Request& request) {
    const auto caller = administrator(to, request);
    to.gateways.end(caller.actor, gateway_of(to, request).id);
    return {.status = 204, .content_type = {}};
}

Response enrol(const GatewayPorts& to, const Request& request) {
    const Value body = body_of(request);
    const std::string audience = to.audience();
    const Gateway gateway = to.gateways.enrol(body["code"].text(), body["jwks"].dump(), audience, request);
    const auto organisation = to.gateways.directory().organisation(gateway.organisation);
    return answer(Value::object(
        {{"client", gateway.client}, {"audience", audience}, {"name", gateway.name}, {"organisation", organisation ? organisation->name : std::string()}}));
}

/// Numbers, true and false as they are, texts cut.
Value plain(const Value& value) {
    if (value.is_object() || value.is_array()) return {};
    if (!value.is_string()) return value;
    std::string text = value.text().substr(0, kReportedText_bytes);
    while (!is_utf8(text)) text.pop_back();
    return text;
}

Value checked_report(const Value& said) {
    Value kept = Value::object();
    for (const auto field : kReportFields)
        if (!said[field].is_null()) kept.set(field, plain(said[field]));
    Value error;
    for (const auto field : {"code", "at"}) error.set(field, plain(said["lastError"][field]));
    kept.set("lastError", said["lastError"].is_object() ? std::move(error) : Value());
    for (const auto name : kReportLists) {
        Value rows = Value::array();
        for (const Value& row : said[name].items()) {
            if (rows.size() >= kReportedRows) break;
            Value clean = Value::object();
            for (const auto field : kRowFields)
                if (!row[field].is_null()) clean.set(field, plain(row[field]));
            if (!row["reason"].is_null()) clean.set("code", refusal_code(row["reason"].text()));
            rows.push(std::move(clean));
        }
        kept.set(name, std::move(rows));
    }
    return kept;
}

/// What the gateway says of itself, every 10 s; the answer says whom it lets in and what it is asked to do.
Response report(const GatewayPorts& to, const Request& request) {
    const Gateway gateway = to.gateways.of(request);
    const Value said = body_of(request);
    const Instant now = to.gateways.clock().now();
    const auto its_time = parse_instant(said["now"].text());
    if (!its_time) throw Error(ErrorKind::invalid, "imaging.bad_report", "now: a date with time and zone");
    const auto offset = std::chrono::duration_cast<std::chrono::milliseconds>(*its_time - now);
    to.gateways.keep_report(gateway.id, {now, checked_report(said), offset.count()});
    for (const Value& echo : said["echo"].items())
        to.gateways.answer_echo(gateway.id, static_cast<std::int64_t>(number(echo["device"].text()).value_or(0)), echo["milliseconds"].integer().value_or(0),
                                echo["failure"].text().substr(0, kReportedText_bytes));
    Value wishes = to.gateways.take_wishes(gateway.id);
    Value devices = Value::array();
    for (const auto& ae : to.devices.of_gateway(gateway.id)) {
        Value row;
        row.set("id", std::to_string(ae.id));
        row.set("title", ae.title);
        row.set("address", ae.address);
        row.set("port", static_cast<int>(ae.port));
        row.set("charset", ae.default_charset);
        row.set("mayStore", ae.may_store);
        row.set("first", ae.goes_first);
        devices.push(std::move(row));
    }
    wishes.set("devices", std::move(devices));
    return answer(wishes);
}

Response upload_answer(const GatewayUpload& upload) {
    static constexpr std::array kNames = {"open", "stored", "kept", "refused"};
    Value value;
    value.set("state", kNames.at(static_cast<std::size_t>(upload.state)));
    value.set("offset", static_cast<std::int64_t>(upload.offset));
    if (!upload.reason.empty()) value.set("reason", upload.reason);
    return answer(value);
}

Response find_object(const GatewayPorts& to, const Request& request) {
    const Gateway gateway = to.gateways.of(request);
    const GatewayUpload upload = to.uploads.find(gateway.id, std::string(request.param("digest")), request.header("sop-instance-uid"));
    if (upload.state == GatewayUpload::State::open && upload.offset == 0)
        throw Error(ErrorKind::not_found, "imaging.no_upload", "nothing of this object is here");
    return upload_answer(upload);
}

/// Whose object it is: the gateway's institution, with what is known of the device that made it.
Source source_of(const GatewayPorts& to, const Gateway& gateway, std::string_view title) {
    const auto organisation = to.gateways.directory().organisation(gateway.organisation);
    if (!organisation || !organisation->active) throw Error(ErrorKind::forbidden, "access.bad_organisation", "the institution of this gateway is not active");
    Source source{.organisation = gateway.organisation, .ae = std::string(title), .charset = std::string(kUnlabelledCharset), .issuer = organisation->resource};
    for (const auto& ae : to.devices.of_gateway(gateway.id)) {
        if (ae.title != title) continue;
        source.charset = ae.default_charset;
        source.issuer = ae.issuer;
        break;
    }
    return source;
}

Response put_object(const GatewayPorts& to, const Request& request) {
    const Gateway gateway = to.gateways.of(request);
    const auto offset = number(request.header("upload-offset"));
    const auto length = number(request.header("upload-length"));
    if (!offset || !length) throw Error(ErrorKind::invalid, "imaging.bad_upload", "Upload-Offset and Upload-Length are numbers of bytes");
    std::string title(request.header("calling-ae").substr(0, 16));
    std::replace_if(
        title.begin(), title.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    const GatewayPiece piece{.digest = std::string(request.param("digest")),
                             .sop_instance = std::string(request.header("sop-instance-uid")),
                             .offset = *offset,
                             .length = *length,
                             .bytes = request.body};
    return upload_answer(to.uploads.append(gateway.id, piece, source_of(to, gateway, title)));
}

}  // namespace

void add_gateway_routes(http::Router& router, GatewayPorts ports) {
    const auto to = std::make_shared<GatewayPorts>(std::move(ports));
    const auto route = [&](Method method, std::string_view pattern, const http::RouteOptions& options,
                           Response (*handler)(const GatewayPorts&, const Request&)) {
        router.add(method, pattern, options, [to, handler](const Request& request) { return handler(*to, request); });
    };
    route(Method::get, "/imaging/gateways", kSession, list);
    route(Method::post, "/imaging/gateways", kSession, add);
    route(Method::get, "/imaging/gateways/{id}", kSession, one);
    route(Method::post, "/imaging/gateways/{id}/code", kSession, code);
    route(Method::post, "/imaging/gateways/{id}/retry", kSession, retry);
    route(Method::del, "/imaging/gateways/{id}", kSession, end);
    route(Method::post, "/imaging/gateway/enrol", kOpen, enrol);
    route(Method::post, "/imaging/gateway/report", kReport, report);
    route(Method::get, "/imaging/gateway/objects/{digest}", kPiece, find_object);
    route(Method::put, "/imaging/gateway/objects/{digest}", kPiece, put_object);
}

}  // namespace qiao::imaging
