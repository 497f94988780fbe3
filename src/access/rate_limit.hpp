#pragma once

#include "base/time.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

/// How often strangers of one network (/24, /48) may use an open page. Thread-safe, in memory.
namespace qiao::access {

class RateLimit {
public:
    RateLimit(const Clock& clock, int times, std::chrono::seconds window) : clock_(clock), times_(times), window_(window) {}

    /// Counts one use. Error(unavailable, "access.rate_limited") → 429 when it is one too many.
    void use(std::string_view address);

private:
    struct Window {
        Instant until{};
        int used = 0;
    };
    const Clock& clock_;
    const int times_;
    const std::chrono::seconds window_;
    std::mutex mutex_;
    std::unordered_map<std::string, Window> windows_;
};

}  // namespace qiao::access
