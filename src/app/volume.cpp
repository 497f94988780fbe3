#include "app/volume.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace qiao::app {
namespace {

namespace fs = std::filesystem;

struct Mount {
    std::string type;
    std::string source;
};

/// proc(5): "36 35 98:0 /root /mnt options - type source super-options"; the last line for a device is the one on top.
Mount mount_of(std::string_view device) {
    Mount found;
    std::ifstream lines("/proc/self/mountinfo");
    for (std::string line; std::getline(lines, line);) {
        const auto words = split(line, ' ');
        const auto dash = line.find(" - ");
        if (words.size() < 10 || words[2] != device || dash == std::string::npos) continue;
        const auto rest = split(std::string_view(line).substr(dash + 3), ' ');
        if (rest.size() >= 2) found = {std::string(rest[0]), std::string(rest[1])};
    }
    return found;
}

/// dm-crypt names itself in the device's uuid; a logical volume or RAID lies on others.
bool is_crypt(const fs::path& block, int levels) {
    std::error_code error;
    std::string uuid;
    std::getline(std::ifstream(block / "dm" / "uuid"), uuid);
    if (uuid.starts_with("CRYPT-")) return true;
    if (levels == 0) return false;
    bool any = false;
    for (const auto& slave : fs::directory_iterator(block / "slaves", error)) {
        if (!is_crypt(slave.path(), levels - 1)) return false;
        any = true;
    }
    return any;
}

}  // namespace

Volume volume_of(const std::string& folder) {
    struct statvfs disk {};
    if (::statvfs(folder.c_str(), &disk) != 0) storage::throw_errno(errno, "statvfs");
    const auto used = disk.f_blocks - disk.f_bfree;
    const auto usable = used + disk.f_bavail;
    return {static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / (1 << 30), usable == 0 ? 0 : static_cast<int>(used * 100 / usable)};
}

Encryption encryption_of(const std::string& folder) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return Encryption::unknown;
    dev_t device = status.st_dev;
    const Mount mount = mount_of(fmt::format("{}:{}", major(device), minor(device)));
    for (const std::string_view type : {"ecryptfs", "fuse.gocryptfs", "fuse.cryfs", "fuse.encfs"})
        if (mount.type == type) return Encryption::encrypted;
    // A file system with a device number of its own (btrfs) names its block device as its source.
    struct stat source {};
    if (major(device) == 0) {
        if (!mount.source.starts_with("/dev/") || ::stat(mount.source.c_str(), &source) != 0 || !S_ISBLK(source.st_mode)) return Encryption::unknown;
        device = source.st_rdev;
    }
    std::error_code error;
    const fs::path block = fs::canonical(fmt::format("/sys/dev/block/{}:{}", major(device), minor(device)), error);
    if (error) return Encryption::unknown;
    constexpr int kLevels = 8;
    return is_crypt(block, kLevels) ? Encryption::encrypted : Encryption::none_seen;
}

}  // namespace qiao::app
