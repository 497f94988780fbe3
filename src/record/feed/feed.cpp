#include "record/feed/feed.hpp"

#include "base/log.hpp"

#include <exception>

namespace qiao::record {
namespace {

constexpr std::chrono::milliseconds kGather{2};  // commits that come close together are told in one go
constexpr std::chrono::milliseconds kLook{200};  // how often the outbox is looked at for other nodes' commits
constexpr std::chrono::milliseconds kAfterFailure{1000};

}  // namespace

Feed::Feed(Source source) : source_(std::move(source)) {
    thread_ = std::jthread([this] { run(); });
}

Feed::~Feed() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
}

void Feed::publish(std::vector<Change> changes) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = queue_.empty();
        queue_.push_back(std::move(changes));
    }
    if (first) wake_.notify_one();
}

void Feed::listen(Listener listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
}

void Feed::run() {
    bool failed = false;
    for (;;) {
        std::deque<std::vector<Change>> batch;
        std::vector<Listener> listeners;
        bool last = false;
        {
            std::unique_lock lock(mutex_);
            const auto due = [this] { return stopping_ || !queue_.empty(); };
            if (!source_)
                wake_.wait(lock, due);
            else
                wake_.wait_for(lock, failed ? kAfterFailure : kLook, due);
            wake_.wait_for(lock, kGather, [this] { return stopping_; });
            last = stopping_ && queue_.empty();
            if (last && !source_) return;
            batch.swap(queue_);
            listeners = listeners_;
        }
        if (source_)
            failed = !follow(listeners);
        else
            for (const auto& changes : batch) tell(changes, listeners);
        if (last) return;
    }
}

/// A boundary: one listener's failure must not stop the others nor the thread.
void Feed::tell(std::span<const Change> changes, const std::vector<Listener>& listeners) {
    for (const Listener& listener : listeners) {
        try {
            listener(changes);
        } catch (const std::exception&) {
            log::error("record.listener_failed");
        }
    }
}

/// A boundary: while the database is away, nothing is missed.
bool Feed::follow(const std::vector<Listener>& listeners) {
    try {
        for (const auto& changes : source_()) tell(changes, listeners);
        return true;
    } catch (const std::exception&) {
        log::warning("record.feed_waits");
        return false;
    }
}

}  // namespace qiao::record
