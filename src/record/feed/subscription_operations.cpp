#include "record/feed/subscription_operations.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "record/operations/input.hpp"
#include "record/rest/answer.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace qiao::record {
namespace {

using http::Method;

constexpr int kEvents = 100;
constexpr std::array<std::string_view, 2> kStatusParameters = {"id", "status"};
constexpr std::array<std::string_view, 3> kEventsParameters = {"eventsSinceNumber", "eventsUntilNumber", "content"};
constexpr std::array<std::string_view, 1> kCheckParameters = {"criteria"};

bool is_owner(const Subscription& one, const Caller& caller) { return one.owner == owner_of(caller.actor); }

bool sees_all(const Subscriptions& all, const Caller& caller) { return caller.may_write_plain || all.ground().ports.is_operator(caller.actor); }

[[noreturn]] void refuse() { throw Error(ErrorKind::forbidden, "record.subscription_not_yours", "the subscription is somebody else's"); }

/// One that is there for this caller.
Subscription found(Subscriptions& all, const Caller& caller, std::string_view id) {
    auto one = all.find(id);
    if (!one || (!is_owner(*one, caller) && !sees_all(all, caller))) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
    return *std::move(one);
}

/// One to which this caller may do what its owner and the operator may.
Subscription governed(Subscriptions& all, const Caller& caller, std::string_view id) {
    Subscription one = found(all, caller, id);
    if (!is_owner(one, caller) && !all.ground().ports.is_operator(caller.actor)) refuse();
    return one;
}

json::Value searchset_of(std::vector<json::Value> parameters) {
    json::Value bundle = json::Value::object({{"resourceType", "Bundle"}, {"type", "searchset"}, {"total", static_cast<std::int64_t>(parameters.size())}});
    for (json::Value& one : parameters) bundle.member("entry").push(json::Value::object({{"resource", std::move(one)}}));
    return bundle;
}

http::Response status(Subscriptions& all, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kStatusParameters);
    std::vector<Subscription> list;
    if (!id.empty()) {
        list.push_back(found(all, caller, id));
    } else {
        const auto ids = input.list("id");
        const auto states = input.list("status");
        const auto wanted = [](const std::vector<std::string>& names, const std::string& name) {
            return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
        };
        for (Subscription& one : all.all()) {
            if ((is_owner(one, caller) || sees_all(all, caller)) && wanted(ids, one.id) && wanted(states, one.status)) list.push_back(std::move(one));
        }
    }
    std::vector<json::Value> out;
    for (const Subscription& one : list) out.push_back(*json::parse(status_parameters(one, "query-status", base_of(request))));
    return document(request, searchset_of(std::move(out)).dump());
}

std::int64_t number_in(const Input& input, std::string_view name, std::int64_t usual) {
    const std::string_view text = input.text(name);
    if (text.empty()) return usual;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) throw_bad_parameter(name, "is the number of an event");
    return value;
}

http::Response events(Subscriptions& all, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kEventsParameters);
    const Subscription one = found(all, caller, id);
    if (!is_owner(one, caller)) refuse();
    const std::string_view asked = input.text("content");
    Payload content = is_backport(one.ask.payload) ? one.ask.payload : Payload::id_only;
    for (const Payload payload : {Payload::empty, Payload::id_only, Payload::full}) {
        if (asked == content_code(payload)) content = payload;
    }
    if (!asked.empty() && asked != content_code(content)) throw_bad_parameter("content", "is empty, id-only or full-resource");
    const std::int64_t since = number_in(input, "eventsSinceNumber", std::max<std::int64_t>(1, one.events - kEvents + 1));
    const std::int64_t until = number_in(input, "eventsUntilNumber", one.events);
    auto list = all.visible_events(one, since - 1, kEvents, content == Payload::full);
    std::erase_if(list, [&](const NotifiedEvent& event) { return event.event.number > until; });
    return document(request, notification_bundle(one, content, "query-event", base_of(request), list, all.ground().clock.now()));
}

void write_time(JsonWriter& json, std::string_view name, std::int64_t ms) {
    if (ms != 0) json.field(name, format_instant(from_us(ms * 1000)));
}

/// What is asked for, without the values, which may name patients: who keeps the machines need not know whom.
std::string without_values(std::string_view criteria) {
    const std::size_t mark = criteria.find('?');
    std::string out(criteria.substr(0, mark));
    if (mark == std::string_view::npos) return out;
    char before = '?';
    for (const std::string_view one : split(criteria.substr(mark + 1), '&')) {
        out += before;
        out += one.substr(0, one.find('='));
        out += "=…";
        before = '&';
    }
    return out;
}

