#include "base/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

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

TEST(WorkerPool, runs_what_is_queued_before_it_ends) {
    std::atomic<int> ran{0};
    {
        WorkerPool pool(2, 1000);
        for (int i = 0; i < 500; ++i) {
            ASSERT_TRUE(pool.try_post([&] {
                { const WorkerPool::Waiting waiting; }
                ++ran;
            }));
        }
    }
    EXPECT_EQ(ran, 500);
}

TEST(WorkerPool, runs_no_more_than_its_slots_when_none_waits) {
    std::atomic<int> running{0};
    std::atomic<bool> too_many{false};
    {
        WorkerPool pool(2, 1000);
        for (int i = 0; i < 500; ++i) {
            ASSERT_TRUE(pool.try_post([&] {
                if (++running > 2) too_many = true;
                std::this_thread::yield();
                --running;
            }));
        }
    }
    EXPECT_FALSE(too_many);
}

TEST(WorkerPool, who_waited_goes_on_at_once_and_others_begin_when_a_slot_is_free) {
    std::promise<void> second_began, first_ended, release;
    std::atomic<bool> third_began{false};
    bool first_went_on = false;
    {
        WorkerPool pool(1, 10);
        ASSERT_TRUE(pool.try_post([&] {
            {
                const WorkerPool::Waiting waiting;
                second_began.get_future().wait();
            }
            first_ended.set_value();
        }));
        ASSERT_TRUE(pool.try_post([&] {
            second_began.set_value();
            release.get_future().wait();
        }));
        first_went_on = first_ended.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready;
        ASSERT_TRUE(pool.try_post([&] { third_began = true; }));
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_FALSE(third_began) << "the second has the slot";
        release.set_value();
    }
    EXPECT_TRUE(first_went_on);
    EXPECT_TRUE(third_began);
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
