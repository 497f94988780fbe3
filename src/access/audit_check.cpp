#include "access/audit_check.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kEach = 24h;
constexpr auto kAgain = 1h;  // after a run that broke off
constexpr std::size_t kKept = 100;

}  // namespace

AuditCheck::AuditCheck(storage::Database& database, storage::Writer& writer, Audit& audit, const Clock& clock, Metrics& metrics, std::string folder)
    : database_(database),
      writer_(writer),
      audit_(audit),
      clock_(clock),
      folder_(std::move(folder)),
      failures_(metrics.counter("qiao_audit_check_failures_total")) {
    last_ = load();
    metrics.gauge("qiao_audit_defects", [this] {
        const auto found = last();
        return found ? static_cast<double>(found->defect_count) : 0.0;
    });
}

AuditCheck::~AuditCheck() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void AuditCheck::start(const record::Actor& actor) {
    AuditEvent event = audit_.event_of(actor, "verify");
    event.type = "AuditEvent";
    begin(actor.person);
    audit_.note(event);
}

void AuditCheck::begin(std::int64_t person) {
    const std::lock_guard lock(mutex_);
    if (progress_) throw Error(ErrorKind::conflict, "access.audit_check_running", "the chain is being checked already");
    if (thread_.joinable()) thread_.join();
    progress_ = Progress{.total = audit_.head().seq, .started = clock_.now()};
    thread_ = std::jthread([this, person](const std::stop_token& stop) { run(stop, person); });
}

void AuditCheck::tick() {
    {
        const std::lock_guard lock(mutex_);
        const Instant now = clock_.now();
        const bool due = !last_ || now - last_->started >= kEach;
        if (progress_ || !due || now - tried_ < kAgain) return;
        tried_ = now;
    }
    begin(0);
}

void AuditCheck::run(const std::stop_token& stop, std::int64_t person) {
    AuditFinding finding{.person = person};
    {
        const std::lock_guard lock(mutex_);
        finding.started = progress_->started;
    }
    bool whole_run = false;
    try {
        audit_.flush();
        AuditReport report = verify_audit(database_, folder_, 1, [&](std::int64_t rows) {
            const std::lock_guard lock(mutex_);
            progress_->rows = rows;
            return !stop.stop_requested();
        });
        whole_run = !stop.stop_requested();
        finding.ended = clock_.now();
        finding.rows = report.rows;
        finding.heads = report.heads;
        finding.head = report.head;
        finding.defect_count = static_cast<std::int64_t>(report.defects.size());
        if (report.defects.size() > kKept) report.defects.resize(kKept);
        finding.defects = std::move(report.defects);
        if (whole_run) store(finding);
    } catch (const Error& error) {
        whole_run = false;
        failures_.add();
        log::error("audit.check_failed", {{"code", error.code()}});
    }
    {
        const std::lock_guard lock(mutex_);
        if (whole_run) last_ = finding;
        progress_.reset();
    }
    if (!whole_run || finding.defect_count == 0) return;
    log::error("audit.damaged", {{"defects", finding.defect_count}, {"first_row", finding.defects.front().seq}});
    if (on_defects_) on_defects_(finding);
}

std::optional<AuditCheck::Progress> AuditCheck::progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
}

std::optional<AuditFinding> AuditCheck::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

std::optional<AnchoredHead> anchored_head(const std::string& folder) {
    const std::string file = folder + "/audit-heads.log";
    if (::access(file.c_str(), R_OK) != 0) return std::nullopt;
    std::ifstream stream(file, std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::int64_t>(stream.tellg());
    std::string text(static_cast<std::size_t>(std::min<std::int64_t>(size, 1024)), '\0');
    stream.seekg(size - static_cast<std::int64_t>(text.size()));
    if (!stream.read(text.data(), static_cast<std::streamsize>(text.size()))) return std::nullopt;
    const std::string_view whole = trim(text);
    const auto words = split(whole.substr(whole.rfind('\n') == std::string_view::npos ? 0 : whole.rfind('\n') + 1), ' ');
    AnchoredHead head;
    if (words.size() != 6) return std::nullopt;
    std::from_chars(words[2].data(), words[2].data() + words[2].size(), head.seq);
    head.hash = words[3];
    head.time = words[4];
    return head;
}

}  // namespace qiao::access
