#pragma once

#include "base/metrics.hpp"
#include "base/time.hpp"
#include "base/worker_pool.hpp"
#include "storage/writer.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// Work in the background: regular jobs, and durable timers that survive a restart and are tried again until they succeed.
/// Thread-safe. Jobs run one after another on one thread of this object; a job that computes for long posts itself to a
/// worker pool. Of several nodes on one database one works, by a lease that another takes over within 15 s of its death; a node
/// that is held up for longer than that may find that both did the work that was under way.
namespace qiao::jobs {

std::span<const storage::Migration> migrations();

/// A durable timer when it fires. The work must be idempotent: after a crash it may run again.
struct Timer {
    std::string name;     ///< whose handler runs
    std::string key;      ///< unique within the name
    std::string payload;  ///< up to the name's owner; no patient's data
    int attempt = 1;
};

/// How a regular job stands, for the operator's page.
struct RegularState {
    std::string name;
    std::chrono::milliseconds interval{};
    Instant ended{};  ///< of the last run; the epoch = not yet
    std::chrono::milliseconds took{};
    bool failed = false;  ///< the last run; the log has its code
};

/// How the durable timers of one name stand.
struct TimerState {
    std::string name;
    std::int64_t waiting = 0;
    std::int64_t overdue = 0;
    std::int64_t failing = 0;  ///< tried at least once in vain
    Instant next{};            ///< when the first is due
};

class Jobs {
public:
    Jobs(storage::Database& database, storage::Writer& writer, const Clock& clock, Metrics& metrics);
    ~Jobs();  ///< finishes the job that runs

    enum class On : std::uint8_t { one_node, each_node };
    /// Calls `work` every `interval`, first one interval after start(). Before start().
    void every(std::string_view name, std::chrono::milliseconds interval, std::function<void()> work, On on = On::one_node);
    /// Who carries out the timers of this name: throwing means "again later" (1 s, 2 s, … 5 min, without end). Before start().
    void handle(std::string_view name, std::function<void(const Timer&)> work);
    /// Sets a durable timer; the same name and key again moves it. Blocks until durable.
    void set(std::string_view name, std::string_view key, Instant due, std::string_view payload = {});
    /// The same as part of a unit that the caller commits; on the writer thread.
    static void set(storage::Connection& connection, std::string_view name, std::string_view key, Instant due, std::string_view payload = {});
    void cancel(std::string_view name, std::string_view key);

    void start();
    void stop();
    /// Runs the timers that are due by now, in due order; called by the thread, and by tests.
    /// @return how many succeeded
    int run_due();

    /// Whether this node is the one that works; always where the database is not shared. For work with threads of its own.
    [[nodiscard]] bool leads() const;

    [[nodiscard]] std::vector<RegularState> regular() const;
    [[nodiscard]] std::vector<TimerState> timers();

private:
    struct Regular {
        std::string name;
        std::chrono::milliseconds interval;
        std::function<void()> work;
        std::chrono::steady_clock::time_point next;
        On on = On::one_node;
        Instant ended{};
        std::chrono::milliseconds took{};
        bool failed = false;
    };
    void run_regular(Regular& job);
    void keep_lease();
    void give_lease_back();
    void run(const std::stop_token& stop);
    void run_timer(const Timer& timer, int& succeeded);

    storage::Database& database_;
    storage::Writer& writer_;
    const Clock& clock_;
    Counter& failures_;
    const bool alone_;  ///< no other node can be there
    const std::string holder_;
    std::atomic<std::chrono::steady_clock::time_point> leads_until_{};
    std::chrono::steady_clock::time_point lease_due_{};  ///< when it is asked for again; the jobs' thread only
    std::vector<Regular> regular_;
    std::map<std::string, std::function<void(const Timer&)>, std::less<>> handlers_;
    mutable std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

}  // namespace qiao::jobs
