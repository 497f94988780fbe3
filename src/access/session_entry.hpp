#pragma once

#include "access/session.hpp"

#include <atomic>
#include <chrono>

/// A session as it is held in memory. What requests read never changes after it was made; what they bump is atomic. For
/// this folder alone.
namespace qiao::access {

struct Sessions::Entry {
    Session session;
    record::Caller caller;
    std::uint64_t epoch = 0;
    Instant build_again{};                                    ///< a role of the person ends then
    bool dead = false;                                        ///< the person may not sign in any more
    std::chrono::steady_clock::time_point absolute_steady{};  ///< whatever happens to the wall clock
    std::atomic<std::int64_t> used_us{0};
    std::atomic<std::int64_t> used_steady_ns{0};
    std::atomic<std::int64_t> stored_us{0};
    std::atomic<std::int64_t> step_up_until_us{0};
};

}  // namespace qiao::access
