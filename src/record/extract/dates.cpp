#include "record/extract/dates.hpp"

#include <cstddef>

namespace qiao::record {

namespace {

constexpr std::int64_t kSecond_ms = 1'000;
constexpr std::int64_t kMinute_ms = 60 * kSecond_ms;
constexpr std::int64_t kHour_ms = 60 * kMinute_ms;
constexpr std::int64_t kDay_ms = 24 * kHour_ms;

/// Reads fixed-width parts of a date text from the front.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool digits(std::size_t count, int& value) {
        if (rest_.size() < count) return false;
        value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const char c = rest_[i];
            if (c < '0' || c > '9') return false;
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(count);
        return true;
    }
    bool literal(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    [[nodiscard]] bool done() const { return rest_.empty(); }
    [[nodiscard]] char front() const { return rest_.empty() ? '\0' : rest_.front(); }

private:
    std::string_view rest_;
};

/// Wall time in `zone`, or in UTC.
std::int64_t to_utc(std::int64_t local_ms, const Zone* zone) { return zone == nullptr ? local_ms : zone->to_utc_ms(local_ms); }

struct DayTime {
    std::int64_t since_midnight_ms = 0;
    std::int64_t width_ms = kMinute_ms;
};

/// "08:30", "08:30:15", "08:30:15.1234" and no zone; a fraction beyond milliseconds is cut.
std::optional<DayTime> read_time(Reader& in) {
    int hour = 0;
    int minute = 0;
    if (!in.digits(2, hour) || !in.literal(':') || !in.digits(2, minute) || hour > 23 || minute > 59) return std::nullopt;
    DayTime time{hour * kHour_ms + minute * kMinute_ms, kMinute_ms};
    int second = 0;
    if (!in.literal(':')) return time;
    if (!in.digits(2, second) || second > 60) return std::nullopt;
    time.since_midnight_ms += second * kSecond_ms;
    time.width_ms = kSecond_ms;
    if (!in.literal('.')) return time;
    int digit = 0;
    int count = 0;
    std::int64_t weight = 100;
    for (; in.digits(1, digit); ++count) {
        time.since_midnight_ms += digit * weight;
        weight /= 10;
    }
    if (count == 0) return std::nullopt;
    time.width_ms = count == 1 ? 100 : count == 2 ? 10 : 1;
    return time;
}

/// Offset of "Z", "+08:00"; nothing for anything else.
std::optional<std::int64_t> read_offset(Reader& in) {
    if (in.literal('Z')) return 0;
    const bool west = in.front() == '-';
    if (!west && in.front() != '+') return std::nullopt;
    in.literal(in.front());
    int hours = 0;
    int minutes = 0;
    if (!in.digits(2, hours) || !in.literal(':') || !in.digits(2, minutes) || minutes > 59 || hours * 60 + minutes > 14 * 60) return std::nullopt;
    const std::int64_t offset = hours * kHour_ms + minutes * kMinute_ms;
    return west ? -offset : offset;
}

}  // namespace

std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    // Days are counted from 1 March, so that the leap day comes last; an era is 400 years.
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

bool is_calendar_day(int year, int month, int day) {
    if (month < 1 || month > 12 || day < 1) return false;
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

std::optional<TimeRange> parse_time_range(std::string_view text, const Zone* zone) {
    Reader in(text);
    int year = 0;
    int month = 1;
    int day = 1;
    if (!in.digits(4, year) || year == 0) return std::nullopt;
    const auto midnight = [](int y, int m, int d) { return days_from_civil(y, static_cast<unsigned>(m), static_cast<unsigned>(d)) * kDay_ms; };
    if (in.done()) return TimeRange{to_utc(midnight(year, 1, 1), zone), to_utc(midnight(year + 1, 1, 1), zone)};
    if (!in.literal('-') || !in.digits(2, month) || month < 1 || month > 12) return std::nullopt;
    if (in.done()) {
        const std::int64_t next = month == 12 ? midnight(year + 1, 1, 1) : midnight(year, month + 1, 1);
        return TimeRange{to_utc(midnight(year, month, 1), zone), to_utc(next, zone)};
    }
    if (!in.literal('-') || !in.digits(2, day) || !is_calendar_day(year, month, day)) return std::nullopt;
    const std::int64_t start = midnight(year, month, day);
    if (in.done()) return TimeRange{to_utc(start, zone), to_utc(start + kDay_ms, zone)};
    if (!in.literal('T')) return std::nullopt;
    const auto time = read_time(in);
    if (!time) return std::nullopt;
    std::int64_t at = start + time->since_midnight_ms;
    if (in.done()) {
        at = to_utc(at, zone);
    } else {
        const auto offset = read_offset(in);
        if (!offset || !in.done()) return std::nullopt;
        at -= *offset;
    }
    return TimeRange{at, at + time->width_ms};
}

}  // namespace qiao::record
