#include "flow/calendar.hpp"

#include "base/error.hpp"

#include <gtest/gtest.h>

namespace qiao::flow {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Instant at(const char* text) { return *parse_instant(text); }

TEST(Calendar, WorkingTimeSkipsNightsAndWeekends) {
    const Calendar calendar{WorkingHours{}};
    // Friday 2026-11-20 16:00 in Shanghai; one hour is left of the day, three wait for Monday 8:00.
    EXPECT_EQ(calendar.add(ClockKind::working, at("2026-11-20T16:00:00+08:00"), hours(4)), at("2026-11-23T11:00:00+08:00"));
    EXPECT_EQ(calendar.add(ClockKind::wall, at("2026-11-20T16:00:00+08:00"), hours(4)), at("2026-11-20T20:00:00+08:00"));
    EXPECT_EQ(calendar.add(ClockKind::working, at("2026-11-21T10:00:00+08:00"), minutes(1)), at("2026-11-23T08:01:00+08:00"));
    EXPECT_EQ(calendar.add(ClockKind::working, at("2026-11-20T08:00:00+08:00"), hours(9)), at("2026-11-20T17:00:00+08:00"));
    EXPECT_EQ(calendar.between(ClockKind::working, at("2026-11-20T16:00:00+08:00"), at("2026-11-23T11:00:00+08:00")), hours(4));
    EXPECT_EQ(calendar.between(ClockKind::working, at("2026-11-23T11:00:00+08:00"), at("2026-11-20T16:00:00+08:00")), hours(0));
}

TEST(Calendar, HolidaysAndMovedWorkingDays) {
    WorkingHours working;
    working.closed_dates = {"2026-10-01", "2026-10-02"};
    working.open_dates = {"2026-10-03"};  // a Saturday
    const Calendar calendar{working};
    EXPECT_EQ(calendar.add(ClockKind::working, at("2026-09-30T16:30:00+08:00"), hours(1)), at("2026-10-03T08:30:00+08:00"));
}

TEST(Calendar, DaylightSavingKeepsOfficeHours) {
    WorkingHours working;
    working.zone = "Europe/Berlin";
    const Calendar calendar{working};
    // Clocks go forward on 2026-03-29: Friday's last hour and Monday's first are still office hours.
    EXPECT_EQ(calendar.add(ClockKind::working, at("2026-03-27T16:00:00+01:00"), hours(2)), at("2026-03-30T09:00:00+02:00"));
    EXPECT_EQ(calendar.between(ClockKind::working, at("2026-10-23T16:00:00+02:00"), at("2026-10-26T09:00:00+01:00")), hours(2));
}

TEST(Calendar, AddAndBetweenAgree) {
    const Calendar calendar{WorkingHours{}};
    Instant start = at("2026-01-01T00:00:00+08:00");
    for (int step = 0; step < 500; ++step) {
        start += minutes(173);
        const Duration amount = minutes(step * 7);
        EXPECT_EQ(calendar.between(ClockKind::working, start, calendar.add(ClockKind::working, start, amount)), amount) << step;
    }
}

TEST(Calendar, RefusesWhatNeverOpens) {
    WorkingHours never;
    never.days.fill(false);
    EXPECT_THROW(Calendar{never}, Error);
    WorkingHours nowhere;
    nowhere.zone = "Mars/Olympus";
    EXPECT_THROW(Calendar{nowhere}, Error);
}

}  // namespace
}  // namespace qiao::flow
