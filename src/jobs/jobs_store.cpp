#include "base/error.hpp"
#include "base/id.hpp"
#include "jobs/attempt.hpp"
#include "jobs/jobs.hpp"

#include <algorithm>

namespace qiao::jobs {

namespace {

constexpr int kBatch = 200;
constexpr std::chrono::milliseconds kLook{250};  ///< how often the table is looked at: the clock may be moved by hand
constexpr std::chrono::seconds kBackOffMax{300};
constexpr std::chrono::seconds kLease{15};
constexpr std::chrono::seconds kRenew{3};

constexpr storage::Migration kMigrations[] = {{"jobs", 1, R"sql(
CREATE TABLE jobs_timer (
    name TEXT NOT NULL, timer_key TEXT NOT NULL, due_us INTEGER NOT NULL, payload TEXT NOT NULL, attempt INTEGER NOT NULL,
    PRIMARY KEY (name, timer_key));
CREATE INDEX jobs_timer_due ON jobs_timer(due_us);
)sql"},
                                              {"jobs", 2, R"sql(
CREATE TABLE jobs_lease(name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_us INTEGER NOT NULL);
INSERT INTO jobs_lease(name, holder, until_us) VALUES('work', '', 0);
)sql"}};

}  // namespace

std::span<const storage::Migration> migrations() { return kMigrations; }

Jobs::Jobs(storage::Database& database, storage::Writer& writer, const Clock& clock, Metrics& metrics)
    : database_(database),
      writer_(writer),
      clock_(clock),
      failures_(metrics.counter("qiao_jobs_failures_total")),
      alone_(!database.shared()),
      holder_(new_random_uuid()) {}

Jobs::~Jobs() { stop(); }

void Jobs::every(std::string_view name, std::chrono::milliseconds interval, std::function<void()> work, On on) {
    regular_.push_back({std::string(name), interval, std::move(work), {}, on});
}

bool Jobs::leads() const { return alone_ || std::chrono::steady_clock::now() < leads_until_.load(); }

/// By the clocks of the nodes: they are synchronised (docs/operations.md). The own right ends by this machine's steady clock, and
/// before the lease does.
void Jobs::keep_lease() {
    const auto now = std::chrono::steady_clock::now();
    if (alone_ || now < lease_due_) return;
    lease_due_ = now + (leads() ? kRenew : std::chrono::seconds(1));
    bool taken = false;
    writer_.submit({{}, [&](storage::Group& group) {
                        const Instant at = clock_.now();
                        auto rows = group.connection().query(
                            "UPDATE jobs_lease SET holder = ?, until_us = ? WHERE name = 'work' AND (holder = ? OR until_us <= ?) RETURNING 1",
                            {std::string_view(holder_), to_us(at + kLease), std::string_view(holder_), to_us(at)});
                        taken = rows.next();
                    }});
    leads_until_ = taken ? now + kLease - kRenew : std::chrono::steady_clock::time_point{};
}

/// So that another node need not wait for its end.
void Jobs::give_lease_back() {
    if (alone_ || !leads()) return;
    leads_until_ = std::chrono::steady_clock::time_point{};
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("UPDATE jobs_lease SET until_us = 0 WHERE name = 'work' AND holder = ?", {std::string_view(holder_)});
                    }});
}

void Jobs::handle(std::string_view name, std::function<void(const Timer&)> work) { handlers_[std::string(name)] = std::move(work); }

void Jobs::set(storage::Connection& connection, std::string_view name, std::string_view key, Instant due, std::string_view payload) {
    connection.execute(
        "INSERT INTO jobs_timer (name, timer_key, due_us, payload, attempt) VALUES (?, ?, ?, ?, 1) "
        "ON CONFLICT (name, timer_key) DO UPDATE SET due_us = excluded.due_us, payload = excluded.payload, attempt = 1",
        {name, key, to_us(due), payload});
}

void Jobs::set(std::string_view name, std::string_view key, Instant due, std::string_view payload) {
    writer_.submit({{}, [&](storage::Group& group) { set(group.connection(), name, key, due, payload); }});
    wake_.notify_all();
}

