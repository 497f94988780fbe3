#pragma once

#include "base/worker_pool.hpp"
#include "http/net.hpp"

#include <optional>

/// Lets the coroutine of one connection wait for a function that runs on the worker pool. One wait at a time; run() belongs
/// to the connection's I/O thread.
namespace qiao::http {

class Handover {
public:
    using Function = void (*)(void* object);

    Handover(Executor executor, WorkerPool& workers) : executor_(executor), workers_(workers) {}

    /// Runs `function(object)` on the pool. False when the pool is full and it did not run, or when it threw.
    /// `object` lives at least until the wait is over.
    Awaitable<bool> run(Function function, void* object);

private:
    using Resume = asio::async_result<Use, void(bool)>::handler_type;
    struct Start {
        void operator()(Resume&& resume, Handover* self) const;
    };
    struct Finish {
        Handover* self;
        bool ran;
        void operator()() const;
    };
    void work();

    Executor executor_;
    WorkerPool& workers_;
    Function function_ = nullptr;
    void* object_ = nullptr;
    std::optional<Resume> resume_;
};

}  // namespace qiao::http
