#pragma once

#include "access/audit.hpp"
#include "app/backup/folder.hpp"
#include "base/time.hpp"
#include "storage/database.hpp"

#include <stop_token>
#include <string>

/// Makes one backup of a data folder, beside a running server or alone. One thread at a time and folder.
namespace qiao::app::backup {

struct Source {
    std::string data_folder;
    storage::Database& record;
    access::Audit& audit;
    const Clock& clock;
    std::string version;  ///< of the program
};

/// Copies into `folder` what it does not have yet. Everything acknowledged before the call is in it. Only when this returns
/// is there a backup; Error leaves none: "backup.no_key" without a recovery key unless `unsealed`, "backup.bad_folder" for a
/// folder inside the data folder, "storage.in_use" while another backup runs there, "backup.stopped", "storage.full".
Manifest make_backup(const Source& source, const std::string& folder, bool unsealed, const std::stop_token& stop);

}  // namespace qiao::app::backup
