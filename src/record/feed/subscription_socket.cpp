#include "record/feed/subscription_socket.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "record/operations/input.hpp"
#include "record/rest/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <map>

namespace qiao::record {
namespace {

constexpr std::chrono::milliseconds kLook{250};
constexpr std::size_t kBindings = 50;
constexpr std::chrono::seconds kUnbound{20};  // a socket without a session that binds nothing
constexpr std::chrono::minutes kToken{5};
constexpr int kEvents = 100;  // of one subscription at one look: many with their resources would fill the memory
constexpr std::uint16_t kNoSession = 4401;
constexpr std::uint16_t kNotYours = 4403;

}  // namespace

struct SubscriptionSockets::Line {
    std::shared_ptr<http::Socket> socket;
    std::optional<Who> who;
    std::chrono::steady_clock::time_point opened = std::chrono::steady_clock::now();
    struct Binding {
        std::int64_t told = 0;  ///< number of the last event that was told
        bool bundles = false;
    };
    std::map<Rid, Binding> bindings;  // under mutex_
};

class SubscriptionSockets::Handler : public http::SocketHandler {
public:
    Handler(SubscriptionSockets& sockets, std::shared_ptr<Line> line) : sockets_(sockets), line_(std::move(line)) {}
    void message(std::string_view text) override { sockets_.message(*line_, text); }
    void closed() override {
        const std::lock_guard lock(sockets_.mutex_);
        sockets_.lines_.remove(line_);
    }

private:
    SubscriptionSockets& sockets_;
    std::shared_ptr<Line> line_;
};

SubscriptionSockets::SubscriptionSockets(Subscriptions& subscriptions, Rights rights)
    : subscriptions_(subscriptions), rights_(std::move(rights)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

SubscriptionSockets::~SubscriptionSockets() {
    thread_.request_stop();
    thread_.join();
}

http::SocketEndpoint SubscriptionSockets::endpoint() {
    return {"/fhir/websocket", "", [this](const http::Request& request, std::shared_ptr<http::Socket> socket) -> std::unique_ptr<http::SocketHandler> {
                auto line = std::make_shared<Line>();
                line->socket = std::move(socket);
                line->who = rights_.who(request);
                const std::lock_guard lock(mutex_);
                lines_.push_back(line);
                return std::make_unique<Handler>(*this, line);
            }};
}

void SubscriptionSockets::message(Line& line, std::string_view text) {
    const std::size_t blank = text.find(' ');
    const std::string_view verb = text.substr(0, blank);
    const std::string_view rest = blank == std::string_view::npos ? std::string_view() : trim(text.substr(blank + 1));
    if (verb == "bind-with-token") {
        const auto one = of_token(rest);
        if (!one) return line.socket->close(kNotYours, "record.bad_token");
        return bind(line, *one, true);
    }
    if (verb != "bind") return line.socket->close(1003, "record.unknown_message");
    if (!line.who) return line.socket->close(kNoSession, "access.no_session");
    const auto one = subscriptions_.find(rest);
    const bool owns = one && one->owner == owner_of(line.who->caller.actor) && one->ask.channel == "websocket";
    if (!owns) return line.socket->close(kNotYours, "record.subscription_not_yours");
    bind(line, *one, false);
}

/// What waited while nobody was bound is told at once.
void SubscriptionSockets::bind(Line& line, const Subscription& one, bool bundles) {
    {
        const std::lock_guard lock(mutex_);
        if (line.bindings.size() >= kBindings) return line.socket->close(1008, "record.too_many_subscriptions");
        line.bindings[one.rid] = {one.delivered, bundles};
    }
    const auto& ground = subscriptions_.ground();
    if (!bundles)
        line.socket->send("bound " + one.id);
    else
        line.socket->send(notification_bundle(one, Payload::empty, "handshake", ground.base(), {}, ground.clock.now()));
}

/// A boundary: while the database is away nobody is told anything.
void SubscriptionSockets::run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        wake.wait_for(lock, stop, kLook, [] { return false; });
        if (stop.stop_requested()) return;
        try {
            look();
        } catch (const Error& error) {
            log::warning("record.subscription_sockets", {{"code", error.code()}});
        }
    }
}

void SubscriptionSockets::look() {
    std::vector<std::shared_ptr<Line>> lines;
    {
        const std::lock_guard lock(mutex_);
        if (lines_.empty()) return;
        lines.assign(lines_.begin(), lines_.end());
    }
    const auto list = subscriptions_.all();
    std::map<Rid, std::int64_t> told;
    for (const auto& line : lines) {
        if (line->who && !rights_.is_valid(line->who->session)) {
            line->socket->close(kNoSession, "access.no_session");
            continue;
        }
        for (const std::string& text : due(*line, list)) line->socket->send(text);
        const std::lock_guard lock(mutex_);
        if (!line->who && line->bindings.empty() && std::chrono::steady_clock::now() - line->opened > kUnbound) line->socket->close(1008, "record.not_bound");
        for (const auto& [rid, binding] : line->bindings) told[rid] = std::max(told[rid], binding.told);
    }
    const auto& ground = subscriptions_.ground();
    const std::int64_t now = to_ms(ground.clock.now());
    std::erase_if(told, [&](const auto& one) {
        const auto row = std::find_if(list.begin(), list.end(), [&](const Subscription& each) { return each.rid == one.first; });
        return row == list.end() || row->delivered >= one.second;
    });
    if (told.empty()) return;
    ground.writer.submit({{}, [&](storage::Group& group) {
                              for (const auto& [rid, number] : told) subscriptions::set_delivered(group, rid, number, now);
                          }});
}

