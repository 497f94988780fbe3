#pragma once

#include "flow/fields.hpp"
#include "flow/move.hpp"
#include "flow/table.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What a service adds to the engine for one of its tables: guards, checks of values, verbs. Stateless or thread-safe.
namespace qiao::flow {

/// Why a guard does not hold.
struct Refusal {
    ErrorKind kind = ErrorKind::conflict;
    std::string_view code;
    std::string text;
};

/// Which cases a worklist holds, in terms of the caller.
enum class ListScope : std::uint8_t {
    requester,  ///< asked for by the caller
    desk,       ///< at an institution where the caller has one of the list's roles
    office,     ///< waiting for the approval of an institution's office where the caller is coordinator
    late,       ///< the same, with a running clock at 80 % or more
    offered,    ///< the caller is asked and has not answered
    accepted,   ///< the caller has accepted
    closed,     ///< ended in the last 90 days, with the caller as requester or expert
};

struct Worklist {
    std::string_view name;
    ListScope scope;
    std::string_view roles;        ///< who has the list
    std::string_view states = {};  ///< words; empty = every state that is no end
};

class Machine {
public:
    virtual ~Machine() = default;
    [[nodiscard]] virtual const Table& table() const = 0;
    /// Of a contract between institutions.
    [[nodiscard]] virtual std::string_view service() const = 0;
    /// A part moves only with its case, never by `$move`.
    [[nodiscard]] virtual bool moves_alone() const { return true; }

    /// Before anything is written: may the caller begin such a case? Fills `to_org` and the like of move.item.
    virtual void begin(Move& move) = 0;
    /// Whether the guard holds. `move` is null when only the open moves are listed: what depends on the input then holds.
    virtual std::optional<Refusal> guard(std::string_view name, const GuardContext& context, const Move* move) = 0;
    /// The values of the fields, beyond being there.
    virtual void check(const Move& move, FieldCheck& fields) = 0;
    /// The verb: further resources, parties, rights. The state is set afterwards.
    virtual void apply(Move& move) = 0;
    /// What to sign, "" for nothing: a row's `signs` unless the machine knows better.
    virtual std::string signs(const Move& move) { return std::string(move.row->signs); }
    /// The rule of the pack for a clock that a row starts; nothing = not armed this time.
    virtual std::optional<std::string> clock_rule(const Move& move, std::string_view clock) {
        static_cast<void>(move);
        return std::string(clock);
    }
    /// Whether `-all` leaves this clock running: it is about more than the way of the case.
    [[nodiscard]] virtual bool outlasts(std::string_view clock) const {
        static_cast<void>(clock);
        return false;
    }
    /// The named reason with which a row pauses clocks.
    virtual std::string pause_reason(const Move& move) {
        static_cast<void>(move);
        return "material_missing";
    }

    /// A clock has reached a level of its escalation: the system's move that follows from it, empty = none.
    [[nodiscard]] virtual std::string on_level(const Case& item, std::string_view clock, int level) const {
        static_cast<void>(item), static_cast<void>(clock), static_cast<void>(level);
        return {};
    }

    /// What a fact about the patient, a person or a contract (docs/services/README.md) does to a live case: an action of the
    /// system, empty = the case goes on. `person` is whom the fact is about, 0 = none.
    [[nodiscard]] virtual std::string_view on_fact(const Ground& ground, std::string_view fact, const Case& item, std::int64_t person) const {
        static_cast<void>(ground), static_cast<void>(fact), static_cast<void>(item), static_cast<void>(person);
        return {};
    }

    /// Why this person can have no part in its cases any more (licence_end, role_end), empty = they can. On any thread.
    [[nodiscard]] virtual std::string_view fact_about(const Ground& ground, std::int64_t person, std::int64_t organisation, bool requester) const {
        static_cast<void>(ground), static_cast<void>(person), static_cast<void>(organisation), static_cast<void>(requester);
        return {};
    }

    /// What was signed got this reference; before the commit.
    virtual void signed_as(Move& move, std::string_view meaning, std::string_view reference) {
        static_cast<void>(move), static_cast<void>(meaning), static_cast<void>(reference);
    }

    [[nodiscard]] virtual std::span<const Worklist> worklists() const { return {}; }
    /// Adds what the service shows of a case to the compact view. `reader` has the caller's filter.
    virtual void describe(const Ground& ground, record::Reader& reader, const Case& item, json::Value& view) {
        static_cast<void>(ground), static_cast<void>(reader), static_cast<void>(item), static_cast<void>(view);
    }
    /// What somebody sees who is asked and has not accepted; `reader` sees everything, so this names what it takes.
    virtual void describe_offer(const Ground& ground, record::Reader& reader, const Case& item, json::Value& view) {
        static_cast<void>(ground), static_cast<void>(reader), static_cast<void>(item), static_cast<void>(view);
    }
};

}  // namespace qiao::flow
