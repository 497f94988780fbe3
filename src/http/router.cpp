#include "http/router.hpp"

#include "http/outcome.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace qiao::http {
namespace {

constexpr std::array<std::string_view, 8> kMethodNames = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", ""};
constexpr std::size_t kMethods = kMethodNames.size() - 1;  // `other` has no handlers

std::size_t index_of(Method method) { return static_cast<std::size_t>(method); }

bool is_variable(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }
bool is_rest(std::string_view segment) { return segment.starts_with('{') && segment.ends_with("*}"); }

void without_last_slash(std::string_view& path) {
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
}

}  // namespace

struct Router::Entry {
    std::string pattern;
    RouteOptions options;
    Handler handler;
    std::vector<std::string> names;  // of the variables, from the left
};

struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> variable;
    std::unique_ptr<Node> rest;
    std::array<std::unique_ptr<Entry>, kMethods> entries;
};

/// The state of one look-up: what was asked and the best that was found.
struct Router::Match {
    Method method;
    const Entry* entry = nullptr;
    std::vector<std::string_view> values = {};
    std::array<bool, kMethods> allowed = {};
    bool known_path = false;
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void Router::set_guard(Guard guard) { guard_ = std::move(guard); }

void Router::add(Method method, std::string_view pattern, RouteOptions options, Handler handler) {
    if (!pattern.starts_with('/') || method == Method::other) throw Error(ErrorKind::internal, "http.bad_route", "bad route " + std::string(pattern));
    Node* node = root_.get();
    auto entry = std::make_unique<Entry>(Entry{std::string(pattern), options, std::move(handler), {}});
    std::string_view rest = pattern;
    without_last_slash(rest);
    rest.remove_prefix(1);
    for (bool last = rest.empty(); !last;) {
        const auto slash = rest.find('/');
        const std::string_view segment = rest.substr(0, slash);
        last = slash == std::string_view::npos;
        if (!last) rest.remove_prefix(slash + 1);
        if (segment.empty() || (is_rest(segment) && !last)) throw Error(ErrorKind::internal, "http.bad_route", "bad route " + std::string(pattern));
        std::unique_ptr<Node>* next = nullptr;
        if (is_rest(segment)) {
            entry->names.emplace_back(segment.substr(1, segment.size() - 3));
            next = &node->rest;
        } else if (is_variable(segment)) {
            entry->names.emplace_back(segment.substr(1, segment.size() - 2));
            next = &node->variable;
        } else {
            next = &node->literals[std::string(segment)];
        }
        if (!*next) *next = std::make_unique<Node>();
        node = next->get();
    }
    auto& slot = node->entries.at(index_of(method));
    if (slot) throw Error(ErrorKind::internal, "http.duplicate_route", "route added twice: " + std::string(pattern));
    slot = std::move(entry);
    routes_.push_back({method, std::string(pattern), options});
}

bool Router::accept(const Node& node, Match& match) {
    for (std::size_t i = 0; i < kMethods; ++i) {
        if (!node.entries.at(i)) continue;
        match.allowed.at(i) = true;
        match.known_path = true;
    }
    if (match.method == Method::other) return false;
    match.entry = node.entries.at(index_of(match.method)).get();
    if (match.entry == nullptr && match.method == Method::head) match.entry = node.entries.at(index_of(Method::get)).get();
    return match.entry != nullptr;
}

/// Depth first in order of specificity; `rest` is what follows the slash after `node`'s own segment.
void Router::search(const Node& node, std::string_view rest, Match& match) {
    const auto slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    const auto descend = [&](const Node& next) {
        if (last) {
            accept(next, match);
        } else {
            search(next, rest.substr(slash + 1), match);
        }
    };
    if (!segment.empty()) {
        if (const auto found = node.literals.find(segment); found != node.literals.end()) descend(*found->second);
        if (match.entry == nullptr && node.variable) {
            match.values.push_back(segment);
            descend(*node.variable);
            if (match.entry == nullptr) match.values.pop_back();
        }
    }
    if (match.entry == nullptr && node.rest && accept(*node.rest, match)) match.values.push_back(rest);
}

void Router::find(std::string_view path, Match& match) const {
    if (path.size() <= 1) {
        accept(*root_, match);
        if (match.entry == nullptr && root_->rest && accept(*root_->rest, match)) match.values.emplace_back();
        return;
    }
    search(*root_, path.substr(1), match);
    if (match.entry == nullptr && path.ends_with('/')) search(*root_, path.substr(1, path.size() - 2), match);
}

std::optional<RouteOptions> Router::options_of(Method method, std::string_view path) const {
    Match match{.method = method};
    if (path.starts_with('/')) find(path, match);
    if (match.entry == nullptr) return std::nullopt;
    return match.entry->options;
}

/// The route of the request when the guard lets it in. Nothing, with `refused` filled, for a method that the path does not know.
const Router::Entry* Router::admit(Request& request, Response& refused) const {
    Match match{.method = request.method};
    find(request.path, match);
    if (match.entry == nullptr) {
        if (!match.known_path) throw Error(ErrorKind::not_found, "http.no_route", "no such path");
        refused = outcome(Error(ErrorKind::invalid, "http.method", "this path does not know that method"));
        if (match.allowed.at(index_of(Method::get))) match.allowed.at(index_of(Method::head)) = true;
        std::string allow;
        for (std::size_t i = 0; i < kMethods; ++i) {
            if (match.allowed.at(i)) allow.append(allow.empty() ? "" : ", ").append(kMethodNames.at(i));
        }
        refused.with("Allow", allow);
        return nullptr;
    }
    const Entry& entry = *match.entry;
    request.route = entry.pattern;
    request.params.clear();
    for (std::size_t i = 0; i < entry.names.size(); ++i) request.params.emplace_back(entry.names[i], match.values.at(i));
    request.signed_in = guard_ && guard_(request, entry.options);
    return &entry;
}

Response Router::handle(Request& request) const noexcept {
    try {
        Response response;
        const Entry* entry = admit(request, response);
        if (entry == nullptr) return response;
        response = entry->handler(request);
        const auto says_how_long = [](const Header& one) { return one.first == "Cache-Control"; };
        const bool may_stay = !guard_ || entry->options.scope == Scope::open;
        if (!may_stay && std::none_of(response.headers.begin(), response.headers.end(), says_how_long)) response.with("Cache-Control", "no-store");
        return response;
    } catch (...) {
        return outcome_of_current_exception(request.route);  // out of memory even for that: the process ends
    }
}

std::optional<Response> Router::refusal(Request& request) const noexcept {
    try {
        Response refused;
        if (admit(request, refused) != nullptr) return std::nullopt;
        return refused;
    } catch (...) {
        return outcome_of_current_exception(request.route);
    }
}

}  // namespace qiao::http
