#pragma once

#include <string>
#include <string_view>

/// Files of the data folder: whole-file writes that survive a power cut, and the lock that makes a data folder belong to
/// one process. Any thread.
namespace qiao::storage {

/// A file or socket descriptor that closes itself; negative = none.
class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return value_; }

private:
    int value_;
};

/// Temporary file, fdatasync, rename, fsync of the folder.
/// Throws Error(unavailable): "storage.full" when the disk is full, else "storage.failed".
void write_file_durably(const std::string& path, std::string_view bytes, unsigned mode = 0600);
/// Error(not_found, "storage.no_file") when it cannot be opened; "storage.failed" when it cannot be read.
std::string read_file(const std::string& path);
void sync_folder(const std::string& folder);
/// Creates it (0700) with its parents.
void make_folder(const std::string& folder);
/// Throws Error(unavailable, "storage.full" or "storage.failed") for the errno of a failed call.
[[noreturn]] void throw_errno(int error, const char* what);

/// Holds `<folder>/lock` for the life of the object; Error(conflict, "storage.in_use") when another process has it.
class FolderLock {
public:
    explicit FolderLock(const std::string& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int descriptor_;
};

}  // namespace qiao::storage
