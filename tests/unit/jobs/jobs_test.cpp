#include "jobs/jobs.hpp"

#include "../storage/test_database.hpp"
#include "base/error.hpp"
#include "jobs/attempt.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

namespace qiao::jobs {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class JobsTest : public ::testing::Test {
protected:
    JobsTest() {
        database_ = qiao::testing::open_database(file_);
        database_->migrate(migrations());
        writer_ = std::make_unique<storage::Writer>(*database_, clock_, metrics_);
        restart();
    }
    ~JobsTest() override {
        jobs_.reset();
        writer_.reset();
        database_.reset();
        for (const char* tail : {"", "-wal", "-shm"}) {
            std::filesystem::remove(file_ + tail);
        }
    }
    void restart() {
        jobs_ = std::make_unique<Jobs>(*database_, *writer_, clock_, metrics_);
        jobs_->handle("note", [this](const Timer& timer) {
            done_.push_back(timer.key + ":" + timer.payload);
            if (fail_) {
                throw Error(ErrorKind::unavailable, "test.down", "later");
            }
        });
    }

    const std::string file_ = ::testing::TempDir() + "/jobs_" + std::to_string(::getpid()) + ".db";
    ShiftedClock clock_;
    Metrics metrics_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<storage::Writer> writer_;
    std::unique_ptr<Jobs> jobs_;
    std::vector<std::string> done_;
    bool fail_ = false;
};

TEST_F(JobsTest, FiresOnceInDueOrderAlsoAfterARestart) {
    jobs_->set("note", "later", clock_.now() + hours(2), "b");
    jobs_->set("note", "sooner", clock_.now() + hours(1), "a");
    EXPECT_EQ(jobs_->run_due(), 0);
    restart();
    clock_.advance(hours(3));
    EXPECT_EQ(jobs_->run_due(), 2);
    EXPECT_EQ(done_, (std::vector<std::string>{"sooner:a", "later:b"}));
    EXPECT_EQ(jobs_->run_due(), 0);
}

TEST_F(JobsTest, TriesAgainUntilItSucceeds) {
    fail_ = true;
    jobs_->set("note", "x", clock_.now());
    EXPECT_EQ(jobs_->run_due(), 0);
    EXPECT_EQ(jobs_->run_due(), 0);
    EXPECT_EQ(done_.size(), 1U) << "waits a second";
    clock_.advance(seconds(1));
    jobs_->run_due();
    clock_.advance(seconds(1));
    jobs_->run_due();
    EXPECT_EQ(done_.size(), 2U) << "then two";
    for (int turn = 0; turn < 20; ++turn) {
        clock_.advance(minutes(5));
        jobs_->run_due();
    }
    EXPECT_EQ(done_.size(), 22U) << "never longer than five minutes, without an end";
    fail_ = false;
    clock_.advance(minutes(5));
    EXPECT_EQ(jobs_->run_due(), 1);
}

TEST_F(JobsTest, MovesAndCancels) {
    jobs_->set("note", "x", clock_.now());
    jobs_->set("note", "x", clock_.now() + hours(1));
    EXPECT_EQ(jobs_->run_due(), 0);
    jobs_->cancel("note", "x");
    clock_.advance(hours(2));
    EXPECT_EQ(jobs_->run_due(), 0);
    EXPECT_TRUE(done_.empty());
}

TEST_F(JobsTest, RegularWorkGoesOnAfterAFailure) {
    std::atomic<int> turns{0};
    jobs_->every("test.regular", std::chrono::milliseconds(1), [&] {
        ++turns;
        throw Error(ErrorKind::internal, "test.broken", "every time");
    });
    jobs_->start();
    for (int wait = 0; wait < 100 && turns < 3; ++wait) {
        ::usleep(50'000);
    }
    jobs_->stop();
    EXPECT_GE(turns, 3);
}

TEST(Attempt, CatchesAndSays) {
    EXPECT_TRUE(attempt("test", [] {}));
    EXPECT_FALSE(attempt("test", [] { throw Error(ErrorKind::conflict, "test.conflict", ""); }));
    EXPECT_FALSE(attempt("test", [] { throw std::runtime_error("x"); }));
}

}  // namespace
}  // namespace qiao::jobs
