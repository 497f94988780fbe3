#include "flow/clock.hpp"

#include "base/error.hpp"

#include <gtest/gtest.h>

namespace qiao::flow {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class ClockTest : public ::testing::Test {
protected:
    const Instant start_ = *parse_instant("2026-11-20T08:00:00+08:00");
    const std::shared_ptr<const Pack> pack_ = Pack::load("packs/generic", start_);
    const Calendar& calendar_ = pack_->calendar();
    const ClockRule rule_{ClockKind::wall, hours(48), {50, 80, 100}};
};

TEST_F(ClockTest, EscalatesAtFiftyEightyHundred) {
    ClockRow clock = start_clock(calendar_, rule_, "case", "arrange", start_);
    EXPECT_EQ(clock.due, start_ + hours(48));
    EXPECT_EQ(clock.next, start_ + hours(24));
    EXPECT_EQ(escalate_clock(calendar_, rule_, clock, start_ + hours(24) - minutes(1)), 0);
    EXPECT_EQ(escalate_clock(calendar_, rule_, clock, start_ + hours(24)), 50);
    EXPECT_EQ(clock.next, start_ + minutes(48 * 60 * 8 / 10));
    EXPECT_EQ(escalate_clock(calendar_, rule_, clock, start_ + hours(60)), 100) << "what was missed while away comes as the highest";
    EXPECT_FALSE(clock.next);
    EXPECT_EQ(used_share(calendar_, clock, start_ + hours(60)), 125);
}

TEST_F(ClockTest, APauseDoesNotCount) {
    ClockRow clock = start_clock(calendar_, rule_, "case", "arrange", start_);
    pause_clock(calendar_, *pack_, clock, "material_missing", start_ + hours(10));
    EXPECT_FALSE(clock.due);
    EXPECT_EQ(used_share(calendar_, clock, start_ + hours(30)), 20);
    resume_clock(calendar_, rule_, clock, start_ + hours(30));
    EXPECT_EQ(clock.due, start_ + hours(68));
    stop_clock(calendar_, clock, start_ + hours(67), start_ + hours(69));
    EXPECT_EQ(clock.verdict_occurred, "on_time");
    EXPECT_EQ(clock.verdict_recorded, "late") << "a back-dated move keeps both verdicts";
    EXPECT_FALSE(clock.next);
}

TEST_F(ClockTest, APauseEndsAtItsCap) {
    ClockRow clock = start_clock(calendar_, rule_, "case", "arrange", start_);
    pause_clock(calendar_, *pack_, clock, "material_missing", start_ + hours(10));
    EXPECT_EQ(clock.next, start_ + hours(82)) << "72 h of the pack";
    EXPECT_EQ(escalate_clock(calendar_, rule_, clock, start_ + hours(83)), 0);
    EXPECT_TRUE(is_running(clock));
    EXPECT_EQ(clock.due, start_ + hours(82 + 38));
}

TEST_F(ClockTest, OnlyNamedReasonsPause) {
    ClockRow clock = start_clock(calendar_, rule_, "case", "arrange", start_);
    EXPECT_THROW(pause_clock(calendar_, *pack_, clock, "lunch", start_), Error);
    EXPECT_TRUE(is_running(clock));
}

TEST_F(ClockTest, WorkingTimeIsPausedInItsOwnKind) {
    const ClockRule working{ClockKind::working, hours(4), {50, 80, 100}};
    const Instant friday = *parse_instant("2026-11-20T15:00:00+08:00");
    ClockRow clock = start_clock(calendar_, working, "case", "check", friday);
    EXPECT_EQ(clock.due, *parse_instant("2026-11-23T10:00:00+08:00"));
    pause_clock(calendar_, *pack_, clock, "material_missing", *parse_instant("2026-11-20T16:00:00+08:00"));
    resume_clock(calendar_, working, clock, *parse_instant("2026-11-22T12:00:00+08:00"));
    EXPECT_EQ(clock.due, *parse_instant("2026-11-23T11:00:00+08:00"));
}

}  // namespace
}  // namespace qiao::flow
