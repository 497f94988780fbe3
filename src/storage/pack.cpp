#include "storage/pack.hpp"

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/worker_pool.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

namespace qiao::storage {
namespace {

constexpr std::string_view kFileMagic = "QIAOPACK";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kFileHeader_bytes = 16;
constexpr std::uint32_t kRecordMagic = 0x4B415051U;  // "QPAK"
constexpr std::size_t kFixedHeader_bytes = 54;
constexpr std::size_t kCrc_bytes = 4;
constexpr std::size_t kKeyLimit_bytes = 256;

void put(std::string& out, std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

std::uint64_t take(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    return value;
}

/// {magic, version, flags, total length, header length, SHA-256, key length, key, padding to 8}
std::string record_header(std::string_view key, std::string_view sha256, std::uint64_t content_bytes) {
    const std::uint64_t header_bytes = (kFixedHeader_bytes + key.size() + 7) / 8 * 8;
    std::string header;
    put(header, kRecordMagic, 4);
    put(header, kVersion, 2);
    put(header, 0, 2);
    put(header, header_bytes + content_bytes + kCrc_bytes, 8);
    put(header, header_bytes, 4);
    header += sha256;
    put(header, key.size(), 2);
    header += key;
    header.resize(header_bytes, '\0');
    return header;
}

struct Parsed {
    PackRecord record;
    bool intact = false;
};

/// The record at `at`, whole or not; nothing where no record can begin or end.
std::optional<Parsed> parse_record(std::string_view file, std::uint64_t at) {
    if (file.size() - at < kFixedHeader_bytes) return std::nullopt;
    const auto fixed = file.substr(at, kFixedHeader_bytes);
    if (take(fixed, 0, 4) != kRecordMagic || take(fixed, 4, 2) != kVersion) return std::nullopt;
    const auto total = take(fixed, 8, 8);
    const auto header = take(fixed, 16, 4);
    const auto key = take(fixed, 52, 2);
    if (key > kKeyLimit_bytes || header != (kFixedHeader_bytes + key + 7) / 8 * 8 || total < header + kCrc_bytes || total > file.size() - at)
        return std::nullopt;
    Parsed parsed;
    parsed.record = {file.substr(at + kFixedHeader_bytes, key), fixed.substr(20, 32), {0, at + header, total - header - kCrc_bytes, at + total}};
    parsed.intact = crc32c(file.substr(at, total - kCrc_bytes)) == take(file, at + total - kCrc_bytes, 4);
    return parsed;
}

class Mapping {
public:
    explicit Mapping(int descriptor) {
        struct stat status {};
        if (::fstat(descriptor, &status) != 0) throw_errno(errno, "fstat");
        size_ = static_cast<std::size_t>(status.st_size);
        if (size_ == 0) return;
        address_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0);
        if (address_ == MAP_FAILED) throw_errno(errno, "mmap");
        ::madvise(address_, size_, MADV_SEQUENTIAL);
    }
    ~Mapping() {
        if (size_ > 0) ::munmap(address_, size_);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    [[nodiscard]] std::string_view bytes() const { return size_ == 0 ? std::string_view() : std::string_view(static_cast<const char*>(address_), size_); }

private:
    void* address_ = nullptr;
    std::size_t size_ = 0;
};

/// Writes all pieces at `offset`; the errno, or 0.
int write_pieces(int descriptor, std::uint64_t offset, std::vector<std::string_view> pieces) {
    std::size_t first = 0;
    while (first < pieces.size()) {
        if (pieces[first].empty()) {
            ++first;
            continue;
        }
        std::array<iovec, 16> vector{};
        int count = 0;
        for (std::size_t i = first; i < pieces.size() && count < 16; ++i)
            vector[static_cast<std::size_t>(count++)] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
        const auto written = ::pwritev(descriptor, vector.data(), count, static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written < 0 ? errno : EIO;
        offset += static_cast<std::uint64_t>(written);
        auto left = static_cast<std::size_t>(written);
        while (left > 0) {
            const auto used = std::min(left, pieces[first].size());
            pieces[first].remove_prefix(used);
            left -= used;
            if (pieces[first].empty()) ++first;
        }
    }
    return 0;
}

}  // namespace

Pack::Pack(std::string folder, PackOptions options) : folder_(std::move(folder)), options_(options) {
    make_folder(folder_);
    const auto found = segments_on_disk();
    if (!found.empty()) next_ = found.rbegin()->first + 1;
}

Pack::~Pack() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::string Pack::path_of(std::uint32_t segment) const {
    std::array<char, 16> name{};
    std::snprintf(name.data(), name.size(), "%08x.pack", segment);
    return folder_ + "/" + name.data();
}

std::map<std::uint32_t, Pack::Kind> Pack::segments_on_disk() const {
    std::map<std::uint32_t, Kind> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        const auto name = entry.path().filename().string();
        if (name.size() != 13 || !name.ends_with(".pack")) continue;
        const auto number = static_cast<std::uint32_t>(std::strtoul(name.c_str(), nullptr, 16));
        const Descriptor file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
        std::array<char, kFileHeader_bytes> header{};
        const bool whole = ::pread(file.get(), header.data(), header.size(), 0) == static_cast<ssize_t>(header.size());
        found[number] = whole && take({header.data(), header.size()}, 12, 4) == 0 ? Kind::shared : Kind::alone;
    }
    return found;
}

std::uint64_t Pack::scan(const std::map<std::uint32_t, std::uint64_t>& known, const Visitor& visit) {
    QIAO_ASSERT(written_ == 0);
    std::uint64_t damaged = 0;
    const auto segments = segments_on_disk();
    std::uint32_t last_shared = 0;
    for (const auto& [segment, kind] : segments)
        if (kind == Kind::shared) last_shared = segment;
    for (const auto& [segment, kind] : segments) {
        const auto path = path_of(segment);
        const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.get() < 0) throw_errno(errno, "open segment");
        const Mapping mapping(file.get());
        const auto bytes = mapping.bytes();
        const auto from = known.find(segment);
        std::uint64_t at = from == known.end() ? kFileHeader_bytes : from->second;
        std::uint64_t whole = std::min<std::uint64_t>(at, bytes.size());
        while (at < bytes.size()) {
            auto parsed = parse_record(bytes, at);
            if (!parsed) break;
            at = parsed->record.place.end;
            if (!parsed->intact) {
                ++damaged;
                continue;
            }
            whole = at;
            parsed->record.place.segment = segment;
            visit(parsed->record, bytes.substr(parsed->record.place.offset, parsed->record.place.length));
        }
        if (whole == bytes.size() && whole >= kFileHeader_bytes) continue;
        // Only a segment that was open when the process died may end in a torn record. Nothing behind it was acknowledged.
        if (kind == Kind::alone || segment == last_shared) {
            log::warning("storage.pack_tail_cut", {{"segment", std::int64_t{segment}}, {"bytes", static_cast<std::int64_t>(bytes.size() - whole)}});
            cut(path, whole);
        } else {
            ++damaged;
            log::error("storage.pack_damaged", {{"segment", std::int64_t{segment}}, {"offset", static_cast<std::int64_t>(whole)}});
        }
    }
    return damaged;
}

void Pack::cut(const std::string& path, std::uint64_t size) {
    if (size <= kFileHeader_bytes) {
        if (::unlink(path.c_str()) != 0) throw_errno(errno, "unlink");
        sync_folder(folder_);
        return;
    }
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0 || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0 || ::fdatasync(file.get()) != 0) throw_errno(errno, "cut");
}

