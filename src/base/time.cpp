#include "base/time.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <atomic>

namespace qiao {
namespace {

using namespace std::chrono;

/// Exactly `count` digits at `text[at]`; nothing when one is missing.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// `value` in the digits before `end`, with zeros in front. @return where they begin
char* put_digits(char* end, int count, std::int64_t value) {
    for (; count > 0; --count, value /= 10) *--end = static_cast<char>('0' + value % 10);
    return end;
}

/// "Z" or "+hh:mm" as minutes east of UTC.
std::optional<int> zone_minutes(std::string_view text) {
    if (text == "Z") return 0;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
    const auto hours = digits(text, 1, 2);
    const auto minutes = digits(text, 4, 2);
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
    return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

}  // namespace

std::string format_instant(Instant instant) {
    const auto day = floor<days>(instant);
    const year_month_day date(day);
    const hh_mm_ss time(floor<milliseconds>(instant - day));
    std::array<char, 20> behind_year{'-', '0', '0', '-', '0', '0', 'T', '0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
    char* at = behind_year.data() + behind_year.size() - 1;
    at = put_digits(at, 3, time.subseconds().count()) - 1;
    at = put_digits(at, 2, time.seconds().count()) - 1;
    at = put_digits(at, 2, time.minutes().count()) - 1;
    at = put_digits(at, 2, time.hours().count()) - 1;
    at = put_digits(at, 2, static_cast<unsigned>(date.day())) - 1;
    put_digits(at, 2, static_cast<unsigned>(date.month()));
    return fmt::format(FMT_COMPILE("{:04}{}"), static_cast<int>(date.year()), std::string_view(behind_year.data(), behind_year.size()));
}

std::optional<Instant> parse_instant(std::string_view text) {
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
    const auto y = digits(text, 0, 4);
    const auto mo = digits(text, 5, 2);
    const auto d = digits(text, 8, 2);
    const auto h = digits(text, 11, 2);
    const auto mi = digits(text, 14, 2);
    const auto s = digits(text, 17, 2);
    if (!y || !mo || !d || !h || !mi || !s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
    const year_month_day date{year(*y), month(static_cast<unsigned>(*mo)), day(static_cast<unsigned>(*d))};
    if (!date.ok()) return std::nullopt;
    std::size_t at = 19;
    std::int64_t fraction_us = 0;
    if (text[at] == '.') {
        std::int64_t unit = 100'000;
        const std::size_t first = ++at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) fraction_us += (text[at] - '0') * unit;
        if (at == first) return std::nullopt;
    }
    const auto zone = zone_minutes(text.substr(at));
    if (!zone) return std::nullopt;
    return Instant(sys_days(date)) + hours(*h) + minutes(*mi - *zone) + seconds(*s) + microseconds(fraction_us);
}

std::string format_http_date(Instant instant) {
    static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<days>(instant);
    const year_month_day date(day);
    const hh_mm_ss time(floor<seconds>(instant - day));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                       kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}

std::optional<Instant> parse_http_date(std::string_view text) {
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::size_t kLength = 29;  // "Sat, 21 Nov 2026 08:30:00 GMT"
    if (text.size() != kLength) return std::nullopt;
    const std::size_t month = kMonths.find(text.substr(8, 3));
    if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
    const std::string instant = fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month / 3 + 1, text.substr(5, 2), text.substr(17, 8));
    const auto parsed = parse_instant(instant);
    // Writing it again finds a wrong weekday and stray characters.
    return parsed && format_http_date(*parsed) == text ? parsed : std::nullopt;
}

Instant SystemClock::now() const { return floor<microseconds>(system_clock::now()); }

struct ShiftedClock::Offset {
    std::atomic<std::int64_t> us{0};
};

ShiftedClock::ShiftedClock() : offset_(std::make_unique<Offset>()) {}
ShiftedClock::~ShiftedClock() = default;
Instant ShiftedClock::now() const { return SystemClock().now() + microseconds(offset_->us.load()); }
void ShiftedClock::advance(microseconds by) { offset_->us += by.count(); }

}  // namespace qiao
