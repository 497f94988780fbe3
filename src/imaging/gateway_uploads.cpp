#include "imaging/gateway_uploads.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "imaging/transfer_syntax.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

namespace qiao::imaging {
namespace {

namespace fs = std::filesystem;
using Outcome = IngestResult::Outcome;

constexpr std::chrono::hours kUnfinished{7 * 24};

bool is_digest(std::string_view text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void check(const GatewayPiece& piece) {
    if (!is_digest(piece.digest) || !is_uid(piece.sop_instance) || piece.length == 0 || piece.bytes.empty() || piece.offset >= piece.length ||
        piece.bytes.size() > piece.length - piece.offset) {
        throw Error(ErrorKind::invalid, "imaging.bad_upload", "a piece needs a digest, a SOP instance UID, a length and its place within it");
    }
    if (piece.length > kGatewayObject_bytes) throw Error(ErrorKind::too_large, "imaging.object_too_large", "an object is at most 2 GiB");
}

std::uint64_t size_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

bool is_announced(const GatewayPiece& piece, std::string_view file) {
    const auto meta = read_file_meta(file);
    return meta && meta->sop_instance == piece.sop_instance && to_hex(sha256(file.substr(meta->dataset_offset))) == piece.digest;
}

[[noreturn]] void throw_not_announced() { throw Error(ErrorKind::invalid, "imaging.digest_mismatch", "the bytes are not those that were announced"); }

/// A whole file as memory.
class Mapped {
public:
    Mapped(const std::string& path, std::uint64_t size) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), size_(size) {
        if (file_.get() < 0) storage::throw_errno(errno, "open of an upload");
        begin_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_.get(), 0);
        if (begin_ == MAP_FAILED) storage::throw_errno(errno, "map of an upload");
    }
    ~Mapped() { ::munmap(begin_, size_); }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    [[nodiscard]] std::string_view view() const { return {static_cast<const char*>(begin_), size_}; }

private:
    storage::Descriptor file_;
    std::uint64_t size_;
    void* begin_ = nullptr;
};

}  // namespace

