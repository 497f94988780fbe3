#include "record/store/indexer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

namespace qiao::record {
namespace {

constexpr Rid kStep = 500;
constexpr std::chrono::seconds kAfterFailure{5};

std::string stored_version(storage::Connection& connection) {
    auto rows = connection.query("SELECT value FROM setting WHERE name = 'extractor_version'");
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

bool has_resources(storage::Connection& connection, TypeId type) {
    auto rows = connection.query("SELECT 1 FROM res WHERE type = ? AND state = 0 LIMIT 1", {std::int64_t{number_of(type)}});
    return rows.next();
}

/// A live resource in the range of a step.
struct Resource {
    Rid rid = 0;
    std::int64_t version = 0;
    TypeId type = TypeId::none;
    std::string id;
    std::int64_t date = kNoDate;
    std::int64_t acl = 0;
    std::string packed;  ///< only where it was asked for
};

bool concerns(const IndexJobs::List& jobs, TypeId type, ParamId param) {
    return std::any_of(jobs.begin(), jobs.end(), [&](const IndexJob& job) { return job.type == type && job.param == param; });
}

bool stands(const IndexJobs::List& jobs, const IndexJob& job) {
    return std::any_of(jobs.begin(), jobs.end(),
                       [&](const IndexJob& one) { return one.type == job.type && one.param == job.param && one.position == job.position; });
}

std::vector<Resource> resources_of(storage::Connection& connection, Rid after, Rid last, const IndexJobs::List& jobs, bool with_body) {
    std::vector<Resource> found;
    auto rows = connection.query(with_body ? "SELECT rid, ver, type, id, d, acl, body FROM res WHERE rid > ? AND rid <= ? AND state = 0 ORDER BY rid"
                                           : "SELECT rid, ver, type, id, d, acl FROM res WHERE rid > ? AND rid <= ? AND state = 0 ORDER BY rid",
                                 {after, last});
    while (rows.next()) {
        const TypeId type = type_of_number(static_cast<std::uint32_t>(rows.integer(2)));
        if (std::none_of(jobs.begin(), jobs.end(), [&](const IndexJob& job) { return job.type == type; })) continue;
        found.push_back({rows.integer(0), rows.integer(1), type, id_text(rows.text(3)), rows.integer(4), rows.integer(5),
                         with_body ? std::string(rows.text(6)) : std::string()});
    }
    return found;
}

std::string body_of(storage::Connection& connection, Rid rid) {
    auto rows = connection.query("SELECT body FROM res WHERE rid = ?", {rid});
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

Rid last_rid(storage::Connection& connection) {
    auto rows = connection.query("SELECT max(rid) FROM res");
    return rows.next() ? rows.integer(0) : 0;
}

Rows rows_of(Core& core, const Resource& resource, const IndexJobs::List& jobs, const LocalParameters& local) {
    Rows rows = core.index_packed(resource.packed, resource.type, resource.id, local).rows;
    keep_parameters(rows, [&](ParamId param) { return concerns(jobs, resource.type, param); });
    return rows;
}

}  // namespace

Indexer::~Indexer() {
    thread_.request_stop();
    wake_.notify_all();
}

void Indexer::note_extractor() {
    const std::uint32_t version = extractor_version();
    IndexJobs::List jobs;
    {
        auto snapshot = core_.database.read();
        const std::string stored = stored_version(snapshot->connection());
        if (stored == std::to_string(version)) return;
        const std::uint32_t since = stored.empty() ? version : static_cast<std::uint32_t>(std::stoul(stored));
        if (since > version)
            throw Error(ErrorKind::unavailable, "record.index_newer",
                        "the index was made by a newer version of the program; an older one cannot go on with it");
        for (const TypeId type : all_types()) {
            if (!has_resources(snapshot->connection(), type)) continue;
            for (const ParamId param : changed_parameters(type, since)) jobs.push_back({type, param, kClearing});
        }
    }
    core_.writer.submit({{}, [&](storage::Group& group) {
                             if (stored_version(group.connection()) == std::to_string(version)) return;  // another node was first
                             group.connection().execute(
                                 "INSERT INTO setting(name, value) VALUES('extractor_version', ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
                                 {storage::Blob{std::to_string(version)}});
                             core_.index_jobs.set(group, jobs);
                         }});
}

void Indexer::wake() {
    const std::lock_guard lock(mutex_);
    asked_ = true;
    if (thread_.joinable())
        wake_.notify_all();
    else if (looks_ || !core_.index_jobs.open()->empty())
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Indexer::look() {
    looks_ = core_.database.shared();
    wake();
}

void Indexer::run(const std::stop_token& stop) {
    log::info("record.index_begun", {{"parameters", static_cast<std::int64_t>(core_.index_jobs.open()->size())}});
    while (!stop.stop_requested()) {
        bool more = false;
        bool failed = false;
        // A boundary: the thread outlives a full disk or a database that is away, and tries again.
        try {
            more = step();
        } catch (const Error& error) {
            log::error("record.index_job_failed", {{"code", error.code()}});
            failed = true;
            looks_ = core_.database.shared();
        }
        if (more) continue;
        std::unique_lock lock(mutex_);
        if (failed)
            wake_.wait_for(lock, stop, kAfterFailure, [] { return false; });
        else
            wake_.wait(lock, stop, [this] { return asked_; });
        asked_ = false;
    }
}

bool Indexer::step() {
    if (looks_.exchange(false)) core_.writer.submit({{}, [](storage::Group&) {}});  // begins by reading what others wrote
    const auto open = core_.index_jobs.open();
    if (open->empty()) return false;
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
    for (const IndexJob& job : *open) {
        if (job.position < 0) {
            clear(job);
            return true;
        }
        lowest = std::min(lowest, job.position);
    }
    IndexJobs::List jobs;
    std::copy_if(open->begin(), open->end(), std::back_inserter(jobs), [&](const IndexJob& job) { return job.position == lowest; });
    build(lowest, jobs);
    return true;
}

void Indexer::clear(const IndexJob& job) {
    core_.writer.submit({{}, [&](storage::Group& group) {
                             if (!stands(core_.index_jobs.now(), job)) return;
                             if (clear_rows(group.connection(), job.type, job.param)) return;
                             if (job.position == kRemoving) return core_.index_jobs.done(group, {job});
                             core_.index_jobs.set(group, {{job.type, job.param, 0}});
                         }});
}

void Indexer::build(std::int64_t position, const IndexJobs::List& jobs) {
    const Rid last = position + kStep;
    std::map<Rid, std::pair<std::int64_t, Rows>> made;  // with the version that they are of
    {
        std::vector<Resource> resources;
        {
            auto snapshot = core_.database.read();
            resources = resources_of(snapshot->connection(), position, last, jobs, true);
        }
        const auto local = core_.local_parameters.open();
        for (const Resource& resource : resources) made.emplace(resource.rid, std::pair(resource.version, rows_of(core_, resource, jobs, *local)));
    }
    core_.writer.submit({{}, [&](storage::Group& group) {
                             // Another node may have made this step meanwhile.
                             if (!std::all_of(jobs.begin(), jobs.end(), [&](const IndexJob& job) { return stands(core_.index_jobs.now(), job); })) return;
                             storage::Connection& connection = group.connection();
                             RowWriter writer(core_, group, [&](const Target& target) { return rid_or_stub(core_, group, target); });
                             for (Resource& resource : resources_of(connection, position, last, jobs, false)) {
                                 auto& [version, rows] = made[resource.rid];
                                 if (version != resource.version) {
                                     resource.packed = body_of(connection, resource.rid);
                                     rows = rows_of(core_, resource, jobs, *core_.local_parameters.now());
                                     version = resource.version;
                                 }
                                 const Place place{resource.type, resource.rid, resource.date, resource.acl, 0};
                                 writer.insert(place, rows);
                             }
                             writer.flush();
                             if (last >= last_rid(connection)) return core_.index_jobs.done(group, jobs);
                             IndexJobs::List moved = jobs;
                             for (IndexJob& job : moved) job.position = last;
                             core_.index_jobs.set(group, moved);
                         }});
    if (core_.index_jobs.open()->empty()) log::info("record.index_complete");
}

}  // namespace qiao::record
