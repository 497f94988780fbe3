#include "base/worker_pool.hpp"

namespace qiao {
namespace {
thread_local WorkerPool* t_pool = nullptr;  // the pool whose task runs on this thread
}

WorkerPool::WorkerPool(std::size_t slots, std::size_t queue_limit, std::size_t waiting_limit)
    : slots_(slots), queue_limit_(queue_limit), waiting_limit_(waiting_limit) {}

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_.notify_all();
    threads_.clear();  // joins
}

bool WorkerPool::try_post(Task task) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= queue_limit_ || waiting_ >= waiting_limit_) return false;
        queue_.push_back(std::move(task));
        start_thread_if_useful();
    }
    work_.notify_one();
    return true;
}

void WorkerPool::start_thread_if_useful() {
    if (stopping_) return;  // the threads that exist finish the queue
    const bool slot_free = running_ + returning_ < slots_;
    if (slot_free && idle_ == 0 && !queue_.empty() && threads_.size() < slots_ + waiting_limit_) threads_.emplace_back([this] { run(); });
}

void WorkerPool::run() {
    t_pool = this;
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        work_.wait(lock, [this] { return (!queue_.empty() && running_ + returning_ < slots_) || (stopping_ && queue_.empty()); });
        --idle_;
        if (queue_.empty()) return;
        Task task = std::move(queue_.front());
        queue_.pop_front();
        ++running_;
        if (stopping_ && queue_.empty()) work_.notify_all();  // nothing more will come for those that sleep
        lock.unlock();
        task();
        task = nullptr;
        lock.lock();
        --running_;
        if (returning_ > 0) slot_.notify_one();
        if (!queue_.empty()) work_.notify_one();
    }
}

WorkerPool::Waiting::Waiting() : pool_(t_pool) {
    if (pool_ == nullptr) return;
    const std::lock_guard lock(pool_->mutex_);
    if (pool_->waiting_ >= pool_->waiting_limit_) {
        pool_ = nullptr;  // keeps its slot
        return;
    }
    ++pool_->waiting_;
    --pool_->running_;
    if (pool_->returning_ > 0) {
        pool_->slot_.notify_one();
        return;
    }
    pool_->start_thread_if_useful();
    pool_->work_.notify_one();
}

WorkerPool::Waiting::~Waiting() {
    if (pool_ == nullptr) return;
    std::unique_lock lock(pool_->mutex_);
    ++pool_->returning_;
    pool_->slot_.wait(lock, [this] { return pool_->running_ < pool_->slots_; });
    --pool_->returning_;
    ++pool_->running_;
    --pool_->waiting_;
}

}  // namespace qiao
