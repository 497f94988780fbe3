#pragma once

#include "app/backup/folder.hpp"
#include "base/json_value.hpp"

#include <optional>
#include <string>

/// The restore drill: a backup is restored into a scratch folder and looked at as a centre would use it. Called by the
/// command; its signed report is read by the server that made the backup.
namespace qiao::app::backup {

struct VerifyInput {
    std::string folder;       ///< of backups
    std::string id;           ///< empty = the newest
    std::string key_file;     ///< empty for a backup that is not sealed
    std::string keys_folder;  ///< as in RestoreInput
    std::string scratch;      ///< new or empty; holds patients' data in the clear until the end
};

/// The dated report; `whole` says whether the backup can be relied on. Signed and kept under reports/ of the folder and,
/// when named, as backup-verified.json of the data folder.
/// Error(invalid) when nothing can be looked at: "backup.wrong_key", "backup.bad_signature", "backup.damaged", …
json::Value verify(const VerifyInput& input, const std::string& data_folder, const Clock& clock);

/// The newest report of a whole backup that `signer` signed; nothing when there is none.
struct Verified {
    std::string backup;
    Instant at{};
    Instant taken{};
    double restore_seconds = 0;
};
std::optional<Verified> newest_verified(const std::string& folder, const std::string& data_folder, std::string_view signer);

}  // namespace qiao::app::backup
