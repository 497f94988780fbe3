#include "base/worker_pool.hpp"

namespace qiao {
namespace {
thread_local WorkerPool* t_pool = nullptr;  // the pool whose task runs on this thread

void wake(Wakeup* one) {
    if (one != nullptr) one->set();
}

}  // namespace

WorkerPool::WorkerPool(std::size_t slots, std::size_t queue_limit, std::size_t waiting_limit)
    : slots_(slots), queue_limit_(queue_limit), waiting_limit_(waiting_limit) {}

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;  // no thread begins any more; those that run or wait finish the queue
        for (Worker* worker : idle_) worker->wakeup.set();
        idle_.clear();
    }
    workers_.clear();  // joins
}

bool WorkerPool::try_post(Task task) {
    Wakeup* sleeper = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= queue_limit_ || waiting_ >= waiting_limit_) return false;
        queue_.push_back(std::move(task));
        if (running_ < slots_) {
            sleeper = start_next();
            ++running_;
        }
    }
    wake(sleeper);
    return true;
}

Wakeup* WorkerPool::start_next() {
    if (idle_.empty()) {
        Worker& worker = workers_.emplace_back();
        worker.thread = std::jthread([this, &worker] { run(worker); });
        idle_.push_back(&worker);
    }
    Worker* const worker = idle_.back();
    idle_.pop_back();
    worker->task = std::move(queue_.front());
    queue_.pop_front();
    return &worker->wakeup;
}

void WorkerPool::run(Worker& self) {
    t_pool = this;
    self.wakeup.wait();
    while (self.task) {
        self.task();
        self.task = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (!queue_.empty() && running_ <= slots_) {  // goes on in its slot
                self.task = std::move(queue_.front());
                queue_.pop_front();
                continue;
            }
            --running_;
            idle_.push_back(&self);
            if (stopping_) self.wakeup.set();  // without a task: it ends
        }
        self.wakeup.wait();
    }
}

WorkerPool::Waiting::Waiting() : pool_(t_pool) {
    if (pool_ == nullptr) return;
    Wakeup* sleeper = nullptr;
    {
        const std::lock_guard lock(pool_->mutex_);
        if (pool_->waiting_ >= pool_->waiting_limit_) {
            pool_ = nullptr;  // keeps its slot
            return;
        }
        if (!pool_->queue_.empty() && !pool_->stopping_ && pool_->running_ <= pool_->slots_) {
            sleeper = pool_->start_next();  // in this slot
        } else {
            --pool_->running_;
        }
        ++pool_->waiting_;
    }
    wake(sleeper);
}

WorkerPool::Waiting::~Waiting() {
    if (pool_ == nullptr) return;
    const std::lock_guard lock(pool_->mutex_);
    --pool_->waiting_;
    ++pool_->running_;
}

}  // namespace qiao
