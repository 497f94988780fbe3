#include "access/rate_limit.hpp"

#include "access/throttle.hpp"
#include "base/error.hpp"

namespace qiao::access {
namespace {

constexpr std::size_t kRemembered = 50'000;

}  // namespace

void RateLimit::use(std::string_view address) {
    const Instant now = clock_.now();
    const std::string network = Throttle::network_of(address);
    const std::lock_guard lock(mutex_);
    if (windows_.size() > kRemembered) std::erase_if(windows_, [&](const auto& one) { return one.second.until <= now; });
    Window& window = windows_[network];
    if (window.until <= now) window = {now + window_, 0};
    if (++window.used > times_) throw Error(ErrorKind::unavailable, "access.rate_limited", "too many requests; wait a minute");
}

}  // namespace qiao::access
