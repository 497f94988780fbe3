#include "access/role.hpp"
#include "base/id.hpp"
#include "flow/board.hpp"
#include "flow/engine.hpp"
#include "flow/flow_store.hpp"
#include "jobs/attempt.hpp"

#include <fmt/format.h>

namespace qiao::flow {

namespace {

/// How much one turn does, so that a night's backlog does not keep one connection.
constexpr int kBatch = 200;

}  // namespace

int Engine::tick() {
    const Instant now = ground_.clock.now();
    std::vector<ClockRow> clocks;
    std::vector<std::string> cases;
    {
        const auto snapshot = ground_.database.read();
        clocks = store::due_clocks(snapshot->connection(), now, kBatch);
        cases = store::due_cases(snapshot->connection(), now, kBatch);
    }
    int done = 0;
    for (const ClockRow& clock : clocks) {
        done += jobs::attempt("flow.escalate", [&] { escalate(clock); }) ? 1 : 0;
    }
    for (const std::string& id : cases) {
        done += jobs::attempt("flow.automatic",
                              [&] {
                                  std::string action;
                                  {
                                      const auto snapshot = ground_.database.read();
                                      const std::optional<Case> item = store::find_case(snapshot->connection(), id);
                                      if (!item || item->auto_action.empty() || item->auto_at > now) {
                                          return;
                                      }
                                      action = item->auto_action;
                                  }
                                  system_move(id, action);
                              })
                    ? 1
                    : 0;
    }
    return done;
}

void Engine::escalate(const ClockRow& due) {
    const Instant now = ground_.clock.now();
    const record::Actor actor = record::Actor::system("HOPERAT");
    MoveInput input;
    input.move_id = new_uuid(now);
    const auto find = [&] {
        const auto snapshot = ground_.database.read();
        return store::find_case(snapshot->connection(), due.case_id);
    };
    std::optional<Case> item = find();
    if (!item) {
        return;
    }
    ClockRow clock = due;
    const ClockRule* found = ground_.pack->clock(item->machine, clock.name);
    const ClockRule rule{clock.kind, clock.budget, found == nullptr ? std::vector<int>{50, 80, 100} : found->escalates};
    const int level = escalate_clock(ground_.pack->calendar(), rule, clock, now);
    if (const std::string action = level > 0 ? machine(item->machine).on_level(*item, clock.name, level) : ""; !action.empty()) {
        // First, in a commit of its own: a crash between the two makes it happen again, never not at all.
        system_move(item->lead_case.empty() ? item->id : item->lead_case, action, json::Value::object({{"case", item->id}}));
        item = find();
    }
    const auto work = ground_.record.begin(record::ReadFilter::system("an escalation"), actor.in_case(item->id));
    Move move(ground_, *item, actor, input, *work, now);
    load(move);
    const std::string_view owner = owner_of(*item, clock.name);
    Audience to = owner == "requester" ? move.requester() : owner == "expert" ? move.lead() : owner == "office" ? move.office() : move.desk();
    if (item->machine == "part" && !item->parties.empty()) {
        to = {{item->parties.front().person}, {}};
    }
    if (clock.name == "consent_review") {  // owed to the clinic's own patient: no affair of the hub
        if (level >= 100) {
            to.desks.push_back({item->from_org, std::string(access::role::kDoctor)});
        }
    } else if (owner != "office") {
        if (level >= 80 || item->urgency == "emergency") {
            to.desks.push_back({item->to_org, std::string(access::role::kDutyLead)});
        }
        if (level >= 100) {
            to.desks.push_back({item->to_org, std::string(access::role::kCentreManager)});
        }
    }
    work->check([due](storage::Group& group) {
        for (const ClockRow& present : store::clocks_of(group.connection(), due.case_id)) {
            if (present.name == due.name && present.next == due.next && present.level == due.level) {
                return;
            }
        }
        throw Error(ErrorKind::conflict, "flow.clock_changed", "the clock moved meanwhile");
    });
    if (level > 0) {
        Audience known = to;
        json::Value payload = json::Value::array();
        payload.push(json::Value::object({{"contentString", fmt::format("{} {} %", clock.name, level)}}));
        json::Value message = json::Value::object({{"resourceType", "Communication"}, {"status", "completed"}});
        message.set("category", json::Value::array({json::Value::object({{"text", "escalation"}})}));
        message.set("subject", json::Value::object({{"reference", item->patient}}));
        message.set("about", json::Value::array({json::Value::object({{"reference", "Task/" + item->id}})}));
        message.set("sent", format_instant(now));
        message.set("payload", std::move(payload));
        move.create(std::move(message), "escalation");
        move.notify(std::move(known), "flow.clock", json::Value::object({{"clock", clock.name}, {"level", level}}));
    }
    move.also([clock](storage::Group& group) { store::put_clock(group.connection(), clock); });
    finish(machine(item->machine), move, "", false);
}

}  // namespace qiao::flow
