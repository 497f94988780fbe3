#pragma once

#include "access/audit_heads.hpp"
#include "access/audit_journal.hpp"
#include "base/time.hpp"
#include "record/record.hpp"
#include "storage/writer.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// The hash-chained audit. What changes something is written in the transaction of the change; what only reads, and what
/// was refused, goes to a journal file before the answer leaves and is chained by the writer soon after. Thread-safe.
namespace qiao::access {

class Audit {
public:
    /// Brings in what an earlier run left in the journal. @param folder  of the journal and of `audit-heads.log`
    /// @param heads_to  folder of another machine that gets the heads too; empty = none
    Audit(storage::Database& database, storage::Writer& writer, const Clock& clock, std::string folder, const std::string& heads_to = {});
    ~Audit();  ///< moves what is in the journal, writes a last head

    /// Fills on_write and on_read.
    void attach(record::Ports& ports);
    /// Chains `event` in the open transaction; on the writer thread.
    void write(storage::Group& group, const AuditEvent& event);
    /// Journals `event`: for reads, refusals, log-off. Returns after write(2), synced within 50 ms.
    void note(const AuditEvent& event);
    /// Moves everything journalled so far into the table; returns when it is durable.
    void flush();
    /// An event with the fields that an Actor carries.
    [[nodiscard]] AuditEvent event_of(const record::Actor& actor, std::string_view action, std::string_view outcome = "success") const;

    struct Head {
        std::int64_t seq = 0;
        std::string hash;  ///< 32 bytes
    };
    /// The last committed row of the chain.
    [[nodiscard]] Head head() const;
    /// Appends a signed line to `audit-heads.log`; runs each minute by itself.
    void write_head();

private:
    void run(const std::stop_token& stop);
    void chain(storage::Group& group, std::span<const AuditEvent> events);
    void load_positions();
    static void store_position(storage::Group& group, std::int64_t file, std::uint64_t position);
    static std::uint64_t stored_position(storage::Group& group, std::int64_t file);
    static void forget_position(storage::Group& group, std::int64_t file);
    void move_file(std::int64_t file);

    storage::Database& database_;
    storage::Writer& writer_;
    const Clock& clock_;
    const std::string folder_;
    AuditJournal journal_;
    std::string head_key_;                   ///< Ed25519 secret key
    std::unique_ptr<HeadsOutside> outside_;  ///< null: no folder is named
    mutable std::mutex mutex_;
    std::mutex move_mutex_;
    std::condition_variable_any wake_;
    Head committed_;
    std::map<std::int64_t, std::uint64_t> positions_;  ///< up to where each journal file is in the table
    std::atomic<bool> failed_{false};                  ///< the journal's disk failed: nothing may be shown any more
    std::jthread thread_;
};

/// Whom an event is about: `patient`, or those that its detail lists ("patients=7,9").
std::vector<std::int64_t> patients_of(const AuditEvent& event);

/// The last row of the chain in any database of a centre.
Audit::Head stored_head(storage::Connection& connection);

/// The hash of a row: SHA-256 over format, chain, seq, fields and the hash of the row before.
std::string audit_hash(std::int64_t seq, const AuditEvent& event, std::string_view prev);

/// One line of `audit-heads.log` and the bytes that its Ed25519 signature is over.
std::string head_text(std::int64_t seq, std::string_view hash, Instant time);

/// What is wrong with one row, or with a stretch of missing ones.
struct AuditDefect {
    enum class Kind : std::uint8_t { altered, missing, reordered, cut_off, head_differs, head_forged, key_differs };
    Kind kind;
    std::int64_t seq = 0;       ///< first row concerned
    std::int64_t last_seq = 0;  ///< last row concerned
    std::string text;           ///< one English line
};

struct AuditReport {
    std::int64_t rows = 0;
    std::int64_t heads = 0;
    std::int64_t heads_outside = 0;
    std::int64_t last_outside = 0;  ///< the last row that a head outside vouches for
    std::string last_outside_time;
    Audit::Head head;  ///< the last row that was read
    std::vector<AuditDefect> defects;
    [[nodiscard]] bool whole() const { return defects.empty(); }
};

/// Checks the chain and, when `folder` has them, the signed heads. May run beside a server: it reads in stretches.
/// @param progress  is told how many rows are done after each stretch, and says whether to go on
/// @param outside  a file of heads that was kept elsewhere, compared too; empty = none. The key beside it (`audit-head.pub`) goes
/// before that of `folder`: who exchanged both the chain and the key here is found out.
AuditReport verify_audit(storage::Database& database, const std::string& folder, std::int64_t from_seq = 1,
                         const std::function<bool(std::int64_t rows)>& progress = {}, const std::string& outside = {});

}  // namespace qiao::access
