#include "access/role.hpp"
#include "access/routes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

bool is_safe(http::Method method) { return method == http::Method::get || method == http::Method::head || method == http::Method::options; }

/// "https://host:port" → "host:port"; empty for "null" and anything without a host.
std::string_view host_of(std::string_view origin) {
    const auto at = origin.find("://");
    return at == std::string_view::npos ? std::string_view() : origin.substr(at + 3);
}

bool is_loopback(std::string_view address) { return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127."); }

bool is_forwarded(const http::Request& request) {
    return !request.header("forwarded").empty() || !request.header("x-forwarded-for").empty() || !request.header("x-real-ip").empty() ||
           !request.header("via").empty();
}

bool keeps_nodes(Sessions& sessions, const Session& session) {
    if (session.person == 0) {
        const RoleRights* rights = find_role(session.scope);
        return rights != nullptr && rights->keeps_nodes;
    }
    const auto memberships = sessions.directory().memberships(session.person);
    return std::any_of(memberships.begin(), memberships.end(), [](const Membership& one) {
        const RoleRights* rights = find_role(one.role);
        return rights != nullptr && rights->keeps_nodes;
    });
}

/// What a session may do that must first add a second factor or a password.
bool is_own_business(std::string_view path) { return path.starts_with("/access/me/") || path == "/access/step-up" || path == "/access/password"; }

/// Whether a valid session came with a request that this scope lets in.
bool require_scope(Sessions& sessions, PatientAccounts* patients, const http::Request& request, http::Scope scope) {
    if (scope == http::Scope::patient) {
        if (patients == nullptr || !patients->find(request, false)) throw Error(ErrorKind::unauthenticated, "patient.no_session", "sign in first");
        return true;
    }
    if (scope == http::Scope::open) return Sessions::carries_token(request) && sessions.find(request).has_value();
    if (scope == http::Scope::operations && is_loopback(request.peer_address) && !is_forwarded(request)) return false;
    const auto session = sessions.find(request);
    if (scope == http::Scope::operations) {
        if (!session || !session->must.empty() || !keeps_nodes(sessions, *session)) throw Error(ErrorKind::not_found, "http.not_found", "no such page");
        return true;
    }
    if (!session) throw Error(ErrorKind::unauthenticated, "access.no_session", "sign in first");
    const bool is_gateway = session->scope == role::kGateway;
    if (scope == http::Scope::gateway) {
        if (!is_gateway) throw Error(ErrorKind::not_found, "http.not_found", "no such page");
        return true;
    }
    if (!is_own_business(request.path)) require_nothing_else(*session);
    if (session->scope == role::kMetrics) throw Error(ErrorKind::forbidden, "access.wrong_scope", "this client may read metrics only");
    if (is_gateway) throw Error(ErrorKind::forbidden, "access.wrong_scope", "a gateway may hand over images only");
    return true;
}

}  // namespace

void require_same_site(const http::Request& request) {
    const std::string_view site = request.header("sec-fetch-site");
    if (!site.empty() && site != "same-origin" && site != "none") throw Error(ErrorKind::forbidden, "access.cross_site", "another site sent this request");
    const std::string_view origin = request.header("origin");
    if (!origin.empty() && lower(host_of(origin)) != lower(request.header("host"))) {
        throw Error(ErrorKind::forbidden, "access.cross_site", "another site sent this request");
    }
}

http::Router::Guard make_guard(Sessions& sessions, PatientAccounts* patients) {
    return [&sessions, patients](const http::Request& request, const http::RouteOptions& options) {
        // Every browser that knows SameSite says where an unsafe request comes from; what carries a token of its own in a
        // header cannot be made to by another site.
        if (!is_safe(request.method) && request.header("authorization").empty()) require_same_site(request);
        return require_scope(sessions, patients, request, options.scope);
    };
}

}  // namespace qiao::access
