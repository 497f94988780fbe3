#pragma once

#include "http/route_metrics.hpp"
#include "http/server.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// What all connections of a server share. Thread-safe where it is not constant after start().
namespace qiao::http {

/// Counts connections, in all and by address. A stranger is a connection that has not brought a valid session yet: it
/// must not take the place of those of the same hospital that have.
class Admission {
public:
    Admission(std::size_t limit, std::size_t limit_per_address, std::size_t strangers_per_address)
        : limit_(limit), limit_per_address_(limit_per_address), strangers_per_address_(strangers_per_address) {}

    enum class Answer : std::uint8_t { admitted, address_full, full };
    Answer enter(const std::string& address) {
        const std::lock_guard lock(mutex_);
        if (total_ >= limit_) return Answer::full;
        const auto found = by_address_.find(address);
        if (found != by_address_.end() && (found->second.all >= limit_per_address_ || found->second.strangers >= strangers_per_address_)) {
            return Answer::address_full;
        }
        Count& count = found != by_address_.end() ? found->second : by_address_[address];
        ++count.all;
        ++count.strangers;
        ++total_;
        return Answer::admitted;
    }
    /// A connection of this address is no stranger any more.
    void recognise(const std::string& address) {
        const std::lock_guard lock(mutex_);
        --by_address_.find(address)->second.strangers;
    }
    /// Whether strangers of this address have to make room: more than half of their places are taken.
    [[nodiscard]] bool is_crowded(const std::string& address) const {
        const std::lock_guard lock(mutex_);
        return by_address_.find(address)->second.strangers > strangers_per_address_ / 2;
    }
    void leave(const std::string& address, bool stranger) {
        const std::lock_guard lock(mutex_);
        --total_;
        const auto found = by_address_.find(address);
        if (stranger) --found->second.strangers;
        if (--found->second.all == 0) by_address_.erase(found);
        if (total_ == 0) empty_.notify_all();
    }
    [[nodiscard]] std::size_t total() const {
        const std::lock_guard lock(mutex_);
        return total_;
    }
    bool wait_until_empty(std::chrono::steady_clock::duration limit) {
        std::unique_lock lock(mutex_);
        return empty_.wait_for(lock, limit, [this] { return total_ == 0; });
    }

private:
    struct Count {
        std::size_t all = 0;
        std::size_t strangers = 0;
    };
    const std::size_t limit_;
    const std::size_t limit_per_address_;
    const std::size_t strangers_per_address_;
    mutable std::mutex mutex_;
    std::condition_variable empty_;
    std::size_t total_ = 0;
    std::map<std::string, Count> by_address_;
};

/// Memory that request bodies hold, in all.
class BodyMemory {
public:
    explicit BodyMemory(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
    bool take(std::uint64_t bytes) {
        if (used_.fetch_add(bytes) + bytes <= limit_bytes_) return true;
        used_.fetch_sub(bytes);
        return false;
    }
    void give_back(std::uint64_t bytes) { used_.fetch_sub(bytes); }
    [[nodiscard]] std::uint64_t used() const { return used_.load(); }

private:
    const std::uint64_t limit_bytes_;
    std::atomic<std::uint64_t> used_{0};
};

struct ServerState {
    ServerState(ServerOptions server_options, const Router& filled_router, WorkerPool& pool)
        : options(std::move(server_options)),
          router(filled_router),
          workers(pool),
          body_memory(options.body_memory_bytes),
          admission(options.connections, options.connections_per_address, options.strangers_per_address) {}

    const ServerOptions options;
    const Router& router;
    WorkerPool& workers;
    std::optional<RouteMetrics> route_metrics = {};  ///< made by start(), when all routes are known
    std::vector<SocketEndpoint> endpoints = {};
    BodyMemory body_memory;
    Admission admission;
    std::atomic<bool> draining{false};

    [[nodiscard]] const SocketEndpoint* endpoint_at(std::string_view path) const {
        for (const SocketEndpoint& endpoint : endpoints) {
            if (endpoint.path == path) return &endpoint;
        }
        return nullptr;
    }
};

}  // namespace qiao::http
