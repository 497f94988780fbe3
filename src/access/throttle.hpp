#pragma once

#include "base/time.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

/// Back-off of failed sign-ins: per account and address together, per address, and (short) per account alone, so that
/// nobody outside can lock a person out. Thread-safe, in memory.
namespace qiao::access {

class Throttle {
public:
    explicit Throttle(const Clock& clock) : clock_(clock) {}

    /// How long this caller must wait before the next try; 0 = may try now.
    [[nodiscard]] std::chrono::seconds wait(std::string_view account, std::string_view address) const;
    /// Counts a try before its outcome is known, so that many at once are not free.
    void began(std::string_view account, std::string_view address);
    /// Takes the counted try back.
    void succeeded(std::string_view account, std::string_view address);

    /// The /24 of an IPv4 address, the /48 of an IPv6 address, as text.
    static std::string network_of(std::string_view address);

private:
    struct Tries {
        int failures = 0;
        Instant last{};
        Instant until{};
    };
    struct Rule {
        int free_tries;
        std::chrono::seconds longest;
    };
    void count(const std::string& key, Rule rule);

    const Clock& clock_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Tries> tries_;
};

}  // namespace qiao::access
