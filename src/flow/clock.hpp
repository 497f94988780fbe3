#pragma once

#include "flow/case.hpp"
#include "flow/pack.hpp"

#include <optional>

/// What happens to one deadline: starting, pausing by a named reason, running on, stopping with its verdict, escalating.
/// Pure functions over a ClockRow; any thread.
namespace qiao::flow {

/// @param at  when the fact occurred: deadlines count from there, not from when it was recorded
ClockRow start_clock(const Calendar& calendar, const ClockRule& rule, std::string_view case_id, std::string_view name, Instant at);
/// Error(invalid, "flow.pause_reason") for a reason that the pack does not name. A paused or stopped clock stays as it is.
void pause_clock(const Calendar& calendar, const Pack& pack, ClockRow& clock, std::string_view reason, Instant at);
void resume_clock(const Calendar& calendar, const ClockRule& rule, ClockRow& clock, Instant at);
/// A back-dated move may turn the verdict: both are kept, by `occurred` and by `recorded`.
void stop_clock(const Calendar& calendar, ClockRow& clock, Instant occurred, Instant recorded);

/// The escalations that are due by `now`: raises `level` and sets `next`. A pause at its cap ends here.
/// @return the level reached, 0 when none
int escalate_clock(const Calendar& calendar, const ClockRule& rule, ClockRow& clock, Instant now);

[[nodiscard]] inline bool is_running(const ClockRow& clock) { return !clock.stopped && clock.pause_reason.empty(); }
/// Per cent of the budget that is used; may pass 100.
int used_share(const Calendar& calendar, const ClockRow& clock, Instant now);

}  // namespace qiao::flow
