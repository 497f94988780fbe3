#include "base/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace qiao {
namespace {

TEST(WorkerPool, a_waiting_task_gives_its_place_to_another) {
    WorkerPool pool(1, 10);
    std::promise<void> second_ran;
    std::promise<bool> done;
    ASSERT_TRUE(pool.try_post([&] {
        bool ok = false;
        {
            const WorkerPool::Waiting waiting;
            ok = second_ran.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready;
        }
        done.set_value(ok);
    }));
    ASSERT_TRUE(pool.try_post([&] { second_ran.set_value(); }));
    EXPECT_TRUE(done.get_future().get());
}

TEST(WorkerPool, never_runs_more_than_its_slots) {
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> ran{0};
    {
        WorkerPool pool(2, 1000);
        for (int i = 0; i < 500; ++i) {
            ASSERT_TRUE(pool.try_post([&] {
                const int now = ++running;
                int seen = most.load();
                while (seen < now && !most.compare_exchange_weak(seen, now)) {
                }
                --running;
                { const WorkerPool::Waiting waiting; }
                ++running;
                most = std::max(most.load(), running.load());
                --running;
                ++ran;
            }));
        }
    }
    EXPECT_EQ(ran, 500);
    EXPECT_LE(most, 2);
}

TEST(WorkerPool, refuses_when_the_queue_is_full) {
    WorkerPool pool(1, 1);
    std::promise<void> release;
    auto gate = release.get_future().share();
    std::promise<void> started;
    ASSERT_TRUE(pool.try_post([&, gate] {
        started.set_value();
        gate.wait();
    }));
    started.get_future().wait();
    ASSERT_TRUE(pool.try_post([] {}));
    EXPECT_FALSE(pool.try_post([] {}));
    release.set_value();
}

}  // namespace
}  // namespace qiao
