#include "flow/engine.hpp"
#include "flow/flow_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::flow {

namespace {

using http::Method;
using http::Request;
using http::Response;
using json::Value;

Value move_parameter(const OpenMove& move) {
    Value parts;
    parts.push(part("action", "Code", move.row->action));
    parts.push(part("to", "Code", move.to));
    parts.push(part("who", "Code", move.who));
    each_word(move.row->needs, [&](std::string_view need) {
        parts.push(part("needs", "Code", need));
        return true;
    });
    if (!move.row->signs.empty()) {
        parts.push(part("signs", "Code", move.row->signs));
    }
    if (move.deadline) {
        parts.push(part("deadline", "Instant", format_instant(*move.deadline)));
    }
    if (!move.blocked.empty()) {
        parts.push(part("blocked", "Code", move.blocked));
    }
    return Value::object({{"name", "move"}, {"part", std::move(parts)}});
}

/// The Task where the caller may read it, and the open moves.
Response answer(const Engine& engine, const record::Caller& caller, std::string_view case_id, int status, bool with_task) {
    Value parameters = Value::array();
    std::string version;
    std::optional<Case> item;
    {
        const auto reader = engine.ground().record.read(caller.filter);
        item = store::find_case(reader->connection(), case_id);
        if (const auto task = reader->read("Task", case_id); task && with_task) {
            parameters.push(Value::object({{"name", "task"}, {"resource", task->value()}}));
        }
    }
    for (const OpenMove& move : engine.open_moves(caller, *item)) {
        parameters.push(move_parameter(move));
    }
    Value body = Value::object({{"resourceType", "Parameters"}});
    if (parameters.size() > 0) {
        body.set("parameter", std::move(parameters));
    }
    Response response;
    response.status = status;
    response.body = body.dump();
    response.with("ETag", fmt::format("W/\"{}\"", item->version)).with("Cache-Control", "private, no-store");
    return response;
}

}  // namespace

std::vector<OpenMove> Engine::open_moves(const record::Caller& caller, const Case& item) const {
    const Instant now = ground_.clock.now();
    Machine& machine = this->machine(item.machine);
    const std::vector<std::string> roles = roles_of(item, caller.actor);
    std::vector<ClockRow> clocks;
    {
        const auto snapshot = ground_.database.read();
        clocks = store::clocks_of(snapshot->connection(), item.id);
    }
    std::vector<OpenMove> open;
    for (const Row& row : machine.table().rows()) {
        const auto role = std::find_if(roles.begin(), roles.end(), [&](const std::string& one) { return has_word(row.who, one); });
        if (!machine.moves_alone() || role == roles.end() || !machine.table().applies(row, item.state)) {
            continue;
        }
        OpenMove move{&row, std::string(Table::target(row, item.state)), *role, std::nullopt, {}};
        bool shown = true;
        const GuardContext context{ground_, item, now, caller.actor.person};
        each_word(row.guard, [&](std::string_view guard) {
            const bool negated = guard.starts_with('!');
            const std::optional<Refusal> refusal = machine.guard(negated ? guard.substr(1) : guard, context, nullptr);
            if (refusal.has_value() != negated) {
                // A switch between two ways has no code: only the open way is shown.
                shown = refusal && !refusal->code.empty();
                move.blocked = shown ? refusal->code : "";
                return false;
            }
            return true;
        });
        if (!shown) {
            continue;
        }
        for (const ClockRow& clock : clocks) {
            const bool stops = has_word(row.clocks, "-" + clock.name) || has_word(row.clocks, "-all");
            if (stops && !clock.stopped && clock.due && (!move.deadline || *clock.due < *move.deadline)) {
                move.deadline = clock.due;
            }
        }
        open.push_back(std::move(move));
    }
    return open;
}

void Engine::add_operations(record::Rest& rest) {
    rest.add_operation(Method::post, "Task", "$create", false, [this](const Request& request, const record::Caller& caller, std::string_view) {
        const Answer made = create(caller, parse_create(request.body));
        return answer(*this, caller, made.item.id, made.repeated ? 200 : 201, true).with("Location", "/fhir/Task/" + made.item.id);
    });
    rest.add_operation(Method::get, "Task", "$moves", true, [this](const Request&, const record::Caller& caller, std::string_view id) {
        const Visible visible = open(caller, id);
        return answer(*this, caller, visible.item.id, 200, false);
    });
    rest.add_operation(Method::post, "Task", "$move", true, [this](const Request& request, const record::Caller& caller, std::string_view id) {
        const MoveInput input = parse_move(request.body);
        const Answer done = move(caller, id, request.header("if-match"), input);
        Response response = answer(*this, caller, done.item.id, 200, true);
        if (done.repeated) {
            response.with("X-Qiao-Repeated", "1");
        }
        return response;
    });
}

}  // namespace qiao::flow
