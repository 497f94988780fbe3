#include "app/gateway/reporter.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "imaging/store_client.hpp"

namespace qiao::app::gateway {
namespace {

using namespace std::chrono_literals;
using json::Value;

constexpr auto kInterval = 10s;
constexpr auto kSoon = 1s;  // after an answer that asked for something
constexpr std::chrono::milliseconds kEcho{5'000};
constexpr std::size_t kReportedRefused = 50;

Value time_value(Instant at) { return at == Instant{} ? Value() : Value(format_instant(at)); }

}  // namespace

Reporter::Reporter(Door& door, exchange::GatewayQueue& queue, exchange::GatewaySender& sender, const exchange::HubAddress& address, exchange::HubToken& token,
                   const Clock& clock)
    : door_(door), queue_(queue), sender_(sender), token_(token), clock_(clock), started_(clock.now()), line_(address, given_up_) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Reporter::~Reporter() { stop(); }

void Reporter::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    wake_.notify_all();
    // A report that hangs on a dead line must not keep the program.
    std::jthread patience([this](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any waiting;
        std::unique_lock lock(mutex);
        waiting.wait_for(lock, stop, 5s, [] { return false; });
        given_up_ = true;
    });
    thread_.join();
}

Value Reporter::report(bool stopping) const {
    const auto counts = queue_.counts();
    const auto progress = sender_.progress();
    Value report;
    report.set("version", QIAO_VERSION);
    report.set("now", format_instant(clock_.now()));
    report.set("started", format_instant(started_));
    report.set("stopping", stopping);
    report.set("queueObjects", counts.objects);
    report.set("queueBytes", static_cast<std::int64_t>(counts.bytes));
    report.set("oldest", counts.oldest ? Value(format_instant(*counts.oldest)) : Value());
    report.set("bytesPerSecond", static_cast<std::int64_t>(progress.bytes_per_s));
    report.set("diskPercent", door_.disk_percent());
    report.set("full", !door_.has_room());
    report.set("sentObjects", progress.objects);
    report.set("sentBytes", static_cast<std::int64_t>(progress.bytes));
    report.set("lastObject", time_value(progress.last_object));
    report.set("lastError",
               progress.problem.code.empty() ? Value() : Value::object({{"code", progress.problem.code}, {"at", format_instant(progress.problem.at)}}));
    report.set("refusedCount", counts.refused);
    Value refused = Value::array();
    for (const auto& one : queue_.refused()) {
        if (refused.size() >= kReportedRefused) break;
        Value row;
        row.set("digest", one.item.digest);
        row.set("title", one.title);
        row.set("reason", one.reason);
        row.set("at", format_instant(one.at));
        row.set("bytes", static_cast<std::int64_t>(one.item.length));
        refused.push(std::move(row));
    }
    report.set("refused", std::move(refused));
    door_.write_report(report);
    return report;
}

Value Reporter::status() const {
    Value status = report(false);
    const std::lock_guard lock(mutex_);
    status.set("online", online_);
    status.set("lastHeard", time_value(last_heard_));
    status.set("problem", problem_);
    return status;
}

bool Reporter::send(bool stopping) {
    Value body = report(stopping);
    {
        const std::lock_guard lock(mutex_);
        body.set("echo", echoes_);
    }
    exchange::HubAnswer answer;
    for (int attempt = 0; attempt < 2; ++attempt) {
        const std::string token = token_.get(line_, answer);
        if (token.empty()) break;
        answer = line_.request("POST", "/imaging/gateway/report", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + token}}, body.dump());
        if (answer.status != 401) break;
        token_.drop(token);
    }
    const auto wishes = json::parse(answer.body);
    const bool heard = answer.status == 200 && wishes;
    bool back = false;
    {
        const std::lock_guard lock(mutex_);
        back = heard && !online_;
        if (heard != online_) log::info("gateway.line", {{"online", heard ? "yes" : "no"}});
        online_ = heard;
        problem_ = heard                    ? std::string()
                   : answer.status == 401   ? "not_known"
                   : answer.failure.empty() ? "http_" + std::to_string(answer.status)
                                            : answer.failure;
        if (heard) {
            last_heard_ = clock_.now();
            echoes_ = Value::array();
        }
    }
    if (back) sender_.hurry();
    if (heard && !stopping) obey(*wishes);
    const std::lock_guard lock(mutex_);
    return echoes_.size() > 0;
}

void Reporter::obey(const Value& wishes) {
    door_.set_devices(read_devices(wishes["devices"]));
    if (wishes["retry"].truth() && queue_.retry_refused() > 0) sender_.wake();
    for (const Value& id : wishes["echo"].items())
        if (const auto device = door_.device(id.text())) test(*device);
}

/// A boundary: a device that does not answer is told to the centre as such.
void Reporter::test(const Device& device) {
    Value said;
    said.set("device", device.id);
    try {
        const auto began = std::chrono::steady_clock::now();
        imaging::StoreClient client({.host = device.address, .port = device.port, .called = device.title, .calling = "QIAO", .limit = kEcho}, {});
        const std::uint16_t status = client.echo();
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        if (status != 0) said.set("failure", "imaging.echo_failed");
        said.set("milliseconds", std::int64_t{took.count()});
    } catch (const Error& error) {
        said.set("failure", error.code());
    }
    const std::lock_guard lock(mutex_);
    echoes_.push(std::move(said));
}

void Reporter::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bool soon = false;
        // A boundary: what cannot be told now is told in 10 s.
        try {
            door_.save_uses();
            soon = send(false);
        } catch (const Error& error) {
            log::error("gateway.report_failed", {{"code", error.code()}});
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, soon ? std::chrono::milliseconds(kSoon) : std::chrono::milliseconds(kInterval), [] { return false; });
    }
    try {
        door_.save_uses();
        send(true);
    } catch (const Error& error) {
        log::error("gateway.report_failed", {{"code", error.code()}});
    }
}

}  // namespace qiao::app::gateway
