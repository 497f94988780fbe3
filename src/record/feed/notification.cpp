#include "record/feed/notification.hpp"

#include "base/id.hpp"

#include <fmt/format.h>

namespace qiao::record {
namespace {

constexpr std::string_view kStatusProfile = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4";
constexpr std::string_view kBundleProfile = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4";

json::Value parameter(std::string_view name, std::string_view member, json::Value value) {
    return json::Value::object({{"name", name}, {std::string(member), std::move(value)}});
}

json::Value profile(std::string_view url) { return json::Value::object({{"profile", json::Value::array({url})}}); }

Instant instant_of(std::int64_t ms) { return from_us(ms * 1000); }

json::Value status_value(const Subscription& one, std::string_view type, std::string_view base, std::span<const NotifiedEvent> events, bool with_focus) {
    json::Value out = json::Value::object({{"resourceType", "Parameters"}, {"id", new_random_uuid()}, {"meta", profile(kStatusProfile)}});
    json::Value& list = out.member("parameter");
    list.push(parameter("subscription", "valueReference", json::Value::object({{"reference", fmt::format("{}/Subscription/{}", base, one.id)}})));
    if (!one.ask.topic.empty()) list.push(parameter("topic", "valueCanonical", one.ask.topic));
    list.push(parameter("status", "valueCode", one.status));
    list.push(parameter("type", "valueCode", type));
    list.push(parameter("events-since-subscription-start", "valueString", std::to_string(one.events)));
    for (const NotifiedEvent& event : events) {
        json::Value parts = json::Value::array();
        parts.push(parameter("event-number", "valueString", std::to_string(event.event.number)));
        parts.push(parameter("timestamp", "valueInstant", format_instant(instant_of(event.event.at_ms))));
        if (with_focus) {
            const std::string reference = fmt::format("{}/{}/{}", base, event.event.type, event.event.id);
            parts.push(parameter("focus", "valueReference", json::Value::object({{"reference", reference}})));
        }
        list.push(json::Value::object({{"name", "notification-event"}, {"part", std::move(parts)}}));
    }
    if (!one.failure.empty()) {
        json::Value text = json::Value::object({{"text", one.failure}});
        list.push(parameter("error", "valueCodeableConcept", std::move(text)));
    }
    return out;
}

json::Value event_entry(std::string_view base, const NotifiedEvent& event, bool with_resource) {
    const std::string url = fmt::format("{}/{}", event.event.type, event.event.id);
    json::Value entry = json::Value::object({{"fullUrl", fmt::format("{}/{}", base, url)}});
    const char operation = event.event.operation;
    if (with_resource && !event.json.empty()) {
        if (auto resource = json::parse(event.json)) entry.set("resource", *std::move(resource));
    }
    entry.set("request", json::Value::object({{"method", operation == 'C'   ? "POST"
                                                         : operation == 'D' ? "DELETE"
                                                                            : "PUT"},
                                              {"url", operation == 'C' ? event.event.type : url}}));
    entry.set("response", json::Value::object({{"status", operation == 'C' ? "201" : operation == 'D' ? "204" : "200"}}));
    return entry;
}

}  // namespace

std::string status_parameters(const Subscription& subscription, std::string_view type, std::string_view base, std::span<const NotifiedEvent> events) {
    return status_value(subscription, type, base, events, true).dump();
}

std::string notification_bundle(const Subscription& one, Payload payload, std::string_view type, std::string_view base, std::span<const NotifiedEvent> events,
                                Instant now) {
    json::Value bundle = json::Value::object(
        {{"resourceType", "Bundle"}, {"id", new_random_uuid()}, {"meta", profile(kBundleProfile)}, {"type", "history"}, {"timestamp", format_instant(now)}});
    json::Value status = status_value(one, type, base, events, payload != Payload::empty);
    json::Value first = json::Value::object({{"fullUrl", "urn:uuid:" + status["id"].text()}});
    first.set("resource", std::move(status));
    first.set("request", json::Value::object({{"method", "GET"}, {"url", fmt::format("{}/Subscription/{}/$status", base, one.id)}}));
    first.set("response", json::Value::object({{"status", "200"}}));
    json::Value& entries = bundle.member("entry");
    entries.push(std::move(first));
    if (payload != Payload::empty) {
        for (const NotifiedEvent& event : events) entries.push(event_entry(base, event, payload == Payload::full));
    }
    return bundle.dump();
}

HookRequest event_request(const Subscription& one, std::string_view base, const NotifiedEvent& event, Instant now) {
    HookRequest request{.url = one.ask.endpoint, .headers = one.ask.headers};
    if (one.ask.payload == Payload::none) return request;
    request.headers.emplace_back("Content-Type: application/fhir+json");
    if (is_backport(one.ask.payload)) {
        request.body = notification_bundle(one, one.ask.payload, "event-notification", base, {&event, 1}, now);
        return request;
    }
    request.method = "PUT";
    request.url = fmt::format("{}{}{}/{}", one.ask.endpoint, one.ask.endpoint.ends_with('/') ? "" : "/", event.event.type, event.event.id);
    request.body = event.json;
    return request;
}

HookRequest greeting(const Subscription& one, std::string_view type, std::string_view base, Instant now) {
    HookRequest request{.url = one.ask.endpoint, .headers = one.ask.headers};
    if (!is_backport(one.ask.payload)) return request;
    request.headers.emplace_back("Content-Type: application/fhir+json");
    request.body = notification_bundle(one, Payload::empty, type, base, {}, now);
    return request;
}

}  // namespace qiao::record
