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
    /// The named reason with which a row pauses clocks.
    virtual std::string pause_reason(const Move& move) {
        static_cast<void>(move);
        return "material_missing";
    }
};

}  // namespace qiao::flow
