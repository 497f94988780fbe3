#pragma once

#include "app/backup/unpack.hpp"
#include "record/store/epoch.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Makes a data folder from a backup. Called by commands, on an otherwise unused folder.
namespace qiao::app::backup {

struct RestoreInput {
    std::string folder;        ///< of backups
    std::string id;            ///< empty = the newest
    std::string key_file;      ///< empty for a backup that is not sealed
    std::string keys_folder;   ///< with master.key and audit-head.key, which a backup that is not sealed leaves out
    std::string data_folder;   ///< new or empty
    bool accept_damage = false;  ///< restore what is whole when some files are not
};

struct Restored {
    Unpacked unpacked;
    record::Epoch epoch;
    std::int64_t ended_sessions = 0;
    std::vector<std::string> open_clients;
};

/// The data folder appears only when it is complete. Starts a new epoch, ends every session, writes an audit row.
/// Error(invalid): what unpack() throws, "backup.not_empty", "backup.no_keys", "backup.damaged" when a file is not whole.
Restored restore(const RestoreInput& input, const Clock& clock);

/// Puts the keys from `keys_folder` into an unpacked folder that lacks them; Error(invalid, "backup.no_keys") when it cannot.
void add_keys(const std::string& folder, const std::string& keys_folder);

}  // namespace qiao::app::backup
