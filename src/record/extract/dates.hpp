#pragma once

#include "record/extract/zone.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// FHIR date, dateTime and instant text as half-open time ranges; the same for stored values and for search values. Any
/// thread.
namespace qiao::record {

struct TimeRange {
    std::int64_t lo_ms, hi_ms;  ///< [lo, hi)
};

/// "1980", "1980-05", "1980-05-17", "…T08:30" (search values only), "…T08:30:00[.123][Z|+08:00]" as the time it covers:
/// a year, a month, a day, a minute, a second, a millisecond. Without a zone in `zone` (nullptr = UTC). 23:59:60 is the
/// second after 23:59:59. Nothing for text that is no date or a day that does not exist.
std::optional<TimeRange> parse_time_range(std::string_view text, const Zone* zone);

/// Days since 1970-01-01 of the Gregorian calendar; month 1..12.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day);
/// Whether that day exists.
bool is_calendar_day(int year, int month, int day);

}  // namespace qiao::record
