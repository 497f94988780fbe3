#include "app/bulk_commands.hpp"

#include "app/centre.hpp"
#include "app/control.hpp"
#include "app/signals.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "record/bulk/files.hpp"
#include "record/bulk/import_run.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>

namespace qiao::app {
namespace {

using json::Value;
namespace bulk = record::bulk;
namespace fs = std::filesystem;

constexpr timespec kLook{0, 200'000'000};
constexpr int kInterrupted = 130;

Value order_export(bulk::Bulk& jobs, const Value& request) {
    bulk::Parameters parameters;
    for (const Value& type : request["types"].items()) parameters.emplace_back("_type", type.text());
    if (!request["since"].text().empty()) parameters.emplace_back("_since", request["since"].text());
    const auto level = bulk::ExportAsk::Level::system;
    const bulk::ExportAsk ask = bulk::parse_export(jobs.ground().record.core(), level, {}, parameters);
    return Value::object(
        {{"job", jobs.order_export(console_caller(), bulk::kConsole, ask, bulk::written_ask(level, {}, parameters, {}), "qiao export")}});
}

Value order_import(bulk::Bulk& jobs, const Value& request) {
    bulk::Bulk::Source source;
    source.whole = request["whole"].truth();
    source.path = request["path"].text();
    return Value::object({{"job", jobs.order_import(bulk::kConsole, source, "qiao import")}});
}

bulk::Job found(const bulk::Bulk& jobs, const Value& request) {
    auto job = jobs.find(request["job"].text());
    if (!job || job->owner != bulk::kConsole) throw Error(ErrorKind::not_found, "record.not_found", "no such job");
    return *std::move(job);
}

Value status(const bulk::Bulk& jobs, const Value& request) {
    const bulk::Job job = found(jobs, request);
    Value files = Value::array();
    for (const bulk::File& file : jobs.files_of(job.id)) {
        files.push(Value::object({{"name", file.name}, {"path", jobs.path_of(job, file.name)}, {"bytes", file.bytes}, {"lines", file.lines}}));
    }
    return Value::object({{"state", job.state},
                          {"percent", job.percent()},
                          {"written", job.written},
                          {"failed", job.failed},
                          {"lines", job.place.line},
                          {"failure", job.error},
                          {"files", std::move(files)}});
}

/// The server that runs on the folder, or this process in its place.
class Worker {
public:
    explicit Worker(const Options& options) : options_(options) {
        if (server_runs_on(options.data_folder)) return;
        centre_.emplace(options);
        centre_->bulk().start();
    }
    Value ask(const Value& request) {
        if (centre_) return *obey_bulk(centre_->bulk(), request);
        auto answer = ask_running_server(options_.data_folder, request);
        if (!answer) throw Error(ErrorKind::unavailable, "control.no_answer", "the server went away; it goes on with the job when it is back");
        return std::move(*answer);
    }

private:
    const Options& options_;
    std::optional<Centre> centre_;
};

/// Looks until the job ends; an interrupt ends it. @return how it stands then
Value await_end(Worker& worker, const Value& job, const sigset_t& signals, std::string_view what, std::string_view unit) {
    const auto about = [&](std::string_view command) { return Value::object({{"command", command}, {"job", job["job"].text()}}); };
    std::string said;
    for (;;) {
        const int signal = ::sigtimedwait(&signals, nullptr, &kLook);
        Value now = worker.ask(about("bulk_status"));
        const bool over = now["state"].text() != bulk::state::kRunning;
        if (over || now["percent"].text() != said)
            fmt::print(stderr, "{}: {}%, {} {}, {} refused\n", what, now["percent"].text(), now["written"].text(), unit, now["failed"].text());
        said = now["percent"].text();
        if (over) return now;
        if (signal <= 0) continue;
        worker.ask(about("bulk_end"));
        now.set("state", std::string(bulk::state::kCancelled));
        return now;
    }
}

void forget(Worker& worker, const Value& job) { worker.ask(Value::object({{"command", "bulk_end"}, {"job", job["job"].text()}})); }

/// The bytes that count.
void copy_out(const Value& file, const std::string& to) {
    const storage::Descriptor from(::open(file["path"].text().c_str(), O_RDONLY | O_CLOEXEC));
    if (from.get() < 0) throw Error(ErrorKind::not_found, "storage.no_file", "the job's file cannot be opened");
    bulk::copy_durably(from.get(), 0, static_cast<std::uint64_t>(file["bytes"].integer().value_or(0)), to);
}

int status_of(const Value& end) {
    const std::string& state = end["state"].text();
    if (state == bulk::state::kCancelled) {
        fmt::print(stderr, "cancelled\n");
        return kInterrupted;
    }
    if (state == bulk::state::kFailed) fmt::print(stderr, "failed: {}\n", end["failure"].text());
    return state == bulk::state::kComplete ? 0 : 1;
}

int import_file(Worker& worker, const std::string& file, const sigset_t& signals) {
    const bool whole = lower(fs::path(file).extension().string()) == ".json";
    const std::string path = fs::absolute(file).lexically_normal().string();
    const Value job = worker.ask(Value::object({{"command", "bulk_import"}, {"path", path}, {"whole", whole}}));
    const Value end = await_end(worker, job, signals, file, "resources");
    int status = status_of(end);
    for (const Value& outcomes : end["files"].items()) {
        const std::string to = fs::path(file).filename().string() + ".outcome.ndjson";
        copy_out(outcomes, to);
        fmt::print(stderr, "{} refused, see {}\n", end["failed"].text(), to);
        if (status == 0) status = 1;
    }
    if (end["state"].text() != bulk::state::kCancelled) forget(worker, job);
    return status;
}

}  // namespace

record::Caller console_caller() {
    record::Caller caller;
    caller.filter = record::ReadFilter::system("the operator takes data in and out on the machine itself");
    caller.actor = record::Actor::system("HSYSADMIN");
    caller.may_write_plain = true;
    return caller;
}

std::optional<Value> obey_bulk(bulk::Bulk& jobs, const Value& request) {
    const std::string& command = request["command"].text();
    if (command == "bulk_export") return order_export(jobs, request);
    if (command == "bulk_import") return order_import(jobs, request);
    if (command == "bulk_status") return status(jobs, request);
    if (command != "bulk_end") return std::nullopt;
    jobs.end(found(jobs, request));
    return Value::object();
}

int import_files(const Options& options, const std::vector<std::string>& files) {
    const sigset_t signals = block_end_signals();
    Worker worker(options);
    int status = 0;
    for (const std::string& file : files) {
        const int one = import_file(worker, file, signals);
        if (one == kInterrupted) return one;
        status = std::max(status, one);
    }
    return status;
}

int export_files(const Options& options, const ExportInput& input) {
    const sigset_t signals = block_end_signals();
    storage::make_folder(input.folder);
    Worker worker(options);
    Value types = Value::array();
    for (const std::string& type : input.types) types.push(type);
    const Value job = worker.ask(Value::object({{"command", "bulk_export"}, {"types", std::move(types)}, {"since", input.since}}));
    const Value end = await_end(worker, job, signals, "export", "resources");
    int status = status_of(end);
    const auto place_of = [&](const Value& file) { return (fs::path(input.folder) / file["name"].text()).string(); };
    for (const Value& file : end["files"].items()) {
        if (status != 0 || !fs::exists(place_of(file))) continue;
        fmt::print(stderr, "{} is there already\n", place_of(file));
        status = 1;
    }
    for (const Value& file : end["files"].items()) {
        if (status != 0) break;
        copy_out(file, place_of(file));
        fmt::print("{}\n", place_of(file));
    }
    if (status != kInterrupted) forget(worker, job);
    return status;
}

}  // namespace qiao::app
