#pragma once

#include "access/audit.hpp"
#include "base/metrics.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

/// The whole chain is checked each day, and when somebody asks for it: one run at a time, on a thread of its own. Thread-safe.
namespace qiao::access {

/// What a run that has ended found.
struct AuditFinding {
    Instant started{};
    Instant ended{};
    std::int64_t person = 0;  ///< who asked; 0 = the daily run
    std::int64_t rows = 0;
    std::int64_t heads = 0;
    Audit::Head head;  ///< the last row that was checked
    std::int64_t defect_count = 0;
    std::vector<AuditDefect> defects;  ///< the first hundred
};

class AuditCheck {
public:
    AuditCheck(storage::Database& database, storage::Writer& writer, Audit& audit, const Clock& clock, Metrics& metrics, std::string folder);
    ~AuditCheck();  ///< breaks off what runs

    /// Starts a run. Error(conflict, "access.audit_check_running").
    void start(const record::Actor& actor);
    /// The daily run when it is due; called each minute.
    void tick();

    struct Progress {
        std::int64_t rows = 0;   ///< checked so far
        std::int64_t total = 0;  ///< when the run began
        Instant started{};
    };
    [[nodiscard]] std::optional<Progress> progress() const;  ///< nothing when none runs
    [[nodiscard]] std::optional<AuditFinding> last() const;
    /// Called on the run's thread when it found something: to tell somebody.
    void on_defects(std::function<void(const AuditFinding&)> listener) { on_defects_ = std::move(listener); }

private:
    void begin(std::int64_t person);
    void run(const std::stop_token& stop, std::int64_t person);
    // audit_check_store.cpp
    std::optional<AuditFinding> load();
    void store(const AuditFinding& finding);

    storage::Database& database_;
    storage::Writer& writer_;
    Audit& audit_;
    const Clock& clock_;
    const std::string folder_;
    Counter& failures_;
    std::function<void(const AuditFinding&)> on_defects_;
    mutable std::mutex mutex_;
    std::optional<AuditFinding> last_;
    std::optional<Progress> progress_;
    Instant tried_{};  ///< when the last daily run began, also one that failed
    std::jthread thread_;
};

/// The last line of `audit-heads.log`: number and time. Nothing when there is none.
struct AnchoredHead {
    std::int64_t seq = 0;
    std::string hash;  ///< hex
    std::string time;
};
std::optional<AnchoredHead> anchored_head(const std::string& folder);

}  // namespace qiao::access
