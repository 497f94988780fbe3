#pragma once

#include "record/store/core.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

/// Carries out the index jobs (index_jobs.hpp) on a thread of its own: clears what is stale, then walks the resources in the order
/// of their numbers, some hundred at a time, and adds the rows of the parameters in question. Each step is one small unit of the
/// writer, with the new position in it.
namespace qiao::record {

class Indexer {
public:
    explicit Indexer(Core& core) : core_(core) {}
    ~Indexer();
    Indexer(const Indexer&) = delete;
    Indexer& operator=(const Indexer&) = delete;

    /// Goes to work when there are jobs. Any thread; after the writer's commit.
    void wake();
    /// The same after a commit that another node may have made: the writer's thread learns of it first.
    void look();
    /// Notes the jobs that a newer extractor brings, once. Before other threads.
    void note_extractor();

private:
    void run(const std::stop_token& stop);
    /// One unit of work. @return false when there is nothing to do
    bool step();
    void clear(const IndexJob& job);
    void build(std::int64_t position, const IndexJobs::List& jobs);

    Core& core_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    bool asked_ = false;
    std::atomic<bool> looks_ = false;
    std::jthread thread_;
};

}  // namespace qiao::record
