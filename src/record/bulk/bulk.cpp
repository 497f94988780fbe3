#include "record/bulk/bulk.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "record/bulk/bulk_limits.hpp"
#include "record/bulk/export_run.hpp"
#include "record/bulk/files.hpp"
#include "record/bulk/import_run.hpp"

#include <chrono>
#include <tuple>

namespace qiao::record::bulk {
namespace {

constexpr std::chrono::seconds kLook{60};  // what expired
constexpr std::chrono::seconds kAfterFailure{5};
constexpr std::chrono::hours kForeign{7 * 24};  // another node may take this long to come back

}  // namespace

/// Keeps a folder whose row is still to come.
class Bulk::Arriving {
public:
    Arriving(Bulk& bulk, std::string id) : bulk_(bulk), id_(std::move(id)) {
        const std::lock_guard lock(bulk_.mutex_);
        bulk_.arriving_.insert(id_);
    }
    ~Arriving() {
        const std::lock_guard lock(bulk_.mutex_);
        bulk_.arriving_.erase(id_);
    }
    Arriving(const Arriving&) = delete;
    Arriving& operator=(const Arriving&) = delete;

private:
    Bulk& bulk_;
    std::string id_;
};

Bulk::Bulk(Ground ground) : ground_(std::move(ground)), node_(node_of(ground_.folder)) {
    ground_.metrics.gauge("qiao_bulk_jobs_running", [this] { return static_cast<double>(running_.load()); });
}

Bulk::~Bulk() { stop(); }

void Bulk::start() {
    for (Lane& lane : lanes_) lane.thread = std::jthread([this, &lane] { run(lane); });
}

void Bulk::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (Lane& lane : lanes_) {
        if (lane.thread.joinable()) lane.thread.join();
    }
}

void Bulk::wake() {
    {
        const std::lock_guard lock(mutex_);
        for (Lane& lane : lanes_) lane.woken = true;
    }
    wake_.notify_all();
}

bool Bulk::is_ended(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    return stopping_ || ended_.contains(id);
}

/// A boundary: a job that fails is noted as failed; while the database is away it waits.
void Bulk::run(Lane& lane) {
    bool failed = false;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            lane.working_on.clear();
            if (failed)
                wake_.wait_for(lock, kAfterFailure, [this] { return stopping_; });
            else
                wake_.wait_for(lock, kLook, [&] { return stopping_ || lane.woken; });
            if (stopping_) return;
            lane.woken = false;
        }
        try {
            if (lane.kind == Kind::exports) sweep();
            while (work(lane)) {
            }
            failed = false;
        } catch (const Error& error) {
            log::warning("record.bulk_waits", {{"code", error.code()}});
            failed = true;
        }
    }
}

/// @return false when there is nothing to do, or no time
bool Bulk::work(Lane& lane) {
    const auto job = bulk::next(ground_.database.read()->connection(), lane.kind, node_);
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || !job) return false;
        lane.working_on = job->id;
        ended_.erase(job->id);
    }
    ++running_;
    try {
        carry_out(*job);
        --running_;
    } catch (const Error& error) {
        --running_;
        // What may pass by itself is tried again from where the job is.
        const bool passes = error.kind() == ErrorKind::unavailable && (error.code() != "storage.full" || job->kind == Kind::imports);
        if (passes) throw;
        if (!is_ended(job->id)) fail(*job, error.code());
    }
    if (lane.kind == Kind::exports) sweep();
    const std::lock_guard lock(mutex_);
    lane.working_on.clear();
    ended_.erase(job->id);
    return !stopping_;
}

void Bulk::carry_out(const Job& job) {
    const std::string folder = ground_.folder + "/" + job.id;
    const std::function<bool()> ended = [this, &job] { return is_ended(job.id); };
    if (job.kind == Kind::exports)
        run_export(ground_, node_, job, folder, ended);
    else
        run_import(ground_, job, folder, ended);
}

void Bulk::fail(const Job& job, std::string_view code) {
    log::error("record.bulk_failed", {{"kind", code_of(job.kind)}, {"code", code}});
    Job failed = job;
    failed.state = std::string(state::kFailed);
    failed.error = std::string(code);
    failed.ended_ms = to_ms(ground_.clock.now());
    failed.expires_ms = failed.ended_ms + std::chrono::milliseconds(kBulkKept).count();
    ground_.writer.submit({{}, [&](storage::Group& group) { bulk::end(group, failed); }});
}

/// Takes away what expired and the folders of jobs that are gone.
void Bulk::sweep() {
    const std::int64_t now = to_ms(ground_.clock.now());
    std::vector<std::string> expired;
    // In this order: a folder that is listed and not arriving any more has its row by now.
    const std::vector<std::string> folders = folders_in(ground_.folder);
    std::set<std::string, std::less<>> kept;
    {
        const std::lock_guard lock(mutex_);
        kept = arriving_;
    }
    for (const Job& job : bulk::jobs_of(ground_.database.read()->connection(), {})) {
        if (is_over(job, now)) {
            expired.push_back(job.id);
            continue;
        }
        if (job.kind == Kind::imports && !job.is_running()) remove_file(ground_.folder + "/" + job.id + "/input");
        // An export that failed has no use for its files.
        if (!(job.kind == Kind::exports && job.state == state::kFailed)) kept.insert(job.id);
    }
    for (const std::string& folder : folders) {
        if (!kept.contains(folder)) remove_folder(ground_.folder + "/" + folder);
    }
    if (expired.empty()) return;
    ground_.writer.submit({{}, [&](storage::Group& group) {
                               for (const std::string& id : expired) bulk::remove(group, id);
                           }});
}

