#include "app/backup/service.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

namespace qiao::app::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay_ms = 24LL * 3600 * 1000;
constexpr std::chrono::hours kRetry{1};  ///< after a night whose backup failed
constexpr std::size_t kShown = 60;  ///< backups that the page lists

/// Whoever treats patients goes first: on the processor and on the disk.
void step_back() {
    constexpr int kProcess = 1;
    constexpr int kBestEffortLast = (2 << 13) | 7;  // linux/ioprio.h
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 10);
    ::syscall(SYS_ioprio_set, kProcess, 0, kBestEffortLast);
}

json::Value instant_or_null(Instant instant) { return instant == Instant{} ? json::Value() : json::Value(format_instant(instant)); }

}  // namespace

Backups::Backups(Source source, Settings settings, Metrics& metrics)
    : source_(std::move(source)), settings_(std::move(settings)), zone_(settings_.zone), failures_(metrics.counter("qiao_backup_failures_total")) {
    load();
    verified_ = newest_verified(settings_.folder, source_.data_folder, signer_key());
    const auto age = [this](Instant since) {
        if (since == Instant{}) return std::numeric_limits<double>::infinity();
        return std::max(0.0, std::chrono::duration<double>(source_.clock.now() - since).count());
    };
    metrics.gauge("qiao_backup_last_success_seconds", [this, age] {
        const std::lock_guard lock(mutex_);
        return age(state_.last ? state_.last->taken : Instant{});
    });
    metrics.gauge("qiao_backup_last_verified_seconds", [this, age] {
        const std::lock_guard lock(mutex_);
        return age(verified_ ? verified_->at : Instant{});
    });
}

Backups::~Backups() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void Backups::load() {
    const std::string file = source_.data_folder + "/backup-state.json";
    if (!fs::exists(file)) return;
    const auto value = json::parse(storage::read_file(file));
    if (!value) return;
    const json::Value& last = (*value)["last"];
    if (last.is_object()) {
        Manifest manifest;
        manifest.id = last["id"].text();
        manifest.taken = parse_instant(last["taken"].text()).value_or(Instant{});
        manifest.duration_ms = last["durationMs"].integer().value_or(0);
        manifest.key_id = last["key"].text();
        manifest.files = last["files"].integer().value_or(0);
        manifest.bytes = last["bytes"].integer().value_or(0);
        manifest.written_bytes = last["writtenBytes"].integer().value_or(0);
        manifest.damaged_files = last["damagedFiles"].integer().value_or(0);
        state_.last = manifest;
    }
    state_.last_folder = (*value)["lastFolder"].text();
    state_.attempted = parse_instant((*value)["attempted"].text()).value_or(Instant{});
    state_.failed = parse_instant((*value)["failed"].text()).value_or(Instant{});
    state_.error = (*value)["error"].text();
}

void Backups::save_locked() const {
    const json::Value value = json::Value::object({{"last", state_.last ? state_.last->to_json() : json::Value()},
                                                   {"lastFolder", state_.last_folder},
                                                   {"attempted", instant_or_null(state_.attempted)},
                                                   {"failed", instant_or_null(state_.failed)},
                                                   {"error", state_.error}});
    storage::write_file_durably(source_.data_folder + "/backup-state.json", value.dump());
}

Manifest Backups::make(const Order& order, const std::stop_token& stop) {
    if (order.nightly) {
        // An empty folder where backups were: the disk is not mounted, and the backup would fill the wrong one.
        const std::lock_guard lock(mutex_);
        if (state_.last && state_.last_folder == order.folder && complete_backups(order.folder).empty()) {
            throw Error(ErrorKind::unavailable, "backup.folder_empty", "the folder no longer holds the earlier backups");
        }
    }
    Manifest manifest = make_backup(source_, order.folder, order.unsealed, stop);
    if (order.nightly) {
        const storage::FolderLock folder_lock(order.folder);
        prune(order.folder, settings_.keep);
    }
    return manifest;
}

void Backups::finished(const Order& order, const Manifest* manifest, std::string_view error, std::string_view message) {
    access::AuditEvent event = source_.audit.event_of(order.actor, "backup", manifest != nullptr ? "success" : "failed");
    event.detail = manifest != nullptr ? fmt::format("backup={} sealed={}", manifest->id, manifest->key_id.empty() ? "no" : manifest->key_id) : std::string(error);
    source_.audit.note(event);
    const std::lock_guard lock(mutex_);
    run_error_ = error;
    run_message_ = message;
    if (manifest != nullptr) {
        state_.last = *manifest;
        state_.last_folder = order.folder;
        state_.failed = Instant{};
        state_.error.clear();
        log::info("backup.done", {{"bytes", manifest->bytes}, {"written", manifest->written_bytes}, {"ms", manifest->duration_ms}});
    } else {
        state_.failed = source_.clock.now();
        state_.error = error;
        failures_.add();
        log::error("backup.failed", {{"code", error}});
    }
    save_locked();
}

Manifest Backups::run(const Order& order) {
    require_copyable();
    Manifest manifest = make(order, std::stop_token());
    finished(order, &manifest, {}, {});
    return manifest;
}