/// What this socket has to hear. Of R4 one ping, however much happened; of Backport a Bundle for each event.
std::vector<std::string> SubscriptionSockets::due(Line& line, const std::vector<Subscription>& list) {
    std::vector<std::string> out;
    std::map<Rid, Line::Binding> bindings;
    {
        const std::lock_guard lock(mutex_);
        bindings = line.bindings;
    }
    const auto& ground = subscriptions_.ground();
    for (auto& [rid, binding] : bindings) {
        const auto row = std::find_if(list.begin(), list.end(), [&, wanted = rid](const Subscription& one) { return one.rid == wanted; });
        const bool ends = row == list.end() || !ground.ports.filter_of(row->owner);
        if (ends) {
            line.socket->close(kNotYours, "record.subscription_not_yours");
            return out;
        }
        if (row->status == "off" || row->events <= binding.told) continue;
        const Payload payload = !binding.bundles ? Payload::none : is_backport(row->ask.payload) ? row->ask.payload : Payload::empty;
        const std::int64_t until = std::min(row->events, binding.told + kEvents);
        const auto events = subscriptions_.visible_events(*row, binding.told, static_cast<int>(until - binding.told), payload == Payload::full);
        if (!binding.bundles && !events.empty()) out.push_back("ping " + row->id);
        if (binding.bundles) {
            for (const NotifiedEvent& event : events) {
                out.push_back(notification_bundle(*row, payload, "event-notification", ground.base(), {&event, 1}, ground.clock.now()));
            }
        }
        binding.told = until;
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [rid, binding] : bindings) {
        const auto at = line.bindings.find(rid);
        if (at != line.bindings.end()) at->second.told = std::max(at->second.told, binding.told);
    }
    return out;
}

void SubscriptionSockets::session_ended(std::string_view session) {
    const std::lock_guard lock(mutex_);
    for (const auto& line : lines_) {
        if (line->who && line->who->session == session) line->socket->close(kNoSession, "access.no_session");
    }
}

/// "id expiry mac": any node reads it, nobody else makes it.
std::string SubscriptionSockets::token_for(const Subscription& one) const {
    const std::int64_t until = to_ms(subscriptions_.ground().clock.now() + kToken);
    const std::string text = fmt::format("{} {}", one.id, until);
    const std::string mac = hmac_sha256(subscriptions_.ground().record.core().keys.cursor, "ws-binding " + text);
    return to_base64url(text + " " + to_hex(mac));
}

std::optional<Subscription> SubscriptionSockets::of_token(std::string_view token) {
    const auto text = from_base64(token);
    const auto pieces = text ? split(*text, ' ') : std::vector<std::string_view>{};
    if (pieces.size() != 3) return std::nullopt;
    const std::string mac = hmac_sha256(subscriptions_.ground().record.core().keys.cursor, fmt::format("ws-binding {} {}", pieces[0], pieces[1]));
    std::int64_t until = 0;
    std::from_chars(pieces[1].data(), pieces[1].data() + pieces[1].size(), until);
    if (!equal_in_constant_time(to_hex(mac), pieces[2]) || until < to_ms(subscriptions_.ground().clock.now())) return std::nullopt;
    return subscriptions_.find(pieces[0]);
}

void SubscriptionSockets::add_operation(Rest& rest) {
    for (const http::Method method : {http::Method::get, http::Method::post}) {
        rest.add_operation(method, "Subscription", "$get-ws-binding-token", true,
                           [this](const http::Request& request, const Caller& caller, std::string_view id) {
                               check_acceptable(request);
                               const auto one = subscriptions_.find(id);
                               const bool owns = one && one->owner == owner_of(caller.actor);
                               if (!one || (!owns && !caller.may_write_plain)) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
                               if (!owns) {
                                   throw Error(ErrorKind::forbidden, "record.subscription_not_yours", "the subscription is somebody else's");
                               }
                               if (one->ask.channel != "websocket") throw Error(ErrorKind::invalid, "record.bad_channel", "not of the channel websocket");
                               std::string url = base_of(request) + "/websocket";
                               url.replace(0, 4, "ws");  // http, https
                               json::Value out = json::Value::object({{"resourceType", "Parameters"}});
                               json::Value& list = out.member("parameter");
                               const auto add = [&](std::string_view name, std::string_view member, std::string value) {
                                   list.push(json::Value::object({{"name", name}, {std::string(member), std::move(value)}}));
                               };
                               add("token", "valueString", token_for(*one));
                               add("expiration", "valueDateTime", format_instant(subscriptions_.ground().clock.now() + kToken));
                               add("subscription", "valueString", one->id);
                               add("websocket-url", "valueUrl", std::move(url));
                               return document(request, out.dump());
                           });
    }
}

}  // namespace qiao::record
