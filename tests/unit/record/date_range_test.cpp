#include "harness.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <limits>
#include <set>
#include <vector>

/// Dates of every length against the comparison of R4 done by hand.
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

using Stored = std::vector<Range>;

void expect(Reader& reader, const std::string& query, const std::set<std::string>& wanted) {
    std::set<std::string> found;
    for (const Match& match : reader.search("Observation", query + "&_count=500").matches) {
        EXPECT_TRUE(found.insert(match.resource.id).second) << "twice: " << match.resource.id;
    }
    EXPECT_EQ(found, wanted) << query;
    EXPECT_EQ(reader.search("Observation", query + "&_summary=count").total, static_cast<std::int64_t>(wanted.size())) << query;
}

std::set<std::string> matching(const Stored& stored, std::string_view prefix, Range asked) {
    std::set<std::string> ids;
    for (std::size_t k = 0; k < stored.size(); ++k) {
        if (matches(prefix, stored[k], asked)) ids.insert("n" + std::to_string(k));
    }
    return ids;
}

constexpr std::array<std::string_view, 8> kPrefixes = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"};
const std::int64_t kStart = std::chrono::sys_days(std::chrono::year(2024) / 3 / 1).time_since_epoch() / std::chrono::milliseconds(1);

/// Days and instants around what is stored.
std::vector<std::pair<std::string, Range>> asked() {
    std::vector<std::pair<std::string, Range>> all;
    for (int i = -2; i < 40; i += 3) {
        const std::int64_t day = kStart + i * kDay;
        const std::int64_t noon = day + kDay / 2;
        all.emplace_back(instant(day).substr(0, 10), Range{day, day + kDay});
        all.emplace_back(instant(noon), Range{noon, noon + 1});
    }
    return all;
}

TEST(DateRange, times_of_every_length_are_found_by_every_comparison) {
    Store store(nullptr, {.zone = "UTC"});
    Stored stored;
    auto work = store.begin();
    const auto add = [&](Range range) {
        // A period's end is a whole millisecond.
        std::string period = range.lo == kPast ? "" : R"("start":")" + instant(range.lo) + "\"";
        if (range.hi != kFuture) period += (period.empty() ? "" : ",") + (R"("end":")" + instant(range.hi - 1)) + "\"";
        work->create_text(
            fmt::format(R"({{"resourceType":"Observation","status":"final","id":"n{}","code":{{"text":"x"}},"valuePeriod":{{{}}}}})", stored.size(), period));
        stored.push_back(range);
    };
    for (int i = 0; i < 8; ++i) {
        const std::int64_t from = kStart + i * 17 * kDay / 4;
        for (const std::int64_t length : {std::int64_t{1}, kDay / 2, kDay - 1, kDay, kDay + 1, 3 * kDay, 400 * kDay}) add({from, from + length});
        add({kPast, from});
        add({from, kFuture});
    }
    work->commit();
    auto reader = store.read();
    for (const auto& [text, range] : asked()) {
        for (const std::string_view prefix : kPrefixes) expect(*reader, fmt::format("value-date={}{}", prefix, text), matching(stored, prefix, range));
    }
}

/// The resource's own date, by which rows are read in its order: alone, with a code, and between two dates. At first all are short.
TEST(DateRange, the_own_date_is_found_by_every_comparison) {
    Store store(nullptr, {.zone = "UTC"});
    Stored stored;
    const auto add = [&](Range range, const std::string& effective) {
        store.put(fmt::format(R"({{"resourceType":"Observation","status":"final","id":"n{}","code":{{"coding":[{{"system":"urn:s","code":"c"}}]}},{}}})",
                              stored.size(), effective));
        stored.push_back(range);
    };
    store.put(R"({"resourceType":"Observation","status":"final","id":"none","code":{"coding":[{"system":"urn:s","code":"c"}]}})");
    const auto look = [&] {
        auto reader = store.read();
        const auto all = asked();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& [later, until] = all[(i * 7 + 5) % all.size()];
            for (const std::string_view prefix : kPrefixes) {
                std::set<std::string> ids = matching(stored, prefix, all[i].second);
                expect(*reader, fmt::format("date={}{}", prefix, all[i].first), ids);
                expect(*reader, fmt::format("code=urn:s|c&date={}{}", prefix, all[i].first), ids);
                const std::set<std::string> others = matching(stored, "lt", until);
                std::erase_if(ids, [&](const std::string& id) { return !others.contains(id); });
                expect(*reader, fmt::format("code=urn:s|c&date={}{}&date=lt{}", prefix, all[i].first, later), ids);
            }
        }
    };
    for (int i = 0; i < 20; ++i) {
        const std::int64_t at = kStart + i * 15 * kDay / 8;
        add({at, at + 1}, R"("effectiveDateTime":")" + instant(at) + "\"");
        const std::int64_t day = at - at % kDay;
        if (i % 4 == 3) add({day, day + kDay}, R"("effectiveDateTime":")" + instant(day).substr(0, 10) + "\"");
        if (i == 1) look();  // instants alone
    }
    look();
    add({kStart + kDay, kStart + 9 * kDay},
        fmt::format(R"("effectivePeriod":{{"start":"{}","end":"{}"}})", instant(kStart + kDay), instant(kStart + 9 * kDay - 1)));
    look();
    add({kStart + 4 * kDay, kFuture}, fmt::format(R"("effectivePeriod":{{"start":"{}"}})", instant(kStart + 4 * kDay)));
    look();
}

}  // namespace
}  // namespace qiao::record::testing
