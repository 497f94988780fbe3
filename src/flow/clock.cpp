#include "flow/clock.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace qiao::flow {

namespace {

Instant time_of_share(const Calendar& calendar, const ClockRow& clock, int share) {
    return calendar.add(clock.kind, clock.since, clock.budget * share / 100 - clock.used);
}

void plan(const Calendar& calendar, const ClockRule& rule, ClockRow& clock) {
    clock.due = calendar.add(clock.kind, clock.since, clock.budget - clock.used);
    clock.next.reset();
    for (const int share : rule.escalates) {
        if (share > clock.level) {
            clock.next = time_of_share(calendar, clock, share);
            return;
        }
    }
}

}  // namespace

ClockRow start_clock(const Calendar& calendar, const ClockRule& rule, std::string_view case_id, std::string_view name, Instant at) {
    ClockRow clock;
    clock.case_id = case_id;
    clock.name = name;
    clock.kind = rule.kind;
    clock.started = at;
    clock.since = at;
    clock.budget = rule.budget;
    plan(calendar, rule, clock);
    return clock;
}

void pause_clock(const Calendar& calendar, const Pack& pack, ClockRow& clock, std::string_view reason, Instant at) {
    const Duration* cap = pack.pause_cap(reason);
    if (cap == nullptr) {
        throw Error(ErrorKind::invalid, "flow.pause_reason", fmt::format("no such reason to pause a clock: '{}'", reason));
    }
    if (!is_running(clock)) {
        return;
    }
    clock.used += calendar.between(clock.kind, clock.since, at);
    clock.pause_reason = reason;
    clock.paused_at = at;
    clock.due.reset();
    clock.next = at + *cap;
}

void resume_clock(const Calendar& calendar, const ClockRule& rule, ClockRow& clock, Instant at) {
    if (clock.stopped || clock.pause_reason.empty()) {
        return;
    }
    clock.pause_reason.clear();
    clock.paused_at.reset();
    clock.since = at;
    plan(calendar, rule, clock);
}

void stop_clock(const Calendar& calendar, ClockRow& clock, Instant occurred, Instant recorded) {
    if (clock.stopped) {
        return;
    }
    const auto verdict = [&](Instant at) {
        const Duration used = clock.pause_reason.empty() ? clock.used + calendar.between(clock.kind, clock.since, at) : clock.used;
        return used <= clock.budget ? "on_time" : "late";
    };
    clock.verdict_occurred = verdict(occurred);
    clock.verdict_recorded = verdict(recorded);
    if (clock.pause_reason.empty()) {
        clock.used += calendar.between(clock.kind, clock.since, occurred);
    }
    clock.stopped = occurred;
    clock.next.reset();
}

int escalate_clock(const Calendar& calendar, const ClockRule& rule, ClockRow& clock, Instant now) {
    if (clock.stopped || !clock.next || *clock.next > now) {
        return 0;
    }
    if (!clock.pause_reason.empty()) {
        resume_clock(calendar, rule, clock, *clock.next);
    }
    int reached = 0;
    for (const int share : rule.escalates) {
        if (share > clock.level && time_of_share(calendar, clock, share) <= now) {
            clock.level = share;
            reached = share;
        }
    }
    plan(calendar, rule, clock);
    return reached;
}

int used_share(const Calendar& calendar, const ClockRow& clock, Instant now) {
    Duration used = clock.used;
    if (is_running(clock)) {
        used += calendar.between(clock.kind, clock.since, now);
    }
    return clock.budget.count() > 0 ? static_cast<int>(std::min<std::int64_t>(used * 100 / clock.budget, 10'000)) : 0;
}

}  // namespace qiao::flow