int Pack::create_segment(std::uint32_t segment, Kind kind) {
    const int file = ::open(path_of(segment).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) throw_errno(errno, "create segment");
    std::string header(kFileMagic);
    put(header, kVersion, 4);
    put(header, kind == Kind::shared ? 0 : 1, 4);
    if (const int error = write_pieces(file, 0, {header}); error != 0) {
        ::close(file);
        ::unlink(path_of(segment).c_str());
        throw_errno(error, "write segment");
    }
    return file;
}

void Pack::fail(int error, const char* what) {
    failed_ = true;
    throw_errno(error, what);
}

/// With write_ held: the newest shared segment goes on being filled after a restart.
void Pack::continue_last_segment() {
    for (const auto& [segment, kind] : segments_on_disk())
        if (kind == Kind::shared) current_ = segment;
    if (current_ == 0) return;
    const int file = ::open(path_of(current_).c_str(), O_RDWR | O_CLOEXEC);
    struct stat status {};
    if (file < 0 || ::fstat(file, &status) != 0) throw_errno(errno, "open segment");
    descriptor_ = file;
    end_ = static_cast<std::uint64_t>(status.st_size);
}

/// With write_ held: seals the current segment and begins the next.
void Pack::roll() {
    if (descriptor_ >= 0 && ::fdatasync(descriptor_) != 0) fail(errno, "fdatasync");
    const int file = create_segment(next_, Kind::shared);
    sync_folder(folder_);
    const std::lock_guard no_sync_uses_the_old_one(sync_);
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = file;
    current_ = next_++;
    end_ = kFileHeader_bytes;
}