/// Expired, or of a node that is gone: a restored centre has another folder than the one before.
bool Bulk::is_over(const Job& job, std::int64_t now_ms) const {
    if (job.expires_ms != 0) return job.expires_ms <= now_ms;
    if (job.node == node_) return false;
    return !ground_.database.shared() || job.created_ms < now_ms - std::chrono::milliseconds(kForeign).count();
}

void Bulk::admit(storage::Connection& connection, std::string_view owner) const {
    std::int64_t all = 0;
    std::int64_t own = 0;
    std::int64_t running = 0;
    for (const Job& job : bulk::jobs_of(connection, {})) {
        ++all;
        if (job.owner != owner) continue;
        ++own;
        running += job.is_running() ? 1 : 0;
    }
    if (running >= kBulkRunningPerOwner || own >= kBulkJobsPerOwner || all >= kBulkJobs)
        throw Error(ErrorKind::unavailable, "record.bulk_too_many", "too many bulk jobs: wait for some to end, or delete some");
}

std::string Bulk::order_export(const Caller& caller, std::string_view owner, const ExportAsk& ask, std::string written, std::string request) {
    Job job;
    job.id = new_random_uuid();
    job.owner = std::string(owner);
    job.filter_digest = digest_of(caller.filter);
    job.node = node_;
    job.state = std::string(state::kRunning);
    job.request = std::move(request);
    job.ask = std::move(written);
    if (ask.level == ExportAsk::Level::group) ground_.record.read(caller.filter)->get("Group/" + ask.group);
    submit(job);
    return job.id;
}

void Bulk::submit(Job& job) {
    require_room(ground_.folder);
    ground_.writer.submit({[&](storage::Group& group) { admit(group.connection(), job.owner); },
                           [&](storage::Group& group) {
                               job.t = group.t();
                               job.created_ms = to_ms(group.now());
                               bulk::insert(group, job);
                           }});
    wake();
}

std::string Bulk::order_import(std::string_view owner, const Source& source, std::string request) {
    Job job;
    job.id = new_random_uuid();
    job.kind = Kind::imports;
    job.owner = std::string(owner);
    job.node = node_;
    job.state = std::string(state::kRunning);
    job.request = std::move(request);
    job.source = source.path;
    require_room(ground_.folder);
    admit(ground_.database.read()->connection(), owner);
    const Arriving arriving(*this, job.id);
    const std::string folder = ground_.folder + "/" + job.id;
    ImportAsk ask{.whole = source.whole};
    if (source.path.empty()) {
        storage::make_folder(folder);
        if (source.spilled)
            copy_durably(source.spilled->file->descriptor(), source.spilled->offset, source.spilled->length, folder + "/input");
        else
            storage::write_file_durably(folder + "/input", source.body);
        storage::sync_folder(folder);
        storage::sync_folder(ground_.folder);
        ask.size = look_at(folder + "/input").first;
    } else {
        std::tie(ask.size, ask.changed_ns) = look_at(source.path);
    }
    job.ask = written_ask(ask);
    job.total = ask.size;
    submit(job);
    return job.id;
}

std::optional<Job> Bulk::find(std::string_view id) const { return bulk::find(ground_.database.read()->connection(), id); }
std::vector<Job> Bulk::jobs_of(std::string_view owner) const { return bulk::jobs_of(ground_.database.read()->connection(), owner); }
std::vector<File> Bulk::files_of(std::string_view id) const { return bulk::files_of(ground_.database.read()->connection(), id); }
std::string Bulk::path_of(const Job& job, std::string_view file) const { return ground_.folder + "/" + job.id + "/" + std::string(file); }

void Bulk::end(const Job& job) {
    Job ended = job;
    ended.state = std::string(state::kCancelled);
    ended.ended_ms = to_ms(ground_.clock.now());
    ended.expires_ms = ended.ended_ms + std::chrono::milliseconds(kBulkKept).count();
    bool kept = false;
    ground_.writer.submit({{}, [&](storage::Group& group) {
                               // What an import wrote and refused can still be looked at.
                               kept = job.kind == Kind::imports && bulk::end(group, ended);
                               if (!kept) bulk::remove(group, job.id);
                           }});
    bool busy = false;
    {
        const std::lock_guard lock(mutex_);
        for (const Lane& lane : lanes_) busy = busy || lane.working_on == job.id;
        if (busy) ended_.insert(job.id);
    }
    if (!kept && !busy && job.node == node_) remove_folder(ground_.folder + "/" + job.id);
    wake();
}

}  // namespace qiao::record::bulk
