#include "imaging/gateways.hpp"

#include "base/error.hpp"
#include "base/worker_pool.hpp"

namespace qiao::imaging {
namespace {

using namespace std::chrono_literals;
using json::Value;

constexpr auto kOnline = 60s;
constexpr auto kLost = 5min;
constexpr auto kWaitsLong = 30min;
constexpr auto kEchoPatience = 40s;  // a report comes every 10 s, and the C-ECHO itself may take 5

}  // namespace

void Gateways::keep_report(std::int64_t gateway, const GatewayReport& report) {
    archive_.store().put_gateway(gateway, {report.at, report.clock_offset_ms, report.body.dump()});
}

GatewayReport Gateways::report(std::int64_t gateway) const {
    const auto row = archive_.store().gateway(gateway);
    auto body = json::parse(row.body);
    return {row.at, body ? *std::move(body) : Value::object(), row.clock_offset_ms};
}

void Gateways::ask_retry(std::int64_t gateway) {
    const std::lock_guard lock(mutex_);
    retries_.insert(gateway);
}

std::int64_t Gateways::ask_echo(std::int64_t gateway, std::int64_t device) {
    const WorkerPool::Waiting waiting;
    std::unique_lock lock(mutex_);
    const EchoKey key{gateway, device};
    echoes_[key] = {};
    const bool answered = answered_.wait_for(lock, kEchoPatience, [&] {
        const auto found = echoes_.find(key);
        return found == echoes_.end() || found->second.done;
    });
    const auto found = echoes_.find(key);
    const Echo echo = found == echoes_.end() ? Echo{} : found->second;
    echoes_.erase(key);
    if (!answered || !echo.done)
        throw Error(ErrorKind::unavailable, "imaging.gateway_silent", "the gateway has not answered; it reports every 10 s while it is connected");
    if (!echo.failure.empty()) {
        const bool refused = echo.failure == "imaging.association_refused";
        throw Error(ErrorKind::unavailable, refused ? "imaging.association_refused" : "imaging.connect", "the gateway does not reach the device");
    }
    return echo.milliseconds;
}

Value Gateways::take_wishes(std::int64_t gateway) {
    Value wishes;
    const std::lock_guard lock(mutex_);
    wishes.set("retry", retries_.erase(gateway) > 0);
    Value echo = Value::array();
    for (const auto& [key, one] : echoes_)
        if (key.first == gateway && !one.done) echo.push(std::to_string(key.second));
    wishes.set("echo", std::move(echo));
    return wishes;
}

void Gateways::answer_echo(std::int64_t gateway, std::int64_t device, std::int64_t milliseconds, const std::string& failure) {
    const std::lock_guard lock(mutex_);
    const auto found = echoes_.find({gateway, device});
    if (found == echoes_.end()) return;
    found->second = {true, milliseconds, failure};
    answered_.notify_all();
}

GatewayState state_of(const Gateway& gateway, const GatewayReport& report, Instant now) {
    if (gateway.ended != Instant{}) return GatewayState::ended;
    if (gateway.enrolled == Instant{}) return GatewayState::waiting;
    const Instant last = std::max(report.at, gateway.enrolled);
    if (report.body["stopping"].truth() && report.at >= gateway.enrolled) return GatewayState::stopped;
    if (now - last > kLost) return GatewayState::lost;
    if (now - last > kOnline) return GatewayState::offline;
    const auto oldest = parse_instant(report.body["oldest"].text());
    const bool waits = oldest && now - *oldest > kWaitsLong;
    return waits || report.body["refusedCount"].integer().value_or(0) > 0 || report.body["full"].truth() ? GatewayState::late : GatewayState::online;
}

std::string_view name_of(GatewayState state) {
    switch (state) {
        case GatewayState::waiting: return "waiting";
        case GatewayState::online: return "online";
        case GatewayState::late: return "late";
        case GatewayState::stopped: return "stopped";
        case GatewayState::offline: return "offline";
        case GatewayState::lost: return "lost";
        case GatewayState::ended: break;
    }
    return "ended";
}

}  // namespace qiao::imaging
