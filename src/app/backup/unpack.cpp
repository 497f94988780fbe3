#include "app/backup/unpack.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace qiao::app::backup {
namespace {

namespace fs = std::filesystem;

/// What is wrong with the stored object; empty when the file at `path` is what the entry says.
std::string restore_file(const std::string& object, const Entry& entry, const storage::SealingKeys* keys, const std::string& path) {
    if (!fs::exists(object)) return "is missing";
    storage::SealedReader reader(object, keys);
    {
        storage::SealedWriter file(path, {});
        Sha256 sha;
        std::int64_t bytes = 0;
        while (const auto piece = reader.next()) {
            sha.update(*piece);
            file.write(*piece);
            bytes += static_cast<std::int64_t>(piece->size());
        }
        file.finish();
        if (!reader.damaged() && bytes == entry.bytes && to_hex(sha.finish()) == entry.sha256) return {};
    }
    fs::remove(path);
    return reader.damaged() ? "is altered or cut" : "has other content than the backup was made with";
}

}  // namespace

void require_empty(const std::string& folder) {
    if (fs::exists(folder) && (!fs::is_directory(folder) || !fs::is_empty(folder))) {
        throw Error(ErrorKind::invalid, "backup.not_empty", fmt::format("{} is not an empty folder", folder));
    }
}

Unpacked unpack(const std::string& folder, std::string id, const RecoveryKey* key, const std::string& target) {
    if (id.empty()) {
        const auto ids = complete_backups(folder);
        if (ids.empty()) throw Error(ErrorKind::not_found, "backup.none", fmt::format("no complete backup in {}", folder));
        id = ids.back();
    }
    const storage::Descriptor volume(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (volume.get() < 0) storage::throw_errno(errno, "open folder");
    Unpacked unpacked;
    unpacked.manifest = read_manifest(folder, id, key != nullptr ? std::string_view(key->signer) : std::string_view());
    unpacked.entries = read_contents(folder, unpacked.manifest, key);
    const storage::SealingKeys* keys = unpacked.manifest.key_id.empty() ? nullptr : &key->sealing;
    for (const Entry& entry : unpacked.entries) {
        const fs::path path = fs::path(target) / entry.path;
        storage::make_folder(path.parent_path().string());
        if (std::string what = restore_file(object_path(folder, entry.object), entry, keys, path.string()); !what.empty()) {
            unpacked.defects.push_back({entry.path, entry.object, std::move(what)});
        } else if (path.extension() == ".key") {
            ::chmod(path.c_str(), 0400);
        }
    }
    if (::syncfs(volume.get()) != 0) storage::throw_errno(errno, "syncfs");
    return unpacked;
}

}  // namespace qiao::app::backup
