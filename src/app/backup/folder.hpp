#pragma once

#include "app/backup/recovery_key.hpp"
#include "base/json_value.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How a folder of backups is laid out:
///
///     backups/<id>/manifest.json   what was backed up, when, sealed to which key; written last: without it there is no backup
///     backups/<id>/manifest.sig    the centre's Ed25519 signature over manifest.json
///     backups/<id>/objects.txt     "<name> <bytes>" of every object that the backup needs
///     backups/<id>/contents        sealed: "<path>\t<bytes>\t<SHA-256>\t<object>" of every file
///     objects/<key>/<aa>/<name>    sealed files, shared by all backups; the name is a keyed digest of the content
///     reports/<time>.json, .sig    what `qiao verify-backup` found
///
/// Reading is for any thread; who writes holds the folder's lock.
namespace qiao::app::backup {

struct Manifest {
    std::string id;  ///< its time, "20261128T023000123Z"
    Instant taken{};
    std::int64_t duration_ms = 0;
    std::string version;  ///< of the program
    std::int64_t epoch = 0;
    std::string key_id;  ///< empty: not sealed
    std::int64_t files = 0;
    std::int64_t bytes = 0;          ///< of the files
    std::int64_t written_bytes = 0;  ///< new in the folder by this backup
    std::int64_t damaged_files = 0;  ///< whose content was already not what its name says
    std::int64_t audit_seq = 0;
    std::string audit_hash;  ///< hex
    std::int64_t resources = 0;
    std::int64_t versions = 0;
    std::string bodies_sha256;
    std::string objects_sha256;
    std::string contents_sha256;

    [[nodiscard]] json::Value to_json() const;
};

/// A file of the data folder in a backup.
struct Entry {
    std::string path;    ///< relative to the data folder
    std::int64_t bytes = 0;
    std::string sha256;  ///< hex
    std::string object;  ///< relative to objects/
};

struct Object {
    std::string name;  ///< relative to objects/
    std::int64_t bytes = 0;
};

std::string folder_of(const std::string& folder, std::string_view id);
std::string object_path(const std::string& folder, std::string_view name);
/// Of backups that have a manifest, the oldest first.
std::vector<std::string> complete_backups(const std::string& folder);
/// Error(not_found, "backup.none"), Error(invalid, "backup.bad_manifest" or "backup.bad_signature").
/// @param signer  who must have signed it; empty takes any centre's
Manifest read_manifest(const std::string& folder, std::string_view id, std::string_view signer);
/// Error(invalid, "backup.bad_manifest") when the list is not the one that the manifest names.
std::vector<Object> read_objects(const std::string& folder, const Manifest& manifest);
/// Error(invalid, "backup.wrong_key", "backup.damaged").
std::vector<Entry> read_contents(const std::string& folder, const Manifest& manifest, const RecoveryKey* key);
std::string contents_line(const Entry& entry);
std::string objects_line(const Object& object);

/// Writes `name` and `stem`.sig, the signature first.
void write_signed(const std::string& folder, const std::string& stem, std::string_view json, const Signer& signer);

/// Removes what is in no backup of the newest `keep`, and backups that were broken off. With the folder's lock held.
void prune(const std::string& folder, int keep);
void remove_broken(const std::string& folder);

}  // namespace qiao::app::backup
