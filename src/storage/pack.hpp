#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

/// Append-only pack files in a folder: many immutable objects in few segments, written one after the other and made
/// durable by one fdatasync for all who wait. The packs are the truth; an index of them can be rebuilt by scan().
/// append() and read() are thread-safe; scan() runs before the first append.
namespace qiao::storage {

/// Where an object's bytes lie.
struct PackPlace {
    std::uint32_t segment = 0;
    std::uint64_t offset = 0;  ///< of the content in the segment file
    std::uint64_t length = 0;  ///< of the content
    std::uint64_t end = 0;     ///< of the record: where the next one begins
};

struct PackRecord {
    std::string_view key;     ///< given to append()
    std::string_view sha256;  ///< 32 bytes, given to append()
    PackPlace place;
};

struct PackOptions {
    std::uint64_t segment_bytes = 256ULL << 20U;  ///< a shared segment is sealed beyond this
    std::uint64_t alone_bytes = 16ULL << 20U;     ///< longer objects get a segment of their own
};

class Pack {
public:
    /// Creates `folder` when missing. Nothing is cut or read before scan().
    explicit Pack(std::string folder, PackOptions options = {});
    ~Pack();
    Pack(const Pack&) = delete;
    Pack& operator=(const Pack&) = delete;

    using Visitor = std::function<void(const PackRecord&, std::string_view content)>;
    /// Visits the whole records behind `known` (per segment the end of the last record the caller has; absent = from the
    /// start), checks each and cuts the torn tail that a crash left. To be called once, before append(); with an empty map
    /// it visits everything. A damaged record before intact ones is reported in the log, skipped and never cut.
    /// @return damaged records met
    std::uint64_t scan(const std::map<std::uint32_t, std::uint64_t>& known, const Visitor& visit);

    /// Durable when it returns. `content` is written piece after piece.
    /// Throws Error(unavailable): "storage.full", or "storage.failed" for ever after a failed sync.
    PackPlace append(std::string_view key, std::string_view sha256, std::initializer_list<std::string_view> content);

    /// `length` bytes at `offset` of a segment file. Error(internal, "storage.pack_damaged") when they are not there.
    [[nodiscard]] std::string read(std::uint32_t segment, std::uint64_t offset, std::uint64_t length) const;
    /// A new descriptor to read the segment, the caller's to close. Error(not_found, "storage.no_segment").
    [[nodiscard]] int open_segment(std::uint32_t segment) const;

    /// False after a failed sync: the process ends after draining.
    [[nodiscard]] bool healthy() const { return !failed_.load(); }

private:
    enum class Kind : std::uint8_t { shared, alone };

    [[nodiscard]] std::string path_of(std::uint32_t segment) const;
    [[nodiscard]] std::map<std::uint32_t, Kind> segments_on_disk() const;
    int create_segment(std::uint32_t segment, Kind kind);
    void continue_last_segment();
    void roll();
    PackPlace append_shared(std::string_view header, std::string_view trailer, std::initializer_list<std::string_view> content, std::uint64_t length);
    PackPlace append_alone(std::string_view header, std::string_view trailer, std::initializer_list<std::string_view> content);
    void wait_for_sync(std::uint64_t sequence);
    [[noreturn]] void fail(int error, const char* what);
    void cut(const std::string& path, std::uint64_t size);

    const std::string folder_;
    const PackOptions options_;
    std::atomic<bool> failed_{false};

    std::mutex write_;  ///< guards the members below, up to written_
    int descriptor_ = -1;
    std::uint32_t current_ = 0;
    std::uint32_t next_ = 1;
    std::uint64_t end_ = 0;
    std::atomic<std::uint64_t> written_{0};  ///< appends so far

    std::mutex sync_;
    std::condition_variable synced_change_;
    std::uint64_t synced_ = 0;
    bool syncing_ = false;
};

}  // namespace qiao::storage
