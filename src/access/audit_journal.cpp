#include "access/audit_journal.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "storage/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

namespace qiao::access {
namespace {

constexpr std::string_view kPrefix = "audit-journal-";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kHeader_bytes = 8;  // length and CRC32C of what follows, little endian
constexpr std::uint64_t kReserve_bytes = 1 << 20;  // some thousand reads
constexpr std::size_t kRecord_bytes_max = 64 * 1024;
constexpr std::size_t kRead_bytes = 1U << 20U;

void put_u32(std::string& out, std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xFFU));
}

void put_i64(std::string& out, std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>((bits >> shift) & 0xFFU));
}

std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
    return value;
}

/// One place that knows the order of the fields, for writing and for reading.
template <class Event, class Number, class Text>
void each_field(Event& event, Number number, Text text) {
    number(event.recorded_us), number(event.occurred_us), number(event.person), number(event.organisation);
    text(event.role), text(event.session8), text(event.action), text(event.outcome), text(event.purpose);
    number(event.patient);
    text(event.type);
    number(event.rid), number(event.version);
    text(event.case_id), text(event.source), text(event.detail);
}

std::int64_t number_of(std::string_view name) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
    name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

}  // namespace

std::string canonical_fields(const AuditEvent& event) {
    std::string out;
    out.reserve(192);
    each_field(
        event, [&](std::int64_t value) { put_i64(out, value); },
        [&](const std::string& value) {
            put_u32(out, static_cast<std::uint32_t>(value.size()));
            out += value;
        });
    return out;
}

Result<AuditEvent> parse_fields(std::string_view bytes) {
    AuditEvent event;
    std::size_t at = 0;
    bool whole = true;
    const auto take = [&](std::size_t count) {
        if (!whole || bytes.size() - at < count) {
            whole = false;
            return std::string_view();
        }
        at += count;
        return bytes.substr(at - count, count);
    };
    each_field(
        event, [&](std::int64_t& value) { value = static_cast<std::int64_t>(little_endian(take(8))); },
        [&](std::string& value) {
            const auto length = little_endian(take(4));
            value = take(length);
        });
    if (!whole || at != bytes.size()) return ParseError{"not an audit event", at};
    return event;
}

AuditJournal::AuditJournal(std::string folder, std::int64_t first) : folder_(std::move(folder)) {
    storage::make_folder(folder_);
    const auto old = files();
    open_new(old.empty() ? first : old.back() + 1);
}

AuditJournal::~AuditJournal() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::string AuditJournal::path_of(std::int64_t number) const { return folder_ + "/" + std::string(kPrefix) + std::to_string(number) + std::string(kSuffix); }

void AuditJournal::open_new(std::int64_t number) {
    const int descriptor = ::open(path_of(number).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) storage::throw_errno(errno, "audit journal");
    storage::sync_folder(folder_);
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = descriptor;
    number_ = number;
    size_bytes_ = 0;
    reserved_bytes_ = 0;
    dirty_ = false;
    reserve();
}

/// Space for the next reads is taken ahead, so that a full disk refuses writes and not yet reads. Where none can be had the
/// write itself says so.
void AuditJournal::reserve() {
    if (size_bytes_ + kReserve_bytes / 2 <= reserved_bytes_) return;
    const bool taken = ::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_bytes_), static_cast<off_t>(kReserve_bytes)) == 0;
    if (taken) reserved_bytes_ = size_bytes_ + kReserve_bytes;
}

