#pragma once

#include "http/server.hpp"
#include "record/feed/subscriptions.hpp"
#include "record/rest/rest.hpp"

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

/// `/fhir/websocket`. Of R4: the client says `bind <id>` and hears `bound <id>`, then `ping <id>` for each time that something
/// happened. Of the R5 Backport guide: `bind-with-token <token>` with the token of `$get-ws-binding-token`, then a Bundle for each
/// notification. A socket lives as long as the session that opened it, one that a token bound as long as the owner is active. Works on every node: each looks
/// at the numbers in the database. Thread-safe.
namespace qiao::record {

class SubscriptionSockets {
public:
    struct Who {
        std::string session;  ///< names the session, opens nothing
        Caller caller;
    };
    struct Rights {
        /// Nothing when nobody is signed in; such a socket can only be bound by a token. May throw Error.
        std::function<std::optional<Who>(const http::Request&)> who;
        std::function<bool(const std::string& session)> is_valid;
    };
    /// `subscriptions` outlives this.
    SubscriptionSockets(Subscriptions& subscriptions, Rights rights);
    ~SubscriptionSockets();

    [[nodiscard]] http::SocketEndpoint endpoint();
    /// `$get-ws-binding-token`. Before Rest::add_routes().
    void add_operation(Rest& rest);
    /// Closes what this session opened.
    void session_ended(std::string_view session);

private:
    struct Line;
    class Handler;
    void run(const std::stop_token& stop);
    void look();
    void message(Line& line, std::string_view text);
    void bind(Line& line, const Subscription& one, bool bundles);
    std::vector<std::string> due(Line& line, const std::vector<Subscription>& list);
    [[nodiscard]] std::string token_for(const Subscription& one) const;
    std::optional<Subscription> of_token(std::string_view token);

    Subscriptions& subscriptions_;
    const Rights rights_;
    std::mutex mutex_;
    std::list<std::shared_ptr<Line>> lines_;
    std::jthread thread_;
};

}  // namespace qiao::record
