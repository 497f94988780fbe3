#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

/// Argon2id (RFC 9106) through libsodium, with a bound on how many run at once. Thread-safe; the calls block, as a
/// WorkerPool::Waiting.
namespace qiao::access {

struct PasswordCost {
    std::size_t memory_bytes = 64ULL << 20U;
    std::uint64_t passes = 3;
    std::size_t at_once = 0;  ///< 0 = max(1, cores / 2)
    std::size_t waiting_limit = 100;
};

class PasswordHasher {
public:
    explicit PasswordHasher(PasswordCost cost = {});

    /// Error(invalid): access.password_short (< 10 characters), access.password_long, access.password_common (a well-known
    /// one, a run, a repetition, or the login in it).
    static void require_good(std::string_view password, std::string_view login);
    /// The text to keep. Error(unavailable, "access.busy") when too many wait.
    std::string hash(std::string_view password);
    /// Whether `password` made `kept`. An empty `kept` costs the same time and is never right.
    bool matches(std::string_view kept, std::string_view password);

private:
    class Place;

    const PasswordCost cost_;
    std::mutex mutex_;
    std::condition_variable free_;
    std::size_t running_ = 0;
    std::size_t waiting_ = 0;
    std::string dummy_;
};

}  // namespace qiao::access
