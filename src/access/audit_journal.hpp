#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// The file in which audit events wait for their place in the chain: records of length, CRC32C and fields, cut at the
/// first bad one after a crash. Thread-safe.
namespace qiao::access {

/// What happened, without its place in the chain. No names of patients: numbers, codes and references.
struct AuditEvent {
    std::int64_t recorded_us = 0;
    std::int64_t occurred_us = 0;
    std::int64_t person = 0;
    std::int64_t organisation = 0;
    std::string role = {};
    std::string session8 = {};
    std::string action = {};   ///< create, update, delete, read, vread, history, search, login, logout, refused, export, sign, …
    std::string outcome = {};  ///< success, denied, failed
    std::string purpose = {};
    std::int64_t patient = 0;  ///< rid of the one patient; several are in `detail`
    std::string type = {};
    std::int64_t rid = 0;
    std::int64_t version = 0;
    std::string case_id = {};
    std::string source = {};  ///< peer address
    std::string detail = {};
    friend bool operator==(const AuditEvent&, const AuditEvent&) = default;
};

/// Length-prefixed fields in the order of the declaration: what the journal keeps and the hash covers.
std::string canonical_fields(const AuditEvent& event);
Result<AuditEvent> parse_fields(std::string_view bytes);

class AuditJournal {
public:
    /// Opens `<folder>/audit-journal-<n>.log` after the highest n there; older files stay for read_left().
    /// @param first  number of the first file of a folder that has none
    explicit AuditJournal(std::string folder, std::int64_t first = 1);
    ~AuditJournal();
    AuditJournal(const AuditJournal&) = delete;
    AuditJournal& operator=(const AuditJournal&) = delete;

    /// Error(unavailable, "storage.full") when it cannot be written: the answer must not leave then.
    void append(const AuditEvent& event);
    /// fdatasync when something was appended since the last one.
    void sync();

    /// Whole events from `offset` of file `number`, at most `limit`; `next` is the offset after them.
    struct Piece {
        std::vector<AuditEvent> events;
        std::uint64_t next = 0;
        bool end_of_file = false;  ///< nothing whole follows in this file
    };
    [[nodiscard]] Piece read(std::int64_t number, std::uint64_t offset, std::size_t limit) const;
    [[nodiscard]] std::vector<std::int64_t> files() const;  ///< ascending; the last one is being written
    [[nodiscard]] std::int64_t current() const;
    /// Starts a new file when the current one is larger than `limit_bytes`.
    void roll(std::uint64_t limit_bytes);
    /// Removes a file that is in the table up to `position`. What cannot be read after it (a power cut, a damaged disk) stays
    /// as `audit-damaged-<n>.log`. @return bytes left over
    std::uint64_t retire(std::int64_t number, std::uint64_t position);

private:
    [[nodiscard]] std::string path_of(std::int64_t number) const;
    void open_new(std::int64_t number);
    void reserve();  ///< with mutex_ held, or before other threads

    const std::string folder_;
    mutable std::mutex mutex_;
    int descriptor_ = -1;
    std::int64_t number_ = 0;
    std::uint64_t size_bytes_ = 0;
    std::uint64_t reserved_bytes_ = 0;  ///< of the current file, from its start
    bool dirty_ = false;
};

}  // namespace qiao::access
