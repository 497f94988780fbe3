#include "record/path/temporal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace qiao::record::path {

namespace {

using Precision = Temporal::Precision;
using Kind = Temporal::Kind;

constexpr std::int64_t kDay_ms = 86'400'000;
constexpr std::int64_t kHour_ms = 3'600'000;

int last_day(int year, int month) {
    return static_cast<int>(static_cast<unsigned>((std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) / std::chrono::last).day()));
}

/// Reads fixed-width parts of a text one after the other.
struct Scanner {
    std::string_view text;
    std::size_t at = 0;

    std::optional<int> number(std::size_t width, int low, int high) {
        if (at + width > text.size()) return std::nullopt;
        int value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            const char c = text[at + i];
            if (c < '0' || c > '9') return std::nullopt;
            value = value * 10 + (c - '0');
        }
        if (value < low || value > high) return std::nullopt;
        at += width;
        return value;
    }
    bool take(char c) {
        if (at >= text.size() || text[at] != c) return false;
        ++at;
        return true;
    }
    [[nodiscard]] bool done() const { return at == text.size(); }
};

template <class Part>
bool read(Scanner& scanner, Part& part, std::size_t width, int low, int high) {
    const auto value = scanner.number(width, low, high);
    if (value) part = static_cast<Part>(*value);
    return value.has_value();
}

bool read_date(Scanner& scanner, Temporal& result) {
    if (!read(scanner, result.year, 4, 1, 9999)) return false;
    result.precision = Precision::year;
    if (!scanner.take('-')) return true;
    if (!read(scanner, result.month, 2, 1, 12)) return false;
    result.precision = Precision::month;
    if (!scanner.take('-')) return true;
    result.precision = Precision::day;
    return read(scanner, result.day, 2, 1, last_day(result.year, result.month));
}

bool read_time(Scanner& scanner, Temporal& result) {
    if (!read(scanner, result.hour, 2, 0, 23)) return false;
    result.precision = Precision::hour;
    if (!scanner.take(':')) return true;
    if (!read(scanner, result.minute, 2, 0, 59)) return false;
    result.precision = Precision::minute;
    if (!scanner.take(':')) return true;
    if (!read(scanner, result.second, 2, 0, 60)) return false;
    if (result.second == 60) result.second = 59;  // a leap second: no arithmetic here knows one
    result.precision = Precision::second;
    if (!scanner.take('.')) return true;
    result.precision = Precision::millisecond;
    int digits = 0;
    int value = 0;
    while (const auto digit = scanner.number(1, 0, 9)) {
        if (digits < 3) value = value * 10 + *digit;
        ++digits;
    }
    for (int i = digits; i < 3; ++i) value *= 10;
    result.millisecond = static_cast<std::int16_t>(value);
    return digits > 0;
}

bool read_zone(Scanner& scanner, Temporal& result) {
    if (scanner.take('Z')) {
        result.zone_minutes = 0;
        return true;
    }
    const bool west = scanner.take('-');
    if (!west && !scanner.take('+')) return true;
    const auto hours = scanner.number(2, 0, 14);
    if (!hours || !scanner.take(':')) return false;
    const auto minutes = scanner.number(2, 0, 59);
    if (!minutes) return false;
    const int offset = *hours * 60 + *minutes;
    result.zone_minutes = static_cast<std::int16_t>(west ? -offset : offset);
    return true;
}

std::int64_t days_of(const Temporal& t) {
    using namespace std::chrono;
    return sys_days(year(t.year) / month(static_cast<unsigned>(t.month)) / day(static_cast<unsigned>(t.day))).time_since_epoch().count();
}

