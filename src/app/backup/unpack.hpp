#pragma once

#include "app/backup/folder.hpp"

#include <string>
#include <vector>

/// Reads a backup back into a folder, checking every file against the digest that the manifest vouches for. Any thread.
namespace qiao::app::backup {

/// A file of the backup that cannot be given back as it was.
struct Defect {
    std::string path;    ///< in the data folder
    std::string object;  ///< in the folder of backups, relative to objects/
    std::string what;
};

struct Unpacked {
    Manifest manifest;
    std::vector<Entry> entries;
    std::vector<Defect> defects;
};

/// @param id  of the backup; empty = the newest   @param key  null for one that is not sealed
/// @param target  an empty folder; what is whole lies there afterwards, synced
/// Error(not_found, "backup.none"); Error(invalid, "backup.wrong_key", "backup.bad_signature", "backup.bad_manifest", "backup.damaged").
Unpacked unpack(const std::string& folder, std::string id, const RecoveryKey* key, const std::string& target);

/// Error(invalid, "backup.not_empty") when `folder` exists and holds anything.
void require_empty(const std::string& folder);

}  // namespace qiao::app::backup
