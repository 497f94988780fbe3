#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// A service's rules as data: the rows of its machine in the notation of docs/services/, checked at compile time.
/// Plain constant values; any thread.
namespace qiao::flow {

/// Calls `use(word)` for each word of a list that blanks part; ends early when it returns false.
template <class Use>
constexpr bool each_word(std::string_view list, Use use) {
    std::size_t at = 0;
    while (at < list.size()) {
        const std::size_t end = std::min(list.find(' ', at), list.size());
        if (end > at && !use(list.substr(at, end - at))) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

constexpr bool has_word(std::string_view list, std::string_view word) {
    return !each_word(list, [word](std::string_view item) { return item != word; });
}

/// One move. Lists are words parted by blanks.
struct Row {
    std::string_view from;  ///< states; "any" = each that is no end, "every" = each, ends too
    std::string_view action;
    std::string_view to;           ///< state; "=" stays, the move is a recorded event
    std::string_view who;          ///< case roles, one of which the caller must have; "system" = timer, cascade, device
    std::string_view needs = {};   ///< input fields that may not be missing
    std::string_view guard = {};   ///< rules that the machine answers; "!rule" = it must not hold
    std::string_view signs = {};   ///< what is signed, empty when nothing is
    std::string_view clocks = {};  ///< "+c" starts, "-c" stops, "~c" pauses, "^c" resumes; "-all" stops every clock
};

/// What a state means outside the product: the fixed status map of docs/services/README.md.
enum class Meaning : std::uint8_t { draft, offered, checking, accepted, rejected, in_work, waiting, done, cancelled, failed, entered_in_error };

struct StateMeaning {
    std::string_view state;
    Meaning meaning;
};

struct FhirStatus {
    std::string_view request;  ///< ServiceRequest.status
    std::string_view task;     ///< Task.status
};

constexpr FhirStatus fhir_status(Meaning meaning) {
    switch (meaning) {
        case Meaning::draft: return {"draft", "draft"};
        case Meaning::offered: return {"active", "requested"};
        case Meaning::checking: return {"active", "received"};
        case Meaning::accepted: return {"active", "accepted"};
        case Meaning::rejected: return {"active", "rejected"};
        case Meaning::in_work: return {"active", "in-progress"};
        case Meaning::waiting: return {"on-hold", "on-hold"};
        case Meaning::done: return {"completed", "completed"};
        case Meaning::cancelled: return {"revoked", "cancelled"};
        case Meaning::failed: return {"active", "failed"};
        case Meaning::entered_in_error: return {"entered-in-error", "entered-in-error"};
    }
    return {"unknown", "failed"};
}

class Table {
public:
    static constexpr std::size_t kStatesMax = 40;

    /// @param start  the state that `create` leads to   @param ends  states without a way out
    constexpr Table(std::string_view name, std::string_view start, std::string_view ends, std::span<const Row> rows, std::span<const StateMeaning> meanings)
        : name_(name), start_(start), ends_(ends), rows_(rows), meanings_(meanings) {}

    [[nodiscard]] constexpr std::string_view name() const { return name_; }
    [[nodiscard]] constexpr std::string_view start() const { return start_; }
    [[nodiscard]] constexpr std::span<const Row> rows() const { return rows_; }
    [[nodiscard]] constexpr std::span<const StateMeaning> states() const { return meanings_; }
    [[nodiscard]] constexpr bool is_end(std::string_view state) const { return has_word(ends_, state); }
    [[nodiscard]] constexpr bool has_state(std::string_view state) const { return index_of(state) < meanings_.size(); }

    [[nodiscard]] constexpr Meaning meaning(std::string_view state) const {
        const std::size_t index = index_of(state);
        return index < meanings_.size() ? meanings_[index].meaning : Meaning::failed;
    }

    [[nodiscard]] constexpr bool applies(const Row& row, std::string_view state) const {
        return row.from == "every" || (row.from == "any" ? !is_end(state) : has_word(row.from, state));
    }

    /// The row of (state, action), or null: there is at most one.
    [[nodiscard]] constexpr const Row* find(std::string_view state, std::string_view action) const {
        for (const Row& row : rows_) {
            if (row.action == action && applies(row, state)) {
                return &row;
            }
        }
        return nullptr;
    }

    [[nodiscard]] constexpr bool has_action(std::string_view action) const {
        return std::any_of(rows_.begin(), rows_.end(), [action](const Row& row) { return row.action == action; });
    }

    [[nodiscard]] static constexpr std::string_view target(const Row& row, std::string_view state) { return row.to == "=" ? state : row.to; }

    /// No two rows share a state and an action.
    [[nodiscard]] constexpr bool is_deterministic() const {
        for (const StateMeaning& state : meanings_) {
            for (std::size_t i = 0; i < rows_.size(); ++i) {
                for (std::size_t j = i + 1; j < rows_.size(); ++j) {
                    if (rows_[i].action == rows_[j].action && applies(rows_[i], state.state) && applies(rows_[j], state.state)) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /// Every state that a row names has a meaning, and no row leaves an end but amendments ("every" or to itself).
    [[nodiscard]] constexpr bool is_closed() const {
        for (const Row& row : rows_) {
            if (row.to != "=" && !has_state(row.to)) {
                return false;
            }
            if (row.from != "any" && row.from != "every" &&
                !each_word(row.from, [this](std::string_view state) { return has_state(state) && !is_end(state); })) {
                return false;
            }
        }
        return has_state(start_) && each_word(ends_, [this](std::string_view state) { return has_state(state); });
    }

    /// Every state is reached from `state`.
    [[nodiscard]] constexpr bool reaches_all(std::string_view state) const {
        const Reached reached = reach_from(state);
        for (std::size_t i = 0; i < meanings_.size(); ++i) {
            if (!reached[i]) {
                return false;
            }
        }
        return true;
    }

    /// From every state an end can be reached by rows of its own (not only by the rows of "any" and "every").
    [[nodiscard]] constexpr bool every_state_can_end() const {
        for (const StateMeaning& from : meanings_) {
            const Reached reached = reach_from(from.state, true);
            bool ends = false;
            for (std::size_t i = 0; i < meanings_.size(); ++i) {
                ends = ends || (reached[i] && is_end(meanings_[i].state));
            }
            if (!ends) {
                return false;
            }
        }
        return true;
    }

    /// For every row that starts (pauses) a clock, a row that stops (resumes or stops) it can be reached from where that
    /// row leads. What is not stopped in time escalates: each clock has its limits in the pack, which the start checks.
    [[nodiscard]] constexpr bool clocks_end() const {
        for (const Row& row : rows_) {
            const bool fine = each_word(row.clocks, [&](std::string_view effect) {
                const char sign = effect[0];
                const std::string_view clock = effect.substr(1);
                if (sign == '+') {
                    return each_from(row, [&](std::string_view state) { return stop_ahead(target(row, state), clock, "-"); });
                }
                if (sign == '~') {
                    return each_from(row, [&](std::string_view state) { return stop_ahead(target(row, state), clock, "-^"); });
                }
                return sign == '-' || sign == '^';
            });
            if (!fine) {
                return false;
            }
        }
        return true;
    }

private:
    using Reached = std::array<bool, kStatesMax>;

    [[nodiscard]] constexpr std::size_t index_of(std::string_view state) const {
        for (std::size_t i = 0; i < meanings_.size(); ++i) {
            if (meanings_[i].state == state) {
                return i;
            }
        }
        return meanings_.size();
    }

    [[nodiscard]] constexpr Reached reach_from(std::string_view start, bool own_rows_only = false) const {
        Reached reached{};
        reached[index_of(start)] = true;
        for (bool grew = true; grew;) {
            grew = false;
            for (std::size_t i = 0; i < meanings_.size(); ++i) {
                if (!reached[i]) {
                    continue;
                }
                for (const Row& row : rows_) {
                    const bool general = row.from == "any" || row.from == "every";
                    if ((own_rows_only && general) || !applies(row, meanings_[i].state)) {
                        continue;
                    }
                    const std::size_t to = index_of(target(row, meanings_[i].state));
                    grew = grew || !reached[to];
                    reached[to] = true;
                }
            }
        }
        return reached;
    }

    template <class Use>
    constexpr bool each_from(const Row& row, Use use) const {
        for (const StateMeaning& state : meanings_) {
            if (applies(row, state.state) && !use(state.state)) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] constexpr bool stop_ahead(std::string_view start, std::string_view clock, std::string_view signs) const {
        const Reached reached = reach_from(start, true);
        for (std::size_t i = 0; i < meanings_.size(); ++i) {
            if (!reached[i]) {
                continue;
            }
            for (const Row& row : rows_) {
                // Cascades and errors can stop everything anywhere: they prove nothing about the ordinary way.
                const bool general = row.from == "any" || row.from == "every";
                const bool stops = applies(row, meanings_[i].state) && !each_word(row.clocks, [&](std::string_view effect) {
                                       const bool names_it = effect.substr(1) == clock || (effect == "-all" && !general);
                                       return !(names_it && signs.find(effect[0]) != std::string_view::npos);
                                   });
                if (stops) {
                    return true;
                }
            }
        }
        return false;
    }

    std::string_view name_;
    std::string_view start_;
    std::string_view ends_;
    std::span<const Row> rows_;
    std::span<const StateMeaning> meanings_;
};

/// All checks in one, for `static_assert(is_sound(kTable))`.
constexpr bool is_sound(const Table& table) {
    return table.states().size() <= Table::kStatesMax && table.is_closed() && table.is_deterministic() && table.reaches_all(table.start()) &&
           table.every_state_can_end() && table.clocks_end();
}

/// The state diagram of the doc page, Mermaid `stateDiagram-v2` text.
std::string diagram(const Table& table);
/// The table of the doc page, Markdown.
std::string markdown(const Table& table);

}  // namespace qiao::flow
