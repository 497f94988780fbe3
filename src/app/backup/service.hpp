#pragma once

#include "app/backup/make.hpp"
#include "app/backup/verify.hpp"
#include "base/json_value.hpp"
#include "base/metrics.hpp"
#include "record/extract/zone.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

/// The backups of one centre: one at a time, by hand or every night, and what became of them. Thread-safe.
namespace qiao::app::backup {

struct Settings {
    std::string folder;            ///< empty: no nightly backup
    std::chrono::minutes at{150};  ///< after midnight in the centre's zone
    int keep = 14;                 ///< newest ones that stay
    std::string zone = "Asia/Shanghai";
    std::string config_file;  ///< for what the page says; may be empty
};

class Backups {
public:
    Backups(Source source, Settings settings, Metrics& metrics);
    ~Backups();  ///< breaks off what runs

    struct Order {
        std::string folder;
        bool unsealed = false;
        bool nightly = false;  ///< old ones go afterwards
        record::Actor actor;
    };
    /// Starts one in the background. @return its number; Error(conflict, "backup.running").
    std::int64_t start(const Order& order);
    /// The same in the caller's thread. Error: what make_backup() throws.
    Manifest run(const Order& order);
    /// Regular work: the nightly backup when it is due, also one that was missed; looks for reports of restore drills.
    void tick();

    /// Makes the public half known; Error(conflict, "backup.key_exists") when there is one and not `replace`.
    void set_public_key(std::string_view open_key, bool replace);
    [[nodiscard]] std::string signer_key() const { return signer_of(source_.data_folder).open; }

    /// For the command that waits: {running, number, id, bytes, writtenBytes, durationMs | error, message}.
    [[nodiscard]] json::Value progress() const;
    /// For the page: configuration, key, last success and error, drill, the backups in the folder.
    [[nodiscard]] json::Value status() const;
    [[nodiscard]] const Settings& settings() const { return settings_; }

private:
    struct State {
        std::optional<Manifest> last;  ///< of the last success
        std::string last_folder;
        Instant attempted{};  ///< when the last nightly one began
        Instant failed{};     ///< of the last error; cleared by a success
        std::string error;    ///< its code
    };
    void load();
    void save_locked() const;
    void require_copyable() const;
    void finished(const Order& order, const Manifest* manifest, std::string_view error, std::string_view message);
    void run_in_background(const Order& order, const std::stop_token& stop);
    Manifest make(const Order& order, const std::stop_token& stop);
    [[nodiscard]] Instant last_due(Instant now) const;

    const Source source_;
    const Settings settings_;
    const record::Zone zone_;
    Counter& failures_;
    mutable std::mutex mutex_;
    State state_;
    std::optional<Verified> verified_;
    bool running_ = false;
    std::int64_t number_ = 0;
    std::string run_error_, run_message_;  ///< of the run that ended last
    std::jthread thread_;
};

}  // namespace qiao::app::backup
