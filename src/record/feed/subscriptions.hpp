#pragma once

#include "base/metrics.hpp"
#include "record/feed/criteria.hpp"
#include "record/feed/notification.hpp"
#include "record/feed/subscription.hpp"
#include "record/feed/subscription_store.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

/// Matches what is committed with the subscriptions and delivers it: one thread reads the outbox and numbers the events of each
/// subscription in the database, some threads send them, one event after another per subscription. Of several nodes one works at
/// a time, by a lease. Thread-safe after start(). Nothing is lost by a kill: an event is in the same commit as the place in the
/// outbox that it came from, and what was sent is noted after the subscriber answered.
namespace qiao::record {

class Subscriptions {
public:
    /// What a subscription needs of the rest of the centre; all outlives it. `base` gives the own FHIR base, as strangers reach it.
    struct Ground {
        Record& record;
        storage::Database& database;
        storage::Writer& writer;
        const Clock& clock;
        Metrics& metrics;
        SubscriptionPorts ports;
        std::function<std::string()> base;
    };
    explicit Subscriptions(Ground ground);
    ~Subscriptions();
    Subscriptions(const Subscriptions&) = delete;
    Subscriptions& operator=(const Subscriptions&) = delete;

    void start();
    void stop();  ///< waits for requests that are on their way
    /// Something may be due. Any thread.
    void wake();

    /// Turns it on or off, in the resource too. Error(not_found).
    void set_status(const Actor& actor, const std::string& id, const std::string& status);
    /// A handshake now, whatever the state. Blocks. Error(not_found); Error(invalid, "record.bad_channel") for a websocket.
    HookAnswer test(const std::string& id);
    /// The events after `after` that the owner may see now, at most `limit`; with the resources when `with_resources`.
    std::vector<NotifiedEvent> visible_events(const Subscription& subscription, std::int64_t after, int limit, bool with_resources);

    [[nodiscard]] std::optional<Subscription> find(std::string_view id);
    [[nodiscard]] std::vector<Subscription> all();
    [[nodiscard]] const Ground& ground() const { return ground_; }

private:
    struct Candidate;
    struct Found;
    void run();
    void send_loop();
    bool step();
    bool lead();
    void release();
    bool match(const std::vector<Subscription>& list);
    std::vector<Candidate> read_outbox(const std::vector<Subscription>& list, bool& more);
    std::vector<Found> match_all(const std::vector<Candidate>& candidates, const std::vector<Subscription>& list);
    void dispatch(const std::vector<Subscription>& list);
    void count_all(const std::vector<Subscription>& list);
    void deliver(Rid rid);
    bool deliver_one(const Subscription& one, const SubscriptionEvent& event, const ReadFilter& filter);
    bool greet(const Subscription& one, std::string_view type);
    void failed(const Subscription& one, const std::string& why);
    void become(const Subscription& one, const std::string& status, const std::string& error);
    std::optional<Subscription> find(Rid rid);
    const Criteria& criteria_of(const Subscription& one);

    Ground ground_;
    const std::string holder_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable work_;
    bool woken_ = false;
    bool stopping_ = false;
    std::deque<Rid> queue_;
    std::set<Rid> busy_;  ///< queued or being served

    // The reading thread only.
    bool leads_ = false;
    std::int64_t lease_until_ms_ = 0;
    std::int64_t t_ = 0;  ///< looked at so far
    std::int64_t n_ = 0;
    std::int64_t noted_ms_ = 0;
    std::map<std::string, Criteria, std::less<>> compiled_;

    std::atomic<std::int64_t> backlog_{0};
    std::atomic<std::int64_t> failing_backlog_{0};
    std::atomic<std::int64_t> active_{0};
    std::atomic<std::int64_t> failing_{0};
    Counter& sent_;
    Counter& refused_;
    Counter& skipped_;

    std::vector<std::jthread> senders_;
    std::jthread reader_;
};

}  // namespace qiao::record
