#include "app/backup/routes.hpp"

#include "access/role.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace qiao::app::backup {
namespace {

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 1024};

record::Caller require_system_admin(access::Sessions& sessions, const http::Request& request) {
    record::Caller caller = sessions.caller(request);
    const auto memberships = sessions.directory().memberships(caller.actor.person);
    const bool may = std::any_of(memberships.begin(), memberships.end(), [](const access::Membership& one) {
        const access::RoleRights* rights = access::find_role(one.role);
        return rights != nullptr && rights->keeps_nodes;
    });
    if (!may) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    return caller;
}

http::Response answer(const json::Value& value, int status = 200) {
    return http::Response{.status = status, .content_type = "application/json; charset=utf-8", .body = value.dump()};
}

}  // namespace

void add_routes(http::Router& router, access::Sessions& sessions, Backups& backups) {
    router.add(http::Method::get, "/operations/backups", kSession, [&](const http::Request& request) {
        require_system_admin(sessions, request);
        return answer(backups.status());
    });
    router.add(http::Method::post, "/operations/backups", kSession, [&](const http::Request& request) {
        const auto caller = require_system_admin(sessions, request);
        if (backups.settings().folder.empty()) throw Error(ErrorKind::invalid, "backup.not_configured", "backup_to is not set");
        backups.start({.folder = backups.settings().folder, .nightly = true, .actor = caller.actor});
        return answer(backups.status(), 202);
    });
}

}  // namespace qiao::app::backup
