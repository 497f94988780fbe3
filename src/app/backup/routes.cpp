#include "app/backup/routes.hpp"

#include "access/wire.hpp"
#include "base/error.hpp"

namespace qiao::app::backup {
namespace {

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 1024};

http::Response answer(const json::Value& value, int status = 200) {
    return http::Response{.status = status, .content_type = "application/json; charset=utf-8", .body = value.dump()};
}

}  // namespace

void add_routes(http::Router& router, access::Sessions& sessions, Backups& backups) {
    router.add(http::Method::get, "/operations/backups", kSession, [&](const http::Request& request) {
        access::wire::require_right(sessions, request, &access::RoleRights::keeps_nodes);
        return answer(backups.status());
    });
    router.add(http::Method::post, "/operations/backups", kSession, [&](const http::Request& request) {
        const auto caller = access::wire::require_right(sessions, request, &access::RoleRights::keeps_nodes);
        if (backups.settings().folder.empty()) throw Error(ErrorKind::invalid, "backup.not_configured", "backup_to is not set");
        backups.start({.folder = backups.settings().folder, .nightly = true, .actor = caller.actor});
        return answer(backups.status(), 202);
    });
}

}  // namespace qiao::app::backup
