#pragma once

#include "access/contact.hpp"
#include "access/session.hpp"
#include "app/backup/service.hpp"
#include "app/notifier_port.hpp"
#include "app/options.hpp"
#include "http/router.hpp"
#include "storage/database.hpp"

/// `GET /operations/setup`: how far a new centre is, for its administrators and centre managers.
namespace qiao::app::setup {

/// Everything outlives the router.
struct Sources {
    access::Sessions& sessions;
    const access::Directory& directory;
    const access::Contacts& contacts;
    const backup::Backups& backups;
    const ChannelNotifier& notifier;
    storage::Database& record;
    const Options& options;
    const Clock& clock;
};

void add_routes(http::Router& router, const Sources& sources);

}  // namespace qiao::app::setup
