#pragma once

#include "base/time.hpp"
#include "record/path/decimal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Dates, dateTimes and times that may stop at any part ("2026-11" is a month): what FHIRPath's temporal literals and
/// FHIR's temporal elements hold. Comparison has a third answer: not known. Any thread.
/// Source: FHIRPath N1 (2.0.0), sections "Date/Time comparison" and "Date/Time arithmetic".
namespace qiao::record::path {

struct Temporal {
    enum class Kind : std::uint8_t { date, date_time, time };
    enum class Precision : std::uint8_t { year = 1, month, day, hour, minute, second, millisecond };

    Kind kind = Kind::date;
    Precision precision = Precision::year;
    std::int16_t year = 1;
    std::int8_t month = 1, day = 1, hour = 0, minute = 0, second = 0;
    std::int16_t millisecond = 0;
    std::optional<std::int16_t> zone_minutes;  ///< offset from UTC, where one is said

    /// "2026", "2026-11", "2026-11-21".
    static std::optional<Temporal> parse_date(std::string_view text);
    /// A date, or one with "T" and maybe time and zone: "2026-11-21T08", "2026-11-21T08:30:00.5+08:00".
    static std::optional<Temporal> parse_date_time(std::string_view text);
    /// "08", "08:30", "08:30:00.5"
    static std::optional<Temporal> parse_time(std::string_view text);
    static Temporal of(Instant instant);

    /// FHIR's text, without "@" and, for a time, without "T".
    [[nodiscard]] std::string text() const;
    /// Digits as lowBoundary() counts them: 4, 6, 8, 10, 12, 14, 17; without the date for a time.
    [[nodiscard]] int digits() const;
    [[nodiscard]] Temporal as_date_time() const;
};

/// -1, 0, 1; nothing where the precision or a missing zone leaves it open. Both are times or neither is.
std::optional<int> compare(const Temporal& left, const Temporal& right);
/// Whether both say the same to the same precision.
bool equivalent(const Temporal& left, const Temporal& right);

enum class CalendarUnit : std::uint8_t { year, month, week, day, hour, minute, second, millisecond };
/// "day", "days"; nothing for other words.
std::optional<CalendarUnit> calendar_unit(std::string_view word);

/// `temporal` moved by `amount` units: a month's last day stays inside the month, units finer than the precision are
/// converted (12 months, 365 or 30 days), a time wraps at midnight. Nothing outside the years 1 … 9999.
std::optional<Temporal> moved(const Temporal& temporal, const Decimal& amount, CalendarUnit unit);

/// The earliest or latest moment that `temporal` may stand for, to `digits` digits; nothing for a count that no precision has.
std::optional<Temporal> boundary(const Temporal& temporal, int digits, bool high);

}  // namespace qiao::record::path
