#pragma once

#include "base/json_value.hpp"
#include "record/record.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A Subscription (FHIR R4) as it is delivered: what its resource asks for, and how far it is. Plain values and pure rules; any
/// thread. Sources: hl7.org/fhir/R4/subscription.html, and the R4 part of the Subscriptions R5 Backport guide.
namespace qiao::record {

/// What a notification carries.
enum class Payload : std::uint8_t {
    none,      ///< R4: POST with an empty body, or `ping`
    resource,  ///< R4: PUT endpoint/Type/id
    empty,     ///< Backport: a Bundle that says that something happened
    id_only,   ///< Backport: … and to what
    full,      ///< Backport: … and brings it
};
constexpr bool is_backport(Payload payload) { return payload >= Payload::empty; }
std::string_view content_code(Payload payload);  ///< "empty", "id-only", "full-resource"; "" for those of R4

/// What the resource asks for.
struct SubscriptionAsk {
    std::string criteria;  ///< "Observation?code=…"
    std::string topic;     ///< canonical URL when it is a Backport subscription by topic
    std::string channel;   ///< "rest-hook" or "websocket"
    std::string endpoint;
    Payload payload = Payload::none;
    std::vector<std::string> headers;  ///< "Authorization: …"; secrets
    std::int64_t ends_ms = 0;          ///< 0 = never
    std::int64_t heartbeat_s = 0;      ///< Backport; 0 = none
    bool off = false;
};
/// Reads a resource that follows FHIR. Error(invalid, "record.bad_channel", 422) says what is not served.
SubscriptionAsk ask_of(const json::Value& resource);

/// Every resource of the type and every change of it: the one topic of this server.
inline constexpr std::string_view kChangeTopic = "urn:qiao:topic:resource-change";

/// Where the secret part of a header stood: "Authorization: ***".
inline constexpr std::string_view kHidden = "***";
/// The text of each header behind its name is replaced. @return whether there was any
bool hide_headers(json::Value& resource);
/// Puts the secrets of before behind names that came back hidden. Error(invalid, "record.bad_channel") when there is none, or
/// when `same_server` is false: a secret never goes to another server than the one it was given for.
void restore_headers(SubscriptionAsk& ask, const std::vector<std::string>& before, bool same_server);
/// "https://host:port" of a URL, for comparison.
std::string origin_of(std::string_view url);

/// How it stands. Times are milliseconds since 1970, 0 = never.
struct Subscription {
    Rid rid = 0;
    std::string id;
    std::string owner;   ///< "person:5", "client:…"
    std::string status;  ///< requested, active, error, off
    SubscriptionAsk ask;
    std::int64_t start_t = 0;    ///< changes after this commit count
    std::int64_t events = 0;     ///< number of the newest event
    std::int64_t delivered = 0;  ///< of the last one that arrived, or was skipped because the owner may not see it any more
    std::int64_t attempts = 0;   ///< in vain since the last success
    std::int64_t next_ms = 0;    ///< no attempt before
    std::int64_t failing_ms = 0;
    std::int64_t delivered_ms = 0;
    std::int64_t contact_ms = 0;  ///< the subscriber last answered anything
    std::string failure;          ///< why the last attempt failed: "http_500", "no_connection", "timeout", …; empty after a success

    [[nodiscard]] std::int64_t backlog() const { return events - delivered; }
};

struct SubscriptionEvent {
    std::int64_t number = 0;
    std::string type;
    std::string id;
    std::int64_t version = 0;
    char operation = 'C';
    std::int64_t at_ms = 0;
};

/// 1 s, 2 s, 4 s … 5 min.
std::int64_t backoff_ms(std::int64_t attempts);

/// One request to a subscriber, and what came of it.
struct HookRequest {
    std::string method = "POST";
    std::string url;
    std::vector<std::string> headers;
    std::string body = {};
};
struct HookAnswer {
    int status = 0;
    std::string failure = {};  ///< empty for 2xx
};

/// What the record asks of upper rows. Thread-safe.
struct SubscriptionPorts {
    /// Blocks; never throws.
    std::function<HookAnswer(const HookRequest&)> send;
    /// Throws Error(invalid, "record.bad_endpoint", 422) for a place that nothing may be sent to.
    std::function<void(const std::string& url)> check_endpoint;
    /// What the owner may see now; nothing when it is no longer active.
    std::function<std::optional<ReadFilter>(const std::string& owner)> filter_of;
    /// For the list of them.
    std::function<std::string(const std::string& owner)> name_of;
    /// Whether this person keeps the nodes of the centre: sees how all stand and may turn any off and on.
    std::function<bool(const Actor&)> is_operator;
};

std::string owner_of(const Actor& actor);

}  // namespace qiao::record