void AuditJournal::append(const AuditEvent& event) {
    const std::string fields = canonical_fields(event);
    if (fields.size() > kRecord_bytes_max) throw Error(ErrorKind::internal, "access.audit_too_long", "an audit event is over 64 KiB");
    std::string bytes;
    bytes.reserve(kHeader_bytes + fields.size());
    put_u32(bytes, static_cast<std::uint32_t>(fields.size()));
    put_u32(bytes, crc32c(fields));
    bytes += fields;
    const std::lock_guard lock(mutex_);
    reserve();
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written != static_cast<ssize_t>(bytes.size())) {
        const int error = written < 0 ? errno : ENOSPC;
        // A torn record would hide what follows it.
        if (::ftruncate(descriptor_, static_cast<off_t>(size_bytes_)) != 0) storage::throw_errno(errno, "audit journal");
        storage::throw_errno(error, "audit journal");
    }
    size_bytes_ += bytes.size();
    dirty_ = true;
}

void AuditJournal::sync() {
    int copy = -1;
    {
        const std::lock_guard lock(mutex_);
        if (!dirty_) return;
        dirty_ = false;
        copy = ::dup(descriptor_);  // appends go on while the disk works
    }
    const int result = copy < 0 ? -1 : ::fdatasync(copy);
    const int error = errno;
    if (copy >= 0) ::close(copy);
    if (result != 0) storage::throw_errno(error, "audit journal");
}

AuditJournal::Piece AuditJournal::read(std::int64_t number, std::uint64_t offset, std::size_t limit) const {
    Piece piece;
    piece.next = offset;
    const int descriptor = ::open(path_of(number).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) storage::throw_errno(errno, "audit journal");
    struct stat state {};
    const bool known = ::fstat(descriptor, &state) == 0;
    const std::uint64_t left = known && static_cast<std::uint64_t>(state.st_size) > offset ? static_cast<std::uint64_t>(state.st_size) - offset : 0;
    std::string bytes(std::min<std::uint64_t>(left, kRead_bytes), '\0');
    const ssize_t got = known ? ::pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset)) : -1;
    const int error = errno;
    ::close(descriptor);
    if (got < 0) storage::throw_errno(error, "audit journal");
    bytes.resize(static_cast<std::size_t>(got));
    std::string_view rest = bytes;
    while (piece.events.size() < limit) {
        if (rest.size() < kHeader_bytes) break;
        const auto length = little_endian(rest.substr(0, 4));
        if (length > kRecord_bytes_max || rest.size() - kHeader_bytes < length) break;
        const std::string_view fields = rest.substr(kHeader_bytes, length);
        if (crc32c(fields) != little_endian(rest.substr(4, 4))) break;
        auto event = parse_fields(fields);
        if (!event) break;
        piece.events.push_back(*std::move(event));
        rest.remove_prefix(kHeader_bytes + length);
        piece.next += kHeader_bytes + length;
    }
    piece.end_of_file = piece.events.size() < limit && bytes.size() < kRead_bytes;
    return piece;
}

std::vector<std::int64_t> AuditJournal::files() const {
    std::vector<std::int64_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
    if (!folder) storage::throw_errno(errno, "audit journal");
    while (const dirent* entry = ::readdir(folder.get())) {
        if (const auto number = number_of(entry->d_name); number > 0) numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

std::int64_t AuditJournal::current() const {
    const std::lock_guard lock(mutex_);
    return number_;
}

void AuditJournal::roll(std::uint64_t limit_bytes) {
    const std::lock_guard lock(mutex_);
    if (size_bytes_ < limit_bytes) return;
    if (::fdatasync(descriptor_) != 0) storage::throw_errno(errno, "audit journal");
    open_new(number_ + 1);
}

std::uint64_t AuditJournal::retire(std::int64_t number, std::uint64_t position) {
    const std::string path = path_of(number);
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) storage::throw_errno(errno, "audit journal");
    const auto size = static_cast<std::uint64_t>(state.st_size);
    const bool gone =
        size > position ? ::rename(path.c_str(), (folder_ + "/audit-damaged-" + std::to_string(number) + ".log").c_str()) == 0 : ::unlink(path.c_str()) == 0;
    if (!gone) storage::throw_errno(errno, "audit journal");
    storage::sync_folder(folder_);
    return size > position ? size - position : 0;
}

}  // namespace qiao::access
