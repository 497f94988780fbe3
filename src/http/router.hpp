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
    operations,  ///< loopback without forwarding header, or a token with the scope metrics
};

struct RouteOptions {
    Scope scope = Scope::session;
    std::uint64_t body_limit_bytes = limits::kSmallBody_bytes;
    bool spill = false;  ///< bodies over 1 MiB go to a file before the handler starts
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

    /// Wraps every handler, in wiring: authentication by scope, Origin check of unsafe verbs, metrics. Set before add().
    using Guard = std::function<Response(const Request&, const RouteOptions&, const Handler&)>;
    void set_guard(Guard guard);

    /// `pattern` is literal segments and `{name}` segments, "/fhir/{type}/{id}"; a last segment `{name*}` takes the rest of
    /// the path, also when that is empty. A literal wins over a variable, a variable over a rest; one slash at the end of a
    /// path does not matter. Throws Error(internal) when method and pattern were added before.
    void add(Method method, std::string_view pattern, RouteOptions options, Handler handler);

    /// The options of the route that `request` would take, for limits before the body is read; nothing when there is none.
    [[nodiscard]] std::optional<RouteOptions> options_of(Method method, std::string_view path) const;

    /// Runs the matching handler, turning any exception into an OperationOutcome. HEAD runs GET's handler unless HEAD was
    /// added; the server sends the length of that body but not the body. An unknown path is 404, a known one with another
    /// method 405 with Allow. Fills request.params and request.route. Never throws.
    Response handle(Request& request) const noexcept;

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

private:
    struct Node;
    struct Entry;
    struct Match;
    static void search(const Node& node, std::string_view rest, Match& match);
    static bool accept(const Node& node, Match& match);
    Response dispatch(Request& request) const;

    std::unique_ptr<Node> root_;
    std::vector<Route> routes_;
    Guard guard_;
};

}  // namespace qiao::http
