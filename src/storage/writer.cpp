#include "storage/writer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/wakeup.hpp"
#include "base/worker_pool.hpp"

#include <algorithm>
#include <exception>

namespace qiao::storage {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kGroupUnits = 1000;
constexpr std::chrono::milliseconds kOpen{10};         // a group takes up who comes meanwhile for so long
constexpr std::chrono::microseconds kSlowSync{2'000};  // a COMMIT that takes longer is one of a slow disk

bool has_code(const std::exception_ptr& error, std::initializer_list<std::string_view> codes) {
    try {
        std::rethrow_exception(error);
    } catch (const Error& known) {
        return std::find(codes.begin(), codes.end(), known.code()) != codes.end();
    } catch (...) {
        return false;
    }
}

bool is_storage_failure(const std::exception_ptr& error) {
    return has_code(error, {"storage.full", "storage.failed", "storage.unreachable", "storage.busy", "commit.unknown"});
}

/// What the last groups were like.
struct Pace {
    std::size_t crowd = 0;          ///< callers that wrote at once
    SteadyClock::duration sync{0};  ///< how long a COMMIT takes here

    /// How long a group that lacks some of the crowd still waits for the next of them: not at all once its own work has taken half a
    /// sync, for in that time they could come.
    [[nodiscard]] SteadyClock::duration patience(SteadyClock::duration worked, SteadyClock::duration waited) const {
        return sync > kSlowSync ? sync / 4 : sync - 2 * worked - waited;
    }
};

}  // namespace

std::int64_t Group::t() {
    if (t_ == 0) take_time();
    return t_;
}

Instant Group::now() {
    if (t_ == 0) take_time();
    return now_;
}

void Group::take_time() {
    std::int64_t last_ms = 0;
    {
        auto rows = connection_.query("SELECT t, ts_ms FROM tx ORDER BY t DESC LIMIT 1");
        if (rows.next()) {
            t_ = rows.integer(0);
            last_ms = rows.integer(1);
        }
    }
    ++t_;
    const std::int64_t ms = std::max(last_ms + 1, to_ms(clock_.now()));
    now_ = from_us(ms * 1000);
    connection_.post("INSERT INTO tx(t, ts_ms) VALUES(?, ?)", {t_, ms});
}

struct Writer::Waiter {
    explicit Waiter(Unit work) : unit(std::move(work)) {}

    Unit unit;
    std::exception_ptr error;
    Committed committed;
    Pace* pace = nullptr;  ///< others may join its group; else it runs alone
    bool accepted = false;
    Wakeup done;
};

Writer::Writer(Database& database, const Clock& clock, Metrics& metrics)
    : database_(database),
      clock_(clock),
      groups_(metrics.counter("qiao_writer_groups_total")),
      units_(metrics.counter("qiao_writer_units_total")),
      commit_time_(metrics.histogram("qiao_writer_commit_seconds")) {
    static constexpr Migration kTables[] = {{"storage", 1, "CREATE TABLE tx(t INTEGER PRIMARY KEY, ts_ms INTEGER NOT NULL)"}};
    database_.migrate(kTables);
    thread_ = std::jthread([this] { run(); });
}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
}

Writer::Committed Writer::submit(Unit unit) {
    if (!healthy()) throw Error(ErrorKind::unavailable, "storage.failed", "the storage failed; writes are refused");
    Waiter waiter(std::move(unit));
    {
        const WorkerPool::Waiting place;
        {
            const std::lock_guard lock(mutex_);
            queue_.push_back(&waiter);
        }
        wake_.notify_one();
        waiter.done.wait();
    }
    if (waiter.error) std::rethrow_exception(waiter.error);
    return waiter.committed;
}

void Writer::run() {
    Pace pace;
    for (;;) {
        std::vector<Waiter*> batch;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kGroupUnits));
            batch.assign(queue_.begin(), end);
            queue_.erase(queue_.begin(), end);
        }
        batch.front()->pace = &pace;
        run_group(batch);
        for (Waiter* waiter : batch) waiter->done.set();
    }
}

void Writer::run_group(std::vector<Waiter*>& batch) {
    const auto started = std::chrono::steady_clock::now();
    if (!try_together(batch) && batch.size() > 1) {
        for (Waiter* waiter : batch) {
            waiter->pace = nullptr;
            std::vector<Waiter*> alone{waiter};
            try_together(alone);
        }
    }
    groups_.add();
    units_.add(static_cast<std::int64_t>(batch.size()));
    commit_time_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
}

/// One transaction for the batch, and for those who come while it is open. False when it was undone: every unit that was not refused
/// by its own check then carries the error.
bool Writer::try_together(std::vector<Waiter*>& batch) {
    Connection& connection = database_.write_connection();
    Group group(connection, clock_);
    Pace* const pace = batch.front()->pace;
    std::exception_ptr broken;
    bool committing = false;
    // While some of the last group's callers are missing, those who want a core get it first, and it waits a little for them: they would
    // wait for a whole sync more.
    SteadyClock::duration waited{0};
    const auto join = [&](SteadyClock::time_point opened) {
        const std::size_t before = batch.size();
        const auto asked = SteadyClock::now();
        if (pace == nullptr || before >= kGroupUnits || asked - opened > kOpen) return false;
        const auto until = asked + pace->patience(asked - opened - waited, waited);
        const bool waits = before < pace->crowd && until > asked;
        if (waits) std::this_thread::yield();
        std::unique_lock lock(mutex_);
        if (waits) wake_.wait_until(lock, until, [this] { return stopping_ || !queue_.empty(); });
        waited += SteadyClock::now() - asked;
        const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kGroupUnits - before));
        batch.insert(batch.end(), queue_.begin(), end);
        queue_.erase(queue_.begin(), end);
        return batch.size() > before;
    };
    try {
        if (!connection.begin_write()) {
            for (const auto& refresh : refreshes_) refresh(connection);
        }
        const auto opened = SteadyClock::now();
        for (std::size_t i = 0; i < batch.size() || join(opened); ++i) {
            Waiter& waiter = *batch[i];
            waiter.error = nullptr;
            waiter.accepted = false;
            try {
                if (waiter.unit.check) waiter.unit.check(group);
            } catch (...) {
                waiter.error = std::current_exception();
                if (is_storage_failure(waiter.error) || !connection.in_transaction()) throw;
                continue;
            }
            waiter.accepted = true;
            if (waiter.unit.apply) waiter.unit.apply(group);
        }
        committing = true;
        const auto started = SteadyClock::now();
        connection.commit();
        if (pace != nullptr) {
            pace->sync += (SteadyClock::now() - started - pace->sync) / 8;
            const std::lock_guard lock(mutex_);
            pace->crowd = batch.size() + queue_.size();
        }
    } catch (...) {
        broken = std::current_exception();
    }
    if (!broken) {
        for (const auto& callback : group.committed_) callback();
        for (Waiter* waiter : batch) {
            if (waiter->accepted) waiter->committed = {group.t_, group.now_};
        }
        return true;
    }
    connection.rollback();
    for (const auto& callback : group.undone_) callback();
    const bool storage = is_storage_failure(broken);
    // After a failed fsync the kernel forgets the lost pages: trying again would lie. A full disk is known and recovers.
    if (committing && has_code(broken, {"storage.failed"})) failed_ = true;
    for (Waiter* waiter : batch) waiter->error = broken;
    return storage;  // running them one by one would not help
}

}  // namespace qiao::storage
