#pragma once

#include "flow/calendar.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// A limit as the pack's file says it, also one that does not hold yet: for the operator's page.
struct DeadlineRow {
    std::string machine;
    std::string name;
    ClockKind kind = ClockKind::wall;
    std::chrono::minutes budget{};
    std::string valid_from;  ///< day, "2026-01-01"
    std::string source;
    bool holds = false;  ///< from the day on which the pack was read
};

struct CodeText {
    std::string code;
    std::string zh;
    std::string en;
};

/// How a notice leaves the screen: packs/*/notify.toml.
struct NotifyRule {
    std::string code;     ///< of the notice
    std::string urgency;  ///< of the case, or "any"
    int level = 0;        ///< flow.clock: from this share on
    std::string act_by;   ///< signed opinions: only those that say so; empty = any
    std::vector<std::string> channels;
    std::chrono::seconds without_page{0};           ///< waits this long while no page of the person is open
    std::optional<std::chrono::seconds> with_page;  ///< the same while one is open; nothing = then it does not leave
    std::optional<std::chrono::seconds> unread;     ///< not opened for so long: the next channel and the next people
    std::vector<std::string> next_roles;            ///< roles at the receiving institution, one more at each turn
    bool repeats = false;                           ///< after the last channel from the first again, until it is read
    bool in_quiet_hours = false;
};

/// The words of one notice in one language, with {number}, {from}, {to}, {urgency}, {clock}, {level}, {link}.
struct NotifyText {
    std::string subject;
    std::string text;
    std::string spoken;  ///< for a voice call: no address in it
};

/// What a person is told before consenting, in one language: packs/*/consent.toml. {from}, {to} and {years} stand for the
/// institutions and how long the record is kept.
struct ConsentText {
    std::string version;
    std::string language;  ///< zh or en
    std::string valid_from;
    std::string consultation;
    std::string recording;
    std::string teaching;
};

struct RetentionRule {
    std::string record_class;
    int days = 0;
};

class Pack {
public:
    /// Reads deadlines.toml, pauses.toml, retention.toml, codes.toml, consent.toml and notify.toml. Error(invalid, "flow.bad_pack")
    /// names file, line and column; a row whose `valid_from` is in the future is left out.
    static std::shared_ptr<const Pack> load(const std::string& folder, Instant today);

    [[nodiscard]] const std::string& name() const { return name_; }  ///< "CN 2026-01-01": kept with each case
    /// Null when the pack sets no limit.
    [[nodiscard]] const ClockRule* clock(std::string_view machine, std::string_view clock) const;
    /// All clocks of a machine, by name.
    [[nodiscard]] std::map<std::string, ClockRule> clocks_of(std::string_view machine) const;
    /// Every row of the file, in its order.
    [[nodiscard]] const std::vector<DeadlineRow>& deadlines() const { return deadlines_; }
    [[nodiscard]] const TimerRule* timer(std::string_view machine, std::string_view state) const;
    /// How long a clock may be paused for this reason; nothing for an unknown reason.
    [[nodiscard]] const Duration* pause_cap(std::string_view reason) const;
    [[nodiscard]] const std::vector<RetentionRule>& retention() const { return retention_; }
    /// A list of codes.toml ("specialties", "missing_items"); empty when there is none.
    [[nodiscard]] const std::vector<CodeText>& codes(std::string_view list) const;
    /// The text in force, or that of an earlier `version`; null when there is none.
    [[nodiscard]] const ConsentText* consent_text(std::string_view language, std::string_view version = {}) const;
    [[nodiscard]] const Calendar& calendar() const { return *calendar_; }
    /// The narrowest rule of a notice: for its urgency before "any", the highest level reached, with `act_by` before without.
    /// Null when it stays on the screen.
    [[nodiscard]] const NotifyRule* notify_rule(std::string_view code, std::string_view urgency, int level = 0, std::string_view act_by = {}) const;
    /// The text for the urgency, else the one for any; null when there is none.
    [[nodiscard]] const NotifyText* notify_text(std::string_view code, std::string_view urgency, std::string_view language) const;
    /// A word of notify.toml in a language; the code itself when there is none.
    [[nodiscard]] std::string notify_word(std::string_view code, std::string_view language) const;

private:
    struct Reader;
    void read_notify(const Reader& notify);
    void read_consents(const Reader& consents);

    std::string name_;
    std::vector<DeadlineRow> deadlines_;
    std::map<std::string, ClockRule, std::less<>> clocks_;  ///< "machine.clock"
    std::map<std::string, TimerRule, std::less<>> timers_;  ///< "machine.state"
    std::map<std::string, Duration, std::less<>> pauses_;
    std::map<std::string, std::vector<CodeText>, std::less<>> codes_;
    std::vector<RetentionRule> retention_;
    std::vector<ConsentText> consents_;
    std::vector<NotifyRule> notify_rules_;
    std::map<std::string, NotifyText, std::less<>> notify_texts_;                           ///< "code urgency language"
    std::map<std::string, std::pair<std::string, std::string>, std::less<>> notify_words_;  ///< zh, en
    std::unique_ptr<Calendar> calendar_;
};

}  // namespace qiao::flow
