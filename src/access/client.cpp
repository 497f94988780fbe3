#include "access/client_assertion.hpp"
#include "access/role.hpp"
#include "access/session.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kClientToken = 1h;
constexpr std::size_t kClientName_bytes = 100;

std::string key_of(std::string_view token) { return to_hex(sha256(token)); }

}  // namespace

Sessions::NewClient Sessions::add_client(std::string_view name, std::string_view role, std::string_view jwks, std::string_view audience) {
    if (role != role::kIntegration && role != role::kMetrics && role != role::kGateway && role != role::kOperator)
        throw Error(ErrorKind::invalid, "access.bad_role", "the role of a client is integration, operator or metrics");
    if (name.empty() || name.size() > kClientName_bytes || !is_utf8(name)) throw Error(ErrorKind::invalid, "access.bad_name", "a client needs a name");
    if (jwks.empty() != audience.empty()) throw Error(ErrorKind::invalid, "access.bad_jwks", "--jwks and --audience go together");
    const auto keys = jwks.empty() ? std::vector<ClientKey>() : read_jwks(jwks);
    if (audience.size() > 256 || !is_utf8(audience)) throw Error(ErrorKind::invalid, "access.bad_jwks", "the audience is the address of /oauth/token");
    NewClient client{"client-" + to_hex(random_bytes(8)), keys.empty() ? new_secret() : std::string()};
    AuditEvent event = audit_.event_of(record::Actor::system("HOPERAT"), "client");
    event.detail = client.id;
    insert_client({.id = client.id,
                   .name = std::string(name),
                   .secret_hash = keys.empty() ? key_of(client.secret) : std::string(),
                   .role = std::string(role),
                   .audience = std::string(audience),
                   .keys = keys},
                  event);
    return client;
}

void Sessions::revoke_client(std::string_view id) {
    AuditEvent event = audit_.event_of(record::Actor::system("HOPERAT"), "client-revoked");
    event.detail = id;
    mark_client_revoked(id, event);
    end(keys_of_client(id));
}

std::optional<Opened> Sessions::client_token(std::string_view id, std::string_view secret, const http::Request& request) {
    if (id.size() > 64) return std::nullopt;
    if (throttle_.wait(id, request.peer_address) > 0s) throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    const Client client = read_client(id);
    const bool right = equal_in_constant_time(client.secret_hash, key_of(secret));
    throttle_.began(id, request.peer_address);
    if (!right) {
        refused(request, 0, "login", "client");
        return std::nullopt;
    }
    throttle_.succeeded(id, request.peer_address);
    return open_client(id, client, request);
}

std::optional<Opened> Sessions::client_token_by_assertion(std::string_view jwt, const http::Request& request) {
    const std::string id = claimed_client(jwt);
    if (throttle_.wait(id, request.peer_address) > 0s) throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    const Client client = read_client(id);
    const Instant now = clock_.now();
    throttle_.began(id, request.peer_address);
    const auto assertion = check_client_assertion(jwt, id, client.audience, client.keys, now);
    if (!assertion || !use_assertion(id, to_hex(sha256(assertion->jti)), assertion->until, now)) {
        refused(request, 0, "login", assertion ? "client assertion again" : "client assertion");
        return std::nullopt;
    }
    throttle_.succeeded(id, request.peer_address);
    return open_client(id, client, request);
}

Opened Sessions::open_client(std::string_view id, const Client& client, const http::Request& request) {
    Session session;
    session.client = id;
    session.scope = client.role;
    return open(std::move(session), kClientToken, request, "login");
}

}  // namespace qiao::access
