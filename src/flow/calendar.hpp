#pragma once

#include "base/time.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>

/// Working hours of an institution and the arithmetic of deadlines on them. Immutable after construction; any thread.
namespace qiao::flow {

using Duration = std::chrono::microseconds;

enum class ClockKind : std::uint8_t { wall, working };

struct WorkingHours {
    std::string zone = "Asia/Shanghai";                                       ///< IANA name
    std::array<bool, 7> days = {false, true, true, true, true, true, false};  ///< Sunday first
    std::chrono::minutes opens{8 * 60};                                       ///< since local midnight
    std::chrono::minutes closes{17 * 60};
    std::set<std::string> closed_dates = {};  ///< "2026-10-01", local
    std::set<std::string> open_dates = {};    ///< working days that a holiday moved
};

class Calendar {
public:
    /// Error(invalid, "flow.bad_pack") for an unknown zone, or hours that never open.
    explicit Calendar(WorkingHours hours);
    ~Calendar();
    Calendar(Calendar&&) noexcept;

    /// The time at which `amount` of the kind has passed since `start`.
    [[nodiscard]] Instant add(ClockKind kind, Instant start, Duration amount) const;
    /// How much of the kind passes from `start` to `end`; zero when end is before start.
    [[nodiscard]] Duration between(ClockKind kind, Instant start, Instant end) const;
    /// One working day.
    [[nodiscard]] std::chrono::minutes day_length() const { return hours_.closes - hours_.opens; }
    /// Minutes since local midnight.
    [[nodiscard]] int local_minute(Instant instant) const;

private:
    struct Shift {
        Instant opens;
        Instant closes;
    };
    struct Zone;
    [[nodiscard]] std::int64_t day_of(Instant instant) const;  ///< local days since 1970-01-01
    [[nodiscard]] bool works_on(std::int64_t day) const;
    [[nodiscard]] Shift shift_of(std::int64_t day) const;

    WorkingHours hours_;
    std::unique_ptr<Zone> zone_;
};

}  // namespace qiao::flow
