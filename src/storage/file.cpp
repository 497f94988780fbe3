#include "storage/file.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace qiao::storage {
namespace {

void write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) throw_errno(errno, "write");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// Removes an unfinished file unless the write succeeded.
class Unfinished {
public:
    explicit Unfinished(std::string path) : path_(std::move(path)) {}
    ~Unfinished() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    void finished() { path_.clear(); }

private:
    std::string path_;
};

}  // namespace

Descriptor::~Descriptor() {
    if (value_ >= 0) ::close(value_);
}

void throw_errno(int error, const char* what) {
    log::error("storage.call_failed", {{"call", what}, {"errno", std::int64_t{error}}});
    if (error == ENOSPC || error == EDQUOT) throw Error(ErrorKind::unavailable, "storage.full", "the disk is full");
    throw Error(ErrorKind::unavailable, "storage.failed", "the storage does not answer");
}

void sync_folder(const std::string& folder) {
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0) throw_errno(errno, "open folder");
    if (::fsync(descriptor.get()) != 0) throw_errno(errno, "fsync folder");
}

void make_folder(const std::string& folder) {
    std::error_code error;
    const std::filesystem::path path(folder);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) throw_errno(errno, "mkdir");
}

void write_file_durably(const std::string& path, std::string_view bytes, unsigned mode) {
    Unfinished temporary(path + "." + to_hex(random_bytes(6)) + ".new");
    {
        const Descriptor descriptor(::open(temporary.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
        if (descriptor.get() < 0) throw_errno(errno, "open");
        write_all(descriptor.get(), bytes);
        if (::fdatasync(descriptor.get()) != 0) throw_errno(errno, "fdatasync");
    }
    if (::rename(temporary.path().c_str(), path.c_str()) != 0) throw_errno(errno, "rename");
    temporary.finished();
    sync_folder(std::filesystem::path(path).parent_path().string());
}

std::string read_file(const std::string& path) {
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.get() < 0) throw Error(ErrorKind::not_found, "storage.no_file", "no such file");
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) throw_errno(errno, "fstat");
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(descriptor.get(), bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw_errno(errno, "read");
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

FolderLock::FolderLock(const std::string& folder) : descriptor_(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) throw_errno(errno, "open lock");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor_);
        throw Error(ErrorKind::conflict, "storage.in_use", "another process uses this data folder");
    }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace qiao::storage
