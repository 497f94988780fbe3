#pragma once

#include "base/metrics.hpp"
#include "base/time.hpp"
#include "storage/database.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

/// The one writer of a database: a thread that owns the write connection and commits the units of many callers together
/// (group commit). submit() is thread-safe and returns only when the unit is durable.
namespace qiao::storage {

/// What a unit sees on the writer thread: the open transaction, its commit number and time.
class Group {
public:
    Group(Connection& connection, const Clock& clock) : connection_(connection), clock_(clock) {}
    [[nodiscard]] Connection& connection() { return connection_; }
    /// Commit number and time of this group; taken (and the `tx` row written) at the first call. Times rise strictly by ≥ 1 ms.
    std::int64_t t();
    Instant now();
    /// Run on the writer thread after COMMIT succeeded / after the group was undone: for state kept beside the database
    /// (the head of the audit chain).
    void on_commit(std::function<void()> callback) { committed_.push_back(std::move(callback)); }
    void on_rollback(std::function<void()> callback) { undone_.push_back(std::move(callback)); }

private:
    friend class Writer;
    void take_time();

    Connection& connection_;
    const Clock& clock_;
    std::int64_t t_ = 0;
    Instant now_{};
    std::vector<std::function<void()>> committed_;
    std::vector<std::function<void()>> undone_;
};

/// One request's part of a group. Both run on the writer thread, unit after unit, in the order of submission.
struct Unit {
    /// Verifies versions and guards; sees the rows of earlier units. Throws Error to refuse. Writes nothing.
    std::function<void(Group&)> check;
    /// Writes. Any exception undoes the group, and its units are run again one by one so that only the culprit fails.
    std::function<void(Group&)> apply;
};

class Writer {
public:
    Writer(Database& database, const Clock& clock, Metrics& metrics);
    ~Writer();  ///< finishes what is queued

    struct Committed {
        std::int64_t t = 0;  ///< 0 when the unit's group took no commit number
        Instant now{};
    };
    /// Blocks (as a WorkerPool::Waiting) until the unit is durable, or throws its Error; after an fsync failure
    /// unavailable "storage.failed" for ever. Never called with a Snapshot or a lock held.
    Committed submit(Unit unit);

    /// `refresh` runs on the writer thread at the start of a group when another node has committed since the last one: for state
    /// that the writer thread keeps beside the database. Before the first submit().
    void on_foreign_commit(std::function<void(Connection&)> refresh) { refreshes_.push_back(std::move(refresh)); }

    /// False after a failed fsync: readiness says so and the process ends after draining.
    [[nodiscard]] bool healthy() const { return !failed_.load(); }

private:
    struct Waiter;
    void run();
    void run_group(std::vector<Waiter*>& batch);
    bool try_together(std::vector<Waiter*>& batch);

    Database& database_;
    const Clock& clock_;
    Counter& groups_;
    Counter& units_;
    Histogram& commit_time_;
    std::vector<std::function<void(Connection&)>> refreshes_;
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Waiter*> queue_;
    bool stopping_ = false;
    std::jthread thread_;
};

}  // namespace qiao::storage
