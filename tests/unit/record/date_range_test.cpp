#include "harness.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <set>

/// Dates of a parameter that is not the resource's own date, of every length, against the comparison of R4 done by hand.
namespace qiao::record::testing {
namespace {

struct Range {
    std::int64_t lo, hi;  ///< ms, half-open
};
constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kPast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kFuture = std::numeric_limits<std::int64_t>::max();

std::string instant(std::int64_t ms) {
    const auto at = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(ms));
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

bool matches(std::string_view prefix, Range stored, Range asked) {
    const bool inside = stored.lo >= asked.lo && stored.hi <= asked.hi;
    if (prefix == "eq") return inside;
    if (prefix == "ne") return !inside;
    if (prefix == "gt") return stored.hi > asked.hi;
    if (prefix == "lt") return stored.lo < asked.lo;
    if (prefix == "ge") return stored.hi > asked.hi || inside;
    if (prefix == "le") return stored.lo < asked.lo || inside;
    if (prefix == "sa") return stored.lo >= asked.hi;
    return stored.hi <= asked.lo;  // eb
}

TEST(DateRange, times_of_every_length_are_found_by_every_comparison) {
    Store store(nullptr, {.zone = "UTC"});
    const std::int64_t start = std::chrono::sys_days(std::chrono::year(2024) / 3 / 1).time_since_epoch() / std::chrono::milliseconds(1);
    std::vector<Range> stored;
    auto work = store.begin();
    const auto add = [&](Range range) {
        // A period's end is a whole millisecond.
        std::string period = range.lo == kPast ? "" : R"("start":")" + instant(range.lo) + "\"";
        if (range.hi != kFuture) period += (period.empty() ? "" : ",") + (R"("end":")" + instant(range.hi - 1)) + "\"";
        work->create_text(fmt::format(R"({{"resourceType":"Observation","status":"final","id":"n{}","code":{{"text":"x"}},"valuePeriod":{{{}}}}})",
                                      stored.size(), period));
        stored.push_back(range);
    };
    for (int i = 0; i < 8; ++i) {
        const std::int64_t from = start + i * 17 * kDay / 4;
        for (const std::int64_t length : {std::int64_t{1}, kDay / 2, kDay - 1, kDay, kDay + 1, 3 * kDay, 400 * kDay}) add({from, from + length});
        add({kPast, from});
        add({from, kFuture});
    }
    work->commit();

    auto reader = store.read();
    for (int i = -2; i < 40; i += 3) {
        const std::int64_t day = start + i * kDay;
        const std::int64_t noon = day + kDay / 2;
        for (const auto& [text, asked] : {std::pair{instant(day).substr(0, 10), Range{day, day + kDay}}, std::pair{instant(noon), Range{noon, noon + 1}}}) {
            for (const std::string_view prefix : {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"}) {
                std::set<std::string> wanted;
                for (std::size_t k = 0; k < stored.size(); ++k) {
                    if (matches(prefix, stored[k], asked)) wanted.insert("n" + std::to_string(k));
                }
                std::set<std::string> found;
                const auto result = reader->search("Observation", fmt::format("value-date={}{}&_count=200", prefix, text));
                for (const Match& match : result.matches) {
                    EXPECT_TRUE(found.insert(match.resource.id).second) << "twice: " << match.resource.id;
                }
                EXPECT_EQ(found, wanted) << prefix << text;
            }
        }
    }
}

}  // namespace
}  // namespace qiao::record::testing
