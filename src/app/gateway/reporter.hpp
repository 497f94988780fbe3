#pragma once

#include "app/gateway/door.hpp"
#include "exchange/gateway_queue.hpp"
#include "exchange/gateway_sender.hpp"
#include "exchange/hub_line.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

/// Tells the centre every 10 s how the gateway is, and does what the answer asks: whom to let in, which device to test, to
/// send refused objects again. A thread of its own; the rest is thread-safe.
namespace qiao::app::gateway {

class Reporter {
public:
    Reporter(Door& door, exchange::GatewayQueue& queue, exchange::GatewaySender& sender, const exchange::HubAddress& address, exchange::HubToken& token,
             const Clock& clock);
    ~Reporter();  ///< stops

    /// Says that it stops, as far as the line lets it within a few seconds.
    void stop();
    /// What is told to the centre, and whether the centre heard it.
    [[nodiscard]] json::Value status() const;

private:
    [[nodiscard]] json::Value report(bool stopping) const;
    bool send(bool stopping);
    void obey(const json::Value& wishes);
    void test(const Device& device);
    void run(const std::stop_token& stop);

    Door& door_;
    exchange::GatewayQueue& queue_;
    exchange::GatewaySender& sender_;
    exchange::HubToken& token_;
    const Clock& clock_;
    const Instant started_;
    std::atomic<bool> given_up_{false};
    exchange::HubLine line_;
    mutable std::mutex mutex_;
    std::condition_variable_any wake_;
    bool online_ = false;
    Instant last_heard_{};
    std::string problem_;
    json::Value echoes_ = json::Value::array();
    std::jthread thread_;
};

}  // namespace qiao::app::gateway
