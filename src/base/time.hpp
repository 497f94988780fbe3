#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Wall time with microseconds, its FHIR text, and the clock that everything above asks (so that `demo` and tests can
/// let days pass). Clock is thread-safe.
namespace qiao {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

[[nodiscard]] inline std::int64_t to_us(Instant instant) { return instant.time_since_epoch().count(); }
[[nodiscard]] inline std::int64_t to_ms(Instant instant) { return to_us(instant) / 1000; }
[[nodiscard]] inline Instant from_us(std::int64_t us) { return Instant(std::chrono::microseconds(us)); }

/// FHIR instant in UTC with milliseconds: "2026-11-21T08:30:00.123Z".
std::string format_instant(Instant instant);
/// A full FHIR instant or dateTime with time and zone; nothing for anything else, nor for dates that do not exist.
std::optional<Instant> parse_instant(std::string_view text);
/// HTTP-date of RFC 9110: "Sat, 21 Nov 2026 08:30:00 GMT".
std::string format_http_date(Instant instant);
/// Nothing for anything but that form, the only one that is still sent.
std::optional<Instant> parse_http_date(std::string_view text);

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
};

/// The system's clock.
class SystemClock : public Clock {
public:
    [[nodiscard]] Instant now() const override;
};

/// The system's clock plus an offset that `demo` and tests move forward.
class ShiftedClock : public Clock {
public:
    ShiftedClock();
    ~ShiftedClock() override;
    [[nodiscard]] Instant now() const override;
    void advance(std::chrono::microseconds by);

private:
    struct Offset;
    std::unique_ptr<Offset> offset_;
};

}  // namespace qiao
