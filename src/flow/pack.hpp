#pragma once

#include "flow/calendar.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A country pack: deadlines, pause reasons, retention times and code lists as dated data, read once at start from a
/// folder of TOML files. Immutable after loading; any thread.
namespace qiao::flow {

/// How long one clock of one machine may run.
struct ClockRule {
    ClockKind kind = ClockKind::wall;
    Duration budget{};
    std::vector<int> escalates;  ///< per cent of the budget, rising
};

/// A move that the system makes by itself when a case has stayed in a state for long enough.
struct TimerRule {
    std::string action;
    Duration after{};
};

struct CodeText {
    std::string code;
    std::string zh;
    std::string en;
};

struct RetentionRule {
    std::string record_class;
    int days = 0;
};

class Pack {
public:
    /// Reads deadlines.toml, pauses.toml, retention.toml and codes.toml. Error(invalid, "flow.bad_pack") names file, line and
    /// column; a row whose `valid_from` is in the future is left out.
    static std::shared_ptr<const Pack> load(const std::string& folder, Instant today);

    [[nodiscard]] const std::string& name() const { return name_; }  ///< "CN 2026-01-01": kept with each case
    /// Null when the pack sets no limit.
    [[nodiscard]] const ClockRule* clock(std::string_view machine, std::string_view clock) const;
    /// All clocks of a machine, by name.
    [[nodiscard]] std::map<std::string, ClockRule> clocks_of(std::string_view machine) const;
    [[nodiscard]] const TimerRule* timer(std::string_view machine, std::string_view state) const;
    /// How long a clock may be paused for this reason; nothing for an unknown reason.
    [[nodiscard]] const Duration* pause_cap(std::string_view reason) const;
    [[nodiscard]] const std::vector<RetentionRule>& retention() const { return retention_; }
    /// A list of codes.toml ("specialties", "missing_items"); empty when there is none.
    [[nodiscard]] const std::vector<CodeText>& codes(std::string_view list) const;
    [[nodiscard]] const Calendar& calendar() const { return *calendar_; }

private:
    struct Reader;

    std::string name_;
    std::map<std::string, ClockRule, std::less<>> clocks_;  ///< "machine.clock"
    std::map<std::string, TimerRule, std::less<>> timers_;  ///< "machine.state"
    std::map<std::string, Duration, std::less<>> pauses_;
    std::map<std::string, std::vector<CodeText>, std::less<>> codes_;
    std::vector<RetentionRule> retention_;
    std::unique_ptr<Calendar> calendar_;
};

}  // namespace qiao::flow