/// The end of one backup in the background: a boundary.
void Backups::run_in_background(const Order& order, const std::stop_token& stop) {
    step_back();
    try {
        const Manifest manifest = make(order, stop);
        finished(order, &manifest, {}, {});
    } catch (const Error& error) {
        finished(order, nullptr, error.code(), error.what());
    } catch (const std::exception& error) {
        finished(order, nullptr, "backup.failed", error.what());
    }
    const std::lock_guard lock(mutex_);
    running_ = false;
}

/// Before anything is written. What the engine's own tools copy is no affair of this.
void Backups::require_copyable() const {
    if (!source_.record.shared()) return;
    throw Error(ErrorKind::conflict, "storage.backup_by_engine",
                "the records are in PostgreSQL: back them up with its own tools, pg_basebackup and the WAL archive, and the data folder beside them "
                "(docs/operations.md)");
}

std::int64_t Backups::start(const Order& order) {
    require_copyable();
    const std::lock_guard lock(mutex_);
    if (running_) throw Error(ErrorKind::conflict, "backup.running", "a backup is being made");
    if (thread_.joinable()) thread_.join();  // it has ended
    running_ = true;
    ++number_;
    if (order.nightly) {
        state_.attempted = source_.clock.now();
        save_locked();
    }
    thread_ = std::jthread([this, order](const std::stop_token& stop) { run_in_background(order, stop); });
    return number_;
}

/// The latest time of day `at` that is not after `now`.
Instant Backups::last_due(Instant now) const {
    const std::int64_t today = to_ms(now) / kDay_ms;
    const std::int64_t at_ms = std::chrono::milliseconds(settings_.at).count();
    for (std::int64_t day = today + 1; day >= today - 2; --day) {
        const Instant due = from_us(zone_.to_utc_ms(day * kDay_ms + at_ms) * 1000);
        if (due <= now) return due;
    }
    return Instant{};
}

void Backups::tick() {
    bool due = false;
    {
        const std::lock_guard lock(mutex_);
        const Instant now = source_.clock.now();
        const Instant night = last_due(now);
        const bool missed = !state_.last || state_.last_folder != settings_.folder || state_.last->taken < night;
        due = !settings_.folder.empty() && !running_ && missed && (state_.attempted < night || now - state_.attempted > kRetry);
    }
    if (due) start({.folder = settings_.folder, .nightly = true, .actor = record::Actor::system("HOPERAT")});
    auto verified = newest_verified(settings_.folder, source_.data_folder, signer_key());
    const std::lock_guard lock(mutex_);
    if (verified) verified_ = std::move(verified);
}

void Backups::set_public_key(std::string_view open_key, bool replace) {
    if (!replace && public_key_of(source_.data_folder)) {
        throw Error(ErrorKind::conflict, "backup.key_exists", "there is a recovery key already; its backups need its private half. --replace makes another for the backups from now on");
    }
    store_public_key(source_.data_folder, open_key);
    access::AuditEvent event = source_.audit.event_of(record::Actor::system("HOPERAT"), "backup_key");
    event.detail = "key=" + storage::sealing_key_id(open_key);
    source_.audit.note(event);
}

json::Value Backups::progress() const {
    const std::lock_guard lock(mutex_);
    json::Value value = json::Value::object({{"running", running_}, {"number", number_}});
    if (running_) return value;
    if (!run_error_.empty()) {
        value.set("failed", run_error_);
        value.set("why", run_message_);
    } else if (state_.last) {
        value.set("backup", state_.last->to_json());
    }
    return value;
}

json::Value Backups::status() const {
    const auto key = public_key_of(source_.data_folder);
    json::Value listed = json::Value::array();
    auto ids = settings_.folder.empty() ? std::vector<std::string>() : complete_backups(settings_.folder);
    std::reverse(ids.begin(), ids.end());
    for (const auto& id : ids) {
        if (listed.size() == kShown) break;
        listed.push(read_manifest(settings_.folder, id, {}).to_json());
    }
    const Instant now = source_.clock.now();
    const std::lock_guard lock(mutex_);
    json::Value value = json::Value::object({{"folder", settings_.folder},
                                             {"at", fmt::format("{:02}:{:02}", settings_.at.count() / 60, settings_.at.count() % 60)},
                                             {"zone", settings_.zone},
                                             {"keep", settings_.keep},
                                             {"dataFolder", fs::absolute(source_.data_folder).lexically_normal().string()},
                                             {"configFile", settings_.config_file},
                                             {"key", key ? json::Value(storage::sealing_key_id(*key)) : json::Value()},
                                             {"running", running_},
                                             {"now", format_instant(now)},
                                             {"next", settings_.folder.empty() ? json::Value() : json::Value(format_instant(last_due(now + std::chrono::hours(24))))},
                                             {"last", state_.last ? state_.last->to_json() : json::Value()},
                                             {"lastFolder", state_.last_folder},
                                             {"failed", instant_or_null(state_.failed)},
                                             {"error", state_.error},
                                             {"backups", std::move(listed)}});
    if (verified_) {
        value.set("verified", json::Value::object({{"backup", verified_->backup},
                                                   {"at", format_instant(verified_->at)},
                                                   {"taken", format_instant(verified_->taken)},
                                                   {"restoreSeconds", json::Value::number(fmt::format("{:.1f}", verified_->restore_seconds))}}));
    }
    return value;
}

}  // namespace qiao::app::backup
