#pragma once

#include "exchange/gateway_queue.hpp"
#include "exchange/hub_line.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// Empties the queue of a gateway into its centre: a few objects at once, each in pieces that go on where the line broke.
/// Nothing leaves the queue before the centre has said that it is durable there. Thread-safe.
namespace qiao::exchange {

struct GatewayProblem {
    std::string code;  ///< of the line (no_connection, timeout, tls, line, no_host), or what the centre answered
    Instant at{};
};

struct GatewayProgress {
    std::int64_t objects = 0;  ///< handed over since the start
    std::uint64_t bytes = 0;   ///< sent since the start, pieces included
    std::uint64_t bytes_per_s = 0;
    Instant last_object{};
    GatewayProblem problem = {};  ///< the last one; it stays when the line is back
};

class GatewaySender {
public:
    /// @param limit_bytes_per_s  of sending; 0 = as fast as the line is
    GatewaySender(GatewayQueue& queue, const HubAddress& address, HubToken& token, const Clock& clock, std::uint64_t limit_bytes_per_s);
    ~GatewaySender();  ///< stops

    /// There is something to send, or the line is back.
    void wake();
    void hurry();
    /// Ends transfers; what was not answered is sent again at the next start.
    void stop();
    [[nodiscard]] GatewayProgress progress() const;

private:
    class Worker;
    void run(const std::stop_token& stop);
    void note_sent(std::uint64_t bytes, bool fast);
    void note_broken();
    [[nodiscard]] std::size_t piece_bytes() const;
    /// Whether the centre may have a part of it: such an object is asked about before anything is sent.
    [[nodiscard]] bool may_be_there_in_part(const GatewayItem& item) const;
    void note_problem(const std::string& code);

    GatewayQueue& queue_;
    const HubAddress address_;
    HubToken& token_;
    const Clock& clock_;
    const std::uint64_t limit_bytes_per_s_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    std::condition_variable_any wake_;
    std::uint64_t wakes_ = 0;
    int line_failures_ = 0;    ///< in a row, of all threads
    std::size_t piece_bytes_;  ///< of the next piece, of all threads: they share the line
    const Instant started_;
    std::chrono::steady_clock::time_point line_rests_until_{};
    GatewayProgress progress_;
    std::deque<std::pair<std::chrono::steady_clock::time_point, std::uint64_t>> recent_;
    std::vector<std::jthread> threads_;
};

}  // namespace qiao::exchange
