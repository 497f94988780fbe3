#pragma once

#include "access/audit_check.hpp"
#include "access/session.hpp"
#include "access/signing_keys.hpp"
#include "flow/pack.hpp"
#include "http/router.hpp"
#include "jobs/jobs.hpp"
#include "record/record.hpp"
#include "storage/writer.hpp"

#include <memory>
#include <string>

/// `GET /operations/state`: how the machine, the certificates that sign, the background work and the country pack stand, for system administrators and
/// centre managers.
namespace qiao::app {

/// Everything outlives the router.
struct StateSources {
    access::Sessions& sessions;
    record::Record& record;
    jobs::Jobs& jobs;
    const storage::Writer& writer;
    const access::Audit& audit;
    const access::AuditCheck& audit_check;
    access::SigningKeys& signing_keys;
    const access::Directory& directory;
    std::shared_ptr<const flow::Pack> pack;
    std::string data_folder;
    const Clock& clock;
};

void add_state_route(http::Router& router, StateSources sources);

}  // namespace qiao::app
