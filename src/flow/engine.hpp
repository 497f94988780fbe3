#pragma once

#include "flow/machine.hpp"
#include "record/rest/rest.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The case engine: creates cases and carries out their moves by the tables of the services, each in one commit with its
/// clocks, rights, signature and timeline. Thread-safe after the machines were added.
namespace qiao::flow {

struct OpenMove {
    const Row* row = nullptr;
    std::string to;
    std::string who;
    std::optional<Instant> deadline;  ///< of the nearest running clock that it stops
    std::string blocked;              ///< code of the guard that does not hold now, empty = open
};

/// Sensitivity labels that the requester shows to those who take part (notes.labels_shown).
std::int64_t shown_labels(const Case& item);

/// A case that the caller may know of, and how much of it.
struct Visible {
    enum class Level : std::uint8_t {
        full,   ///< its resources pass the caller's filter
        offer,  ///< asked for an opinion, not accepted: the offer view
        moves,  ///< only its moves: the centre manager of an ended case
    };
    Case item;
    Level level = Level::full;
};

/// One of several moves that a fact makes together.
struct SystemMove {
    std::string case_id;
    std::string action;
    json::Value fields;
    std::int64_t version = 0;  ///< of the case that it was decided on
};

struct Answer {
    Case item;
    bool repeated = false;  ///< the same create_id or move_id came before
};

class Engine {
public:
    explicit Engine(Ground ground);
    ~Engine();

    void add_machine(Machine& machine);  ///< before the server starts
    /// `$create`, `$moves`, `$move` on Task.
    void add_operations(record::Rest& rest);
    /// For record::Ports::keeps_closed: Error(conflict, "flow.only_by_move") for a resource of a case.
    static void require_no_case(storage::Connection& connection, const std::string& resource);

    Answer create(const record::Caller& caller, const CreateInput& input);
    /// @param if_match  header as sent, `W/"4"`
    Answer move(const record::Caller& caller, std::string_view case_id, std::string_view if_match, const MoveInput& input);
    [[nodiscard]] std::vector<OpenMove> open_moves(const record::Caller& caller, const Case& item) const;
    /// Error(not_found, "flow.no_case") for what the caller may not know of.
    [[nodiscard]] Visible open(const record::Caller& caller, std::string_view case_id) const;
    /// Whether open() would give it: for what is pushed to open pages.
    [[nodiscard]] bool knows_of(const record::Caller& caller, std::string_view case_id) const { return look(caller, case_id).has_value(); }
    [[nodiscard]] std::vector<std::string> roles_of(const Case& item, const record::Actor& actor) const;

    /// A move of the system: cascades, devices. Nothing happens when it is not open any more.
    void system_move(std::string_view case_id, std::string_view action, json::Value fields = json::Value::object());
    /// A move in a role that is no staff member's ("patient", "system") and that the caller of this function has made sure of.
    /// @return false when it is not open in the state of the case
    bool move_in_role(std::string_view case_id, const record::Actor& actor, std::string_view role, std::string_view action, json::Value fields);
    /// The same for several cases in one commit, in the name of `actor` where a person stated the fact; `with` adds to it before.
    /// A case in which the move is not open is left as it is. @return how many moved
    int system_moves(const record::Actor& actor, const std::string& reason, const std::vector<SystemMove>& moves,
                     const std::function<void(record::Work&)>& with = {});
    /// Escalations, ends of pauses and automatic moves that are due, in due order. Called each second by a job.
    /// @return how many were done
    int tick();

    /// A change of a case that is no move (message, attachment): resources and rows in one commit, then the events.
    void change(const record::Caller& caller, const Visible& visible, const std::function<void(Move&)>& fill);

    [[nodiscard]] const Ground& ground() const { return ground_; }
    /// Error(invalid, "flow.unknown_machine").
    [[nodiscard]] Machine& machine(std::string_view name) const;
    [[nodiscard]] Machine& machine_of(const Case& item) const { return machine(item.machine); }

    template <class Use>
    void each_machine(Use use) const {
        for (const auto& entry : machines_) {
            use(*entry.second);
        }
    }

private:
    struct Order;

    [[nodiscard]] std::optional<Visible> look(const record::Caller& caller, std::string_view case_id) const;

    [[nodiscard]] const Row& row_of(const Machine& machine, const Case& item, std::string_view action) const;
    [[nodiscard]] std::string role_for(const Row& row, const Case& item, const record::Actor& actor) const;
    void check_version(const Case& item, std::string_view if_match) const;
    void check_occurred(const Case& item, const MoveInput& input, Instant now) const;
    Answer carry_out(const Order& order);
    void take_draft(Move& move) const;
    void check_fields(Machine& machine, Move& move) const;
    void check_guards(Machine& machine, Move& move) const;
    void step(Machine& machine, Move& move, const Row& row, std::string_view role) const;
    void follow_up(Machine& machine, Move& move) const;
    [[nodiscard]] ClockRule agreed(const Machine& machine, const Case& item, std::string_view clock, ClockRule rule) const;
    void move_clocks(Machine& machine, Move& move, const Row& row) const;
    void load(Move& move) const;
    void finish(Machine& machine, Move& move, std::string_view meaning, bool is_move) const;
    void prepare(class Commit& commit, Move& move, std::string_view meaning, bool is_move) const;
    void escalate(const ClockRow& due);

    Ground ground_;
    std::map<std::string, Machine*, std::less<>> machines_;
};

}  // namespace qiao::flow