std::int64_t time_ms(const Temporal& t) { return t.hour * kHour_ms + t.minute * 60'000LL + t.second * 1000LL + t.millisecond; }

/// Wall time as milliseconds since 1970-01-01T00:00 of that wall.
std::int64_t wall_ms(const Temporal& t) { return (t.kind == Kind::time ? 0 : days_of(t) * kDay_ms) + time_ms(t); }

void set_wall_ms(Temporal& t, std::int64_t ms) {
    using namespace std::chrono;
    const auto day_count = floor<days>(milliseconds(ms));
    std::int64_t rest = (milliseconds(ms) - day_count).count();
    if (t.kind != Kind::time) {
        const year_month_day date{sys_days(day_count)};
        t.year = static_cast<std::int16_t>(static_cast<int>(date.year()));
        t.month = static_cast<std::int8_t>(static_cast<unsigned>(date.month()));
        t.day = static_cast<std::int8_t>(static_cast<unsigned>(date.day()));
    }
    t.hour = static_cast<std::int8_t>(rest / kHour_ms);
    rest %= kHour_ms;
    t.minute = static_cast<std::int8_t>(rest / 60'000);
    rest %= 60'000;
    t.second = static_cast<std::int8_t>(rest / 1000);
    t.millisecond = static_cast<std::int16_t>(rest % 1000);
}

/// The parts that are not said, as early or as late as they can be.
Temporal filled(Temporal t, bool high) {
    const auto missing = [&](Precision part) { return t.precision < part; };
    if (t.kind != Kind::time && missing(Precision::month)) t.month = high ? 12 : 1;
    if (t.kind != Kind::time && missing(Precision::day)) t.day = static_cast<std::int8_t>(high ? last_day(t.year, t.month) : 1);
    if (missing(Precision::hour)) t.hour = high ? 23 : 0;
    if (missing(Precision::minute)) t.minute = high ? 59 : 0;
    if (missing(Precision::second)) t.second = high ? 59 : 0;
    if (missing(Precision::millisecond)) t.millisecond = high ? 999 : 0;
    return t;
}

/// Seconds and milliseconds are one precision (N1): 12:00:00 is 12:00:00.000.
Precision comparable_precision(const Temporal& t) { return std::min(t.precision, Precision::second); }

struct Range {
    std::int64_t low, high;  ///< both inside
};

/// The moments that `t` may mean. Without a zone it may be any of UTC-12 … UTC+14.
Range range_of(const Temporal& t, bool zones_matter) {
    const bool point = comparable_precision(t) == Precision::second;
    Range range{wall_ms(filled(t, false)), point ? wall_ms(filled(t, false)) : wall_ms(filled(t, true))};
    if (!zones_matter) return range;
    range.low -= t.zone_minutes ? *t.zone_minutes * 60'000LL : 14 * kHour_ms;
    range.high -= t.zone_minutes ? *t.zone_minutes * 60'000LL : -12 * kHour_ms;
    return range;
}

}  // namespace

std::optional<Temporal> Temporal::parse_date(std::string_view text) {
    Scanner scanner{text};
    Temporal result;
    if (!read_date(scanner, result) || !scanner.done()) return std::nullopt;
    return result;
}

std::optional<Temporal> Temporal::parse_date_time(std::string_view text) {
    Scanner scanner{text};
    Temporal result;
    result.kind = Kind::date_time;
    if (!read_date(scanner, result)) return std::nullopt;
    if (scanner.take('T') && !scanner.done()) {
        if (result.precision != Precision::day || !read_time(scanner, result) || !read_zone(scanner, result)) return std::nullopt;
    }
    if (!scanner.done()) return std::nullopt;
    return result;
}

std::optional<Temporal> Temporal::parse_time(std::string_view text) {
    Scanner scanner{text};
    Temporal result;
    result.kind = Kind::time;
    if (!read_time(scanner, result) || !scanner.done()) return std::nullopt;
    return result;
}

Temporal Temporal::of(Instant instant) {
    Temporal result;
    result.kind = Kind::date_time;
    result.precision = Precision::millisecond;
    result.zone_minutes = 0;
    set_wall_ms(result, to_ms(instant));
    return result;
}

std::string Temporal::text() const {
    std::string out;
    if (kind != Kind::time) {
        out = fmt::format("{:04}", year);
        if (precision >= Precision::month) out += fmt::format("-{:02}", month);
        if (precision >= Precision::day) out += fmt::format("-{:02}", day);
        if (precision >= Precision::hour) out += 'T';
    }
    if (precision >= Precision::hour) out += fmt::format("{:02}", hour);
    if (precision >= Precision::minute) out += fmt::format(":{:02}", minute);
    if (precision >= Precision::second) out += fmt::format(":{:02}", second);
    if (precision >= Precision::millisecond) out += fmt::format(".{:03}", millisecond);
    if (zone_minutes && *zone_minutes == 0) return out + "Z";
    if (zone_minutes) out += fmt::format("{}{:02}:{:02}", *zone_minutes < 0 ? '-' : '+', std::abs(*zone_minutes) / 60, std::abs(*zone_minutes) % 60);
    return out;
}

int Temporal::digits() const {
    static constexpr std::array<int, 8> kDigits{0, 4, 6, 8, 10, 12, 14, 17};
    const int all = kDigits[static_cast<std::size_t>(precision)];
    return kind == Kind::time ? all - 8 : all;
}

Temporal Temporal::as_date_time() const {
    Temporal result = *this;
    if (kind == Kind::date) result.kind = Kind::date_time;
    return result;
}

std::optional<int> compare(const Temporal& left, const Temporal& right) {
    const bool zones_matter = left.zone_minutes.has_value() || right.zone_minutes.has_value();
    const Range a = range_of(left, zones_matter);
    const Range b = range_of(right, zones_matter);
    const bool same_zones = left.zone_minutes.has_value() == right.zone_minutes.has_value();
    if (same_zones && comparable_precision(left) == comparable_precision(right)) return a.low < b.low ? -1 : (a.low > b.low ? 1 : 0);
    if (a.high < b.low) return -1;
    if (a.low > b.high) return 1;
    return std::nullopt;
}

bool equivalent(const Temporal& left, const Temporal& right) {
    if ((left.kind == Kind::time) != (right.kind == Kind::time) || comparable_precision(left) != comparable_precision(right)) return false;
    return compare(left, right) == 0;
}

std::optional<CalendarUnit> calendar_unit(std::string_view word) {
    static constexpr std::array<std::string_view, 8> kWords{"year", "month", "week", "day", "hour", "minute", "second", "millisecond"};
    if (word.ends_with('s')) word.remove_suffix(1);
    const auto* found = std::ranges::find(kWords, word);
    return found == kWords.end() ? std::nullopt : std::optional(static_cast<CalendarUnit>(found - kWords.begin()));
}

namespace {

std::optional<Temporal> moved_months(Temporal t, std::int64_t months) {
    const std::int64_t total = t.year * 12LL + (t.month - 1) + months;
    if (total < 12 || total >= 120'000) return std::nullopt;
    t.year = static_cast<std::int16_t>(total / 12);
    t.month = static_cast<std::int8_t>(total % 12 + 1);
    t.day = static_cast<std::int8_t>(std::min<int>(t.day, last_day(t.year, t.month)));
    return t;
}

std::optional<Temporal> moved_ms(Temporal t, std::int64_t ms) {
    constexpr std::int64_t kFirst_ms = -62'135'596'800'000;  ///< 0001-01-01
    constexpr std::int64_t kEnd_ms = 253'402'300'800'000;    ///< 10000-01-01
    std::int64_t wall = wall_ms(t) + ms;
    if (t.kind == Kind::time) wall = ((wall % kDay_ms) + kDay_ms) % kDay_ms;
    if (t.kind != Kind::time && (wall < kFirst_ms || wall >= kEnd_ms)) return std::nullopt;
    set_wall_ms(t, wall);
    return t;
}

}  // namespace

std::optional<Temporal> moved(const Temporal& temporal, const Decimal& amount, CalendarUnit unit) {
    constexpr std::array<std::int64_t, 8> kUnit_ms{0, 0, 7 * kDay_ms, kDay_ms, kHour_ms, 60'000, 1000, 1};
    constexpr std::int64_t kMost = 400'000'000'000'000;  ///< milliseconds: more than there are years
    if (unit == CalendarUnit::year || unit == CalendarUnit::month) {
        if (temporal.kind == Kind::time) return std::nullopt;
        const auto whole = amount.truncated();
        if (!whole || *whole > 200'000 || *whole < -200'000) return std::nullopt;
        std::int64_t months = unit == CalendarUnit::year ? *whole * 12 : *whole;
        if (temporal.precision == Precision::year) months -= months % 12;
        return moved_months(temporal, months);
    }
    // Fractions of a second count, of anything longer do not.
    const auto exact = unit == CalendarUnit::second ? multiply(amount, Decimal(1000)) : amount;
    const auto whole = exact ? exact->truncated() : std::nullopt;
    const std::int64_t unit_ms = unit == CalendarUnit::second ? 1 : kUnit_ms[static_cast<std::size_t>(unit)];
    if (!whole || *whole > kMost / unit_ms || *whole < -(kMost / unit_ms)) return std::nullopt;
    std::int64_t ms = *whole * unit_ms;
    switch (temporal.precision) {
        case Precision::year: return moved_months(temporal, ms / (365 * kDay_ms) * 12);
        case Precision::month: return moved_months(temporal, ms / (30 * kDay_ms));
        case Precision::day: ms -= ms % kDay_ms; break;
        case Precision::hour: ms -= ms % kHour_ms; break;
        case Precision::minute: ms -= ms % 60'000; break;
        case Precision::second: ms -= ms % 1000; break;
        case Precision::millisecond: break;
    }
    return moved_ms(temporal, ms);
}

std::optional<Temporal> boundary(const Temporal& temporal, int digits, bool high) {
    const bool is_time = temporal.kind == Kind::time;
    Temporal result = filled(temporal, high);
    result.precision = Precision::millisecond;
    while (result.digits() != digits) {
        if (result.precision == (is_time ? Precision::hour : Precision::year)) return std::nullopt;
        result.precision = static_cast<Precision>(static_cast<int>(result.precision) - 1);
    }
    if (temporal.kind == Kind::date && result.precision > Precision::day) result.kind = Kind::date_time;
    if (is_time) return result;
    if (result.precision <= Precision::day) result.zone_minutes.reset();
    // A time without a zone may be anywhere on earth.
    if (result.precision > Precision::day && !temporal.zone_minutes) result.zone_minutes = static_cast<std::int16_t>(high ? -12 * 60 : 14 * 60);
    return result;
}

}  // namespace qiao::record::path
