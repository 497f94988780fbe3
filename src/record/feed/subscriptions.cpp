#include "record/feed/subscriptions.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "record/feed/keep_subscription.hpp"

#include <algorithm>
#include <utility>

namespace qiao::record {
namespace {

constexpr std::chrono::milliseconds kLook{500};   // what is due by time, and other nodes' commits
constexpr std::chrono::milliseconds kGather{20};  // commits that come close together are looked at once
constexpr std::chrono::milliseconds kAfterFailure{1000};
constexpr std::int64_t kLease_ms = 20'000;
constexpr std::int64_t kRenew_ms = 5'000;
constexpr int kSenders = 4;

}  // namespace

Subscriptions::Subscriptions(Ground ground)
    : ground_(std::move(ground)),
      holder_(new_random_uuid()),
      sent_(ground_.metrics.counter("qiao_subscription_deliveries_total", R"(result="arrived")")),
      refused_(ground_.metrics.counter("qiao_subscription_deliveries_total", R"(result="failed")")),
      skipped_(ground_.metrics.counter("qiao_subscription_deliveries_total", R"(result="not_visible")")) {
    ground_.metrics.gauge("qiao_subscriptions_active", [this] { return static_cast<double>(active_.load()); });
    ground_.metrics.gauge("qiao_subscriptions_failing", [this] { return static_cast<double>(failing_.load()); });
    ground_.metrics.gauge("qiao_subscription_backlog_active", [this] { return static_cast<double>(backlog_.load()); });
    ground_.metrics.gauge("qiao_subscription_backlog_failing", [this] { return static_cast<double>(failing_backlog_.load()); });
    ground_.record.ports().keep_subscription = [this](const Actor& actor, const std::string& id, const std::string& json) {
        return keep_subscription(ground_.record, ground_.ports, actor, id, json);
    };
}

Subscriptions::~Subscriptions() { stop(); }

void Subscriptions::start() {
    ground_.record.subscribe([this](std::span<const Change>) { wake(); });
    for (int i = 0; i < kSenders; ++i) senders_.emplace_back([this] { send_loop(); });
    reader_ = std::jthread([this] { run(); });
}

void Subscriptions::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    work_.notify_all();
    if (reader_.joinable()) reader_.join();
    senders_.clear();
    if (!leads_) return;
    leads_ = false;
    release();
}

/// So that another node need not wait. A boundary: the lease ends by itself where the database is away.
void Subscriptions::release() {
    try {
        ground_.writer.submit({{}, [this](storage::Group& group) { subscriptions::release(group, holder_); }});
    } catch (const Error& error) {
        log::warning("record.subscriptions_lease", {{"code", error.code()}});
    }
}

void Subscriptions::wake() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(woken_, true)) return;
    }
    wake_.notify_one();
}

/// A boundary: while the database is away nothing is missed; it is read again from the outbox.
void Subscriptions::run() {
    bool more = false;
    bool failed = false;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (!more) wake_.wait_for(lock, failed ? kAfterFailure : kLook, [&] { return stopping_ || (woken_ && !failed); });
            if (!more) wake_.wait_for(lock, kGather, [this] { return stopping_; });
            if (stopping_) return;
            woken_ = false;
        }
        try {
            more = step();
            failed = false;
        } catch (const Error& error) {
            log::warning("record.subscriptions_wait", {{"code", error.code()}});
            leads_ = false;
            more = false;
            failed = true;
        }
    }
}

/// A boundary: one delivery that the database refused is tried again.
void Subscriptions::send_loop() {
    for (;;) {
        Rid rid = 0;
        {
            std::unique_lock lock(mutex_);
            work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) return;
            rid = queue_.front();
            queue_.pop_front();
        }
        try {
            deliver(rid);
        } catch (const Error& error) {
            log::warning("record.subscription_waits", {{"code", error.code()}});
        }
        {
            const std::lock_guard lock(mutex_);
            busy_.erase(rid);
        }
        wake();
    }
}

/// Who works: the holder of the lease. Alone on its database a node takes it at once, as after a kill.
bool Subscriptions::lead() {
    const std::int64_t now = to_ms(ground_.clock.now());
    const bool alone = !ground_.database.shared();
    if (leads_ && (alone || now < lease_until_ms_ - kLease_ms + kRenew_ms)) return true;
    {
        const auto snapshot = ground_.database.read();
        const auto lease = subscriptions::lease(snapshot->connection());
        if (!alone && lease.holder != holder_ && lease.expires_ms > now) return leads_ = false;
        if (lease.holder != holder_ || !leads_) {
            t_ = lease.t;
            n_ = lease.n;
        }
    }
    bool taken = false;
    ground_.writer.submit({{}, [&](storage::Group& group) { taken = subscriptions::take(group, holder_, now, now + kLease_ms, alone); }});
    if (taken && !leads_) {
        const auto snapshot = ground_.database.read();
        const auto lease = subscriptions::lease(snapshot->connection());
        t_ = lease.t;
        n_ = lease.n;
    }
    lease_until_ms_ = now + kLease_ms;
    return leads_ = taken;
}

/// @return whether there is more to look at right away
bool Subscriptions::step() {
    const auto list = all();
    count_all(list);
    if (!lead()) return false;
    const bool more = match(list);
    dispatch(more ? list : all());
    return more;
}

void Subscriptions::count_all(const std::vector<Subscription>& list) {
    std::int64_t counts[4] = {};
    for (const Subscription& one : list) {
        if (one.status == "off") continue;
        const bool failing = one.failing_ms != 0;
        ++counts[failing ? 1 : 0];
        counts[failing ? 3 : 2] += one.backlog();
    }
    active_ = counts[0];
    failing_ = counts[1];
    backlog_ = counts[2];
    failing_backlog_ = counts[3];
}

void Subscriptions::dispatch(const std::vector<Subscription>& list) {
    const std::int64_t now = to_ms(ground_.clock.now());
    for (const Subscription& one : list) {
        if (one.status == "off") continue;
        const bool over = one.ask.ends_ms != 0 && one.ask.ends_ms <= now;
        const bool hook = one.ask.channel == "rest-hook";
        const bool beats = hook && one.ask.heartbeat_s != 0 && one.status == "active" && one.contact_ms + one.ask.heartbeat_s * 1000 <= now;
        const bool due = one.next_ms <= now && (one.status == "requested" || (hook && (one.backlog() > 0 || one.failing_ms != 0)) || beats);
        if (!over && !due) continue;
        const std::lock_guard lock(mutex_);
        if (!busy_.insert(one.rid).second) continue;
        queue_.push_back(one.rid);
        work_.notify_one();
    }
}

std::optional<Subscription> Subscriptions::find(std::string_view id) { return subscriptions::find(ground_.database.read()->connection(), id); }
std::optional<Subscription> Subscriptions::find(Rid rid) { return subscriptions::find(ground_.database.read()->connection(), rid); }
std::vector<Subscription> Subscriptions::all() { return subscriptions::all(ground_.database.read()->connection()); }

}  // namespace qiao::record
