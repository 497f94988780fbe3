#include "access/throttle.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRemembered = 50'000;
constexpr auto kForget = std::chrono::hours(1);

}  // namespace

std::string Throttle::network_of(std::string_view address) {
    if (address.starts_with("::ffff:")) address.remove_prefix(7);
    if (address.find(':') == std::string_view::npos) return std::string(address.substr(0, address.rfind('.')));
    std::size_t end = 0;
    for (int group = 0; group < 3 && end != std::string_view::npos; ++group) end = address.find(':', end + (group == 0 ? 0 : 1));
    return std::string(address.substr(0, end));
}

std::chrono::seconds Throttle::wait(std::string_view account, std::string_view address) const {
    const Instant now = clock_.now();
    const std::string network = network_of(address);
    const std::string keys[] = {"both " + std::string(account) + " " + network, "net " + network, "name " + std::string(account)};
    std::chrono::seconds longest{0};
    const std::lock_guard lock(mutex_);
    for (const auto& key : keys) {
        const auto at = tries_.find(key);
        if (at != tries_.end()) longest = std::max(longest, std::chrono::ceil<std::chrono::seconds>(at->second.until - now));
    }
    return longest;
}

void Throttle::began(std::string_view account, std::string_view address) {
    const std::string network = network_of(address);
    const std::lock_guard lock(mutex_);
    if (tries_.size() > kRemembered) {
        const Instant now = clock_.now();
        std::erase_if(tries_, [&](const auto& one) { return one.second.until <= now; });
    }
    count("both " + std::string(account) + " " + network, {4, 15min});
    // A hospital is one address: many people mistype there in an hour.
    count("net " + network, {50, 15min});
    // Somebody far away who keeps guessing must not keep the owner out for long.
    count("name " + std::string(account), {20, 30s});
}

void Throttle::count(const std::string& key, Rule rule) {
    const Instant now = clock_.now();
    Tries& tries = tries_[key];
    if (now - tries.last > kForget) tries.failures = 0;
    tries.last = now;
    const int over = ++tries.failures - rule.free_tries;
    if (over > 0) tries.until = now + std::min<std::chrono::microseconds>(rule.longest, std::chrono::seconds(std::int64_t{1} << std::min(over - 1, 20)));
}

void Throttle::succeeded(std::string_view account, std::string_view address) {
    const std::string network = network_of(address);
    const std::lock_guard lock(mutex_);
    tries_.erase("both " + std::string(account) + " " + network);
    tries_.erase("name " + std::string(account));
    const auto shared = tries_.find("net " + network);
    if (shared != tries_.end() && --shared->second.failures <= 0) tries_.erase(shared);
}

}  // namespace qiao::access
