#pragma once

#include "base/wakeup.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

/// The bounded pool that runs handlers. A task begins when less than `slots` run; a task that waits (for a commit, a child
/// process, a password hash, another server) gives its slot to another by holding a `Waiting`, and goes on at once when it has
/// what it waited for: most have little left to do then, and to wait once more would cost more than that. Thread-safe.
namespace qiao {

class WorkerPool {
public:
    using Task = std::function<void()>;

    /// @param slots        tasks that run at once but for those that are back from waiting, normally the number of cores
    /// @param queue_limit  tasks that may wait for a slot
    /// @param waiting_limit  tasks that may hold a `Waiting` at once; beyond it a waiting task keeps its slot
    WorkerPool(std::size_t slots, std::size_t queue_limit, std::size_t waiting_limit = 256);
    ~WorkerPool();  ///< runs what is queued, then joins

    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Queues `task`, which must not throw; false, without queueing it, when the queue or the waiting places are full.
    /// The caller then answers 503 rather than letting latency grow without end.
    [[nodiscard]] bool try_post(Task task);

    /// While one lives, the current task's slot is free for others. Does nothing on threads outside a pool.
    /// The holder keeps no lock, no read snapshot and no lent connection.
    class Waiting {
    public:
        Waiting();
        ~Waiting();
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

    private:
        WorkerPool* pool_;
    };

private:
    /// A thread of the pool. `task` is given to it before it is woken; empty: it ends.
    struct Worker {
        Task task;
        Wakeup wakeup;
        std::jthread thread;
    };
    void run(Worker& self);
    /// With mutex_ held and the queue not empty: whom to wake, who has the first task then. std::system_error, and nothing was begun,
    /// where no thread is to be had.
    Wakeup* start_next();

    const std::size_t slots_;
    const std::size_t queue_limit_;
    const std::size_t waiting_limit_;
    std::mutex mutex_;
    std::deque<Task> queue_;     ///< empty while a slot is free, unless the pool is stopping
    std::vector<Worker*> idle_;  ///< the last to fall asleep is the first to be woken: its memory is warm
    std::size_t running_ = 0;    ///< tasks that run; more than slots_ when some are back from waiting
    std::size_t waiting_ = 0;
    bool stopping_ = false;
    std::deque<Worker> workers_;
};

}  // namespace qiao