void write_row(JsonWriter& json, const Subscriptions& all, const Subscription& one, const Caller& caller) {
    const bool readable = is_owner(one, caller) || caller.may_write_plain;
    json.object([&] {
        json.field("id", one.id);
        json.field("status", one.status);
        json.field("owner", all.ground().ports.name_of(one.owner));
        json.field("mine", is_owner(one, caller));
        json.field("readable", readable);
        json.field("criteria", readable ? one.ask.criteria : without_values(one.ask.criteria));
        json.field("channel", one.ask.channel);
        json.field("endpoint", one.ask.endpoint);
        json.field("content", one.ask.payload == Payload::none ? "none" : one.ask.payload == Payload::resource ? "resource" : content_code(one.ask.payload));
        json.field("events", one.events);
        json.field("backlog", one.backlog());
        json.field("attempts", one.attempts);
        json.field("failure", one.failure);
        write_time(json, "failingSince", one.failing_ms);
        write_time(json, "lastDelivery", one.delivered_ms);
        write_time(json, "lastContact", one.contact_ms);
        if (one.status != "off") write_time(json, "nextAttempt", one.next_ms);
        write_time(json, "end", one.ask.ends_ms);
    });
}

http::Response backlog(Subscriptions& all, const http::Request& request, const Caller& caller) {
    const Input input(request, {});
    JsonWriter json;
    json.object([&] {
        json.field("now", format_instant(all.ground().clock.now()));
        json.array("subscriptions", [&] {
            for (const Subscription& one : all.all()) {
                if (is_owner(one, caller) || sees_all(all, caller)) write_row(json, all, one, caller);
            }
        });
    });
    return {.content_type = "application/json", .body = json.take()};
}

http::Response check(Subscriptions& all, const http::Request& request, const Caller& caller) {
    static_cast<void>(caller);
    const Input input(request, kCheckParameters);
    Criteria::compile(all.ground().record.core(), input.text("criteria"));
    return {.status = 200,
            .content_type = "application/fhir+json; charset=utf-8",
            .body = outcome_text("information", "informational", "the criteria can be matched")};
}

http::Response turn(Subscriptions& all, const Caller& caller, std::string_view id, const std::string& to) {
    const Subscription one = governed(all, caller, id);
    const bool off = one.status == "off";
    if ((to == "off") != off) all.set_status(caller.actor, one.id, to);
    return {.status = 204};
}

http::Response test(Subscriptions& all, const Caller& caller, std::string_view id) {
    governed(all, caller, id);
    const HookAnswer answer = all.test(std::string(id));
    JsonWriter json;
    json.object([&] {
        json.field("arrived", answer.failure.empty());
        json.field("status", answer.status);
        json.field("failure", answer.failure);
    });
    return {.content_type = "application/json", .body = json.take()};
}

}  // namespace

void add_subscription_operations(Rest& rest, Subscriptions& all) {
    constexpr std::string_view kType = "Subscription";
    for (const Method method : {Method::get, Method::post}) {
        for (const bool instance : {true, false}) {
            rest.add_operation(method, kType, "$status", instance,
                               [&all](const http::Request& request, const Caller& caller, std::string_view id) { return status(all, request, caller, id); });
        }
        rest.add_operation(method, kType, "$events", true,
                           [&all](const http::Request& request, const Caller& caller, std::string_view id) { return events(all, request, caller, id); });
    }
    rest.add_operation(Method::get, kType, "$backlog", false,
                       [&all](const http::Request& request, const Caller& caller, std::string_view) { return backlog(all, request, caller); });
    rest.add_operation(Method::post, kType, "$check", false,
                       [&all](const http::Request& request, const Caller& caller, std::string_view) { return check(all, request, caller); });
    rest.add_operation(Method::post, kType, "$pause", true,
                       [&all](const http::Request&, const Caller& caller, std::string_view id) { return turn(all, caller, id, "off"); });
    rest.add_operation(Method::post, kType, "$resume", true,
                       [&all](const http::Request&, const Caller& caller, std::string_view id) { return turn(all, caller, id, "requested"); });
    rest.add_operation(Method::post, kType, "$test", true,
                       [&all](const http::Request&, const Caller& caller, std::string_view id) { return test(all, caller, id); });
}

}  // namespace qiao::record
