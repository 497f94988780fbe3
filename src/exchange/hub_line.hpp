#pragma once

#include "base/time.hpp"
#include "exchange/assertion_key.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The one way out of a gateway: HTTPS requests to its centre through libcurl, certificate and name checked, redirects not
/// followed, proxies of the environment not used. A line that moves nothing for 30 s is given up.
namespace qiao::exchange {

struct HubAddress {
    std::string url;           ///< "https://host[:port]"; http only to loopback
    std::string ca_file = {};  ///< PEM; empty = the system's authorities
};

/// Error(invalid, "exchange.bad_hub") for anything but an origin, or for one without TLS that is not loopback.
HubAddress checked_hub(HubAddress address);

struct HubAnswer {
    int status = 0;  ///< of HTTP; 0 when none came
    std::string body = {};
    std::string failure = {};  ///< empty, or why there is no answer: no_host, no_connection, timeout, tls, line, stopped
    Instant date{};            ///< the centre's clock; the epoch when it did not say
};

/// One connection that is kept. One thread.
class HubLine {
public:
    /// @param stopping  a transfer ends soon after it becomes true
    HubLine(HubAddress address, const std::atomic<bool>& stopping);
    ~HubLine();
    HubLine(const HubLine&) = delete;
    HubLine& operator=(const HubLine&) = delete;

    using Headers = std::vector<std::pair<std::string, std::string>>;
    /// A body is sent once: whether to send it again is the caller's to say.
    HubAnswer request(const char* method, const std::string& path, const Headers& headers, std::string_view body);
    void set_limit(std::uint64_t bytes_per_s) { limit_bytes_per_s_ = bytes_per_s; }  ///< of sending; 0 = none

private:
    struct Easy;
    const HubAddress address_;
    const std::atomic<bool>& stopping_;
    std::uint64_t limit_bytes_per_s_ = 0;
    std::unique_ptr<Easy> easy_;
};

/// Who the gateway is to its centre.
struct HubIdentity {
    std::string client;
    std::string audience;
};

/// The access token, renewed when it is old or was refused. A centre that does not know the gateway is asked again after
/// 1 min, 2 min, 4 min … 2 h only: it counts failed sign-ins by network, and the people of this hospital share the gateway's.
/// Thread-safe.
class HubToken {
public:
    HubToken(HubIdentity identity, AssertionKey key, const Clock& clock) : identity_(std::move(identity)), key_(std::move(key)), clock_(clock) {}

    /// A token, fetched through `line` where needed; empty and `answer` filled when there is none.
    std::string get(HubLine& line, HubAnswer& answer);
    /// The centre did not take this one.
    void drop(const std::string& token);

private:
    const HubIdentity identity_;
    const AssertionKey key_;
    const Clock& clock_;
    std::mutex mutex_;
    std::string token_;
    Instant until_{};
    HubAnswer refusal_;  ///< what the centre said, given again until it may be asked
    int refusals_ = 0;
    std::chrono::steady_clock::time_point asks_again_{};
    std::chrono::microseconds hub_ahead_{};  ///< the centre's clock minus ours: a gateway's clock may be wrong
};

}  // namespace qiao::exchange
