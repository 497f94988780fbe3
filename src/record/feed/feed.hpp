#pragma once

#include "record/record.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

/// Tells listeners of this process what was committed, in order of t, on one thread of its own. publish() comes from the
/// writer thread and never blocks; listen() from any.
namespace qiao::record {

class Feed {
public:
    using Listener = std::function<void(std::span<const Change>)>;

    Feed();
    ~Feed();  ///< delivers what is queued, then joins
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    void publish(std::vector<Change> changes);
    void listen(Listener listener);

private:
    void run();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::vector<Change>> queue_;
    std::vector<Listener> listeners_;
    bool stopping_ = false;
    std::jthread thread_;
};

}  // namespace qiao::record
