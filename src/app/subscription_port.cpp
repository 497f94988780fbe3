#include "app/subscription_port.hpp"

#include "access/role.hpp"
#include "access/routes.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

namespace qiao::app {
namespace {

constexpr std::string_view kPerson = "person:";
constexpr std::string_view kClient = "client:";

std::int64_t person_of(std::string_view owner) {
    std::int64_t id = 0;
    if (owner.starts_with(kPerson)) std::from_chars(owner.data() + kPerson.size(), owner.data() + owner.size(), id);
    return id;
}

std::string_view client_of(std::string_view owner) { return owner.starts_with(kClient) ? owner.substr(kClient.size()) : std::string_view(); }

record::HookAnswer send(const exchange::RestHook& hook, const record::HookRequest& request) {
    exchange::Post post{.url = request.url, .body = request.body};
    post.method = request.method;
    for (const std::string& header : request.headers) {
        const std::size_t colon = header.find(':');
        post.headers.emplace_back(header.substr(0, colon), header.substr(std::min(header.size(), header.find_first_not_of(' ', colon + 1))));
    }
    const exchange::Reply reply = hook.send(std::move(post));
    return {reply.status, reply.failure};
}

}  // namespace

std::function<std::optional<record::Caller>(const std::string& owner)> caller_of_owner(access::Sessions& sessions) {
    return [&sessions](const std::string& owner) -> std::optional<record::Caller> {
        const std::int64_t person = person_of(owner);
        if (person == 0 && client_of(owner).empty()) return std::nullopt;
        return sessions.standing_caller(person, client_of(owner));
    };
}

record::SubscriptionPorts subscription_ports(access::Sessions& sessions, const access::Directory& directory, const exchange::RestHookConfig& config) {
    const auto hook = std::make_shared<exchange::RestHook>(config);
    record::SubscriptionPorts ports;
    ports.send = [hook](const record::HookRequest& request) { return send(*hook, request); };
    ports.check_endpoint = [hook](const std::string& url) { hook->check(url); };
    ports.filter_of = [caller_of = caller_of_owner(sessions)](const std::string& owner) -> std::optional<record::ReadFilter> {
        const auto caller = caller_of(owner);
        return caller ? std::optional(caller->filter) : std::nullopt;
    };
    ports.name_of = [&directory](const std::string& owner) {
        const auto person = directory.person(person_of(owner));
        return person ? person->name : std::string(client_of(owner));
    };
    ports.is_operator = [&directory](const record::Actor& actor) {
        if (actor.person == 0) return false;
        const auto memberships = directory.memberships(actor.person);
        return std::any_of(memberships.begin(), memberships.end(), [](const auto& one) {
            const access::RoleRights* rights = access::find_role(one.role);
            return rights != nullptr && rights->keeps_nodes;
        });
    };
    return ports;
}

record::SubscriptionSockets::Rights subscription_rights(access::Sessions& sessions) {
    record::SubscriptionSockets::Rights rights;
    rights.who = [&sessions](const http::Request& request) -> std::optional<record::SubscriptionSockets::Who> {
        if (!access::Sessions::carries_token(request)) return std::nullopt;
        const auto session = sessions.find(request);
        if (!session) return std::nullopt;
        if (session->by_cookie) access::require_same_site(request);
        const auto caller = sessions.caller_of(session->key);
        if (!caller) return std::nullopt;
        return record::SubscriptionSockets::Who{session->key, *caller};
    };
    rights.is_valid = [&sessions](const std::string& session) { return sessions.caller_of(session).has_value(); };
    return rights;
}

}  // namespace qiao::app
