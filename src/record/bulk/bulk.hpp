#pragma once

#include "base/metrics.hpp"
#include "http/message.hpp"
#include "record/bulk/export_ask.hpp"
#include "record/bulk/job.hpp"
#include "record/rest/rest.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// Bulk data: jobs that write much of the record to files, or take much into it, while the centre serves. One thread works on exports
/// and one on imports, a job after the other; a restart goes on where the job was. Jobs belong to who ordered them and to the node
/// whose folder holds their files. Thread-safe.
namespace qiao::record::bulk {

/// What jobs need of the rest of the centre; all outlives them.
struct Ground {
    Record& record;
    storage::Database& database;
    storage::Writer& writer;
    const Clock& clock;
    Metrics& metrics;
    /// What the owner of a job ("person:5", "client:…") may now; nothing when they are not active any more. Thread-safe.
    std::function<std::optional<Caller>(const std::string& owner)> caller_of;
    std::string folder;  ///< `DIR/bulk`
};

/// The owner of what the operator orders on the machine itself; sees everything.
inline constexpr std::string_view kConsole = "console";

class Bulk {
public:
    explicit Bulk(Ground ground);
    ~Bulk();
    Bulk(const Bulk&) = delete;
    Bulk& operator=(const Bulk&) = delete;

    void start();
    void stop();  ///< jobs pause at their next step

    /// Orders an export of the state at the commit in which this is noted. Blocks until durable. @return its id
    /// Error(not_found) for a Group that is not visible; Error(unavailable, "record.bulk_too_many", 429).
    std::string order_export(const Caller& caller, std::string_view owner, const ExportAsk& ask, std::string written, std::string request);

    /// What an import reads: a body as a request brought it, or a file of this machine that stays where it is.
    struct Source {
        bool whole = false;  ///< one resource, not one a line
        std::string_view body = {};
        std::optional<http::FileRange> spilled = {};
        std::string path = {};
    };
    /// Orders an import; what the request brought is kept in the job's folder first. Blocks until durable. @return its id
    /// Error(unavailable, "record.bulk_too_many", 429), Error(not_found, "storage.no_file"), Error(unavailable, "storage.full").
    std::string order_import(std::string_view owner, const Source& source, std::string request);

    [[nodiscard]] std::optional<Job> find(std::string_view id) const;
    [[nodiscard]] std::vector<Job> jobs_of(std::string_view owner) const;
    [[nodiscard]] std::vector<File> files_of(std::string_view id) const;
    /// Ends it when it runs; an export and what has ended before goes with its files. Blocks until durable.
    void end(const Job& job);
    [[nodiscard]] std::string path_of(const Job& job, std::string_view file) const;
    [[nodiscard]] const std::string& node() const { return node_; }
    [[nodiscard]] const Ground& ground() const { return ground_; }

private:
    struct Lane {
        Kind kind;
        std::jthread thread = {};
        std::string working_on = {};  ///< id of a job
        bool woken = true;
    };
    class Arriving;
    void run(Lane& lane);
    bool work(Lane& lane);
    void carry_out(const Job& job);
    void fail(const Job& job, std::string_view code);
    void sweep();
    [[nodiscard]] bool is_over(const Job& job, std::int64_t now_ms) const;
    void submit(Job& job);
    void admit(storage::Connection& connection, std::string_view owner) const;
    void wake();
    [[nodiscard]] bool is_ended(const std::string& id) const;

    Ground ground_;
    const std::string node_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::set<std::string, std::less<>> ended_;  ///< jobs that were ended while a lane works on them
    std::set<std::string, std::less<>> arriving_;  ///< jobs whose files come before their row
    bool stopping_ = false;
    std::atomic<std::int64_t> running_{0};
    Lane lanes_[2] = {{.kind = Kind::exports}, {.kind = Kind::imports}};
};

}  // namespace qiao::record::bulk
