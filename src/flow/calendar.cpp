#include "flow/calendar.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include <algorithm>

namespace qiao::flow {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::int64_t kDay_ms = 86'400'000;
/// A calendar that stays closed this long is a mistake of the pack.
constexpr int kClosedDaysMax = 60;

std::string date_text(std::int64_t day) {
    const std::chrono::year_month_day date{std::chrono::sys_days{days{day}}};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

struct Calendar::Zone {
    std::unique_ptr<icu::TimeZone> zone;

    [[nodiscard]] std::int64_t offset_ms(std::int64_t utc_ms) const {
        std::int32_t raw = 0;
        std::int32_t summer = 0;
        UErrorCode error = U_ZERO_ERROR;
        zone->getOffset(static_cast<double>(utc_ms), 0, raw, summer, error);
        return std::int64_t{raw} + summer;
    }

    /// The UTC time of a local wall time; in the hour that a clock change skips or doubles, the earlier reading.
    [[nodiscard]] std::int64_t to_utc_ms(std::int64_t local_ms) const {
        const std::int64_t guess = local_ms - offset_ms(local_ms);
        return local_ms - offset_ms(guess);
    }
};

Calendar::Calendar(WorkingHours hours) : hours_(std::move(hours)), zone_(std::make_unique<Zone>()) {
    zone_->zone.reset(icu::TimeZone::createTimeZone(icu::UnicodeString::fromUTF8(hours_.zone)));
    if (zone_->zone == nullptr || *zone_->zone == icu::TimeZone::getUnknown()) {
        throw Error(ErrorKind::invalid, "flow.bad_pack", "unknown time zone " + hours_.zone);
    }
    if (hours_.closes <= hours_.opens || std::none_of(hours_.days.begin(), hours_.days.end(), [](bool works) { return works; })) {
        throw Error(ErrorKind::invalid, "flow.bad_pack", "working hours that never open");
    }
}

Calendar::~Calendar() = default;
Calendar::Calendar(Calendar&&) noexcept = default;

std::int64_t Calendar::day_of(Instant instant) const {
    const std::int64_t utc_ms = to_ms(instant);
    const std::int64_t local_ms = utc_ms + zone_->offset_ms(utc_ms);
    return local_ms >= 0 ? local_ms / kDay_ms : (local_ms - kDay_ms + 1) / kDay_ms;
}

int Calendar::local_minute(Instant instant) const {
    const std::int64_t utc_ms = to_ms(instant);
    const std::int64_t local_ms = utc_ms + zone_->offset_ms(utc_ms);
    return static_cast<int>(((local_ms % kDay_ms + kDay_ms) % kDay_ms) / 60'000);
}

bool Calendar::works_on(std::int64_t day) const {
    const std::string date = date_text(day);
    if (hours_.open_dates.contains(date)) {
        return true;
    }
    const auto weekday = static_cast<std::size_t>(((day + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
    return hours_.days[weekday] && !hours_.closed_dates.contains(date);
}

Calendar::Shift Calendar::shift_of(std::int64_t day) const {
    const std::int64_t midnight_ms = day * kDay_ms;
    const auto at = [&](std::chrono::minutes minutes) { return Instant(milliseconds(zone_->to_utc_ms(midnight_ms + milliseconds(minutes).count()))); };
    return {at(hours_.opens), at(hours_.closes)};
}

Instant Calendar::add(ClockKind kind, Instant start, Duration amount) const {
    if (kind == ClockKind::wall) {
        return start + amount;
    }
    Duration left = std::max(amount, Duration::zero());
    Instant at = start;
    int closed = 0;
    for (std::int64_t day = day_of(start);; ++day) {
        if (!works_on(day)) {
            if (++closed > kClosedDaysMax) {
                throw Error(ErrorKind::invalid, "flow.bad_pack", "the calendar stays closed for two months");
            }
            continue;
        }
        closed = 0;
        const Shift shift = shift_of(day);
        at = std::max(at, shift.opens);
        if (at >= shift.closes) {
            continue;
        }
        if (at + left <= shift.closes) {
            return at + left;
        }
        left -= shift.closes - at;
    }
}

Duration Calendar::between(ClockKind kind, Instant start, Instant end) const {
    if (end <= start) {
        return Duration::zero();
    }
    if (kind == ClockKind::wall) {
        return end - start;
    }
    Duration sum{0};
    const std::int64_t last = day_of(end);
    for (std::int64_t day = day_of(start); day <= last; ++day) {
        if (!works_on(day)) {
            continue;
        }
        const Shift shift = shift_of(day);
        const Instant from = std::max(start, shift.opens);
        const Instant to = std::min(end, shift.closes);
        if (to > from) {
            sum += to - from;
        }
    }
    return sum;
}

}  // namespace qiao::flow
