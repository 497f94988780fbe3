#include "record/feed/feed.hpp"

#include "base/log.hpp"

#include <exception>

namespace qiao::record {

Feed::Feed() {
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
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(changes));
    }
    wake_.notify_one();
}

void Feed::listen(Listener listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
}

void Feed::run() {
    for (;;) {
        std::deque<std::vector<Change>> batch;
        std::vector<Listener> listeners;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            batch.swap(queue_);
            listeners = listeners_;
        }
        for (const auto& changes : batch) {
            for (const Listener& listener : listeners) {
                // A boundary: one listener's failure must not stop the others nor the thread.
                try {
                    listener(changes);
                } catch (const std::exception&) {
                    log::error("record.listener_failed");
                }
            }
        }
    }
}

}  // namespace qiao::record
