#pragma once

#include "access/session.hpp"
#include "app/backup/service.hpp"
#include "http/router.hpp"

/// `/operations/backups` for system administrators: how the backups stand, and one more now. They cannot read them: the
/// private half of the recovery key is not here.
namespace qiao::app::backup {

void add_routes(http::Router& router, access::Sessions& sessions, Backups& backups);

}  // namespace qiao::app::backup
