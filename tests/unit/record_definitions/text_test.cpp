#include "base/error.hpp"
#include "record/extract/dates.hpp"
#include "record/extract/fold.hpp"
#include "record/extract/zone.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace qiao::record {
namespace {

constexpr std::int64_t kHour_ms = 3'600'000;

struct DateCase {
    const char* text;
    const char* lo;  ///< UTC, to the millisecond
    std::int64_t width_ms;
};

TEST(Dates, CoverWhatTheySay) {
    const DateCase cases[] = {
        {"1970", "1970-01-01T00:00:00.000Z", 365 * 24 * kHour_ms},        {"2000", "2000-01-01T00:00:00.000Z", 366 * 24 * kHour_ms},
        {"1980-05", "1980-05-01T00:00:00.000Z", 31 * 24 * kHour_ms},      {"2024-02", "2024-02-01T00:00:00.000Z", 29 * 24 * kHour_ms},
        {"2023-12", "2023-12-01T00:00:00.000Z", 31 * 24 * kHour_ms},      {"2024-02-29", "2024-02-29T00:00:00.000Z", 24 * kHour_ms},
        {"1600-02-29", "1600-02-29T00:00:00.000Z", 24 * kHour_ms},        {"2024-02-29T08:30", "2024-02-29T08:30:00.000Z", 60'000},
        {"2024-02-29T08:30:15Z", "2024-02-29T08:30:15.000Z", 1'000},      {"2024-02-29T08:30:15.5Z", "2024-02-29T08:30:15.500Z", 100},
        {"2024-02-29T08:30:15.12345Z", "2024-02-29T08:30:15.123Z", 1},    {"2024-03-01T01:00:00+08:00", "2024-02-29T17:00:00.000Z", 1'000},
        {"2024-02-29T23:30:00-03:30", "2024-03-01T03:00:00.000Z", 1'000}, {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z", 1'000},
        {"0001-01-01", "0001-01-01T00:00:00.000Z", 24 * kHour_ms},        {"9999-12-31", "9999-12-31T00:00:00.000Z", 24 * kHour_ms},
    };
    for (const DateCase& row : cases) {
        const auto range = parse_time_range(row.text, nullptr);
        const auto lo = parse_time_range(row.lo, nullptr);
        ASSERT_TRUE(range && lo) << row.text;
        EXPECT_EQ(range->lo_ms, lo->lo_ms) << row.text;
        EXPECT_EQ(range->hi_ms - range->lo_ms, row.width_ms) << row.text;
    }
    EXPECT_EQ(parse_time_range("1970-01-01T00:00:01Z", nullptr)->lo_ms, 1'000);
    EXPECT_EQ(parse_time_range("2024-02-29", nullptr)->lo_ms, 1'709'164'800'000);
}

TEST(Dates, RefusesOthers) {
    for (const char* text : {"",
                             "24",
                             "0000",
                             "2024-",
                             "2024-13",
                             "2024-00",
                             "2023-02-29",
                             "2024-02-30",
                             "1900-02-29",
                             "2024-4-01",
                             "2024-04-31",
                             "2024-01-01T",
                             "2024-01-01T24:00:00Z",
                             "2024-01-01T08",
                             "2024-01-01T08:60",
                             "2024-01-01T08:00:61Z",
                             "2024-01-01T08:00:00.Z",
                             "2024-01-01T08:00:00+15:00",
                             "2024-01-01T08:00:00+8:00",
                             "2024-01-01T08:00:00Zx",
                             "2024-01-01 08:00:00",
                             "x024"}) {
        EXPECT_FALSE(parse_time_range(text, nullptr)) << text;
    }
}

TEST(Zone, SaysTheWallTimeAndWhoseItIs) {
    const Instant summer = *parse_instant("2026-07-01T20:30:00Z");
    EXPECT_EQ(Zone("Asia/Shanghai").text_of(summer), "2026-07-02 04:30 (UTC+8, Asia/Shanghai)");
    EXPECT_EQ(Zone("Europe/Berlin").text_of(summer), "2026-07-01 22:30 (UTC+2, Europe/Berlin)");
    EXPECT_EQ(Zone("Europe/Berlin").text_of(*parse_instant("2026-01-01T20:30:00Z")), "2026-01-01 21:30 (UTC+1, Europe/Berlin)");
    EXPECT_EQ(Zone("Asia/Kolkata").text_of(summer), "2026-07-02 02:00 (UTC+5:30, Asia/Kolkata)");
    EXPECT_EQ(Zone("America/St_Johns").text_of(*parse_instant("2026-01-01T02:00:00Z")), "2025-12-31 22:30 (UTC-3:30, America/St_Johns)");
}

TEST(Zone, TakesDatesWithoutZoneInTheCentres) {
    const Zone shanghai("Asia/Shanghai");
    EXPECT_EQ(parse_time_range("2024-03-01", &shanghai)->lo_ms, parse_time_range("2024-02-29T16:00:00Z", nullptr)->lo_ms);
    EXPECT_EQ(parse_time_range("2024-03-01T00:00:00Z", &shanghai)->lo_ms, parse_time_range("2024-03-01", nullptr)->lo_ms);
    // China had summer time from 1986 to 1991.
    EXPECT_EQ(parse_time_range("1988-07-01", &shanghai)->lo_ms, parse_time_range("1988-06-30T15:00:00Z", nullptr)->lo_ms);
    const Zone berlin("Europe/Berlin");
    EXPECT_EQ(parse_time_range("2024-07-01", &berlin)->lo_ms, parse_time_range("2024-06-30T22:00:00Z", nullptr)->lo_ms);
    EXPECT_EQ(parse_time_range("2024-01-01", &berlin)->lo_ms, parse_time_range("2023-12-31T23:00:00Z", nullptr)->lo_ms);
    EXPECT_EQ(parse_time_range("2024-03-31", &berlin)->hi_ms - parse_time_range("2024-03-31", &berlin)->lo_ms, 23 * kHour_ms);
    EXPECT_THROW(Zone("Asia/Nowhere"), Error);
}

TEST(Fold, ForgetsCaseAccentsAndBlanks) {
    EXPECT_EQ(fold_text("  Müller-LÜDENSCHEIDT \t x "), "muller-ludenscheidt x");
    EXPECT_EQ(fold_text("Straße Ørsted Łódź"), "strasse orsted lodz");
    EXPECT_EQ(fold_text("ＡＢＣ　１２"), "abc 12");
    EXPECT_EQ(fold_text("王伟"), "王伟");
    EXPECT_EQ(fold_text("阿依古丽・买买提"), fold_text("阿依古丽·买买提"));
    EXPECT_EQ(fold_text("Ἀθῆναι"), "αθηναι");
    EXPECT_EQ(fold_text("Nguyễn"), "nguyen");
    EXPECT_EQ(fold_text(""), "");
    EXPECT_EQ(fold_text("\xE3\x80\x80"), "");
    EXPECT_EQ(compact("wang wei-min o'x"), "wangweiminox");
}

TEST(Fold, IdeographsAreTheSameWithAndWithoutNormalisation) {
    for (std::uint32_t c = 0x4E00; c <= 0x9FFF; ++c) {
        const std::string one{static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
        ASSERT_EQ(fold_text(" A" + one + " b"), "a" + one + " b");
        ASSERT_EQ(fold_text(" A" + one + " bé"), "a" + one + " be") << "by way of the normaliser";
    }
    EXPECT_EQ(fold_text("\xEF\xA4\x80"), fold_text("豈")) << "a compatibility ideograph is the unified one";
    EXPECT_TRUE(fold_text("王\xE4\xB8").starts_with("王")) << "cut in a character: no end is read over";
}

struct NameCase {
    const char* hanzi;
    const char* full;
    const char* initials;
};

TEST(Pinyin, ReadsNames) {
    const NameCase cases[] = {
        {"王伟", "wangwei", "ww"},
        {"欧阳娜娜", "ouyangnana", "oynn"},
        {"单雄信", "shanxiongxin", "sxx"},
        {"仇英", "qiuying", "qy"},
        {"曾国藩", "zengguofan", "zgf"},
        {"解缙", "xiejin", "xj"},
        {"区小明", "ouxiaoming", "oxm"},
        {"查良镛", "zhaliangyong", "zly"},
        {"朴正", "piaozheng", "pz"},
        {"翟志刚", "zhaizhigang", "zzg"},
        {"盖叫天", "gejiaotian", "gjt"},
        {"尉迟恭", "yuchigong", "ycg"},
        {"万俟卨", "moqixie", "mqx"},
        {"长孙无忌", "zhangsunwuji", "zswj"},
        {"吕布", "lvbu", "lb"},
        {"李长春", "lichangchun", "lcc"},
        {"阿依古丽·买买提", "ayigulimaimaiti", "ayglmmt"},
        {"王Anna", "wanganna", "wa"},
    };
    for (const NameCase& row : cases) {
        const Pinyin read = to_pinyin(row.hanzi, true);
        EXPECT_EQ(read.full, row.full) << row.hanzi;
        EXPECT_EQ(read.initials, row.initials) << row.hanzi;
    }
    EXPECT_EQ(to_pinyin("国单", true).full, "guodan") << "a surname stands first";
    EXPECT_EQ(to_pinyin("单", false).full, "dan");
    EXPECT_EQ(to_pinyin("重庆医院", false).full, "chongqingyiyuan");
    EXPECT_TRUE(to_pinyin("Smith", true).full.empty());
    EXPECT_FALSE(has_han("Smith"));
    EXPECT_TRUE(has_han("Smith 王"));
}

TEST(Pinyin, WorksOnManyThreads) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([] {
            for (int n = 0; n < 200; ++n) EXPECT_EQ(to_pinyin("欧阳建国", true).full, "ouyangjianguo");
        });
    }
}

}  // namespace
}  // namespace qiao::record
