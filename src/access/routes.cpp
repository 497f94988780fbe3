#include "access/routes.hpp"

#include "access/role.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;

constexpr http::RouteOptions kOpen{.scope = http::Scope::open, .body_limit_bytes = 16 * 1024};

/// RFC 6749 5.2.
Response oauth_error(std::string_view code, int status) {
    JsonWriter json;
    json.object([&] { json.field("error", code); });
    Response response = answer(json.take(), status);
    if (status == 401) response.with("WWW-Authenticate", "Basic realm=\"qiao\"");
    return response;
}

struct ClientSecret {
    std::string id;
    std::string secret;
};

/// The client's name and secret from the form, or by HTTP Basic (RFC 6749 2.3.1).
ClientSecret client_of(const Request& request, const std::vector<std::pair<std::string, std::string>>& form) {
    ClientSecret client;
    for (const auto& [name, value] : form) {
        if (name == "client_id") client.id = value;
        if (name == "client_secret") client.secret = value;
    }
    const std::string_view authorization = request.header("authorization");
    if (authorization.size() < 6 || lower(authorization.substr(0, 6)) != "basic ") return client;
    const auto text = from_base64(trim(authorization.substr(6)));
    const auto colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos) return client;
    return {percent_decode(text->substr(0, colon), true).value_or(""), percent_decode(text->substr(colon + 1), true).value_or("")};
}

/// RFC 7521 4.2; empty when the client gives none. One that also gives another proof is refused by the empty id.
std::string assertion_in(const std::vector<std::pair<std::string, std::string>>& form) {
    std::string type, assertion;
    for (const auto& [name, value] : form) {
        if (name == "client_assertion_type") type = value;
        if (name == "client_assertion") assertion = value;
    }
    return type == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" ? assertion : std::string();
}

Response oauth_token(Sessions& sessions, const Request& request) {
    Request form_request;
    form_request.query = request.body;
    const auto form = form_request.query_values();
    const auto grant = std::find_if(form.begin(), form.end(), [](const auto& one) { return one.first == "grant_type"; });
    if (grant == form.end()) return oauth_error("invalid_request", 400);
    if (grant->second != "client_credentials") return oauth_error("unsupported_grant_type", 400);
    const std::string assertion = assertion_in(form);
    const ClientSecret client = client_of(request, form);
    const std::string id = assertion.empty() ? client.id : claimed_client(assertion);
    if (const auto wait = sessions.must_wait(id, request); wait.count() > 0) return wire::too_many(wait);
    const auto opened = assertion.empty() ? sessions.client_token(id, client.secret, request) : sessions.client_token_by_assertion(assertion, request);
    if (!opened) return oauth_error("invalid_client", 401);
    JsonWriter json;
    json.object([&] {
        json.field("access_token", opened->token);
        json.field("token_type", "Bearer");
        json.field("expires_in", std::int64_t{3600});
        json.field("scope", opened->session.scope);
    });
    return answer(json.take());
}

}  // namespace

void add_routes(http::Router& router, Sessions& sessions, Directory& directory, Entrance& entrance, const Clock&) {
    add_sign_in_routes(router, sessions, entrance);
    add_me_routes(router, sessions, entrance);
    add_reset_routes(router, sessions, entrance);
    router.add(http::Method::post, "/oauth/token", kOpen, [&sessions](const Request& request) { return oauth_token(sessions, request); });
    add_people_routes(router, sessions, directory, entrance.role_requests);
    add_role_request_routes(router, sessions, entrance.role_requests);
    add_agreement_routes(router, sessions, directory);
}

}  // namespace qiao::access
