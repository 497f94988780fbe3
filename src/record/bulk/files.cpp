#include "record/bulk/files.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "record/bulk/bulk_limits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace qiao::record::bulk {
namespace {

constexpr std::size_t kBuffer_bytes = 256 * 1024;
constexpr std::uint64_t kLeftFree_percent = 5;
constexpr std::uint64_t kLeftFree_bytes = 512ULL << 20U;

}  // namespace

Growing::Growing(const std::string& path, std::int64_t bytes) : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), written_(bytes) {
    if (descriptor_.get() < 0) storage::throw_errno(errno, "open bulk file");
    if (::ftruncate(descriptor_.get(), bytes) != 0 || ::lseek(descriptor_.get(), bytes, SEEK_SET) < 0) storage::throw_errno(errno, "cut bulk file");
}

void Growing::append(std::string_view bytes) {
    pending_ += bytes;
    if (pending_.size() >= kBuffer_bytes) flush();
}

void Growing::cut(std::int64_t bytes) {
    if (bytes == this->bytes()) return;
    flush();
    if (::ftruncate(descriptor_.get(), bytes) != 0 || ::lseek(descriptor_.get(), bytes, SEEK_SET) < 0) storage::throw_errno(errno, "cut bulk file");
    written_ = bytes;
}

void Growing::flush() {
    std::string_view rest = pending_;
    while (!rest.empty()) {
        const ssize_t done = ::write(descriptor_.get(), rest.data(), rest.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) storage::throw_errno(errno, "write bulk file");
        rest.remove_prefix(static_cast<std::size_t>(done));
    }
    written_ += static_cast<std::int64_t>(pending_.size());
    pending_.clear();
}

void Growing::sync() {
    flush();
    if (::fdatasync(descriptor_.get()) != 0) storage::throw_errno(errno, "sync bulk file");
}

Lines::Lines(std::string folder, std::string kind, std::string type, std::span<const File> files, bool numbers)
    : folder_(std::move(folder)), kind_(std::move(kind)), type_(std::move(type)), numbers_(numbers) {
    for (const File& file : files) {
        if (file.kind != kind_ || file.type != type_) continue;
        ++number_;
        file_ = file;
    }
    if (file_) open(number_);
}

void Lines::open(std::int64_t number) {
    if (!file_) file_ = File{fmt::format("{}.{}.ndjson", kind_ == "output" ? type_ : kind_, number), kind_, type_};
    const std::string path = folder_ + "/" + file_->name;
    lines_ = std::make_unique<Growing>(path, file_->bytes);
    if (numbers_) rids_ = std::make_unique<Growing>(companion_of(path), file_->resources * 8);
    storage::sync_folder(folder_);
}

std::optional<File> Lines::append(std::string_view line, std::span<const std::int64_t> rids) {
    std::optional<File> full;
    if (file_ && file_->bytes + static_cast<std::int64_t>(line.size()) + 1 > kExportFile_bytes) {
        sync();
        full = std::move(file_);
        file_.reset();
    }
    if (!file_) open(++number_);
    lines_->append(line);
    lines_->append("\n");
    if (numbers_) rids_->append({reinterpret_cast<const char*>(rids.data()), rids.size_bytes()});
    ++file_->lines;
    file_->resources += static_cast<std::int64_t>(rids.size());
    file_->bytes += static_cast<std::int64_t>(line.size()) + 1;
    return full;
}

void Lines::sync() {
    if (lines_) lines_->sync();
    if (rids_) rids_->sync();
}

std::string companion_of(const std::string& path) { return path + ".rids"; }

std::vector<std::int64_t> read_rids(const std::string& path, std::int64_t from, std::int64_t most) {
    const storage::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) throw Error(ErrorKind::not_found, "record.not_found", "no such file");
    std::vector<std::int64_t> rids(static_cast<std::size_t>(most));
    const ssize_t got = ::pread(file.get(), rids.data(), rids.size() * sizeof(std::int64_t), from * 8);
    if (got < 0) storage::throw_errno(errno, "read bulk file");
    rids.resize(static_cast<std::size_t>(got) / sizeof(std::int64_t));
    return rids;
}

std::pair<std::int64_t, std::int64_t> look_at(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) throw Error(ErrorKind::not_found, "storage.no_file", "the file cannot be opened");
    return {status.st_size, status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec};
}

void copy_durably(int from, std::uint64_t offset, std::uint64_t length, const std::string& path) {
    Growing to(path, 0);
    std::string buffer(kBuffer_bytes, '\0');
    for (std::uint64_t done = 0; done < length;) {
        const ssize_t got = ::pread(from, buffer.data(), std::min<std::uint64_t>(buffer.size(), length - done), static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) storage::throw_errno(got == 0 ? EIO : errno, "read import body");
        to.append({buffer.data(), static_cast<std::size_t>(got)});
        done += static_cast<std::uint64_t>(got);
    }
    to.sync();
}

void require_room(const std::string& folder) {
    struct statvfs disk {};
    if (::statvfs(folder.c_str(), &disk) != 0) storage::throw_errno(errno, "statvfs");
    const std::uint64_t left = disk.f_bavail * disk.f_frsize;
    const std::uint64_t all = disk.f_blocks * disk.f_frsize;
    if (left < std::min(kLeftFree_bytes, all / 100 * kLeftFree_percent)) throw Error(ErrorKind::unavailable, "storage.full", "the disk is nearly full");
}

std::string node_of(const std::string& folder) {
    storage::make_folder(folder);
    const std::string path = folder + "/node";
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) storage::write_file_durably(path, new_random_uuid());
    return storage::read_file(path);
}

std::vector<std::string> folders_in(const std::string& folder) {
    std::error_code error;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.is_directory(error)) names.push_back(entry.path().filename().string());
    }
    return names;
}

void remove_file(const std::string& path) {
    std::error_code error;
    std::filesystem::remove(path, error);
}

void remove_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
}

}  // namespace qiao::record::bulk
