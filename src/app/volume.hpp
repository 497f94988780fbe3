#pragma once

#include <cstdint>
#include <string>

/// The volume under a folder, as Linux tells it. Any thread.
namespace qiao::app {

struct Volume {
    double free_gib = 0;
    int used_percent = 0;  ///< of what this user may use: the measure at which the archive refuses images
};

/// Error(unavailable, "storage.failed") when the folder cannot be asked.
Volume volume_of(const std::string& folder);

enum class Encryption : std::uint8_t {
    encrypted,  ///< dm-crypt (LUKS) below the file system, or a file system that encrypts by itself
    none_seen,  ///< a plain block device; what a disk or a hypervisor encrypts by itself cannot be seen from here
    unknown,
};

Encryption encryption_of(const std::string& folder);

}  // namespace qiao::app