void Jobs::cancel(std::string_view name, std::string_view key) {
    writer_.submit({{}, [&](storage::Group& group) { group.connection().execute("DELETE FROM jobs_timer WHERE name = ? AND timer_key = ?", {name, key}); }});
}

int Jobs::run_due() {
    std::vector<Timer> due;
    {
        const auto snapshot = database_.read();
        storage::Cursor rows = snapshot->connection().query(
            "SELECT name, timer_key, payload, attempt FROM jobs_timer WHERE due_us <= ? ORDER BY due_us LIMIT ?", {to_us(clock_.now()), std::int64_t{kBatch}});
        while (rows.next()) {
            due.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)), static_cast<int>(rows.integer(3))});
        }
    }
    int succeeded = 0;
    for (const Timer& timer : due) {
        run_timer(timer, succeeded);
    }
    return succeeded;
}

void Jobs::run_timer(const Timer& timer, int& succeeded) {
    const auto handler = handlers_.find(timer.name);
    const bool done = handler != handlers_.end() && attempt(timer.name, [&] { handler->second(timer); });
    attempt("jobs.settle", [&] {
        if (done) {
            // A handler may have set the same timer anew: only the one that fired goes.
            writer_.submit({{}, [&](storage::Group& group) {
                                group.connection().execute("DELETE FROM jobs_timer WHERE name = ? AND timer_key = ? AND due_us <= ?",
                                                           {timer.name, timer.key, to_us(clock_.now())});
                            }});
            ++succeeded;
            return;
        }
        failures_.add();
        const std::chrono::seconds wait = std::min(kBackOffMax, std::chrono::seconds(1LL << std::min(timer.attempt - 1, 9)));
        writer_.submit({{}, [&](storage::Group& group) {
                            group.connection().execute("UPDATE jobs_timer SET due_us = ?, attempt = attempt + 1 WHERE name = ? AND timer_key = ?",
                                                       {to_us(clock_.now() + wait), timer.name, timer.key});
                        }});
    });
}

void Jobs::run_regular(Regular& job) {
    const auto began = std::chrono::steady_clock::now();
    const bool done = attempt(job.name, job.work);
    const auto ended = std::chrono::steady_clock::now();
    job.next = ended + job.interval;
    const std::lock_guard lock(mutex_);
    job.ended = clock_.now();
    job.took = std::chrono::duration_cast<std::chrono::milliseconds>(ended - began);
    job.failed = !done;
}

std::vector<RegularState> Jobs::regular() const {
    const std::lock_guard lock(mutex_);
    std::vector<RegularState> states;
    for (const Regular& job : regular_) {
        states.push_back({job.name, job.interval, job.ended, job.took, job.failed});
    }
    return states;
}

std::vector<TimerState> Jobs::timers() {
    const auto snapshot = database_.read();
    storage::Cursor rows = snapshot->connection().query(
        "SELECT name, count(*), sum(CASE WHEN due_us <= ? THEN 1 ELSE 0 END), sum(CASE WHEN attempt > 1 THEN 1 ELSE 0 END), min(due_us) FROM jobs_timer"
        " GROUP BY name ORDER BY name", {to_us(clock_.now())});
    std::vector<TimerState> states;
    while (rows.next()) {
        states.push_back({std::string(rows.text(0)), rows.integer(1), rows.integer(2), rows.integer(3), from_us(rows.integer(4))});
    }
    return states;
}

void Jobs::start() {
    const auto now = std::chrono::steady_clock::now();
    for (Regular& job : regular_) {
        job.next = now + job.interval;
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Jobs::stop() {
    thread_.request_stop();
    wake_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
        attempt("jobs.lease", [&] { give_lease_back(); });
    }
}

void Jobs::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        attempt("jobs.lease", [&] { keep_lease(); });
        if (leads()) {
            attempt("jobs.timers", [&] { run_due(); });
        }
        for (Regular& job : regular_) {
            const bool here = job.on == On::each_node || leads();
            if (!stop.stop_requested() && here && job.next <= std::chrono::steady_clock::now()) {
                attempt("jobs.lease", [&] { keep_lease(); });
                run_regular(job);
            }
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, kLook, [] { return false; });
    }
}

}  // namespace qiao::jobs
