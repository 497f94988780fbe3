#include "record/path/temporal.hpp"

#include <gtest/gtest.h>

namespace qiao::record::path {
namespace {

Temporal moment(std::string_view text) {
    const auto value = Temporal::parse_date_time(text);
    EXPECT_TRUE(value) << text;
    return value.value_or(Temporal());
}
std::string text(const std::optional<Temporal>& value) { return value ? value->text() : "nothing"; }

TEST(Temporal, ReadsWhatExistsAndNothingElse) {
    for (const char* good : {"2026", "2026-02", "2024-02-29", "2026-11-21T08", "2026-11-21T08:30", "2026-11-21T08:30:00+08:00", "2026-11-21T08:30:00.250Z"}) {
        EXPECT_EQ(text(Temporal::parse_date_time(good)), good);
    }
    for (const char* bad :
         {"", "26", "2026-13", "2026-02-29", "2026-2-1", "2026-11-21T25", "2026-11T08", "2026-11-21T08:60", "2026-11-21T08:30:00+8", "2026-11-21 08:30"}) {
        EXPECT_FALSE(Temporal::parse_date_time(bad)) << bad;
    }
    EXPECT_EQ(text(Temporal::parse_time("08:30:00.5")), "08:30:00.500");
    EXPECT_FALSE(Temporal::parse_time("08:30Z"));
    EXPECT_FALSE(Temporal::parse_date("2026-11-21T08"));
}

TEST(Temporal, ComparesToWhatIsKnown) {
    EXPECT_EQ(compare(moment("2026-03"), moment("2026-03-01")), std::nullopt);
    EXPECT_EQ(compare(moment("2026-03"), moment("2026-04-01")), -1);
    EXPECT_EQ(compare(moment("2026-03-01T10:30:00"), moment("2026-03-01T10:30:00.000")), 0);
    EXPECT_EQ(compare(moment("2026-03-01T10:30:00+08:00"), moment("2026-03-01T02:30:00Z")), 0);
    // One zone is not said: open when it could be the same moment, else known.
    EXPECT_EQ(compare(moment("2026-03-01T10:30:00Z"), moment("2026-03-01T12:00:00")), std::nullopt);
    EXPECT_EQ(compare(moment("2026-03-01T10:30:00Z"), moment("2026-03-03T12:00:00")), -1);
    EXPECT_TRUE(equivalent(moment("2026-03-01T10:30:00+08:00"), moment("2026-03-01T02:30:00.000Z")));
    EXPECT_FALSE(equivalent(moment("2026-03"), moment("2026-03-01")));
}

TEST(Temporal, MovesByTheCalendar) {
    EXPECT_EQ(text(moved(moment("2024-01-31"), Decimal(1), CalendarUnit::month)), "2024-02-29");
    EXPECT_EQ(text(moved(moment("2024-02-29"), Decimal(-1), CalendarUnit::year)), "2023-02-28");
    EXPECT_EQ(text(moved(moment("2024"), Decimal(30), CalendarUnit::month)), "2026");
    EXPECT_EQ(text(moved(moment("2024-05"), Decimal(45), CalendarUnit::day)), "2024-06");
    EXPECT_EQ(text(moved(moment("2024-12-31T23:59:59.900+08:00"), *Decimal::parse("0.1"), CalendarUnit::second)), "2025-01-01T00:00:00.000+08:00");
    EXPECT_EQ(text(moved(*Temporal::parse_time("23:30"), Decimal(45), CalendarUnit::minute)), "00:15");
    EXPECT_EQ(text(moved(moment("9999-12-31"), Decimal(1), CalendarUnit::day)), "nothing");
    EXPECT_EQ(text(moved(moment("2024-01-01"), *Decimal::parse("99999999999999999999"), CalendarUnit::week)), "nothing");
}

TEST(Temporal, HasBoundaries) {
    EXPECT_EQ(text(boundary(moment("2024-02"), 17, true)), "2024-02-29T23:59:59.999-12:00");
    EXPECT_EQ(text(boundary(moment("2024-02"), 8, false)), "2024-02-01");
    EXPECT_EQ(text(boundary(moment("2024-02-01T08:00:00+08:00"), 17, true)), "2024-02-01T08:00:00.999+08:00");
    EXPECT_EQ(text(boundary(moment("2024"), 7, true)), "nothing");
}

}  // namespace
}  // namespace qiao::record::path
