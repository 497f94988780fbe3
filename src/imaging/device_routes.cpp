#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/worker_pool.hpp"
#include "imaging/devices.hpp"
#include "imaging/dicom_server.hpp"
#include "imaging/store_client.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <memory>

namespace qiao::imaging {
namespace {

using http::Method;
using http::Request;
using http::Response;
using json::Value;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 16 * 1024};
constexpr int kRefusalsShown = 20;
constexpr std::chrono::milliseconds kEcho{5'000};

struct Reason {
    std::string_view phrase;
    std::string_view code;
};
constexpr std::array kReasons = {
    Reason{refusal::kUnknownCaller, "unknown_caller"}, Reason{refusal::kWrongCalled, "wrong_called"}, Reason{refusal::kTooMany, "too_many"},
    Reason{refusal::kNoSyntax, "no_syntax"},           Reason{refusal::kTooSlow, "too_slow"},         Reason{refusal::kDiskFull, "disk_full"},
    Reason{refusal::kContradicts, "contradicts"}};

struct Handlers {
    Devices& devices;
    InstanceStore& store;
    access::Sessions& sessions;
    std::function<DicomListening()> listening;
    EchoBehind echo_behind;

    record::Caller administrator(const Request& request) const { return access::wire::require_right(sessions, request, &access::RoleRights::keeps_nodes); }
};

Response answer(const Value& value, int status = 200) {
    Response response{.status = status, .content_type = "application/json", .body = value.dump()};
    response.with("Cache-Control", "no-store");
    return response;
}

/// 0 for an empty text and what is no number.
std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::int64_t id_of(const Request& request) {
    const std::int64_t id = number(request.param("id"));
    if (id <= 0) throw Error(ErrorKind::not_found, "imaging.no_device", "no such device");
    return id;
}

Ae ae_of(const Handlers& to, const Request& request) {
    const auto body = json::parse(request.body);
    if (!body || !body->is_object()) throw Error(ErrorKind::invalid, "imaging.bad_json", "a JSON object is expected");
    const auto organisation = to.sessions.directory().organisation_by_resource((*body)["organisation"].text());
    const auto port = (*body)["port"].is_null() ? std::optional<std::int64_t>(0) : (*body)["port"].integer();
    if (!port || *port < 0 || *port > 65'535) throw Error(ErrorKind::invalid, "imaging.bad_port", "port: 0 to 65535");
    return {.title = (*body)["title"].text(),
            .address = (*body)["address"].text(),
            .port = static_cast<std::uint16_t>(*port),
            .organisation = organisation ? organisation->id : 0,
            .issuer = (*body)["issuer"].text(),
            .default_charset = (*body)["charset"].text(),
            .may_store = (*body)["mayStore"].is_null() || (*body)["mayStore"].truth(),
            .gateway = number((*body)["gateway"].text()),
            .goes_first = (*body)["first"].truth()};
}

Value refusals_of(InstanceStore& store) {
    Value list = Value::array();
    for (const auto* kind : {"association", "object"}) {
        for (const auto& group : store.refusal_groups(kind, kRefusalsShown)) {
            Value one;
            one.set("at", format_instant(group.last.at));
            one.set("count", group.count);
            one.set("kind", group.last.kind);
            one.set("calling", group.last.calling);
            one.set("called", group.last.called);
            one.set("address", group.last.address);
            one.set("code", refusal_code(group.last.reason));
            one.set("reason", group.last.reason);
            list.push(std::move(one));
        }
    }
    return list;
}

Response list(const Handlers& to, const Request& request) {
    to.administrator(request);
    const auto uses = to.store.uses();
    const auto use_of = [&](std::int64_t id) {
        const auto found = uses.find(id);
        return found == uses.end() ? nullptr : &found->second;
    };
    const DicomListening own = to.listening();
    Value devices = Value::array();
    if (own.loopback_organisation != 0) {  // a row that nobody wrote, so that the demo hides nothing
        Value demo = to.devices.value_of({.title = "*", .address = "127.0.0.1", .organisation = own.loopback_organisation}, use_of(0));
        demo.set("issuer", "");
        demo.set("demo", true);
        devices.push(std::move(demo));
    }
    for (const auto& ae : to.devices.all()) devices.push(to.devices.value_of(ae, use_of(ae.id)));
    Value value;
    value.set("own", Value::object({{"title", kOwnTitle}, {"address", own.address}, {"port", static_cast<int>(own.port)}}));
    value.set("devices", std::move(devices));
    value.set("refusals", refusals_of(to.store));
    return answer(value);
}

Response add(const Handlers& to, const Request& request) {
    const auto caller = to.administrator(request);
    return answer(to.devices.value_of(to.devices.add(caller.actor, ae_of(to, request)), nullptr), 201);
}

Response change(const Handlers& to, const Request& request) {
    const auto caller = to.administrator(request);
    Ae ae = ae_of(to, request);
    ae.id = id_of(request);
    return answer(to.devices.value_of(to.devices.change(caller.actor, std::move(ae)), nullptr));
}

Response remove(const Handlers& to, const Request& request) {
    const auto caller = to.administrator(request);
    to.devices.remove(caller.actor, id_of(request));
    return {.status = 204, .content_type = {}};
}

/// C-ECHO toward the device: whether it is there, listens and takes our title.
Response echo(const Handlers& to, const Request& request) {
    const auto caller = to.administrator(request);
    const auto ae = to.devices.find(id_of(request));
    if (!ae) throw Error(ErrorKind::not_found, "imaging.no_device", "no such device");
    if (ae->port == 0) throw Error(ErrorKind::invalid, "imaging.no_port", "the device's own port is not known");
    to.devices.note_echo(caller.actor, *ae);
    if (ae->gateway != 0) return answer(Value::object({{"milliseconds", to.echo_behind(ae->gateway, ae->id)}}));
    const WorkerPool::Waiting waiting;
    const auto began = std::chrono::steady_clock::now();
    StoreClient client({.host = ae->address, .port = ae->port, .called = ae->title, .calling = std::string(kOwnTitle), .limit = kEcho}, {});
    const std::uint16_t status = client.echo();
    if (status != 0) throw Error(ErrorKind::unavailable, "imaging.echo_failed", "the device answers C-ECHO with a failure");
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    return answer(Value::object({{"milliseconds", std::int64_t{took.count()}}}));
}

}  // namespace

std::string_view refusal_code(std::string_view phrase) {
    for (const auto& reason : kReasons)
        if (reason.phrase == phrase) return reason.code;
    return "other";
}

void add_device_routes(http::Router& router, Devices& devices, InstanceStore& store, access::Sessions& sessions, std::function<DicomListening()> listening,
                       EchoBehind echo_behind) {
    const auto to = std::make_shared<Handlers>(Handlers{devices, store, sessions, std::move(listening), std::move(echo_behind)});
    const auto route = [&](Method method, std::string_view pattern, Response (*handler)(const Handlers&, const Request&)) {
        router.add(method, pattern, kSession, [to, handler](const Request& request) { return handler(*to, request); });
    };
    route(Method::get, "/imaging/devices", list);
    route(Method::post, "/imaging/devices", add);
    route(Method::put, "/imaging/devices/{id}", change);
    route(Method::del, "/imaging/devices/{id}", remove);
    route(Method::post, "/imaging/devices/{id}/echo", echo);
}

}  // namespace qiao::imaging
