#pragma once

#include "base/limits.hpp"
#include "http/message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Maps a method and a path to a handler. Filled once at start, then read by all threads.
namespace qiao::http {

/// Who may call a route; `access` checks it in the guard that wiring gives to the router.
enum class Scope : std::uint8_t {
    open,        ///< nobody needs to be known: metadata, health, login, the app's files, verification page
    session,     ///< a signed-in person or a client with a token; what they may see is the handler's matter
    patient,     ///< a signed-in patient, or who acts for one; a session of the staff is none
    gateway,     ///< the token of a gateway in a hospital's network, which opens nothing else
    operations,  ///< loopback without forwarding header, or a token with the scope metrics
};

struct RouteOptions {
    Scope scope = Scope::session;
    std::uint64_t body_limit_bytes = limits::kSmallBody_bytes;
    bool spill = false;  ///< bodies over 1 MiB go to a file before the handler starts
    bool gzip = false;   ///< bodies may come with Content-Encoding: gzip; not together with `spill`
};

struct Route {
    Method method;
    std::string pattern;
    RouteOptions options;
};

class Router {
public:
    Router();
    ~Router();
    Router(Router&&) noexcept;

    /// Who may call what, set in wiring before add(): throws Error when this request may not use a route with these options,
    /// whatever its body. True when it brought a valid session. Runs before a body is waited for, and before the handler.
    using Guard = std::function<bool(const Request&, const RouteOptions&)>;
    void set_guard(Guard guard);

    /// `pattern` is literal segments and `{name}` segments, "/fhir/{type}/{id}"; a last segment `{name*}` takes the rest of
    /// the path, also when that is empty. A literal wins over a variable, a variable over a rest; one slash at the end of a
    /// path does not matter. Throws Error(internal) when method and pattern were added before.
    void add(Method method, std::string_view pattern, RouteOptions options, Handler handler);

    /// The options of the route that `request` would take, for limits before the body is read; nothing when there is none.
    [[nodiscard]] std::optional<RouteOptions> options_of(Method method, std::string_view path) const;

    /// Runs the matching handler, turning any exception into an OperationOutcome. HEAD runs GET's handler unless HEAD was
    /// added; the server sends the length of that body but not the body. An unknown path is 404, a known one with another
    /// method 405 with Allow. Behind a guard, what is not open is `no-store` unless its handler says how it may be kept.
    /// Fills request.params, request.route and request.signed_in. Never throws.
    Response handle(Request& request) const noexcept;
    /// What handle() would refuse before it asks a handler, for requests whose body is still to come. Never throws.
    [[nodiscard]] std::optional<Response> refusal(Request& request) const noexcept;

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

private:
    struct Node;
    struct Entry;
    struct Match;
    static void search(const Node& node, std::string_view rest, Match& match);
    static bool accept(const Node& node, Match& match);
    void find(std::string_view path, Match& match) const;
    const Entry* admit(Request& request, Response& refused) const;

    std::unique_ptr<Node> root_;
    std::vector<Route> routes_;
    Guard guard_;
};

}  // namespace qiao::http