PackPlace Pack::append(std::string_view key, std::string_view sha256, std::initializer_list<std::string_view> content) {
    QIAO_ASSERT(sha256.size() == 32 && key.size() <= kKeyLimit_bytes);
    if (failed_) throw Error(ErrorKind::unavailable, "storage.failed", "the storage failed and waits for a restart");
    std::uint64_t length = 0;
    for (const auto piece : content) length += piece.size();
    const auto header = record_header(key, sha256, length);
    auto crc = crc32c(header);
    for (const auto piece : content) crc = crc32c(piece, crc);
    std::string trailer;
    put(trailer, crc, kCrc_bytes);
    if (length > options_.alone_bytes) return append_alone(header, trailer, content);
    return append_shared(header, trailer, content, length);
}

PackPlace Pack::append_shared(std::string_view header, std::string_view trailer, std::initializer_list<std::string_view> content, std::uint64_t length) {
    std::vector<std::string_view> pieces{header};
    pieces.insert(pieces.end(), content);
    pieces.push_back(trailer);
    PackPlace place;
    std::uint64_t sequence = 0;
    {
        const std::lock_guard lock(write_);
        if (descriptor_ < 0) continue_last_segment();
        if (descriptor_ < 0 || end_ >= options_.segment_bytes) roll();
        const auto start = end_;
        if (const int error = write_pieces(descriptor_, start, pieces); error != 0) {
            // What was written of the record must not stand before the next one.
            if (::ftruncate(descriptor_, static_cast<off_t>(start)) != 0) failed_ = true;
            throw_errno(error, "write segment");
        }
        end_ = start + header.size() + length + trailer.size();
        place = {current_, start + header.size(), length, end_};
        sequence = ++written_;
    }
    wait_for_sync(sequence);
    return place;
}

/// The first who waits syncs for all that are written by then; the others wait for it or for the next one.
void Pack::wait_for_sync(std::uint64_t sequence) {
    const WorkerPool::Waiting waiting;
    std::unique_lock lock(sync_);
    while (synced_ < sequence && !failed_) {
        if (syncing_) {
            synced_change_.wait(lock);
            continue;
        }
        syncing_ = true;
        const auto target = written_.load();
        // A duplicate stays valid when the segment is sealed meanwhile (sealing syncs the old file itself).
        const Descriptor file(::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0));
        lock.unlock();
        const bool done = file.get() >= 0 && ::fdatasync(file.get()) == 0;
        const int error = errno;
        lock.lock();
        syncing_ = false;
        if (done) {
            synced_ = std::max(synced_, target);
        } else {
            failed_ = true;
            log::error("storage.sync_failed", {{"errno", std::int64_t{error}}});
        }
        synced_change_.notify_all();
    }
    if (synced_ < sequence) throw Error(ErrorKind::unavailable, "storage.failed", "the storage failed and waits for a restart");
}

PackPlace Pack::append_alone(std::string_view header, std::string_view trailer, std::initializer_list<std::string_view> content) {
    std::uint32_t segment = 0;
    {
        const std::lock_guard lock(write_);
        segment = next_++;
    }
    std::vector<std::string_view> pieces{header};
    pieces.insert(pieces.end(), content);
    pieces.push_back(trailer);
    std::uint64_t length = 0;
    for (const auto piece : content) length += piece.size();
    const WorkerPool::Waiting waiting;
    const Descriptor file(create_segment(segment, Kind::alone));
    if (const int error = write_pieces(file.get(), kFileHeader_bytes, pieces); error != 0) {
        ::unlink(path_of(segment).c_str());
        throw_errno(error, "write segment");
    }
    if (::fdatasync(file.get()) != 0) fail(errno, "fdatasync");
    sync_folder(folder_);
    const auto start = kFileHeader_bytes + header.size();
    return {segment, start, length, start + length + trailer.size()};
}

int Pack::open_segment(std::uint32_t segment) const {
    const int file = ::open(path_of(segment).c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw Error(ErrorKind::not_found, "storage.no_segment", "a pack segment is missing");
    return file;
}

std::string Pack::read(std::uint32_t segment, std::uint64_t offset, std::uint64_t length) const {
    const Descriptor file(open_segment(segment));
    std::string bytes(length, '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const auto got = ::pread(file.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw Error(ErrorKind::internal, "storage.pack_damaged", "a pack segment is shorter than its index says");
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

}  // namespace qiao::storage