/// One request at a time adds to an object: a gateway that gave up waiting asks again while the first request still runs.
class GatewayUploads::Turn {
public:
    Turn(GatewayUploads& uploads, std::string key) : uploads_(uploads), key_(std::move(key)) {
        const std::lock_guard lock(uploads_.mutex_);
        if (!uploads_.busy_.insert(key_).second) throw Error(ErrorKind::conflict, "imaging.upload_busy", "another request adds to this object");
    }
    ~Turn() {
        const std::lock_guard lock(uploads_.mutex_);
        uploads_.busy_.erase(key_);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    GatewayUploads& uploads_;
    std::string key_;
};

GatewayUploads::GatewayUploads(Archive& archive, std::string folder) : archive_(archive), folder_(std::move(folder)) { storage::make_folder(folder_); }

std::string GatewayUploads::folder_of(std::int64_t gateway) const { return fmt::format("{}/{}", folder_, gateway); }

GatewayUpload GatewayUploads::find(std::int64_t gateway, const std::string& digest, std::string_view sop_instance) {
    if (!is_digest(digest)) throw Error(ErrorKind::invalid, "imaging.bad_upload", "no digest");
    const std::string path = folder_of(gateway) + "/" + digest;
    if (is_uid(sop_instance)) {
        const std::string bytes = from_hex(digest).value_or("");
        const bool stored = archive_.store().digest_of(sop_instance) == bytes;
        const bool kept = !stored && archive_.store().has_conflict(sop_instance, bytes);
        if (stored || kept) ::unlink(path.c_str());  // a kill came between the archive and this
        if (stored) return {.state = GatewayUpload::State::stored};
        if (kept) return {.state = GatewayUpload::State::kept, .reason = std::string(refusal::kContradicts)};
    }
    return {.offset = size_of(path)};
}

GatewayUpload GatewayUploads::append(std::int64_t gateway, const GatewayPiece& piece, const Source& source) {
    check(piece);
    const Turn turn(*this, fmt::format("{}/{}", gateway, piece.digest));
    const GatewayUpload here = find(gateway, piece.digest, piece.sop_instance);
    if (here.state != GatewayUpload::State::open) return here;
    const std::string path = folder_of(gateway) + "/" + piece.digest;
    // A kill between the last piece and the archive left all of it here: whatever comes now only asks to go on.
    if (here.offset >= piece.length) return finish_file(path, here.offset, piece, source);
    if (piece.offset != here.offset) throw Error(ErrorKind::conflict, "imaging.upload_offset", std::to_string(here.offset));
    if (!archive_.has_room()) throw Error(ErrorKind::unavailable, "storage.full", "the disk is full");
    if (piece.bytes.size() == piece.length) {
        if (!is_announced(piece, piece.bytes)) throw_not_announced();
        return finish(piece.bytes, source);
    }
    const std::uint64_t size = write(gateway, path, piece);
    return size < piece.length ? GatewayUpload{.offset = size} : finish_file(path, size, piece, source);
}

GatewayUpload GatewayUploads::finish_file(const std::string& path, std::uint64_t size, const GatewayPiece& piece, const Source& source) {
    const Mapped whole(path, size);
    if (size != piece.length || !is_announced(piece, whole.view())) {
        ::unlink(path.c_str());  // must not be added to again
        throw_not_announced();
    }
    const GatewayUpload done = finish(whole.view(), source);
    ::unlink(path.c_str());
    return done;
}

/// Durable when it returns. @return bytes that are here now
std::uint64_t GatewayUploads::write(std::int64_t gateway, const std::string& path, const GatewayPiece& piece) {
    const std::string folder = folder_of(gateway);
    const bool fresh = piece.offset == 0;
    if (fresh) {
        storage::make_folder(folder);
        const auto present = std::distance(fs::directory_iterator(folder), fs::directory_iterator());
        if (present >= kGatewayUnfinished)
            throw Error(ErrorKind::too_large, "imaging.too_many_uploads", fmt::format("at most {} unfinished objects a gateway", kGatewayUnfinished));
    }
    const storage::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0) storage::throw_errno(errno, "open of an upload");
    std::size_t done = 0;
    while (done < piece.bytes.size()) {
        const ssize_t wrote = ::pwrite(file.get(), piece.bytes.data() + done, piece.bytes.size() - done, static_cast<off_t>(piece.offset + done));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) {
            const int why = errno;
            // What was not synced is not counted: the length of the file is the answered offset.
            if (::ftruncate(file.get(), static_cast<off_t>(piece.offset)) != 0) ::unlink(path.c_str());
            storage::throw_errno(why, "write of an upload");
        }
        done += static_cast<std::size_t>(wrote);
    }
    if (::fdatasync(file.get()) != 0) {
        const int why = errno;
        ::unlink(path.c_str());
        storage::throw_errno(why, "sync of an upload");
    }
    if (fresh) {
        storage::sync_folder(folder);
        storage::sync_folder(folder_);
    }
    return piece.offset + piece.bytes.size();
}

GatewayUpload GatewayUploads::finish(std::string_view file, const Source& source) {
    const IngestResult result = archive_.ingest_file(file, {}, source);
    switch (result.outcome) {
        case Outcome::stored: return {.state = GatewayUpload::State::stored};
        case Outcome::full: throw Error(ErrorKind::unavailable, result.reason == refusal::kDiskFull ? "storage.full" : "storage.failed", result.reason);
        case Outcome::conflict: break;
        case Outcome::unreadable:
        case Outcome::mismatch:
        case Outcome::syntax: break;
    }
    archive_.note_refusal(source.ae, "", result);
    return {.state = result.outcome == Outcome::conflict ? GatewayUpload::State::kept : GatewayUpload::State::refused, .reason = result.reason};
}

void GatewayUploads::sweep() {
    std::error_code failed;
    const auto oldest = fs::file_time_type::clock::now() - kUnfinished;
    for (const auto& gateway : fs::directory_iterator(folder_, failed)) {
        for (const auto& part : fs::directory_iterator(gateway.path(), failed)) {
            if (part.last_write_time(failed) < oldest && !failed) fs::remove(part.path(), failed);
        }
    }
}

}  // namespace qiao::imaging
