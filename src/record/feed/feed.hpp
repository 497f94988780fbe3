#pragma once

#include "record/record.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

/// Tells listeners of this process what was committed, in order of t, on one thread of its own. publish() comes from the
/// writer thread and never blocks; listen() from any. Where other nodes commit too, all of it is read from the outbox.
namespace qiao::record {

class Feed {
public:
    using Listener = std::function<void(std::span<const Change>)>;

    /// What was committed since the last call, a commit after the other. Called by the feed's thread.
    using Source = std::function<std::vector<std::vector<Change>>()>;

    /// @param source  empty: what publish() brings is all
    explicit Feed(Source source = {});
    ~Feed();  ///< delivers what is queued, then joins
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    void publish(std::vector<Change> changes);
    void listen(Listener listener);

private:
    void run();
    void tell(std::span<const Change> changes, const std::vector<Listener>& listeners);
    /// Tells what the source has; false when it failed.
    bool follow(const std::vector<Listener>& listeners);

    const Source source_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::vector<Change>> queue_;
    std::vector<Listener> listeners_;
    bool stopping_ = false;
    std::jthread thread_;
};

}  // namespace qiao::record
