#include "record/feed/subscription.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qiao::record {
namespace {

constexpr std::string_view kBackport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/";
constexpr std::size_t kHeaders = 20;
constexpr std::size_t kHeader_bytes = 4096;
constexpr std::size_t kEndpoint_bytes = 2048;
constexpr std::size_t kCriteria_bytes = 8192;
constexpr std::int64_t kHeartbeat_s = 10;
constexpr std::int64_t kFirst_ms = 1'000;
constexpr std::int64_t kLongest_ms = 300'000;
// These the sender makes itself.
constexpr std::array<std::string_view, 9> kOwnHeaders = {"host", "content-length", "content-type", "transfer-encoding", "connection", "expect", "upgrade",
                                                         "te",   "trailer"};

[[noreturn]] void refuse(std::string_view place, const std::string& why) {
    throw Error(ErrorKind::invalid, "record.bad_channel", "the subscription cannot be served", {{"not-supported", "Subscription." + std::string(place), why}});
}

const json::Value& extension(const json::Value& element, std::string_view name) {
    static const json::Value nothing;
    for (const json::Value& one : element["extension"].items()) {
        if (one["url"].text() == std::string(kBackport) + std::string(name)) return one;
    }
    return nothing;
}

std::string_view name_of(std::string_view header) { return trim(header.substr(0, header.find(':'))); }
std::string_view value_of(std::string_view header) {
    const std::size_t colon = header.find(':');
    return colon == std::string_view::npos ? std::string_view() : trim(header.substr(colon + 1));
}

void check_header(const std::string& header) {
    const std::string_view name = name_of(header);
    constexpr std::string_view kNameCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const bool named = header.find(':') != std::string::npos && !name.empty() && name.find_first_not_of(kNameCharacters) == std::string_view::npos;
    const bool plain = std::none_of(header.begin(), header.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
    if (!named || !plain || header.size() > kHeader_bytes) refuse("channel.header", "a header is \"Name: value\" on one line, at most 4 KiB");
    const std::string low = lower(name);
    if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), low) != kOwnHeaders.end())
        refuse("channel.header", fmt::format("{} is not for the subscriber to set", name));
}

Payload payload_of(const json::Value& channel) {
    const std::string mime = lower(channel["payload"].text());
    const std::string content = extension(channel["_payload"], "backport-payload-content")["valueCode"].text();
    const bool json = mime == "application/fhir+json" || mime == "application/json";
    if (!mime.empty() && !json) refuse("channel.payload", "application/fhir+json, or none");
    if (content.empty()) return json ? Payload::resource : Payload::none;
    for (const Payload payload : {Payload::empty, Payload::id_only, Payload::full}) {
        if (content == content_code(payload)) return payload;
    }
    refuse("channel.payload", "the content is empty, id-only or full-resource");
}

}  // namespace

std::string_view content_code(Payload payload) {
    switch (payload) {
        case Payload::empty: return "empty";
        case Payload::id_only: return "id-only";
        case Payload::full: return "full-resource";
        case Payload::none:
        case Payload::resource: break;
    }
    return "";
}

SubscriptionAsk ask_of(const json::Value& resource) {
    SubscriptionAsk ask;
    const json::Value& channel = resource["channel"];
    ask.off = resource["status"].text() == "off";
    ask.criteria = resource["criteria"].text();
    const std::string filter = extension(resource["_criteria"], "backport-filter-criteria")["valueString"].text();
    if (!filter.empty() || ask.criteria == kChangeTopic) {
        if (ask.criteria != kChangeTopic) refuse("criteria", fmt::format("the one topic of this server is {}", kChangeTopic));
        ask.topic = ask.criteria;
        ask.criteria = filter;
    }
    if (ask.criteria.size() > kCriteria_bytes) refuse("criteria", "longer than 8 KiB");
    ask.channel = channel["type"].text();
    ask.endpoint = channel["endpoint"].text();
    if (ask.channel != "rest-hook" && ask.channel != "websocket") refuse("channel.type", "rest-hook or websocket");
    if (ask.channel == "rest-hook" && (ask.endpoint.empty() || ask.endpoint.size() > kEndpoint_bytes)) {
        refuse("channel.endpoint", "rest-hook needs an address of at most 2 KiB");
    }
    ask.payload = payload_of(channel);
    if (!ask.topic.empty() && !is_backport(ask.payload)) refuse("channel.payload", "a topic needs the extension backport-payload-content");
    if (ask.channel == "websocket" && ask.payload == Payload::resource) refuse("channel.payload", "a websocket of R4 carries no payload, only a ping");
    if (channel["header"].size() > kHeaders) refuse("channel.header", "more than 20");
    for (const json::Value& one : channel["header"].items()) {
        ask.headers.push_back(one.text());
        check_header(ask.headers.back());
    }
    const auto& heartbeat = extension(channel, "backport-heartbeat-period")["valueUnsignedInt"];
    if (!heartbeat.is_null()) {
        ask.heartbeat_s = heartbeat.integer().value_or(0);
        if (!is_backport(ask.payload) || ask.heartbeat_s < kHeartbeat_s)
            refuse("channel", "a heartbeat comes with a Backport payload, each 10 s or more seldom");
    }
    if (const std::string end = resource["end"].text(); !end.empty()) {
        const auto instant = parse_instant(end);
        if (!instant) refuse("end", "no instant");
        ask.ends_ms = to_ms(*instant);
    }
    return ask;
}

bool hide_headers(json::Value& resource) {
    if (resource["channel"]["header"].size() == 0) return false;
    json::Value hidden = json::Value::array();
    for (const json::Value& one : resource["channel"]["header"].items()) hidden.push(fmt::format("{}: {}", name_of(one.text()), kHidden));
    resource.member("channel").set("header", std::move(hidden));
    return true;
}

void restore_headers(SubscriptionAsk& ask, const std::vector<std::string>& before, bool same_server) {
    for (std::string& header : ask.headers) {
        if (value_of(header) != kHidden) continue;
        const std::string name = lower(name_of(header));
        const auto found = std::find_if(before.begin(), before.end(), [&](const std::string& one) { return lower(name_of(one)) == name; });
        if (found == before.end() || !same_server) refuse("channel.header", fmt::format("the value of {} has to be given again", name_of(header)));
        header = *found;
    }
}

std::string origin_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::string(url);
    return lower(url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size())));
}

std::int64_t backoff_ms(std::int64_t attempts) {
    std::int64_t wait = kFirst_ms;
    for (std::int64_t i = 1; i < attempts && wait < kLongest_ms; ++i) wait *= 2;
    return std::min(wait, kLongest_ms);
}

std::string owner_of(const Actor& actor) { return actor.person != 0 ? fmt::format("person:{}", actor.person) : fmt::format("client:{}", actor.name); }

}  // namespace qiao::record
