#include "flow/engine.hpp"

#include "access/sensitive_label.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "flow/flow_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::flow {

namespace {

constexpr std::chrono::minutes kFuture{2};      ///< clocks of clients differ
constexpr std::chrono::minutes kLateEntry{15};  ///< from here on a move is a late entry and says why
constexpr int kFollowUps = 5;                   ///< moves that the system makes after one of a person

record::ReadFilter by_case() { return record::ReadFilter::system("a move writes what its maker may not read"); }

/// Whether a grant of this case would open the patient to that institution: an offer tells no more than the case will.
bool would_be_open(const Ground& ground, const Case& item, std::int64_t organisation) {
    const auto reader = ground.record.read(record::ReadFilter::system("labels and denials of the patient of an offer"));
    const auto patient = reader->read("Patient", std::string_view(item.patient).substr(item.patient.find('/') + 1));
    return patient && !patient->deleted && (access::labels_of(patient->value()) & ~shown_labels(item)) == 0 &&
           !access::Grants::is_denied(reader->connection(), patient->rid, organisation);
}

Error not_found() { return {ErrorKind::not_found, "flow.no_case", "no such case"}; }

}  // namespace

std::int64_t shown_labels(const Case& item) {
    std::int64_t labels = 0;
    for (const json::Value& code : item.notes["labels_shown"].items()) {
        labels |= record::label_bit(code.text());
    }
    return labels;
}

/// Everything that is known before a move begins.
struct Engine::Order {
    Machine& machine;
    Case item;
    const record::Actor& actor;
    const MoveInput& input;
    const Row& row;
    std::string role;
};

Engine::Engine(Ground ground) : ground_(std::move(ground)) {}
Engine::~Engine() = default;

void Engine::add_machine(Machine& machine) {
    for (const Row& row : machine.table().rows()) {
        each_word(row.clocks, [&](std::string_view effect) {
            const std::string_view name = effect.substr(1);
            if (effect[0] == '+' && ground_.pack->clock(machine.table().name(), name) == nullptr) {
                throw Error(ErrorKind::invalid, "flow.bad_pack", fmt::format("the pack sets no limit for the clock {}.{}", machine.table().name(), name));
            }
            return true;
        });
    }
    machines_.emplace(machine.table().name(), &machine);
}

Machine& Engine::machine(std::string_view name) const {
    const auto found = machines_.find(name);
    if (found == machines_.end()) {
        throw Error(ErrorKind::invalid, "flow.unknown_machine", "no such machine", {{"value", "machine", "not a machine of this centre"}});
    }
    return *found->second;
}

void Engine::require_no_case(storage::Connection& connection, const std::string& resource) {
    if (store::case_of_item(connection, resource)) {
        throw Error(ErrorKind::conflict, "flow.only_by_move", "this resource belongs to a case and changes only by its moves");
    }
}

std::optional<Visible> Engine::look(const record::Caller& caller, std::string_view case_id) const {
    const auto reader = ground_.record.read(caller.filter);
    std::optional<Case> item = store::find_case(reader->connection(), case_id);
    if (!item) {
        return std::nullopt;
    }
    if (reader->read("Task", case_id)) {
        return Visible{std::move(*item), Visible::Level::full};
    }
    const Party* party = item->party(caller.actor.person);
    if (caller.actor.person != 0 && party != nullptr && party->is_asked() && would_be_open(ground_, *item, party->organisation)) {
        return Visible{std::move(*item), Visible::Level::offer};
    }
    const std::vector<std::string> roles = roles_of(*item, caller.actor);
    if (item->state != "draft" && std::find(roles.begin(), roles.end(), "centre_manager") != roles.end()) {
        return Visible{std::move(*item), Visible::Level::moves};
    }
    return std::nullopt;
}

Visible Engine::open(const record::Caller& caller, std::string_view case_id) const {
    std::optional<Visible> visible = look(caller, case_id);
    if (!visible) {
        throw not_found();
    }
    return std::move(*visible);
}

std::vector<std::string> Engine::roles_of(const Case& item, const record::Actor& actor) const {
    std::vector<std::string> roles;
    if (actor.person == 0) {
        return roles;
    }
    if (actor.person == item.requester) {
        roles.emplace_back("requester");
    }
    const std::optional<access::Organisation> from = ground_.directory.organisation(item.from_org);
    for (const access::Membership& membership : ground_.directory.memberships(actor.person)) {
        const bool receives = item.to_org != 0 && membership.organisation == item.to_org;
        const bool sends = membership.organisation == item.from_org || (from && from->parent != 0 && membership.organisation == from->parent);
        if (membership.role == access::role::kCoordinator && sends && !receives) {
            roles.emplace_back("requester_office");
        }
        if (sends && item.requester != actor.person && has_word("doctor nurse", membership.role)) {
            roles.push_back("requester_" + membership.role);  // of the institution that has the patient in its care
        }
        if (!receives) {
            continue;
        }
        if (membership.role == access::role::kCoordinator || membership.role == access::role::kCentreManager || membership.role == access::role::kDutyLead) {
            roles.push_back(membership.role);
        }
    }
    if (const Party* party = item.party(actor.person)) {
        if (party->role == "duty") {
            roles.emplace_back("duty_expert");
        }
        if (party->status != "rung") {
            roles.emplace_back("expert");
        }
        if (party->lead && !party->is_asked()) {
            roles.emplace_back("lead_expert");
        }
    }
    return roles;
}

std::string Engine::role_for(const Row& row, const Case& item, const record::Actor& actor) const {
    for (const std::string& role : roles_of(item, actor)) {
        if (has_word(row.who, role)) {
            return role;
        }
    }
    throw Error(ErrorKind::forbidden, "flow.not_yours", fmt::format("this move is made by: {}", row.who));
}

const Row& Engine::row_of(const Machine& machine, const Case& item, std::string_view action) const {
    const Row* row = machine.table().find(item.state, action);
    if (row == nullptr || !machine.moves_alone()) {
        throw Error(ErrorKind::conflict, "flow.not_open", fmt::format("'{}' is not open in the state '{}'", action, item.state));
    }
    return *row;
}

void Engine::check_version(const Case& item, std::string_view if_match) const {
    if (if_match == fmt::format("W/\"{}\"", item.version) || if_match == fmt::format("\"{}\"", item.version)) {
        return;
    }
    const auto snapshot = ground_.database.read();
    const std::optional<MoveRow> last = store::last_move(snapshot->connection(), item.id);
    std::string by;
    if (last && last->person != 0) {
        const std::optional<access::Person> person = ground_.directory.person(last->person);
        by = fmt::format(" by={} at={}", person ? person->name : "", format_instant(last->recorded));
    }
    throw Error(ErrorKind::conflict, "flow.version_stale", fmt::format("state={} version={}{}", item.state, item.version, by));
}

void Engine::check_occurred(const Case& item, const MoveInput& input, Instant now) const {
    const auto refuse = [](const char* what) { throw Error(ErrorKind::invalid, "flow.bad_occurred", what, {{"value", "occurred", what}}); };
    if (!input.occurred) {
        return;
    }
    if (*input.occurred > now + kFuture) {
        refuse("occurred may not be in the future");
    }
    if (*input.occurred < item.created) {
        refuse("occurred may not be before the case");
    }
    if (now - *input.occurred > kLateEntry && !has_word("no_network paper_first emergency_first other", input.occurred_reason)) {
        refuse("a late entry needs occurred_reason: no_network, paper_first, emergency_first or other");
    }
}

Answer Engine::create(const record::Caller& caller, const CreateInput& input) {
    Machine& machine = this->machine(input.machine);
    if (caller.actor.person == 0) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "a case is created by a person");
    }
    {
        const auto reader = ground_.record.read(caller.filter);
        if (const auto first = store::case_of_create_id(reader->connection(), caller.actor.person, input.create_id)) {
            return {*store::find_case(reader->connection(), *first), true};
        }
        if (!input.patient.starts_with("Patient/") || !reader->read("Patient", input.patient.substr(8)).has_value()) {
            throw Error(ErrorKind::not_found, "flow.no_patient", "no such patient");
        }
    }
    const Instant now = ground_.clock.now();
    Case item;
    item.id = new_uuid(now);
    item.machine = input.machine;
    item.state = machine.table().start();
    item.number =
        "C-" + format_instant(now).substr(0, 4) + format_instant(now).substr(5, 2) + format_instant(now).substr(8, 2) + "-" + new_random_uuid().substr(0, 8);
    item.patient = input.patient;
    item.requester = caller.actor.person;
    item.from_org = caller.actor.organisation;
    item.pack = ground_.pack->name();
    item.create_id = input.create_id;
    item.created = item.state_since = now;
    MoveInput as_move;
    as_move.action = "create";
    as_move.move_id = "create:" + item.id;
    as_move.fields = input.fields;
    const auto work = ground_.record.begin(by_case(), caller.actor.in_case(item.id));
    Move move(ground_, std::move(item), caller.actor, as_move, *work, now);
    move.role = "requester";
    if (!input.based_on.empty()) {
        move.details.set("basedOn", input.based_on);
    }
    machine.begin(move);
    finish(machine, move, "", true);
    return {move.item, false};
}

Answer Engine::move(const record::Caller& caller, std::string_view case_id, std::string_view if_match, const MoveInput& input) {
    Visible visible = open(caller, case_id);
    {
        const auto snapshot = ground_.database.read();
        if (const auto earlier = store::find_move(snapshot->connection(), input.move_id)) {
            if (earlier->case_id != visible.item.id || earlier->action != input.action || earlier->person != caller.actor.person) {
                throw Error(ErrorKind::conflict, "flow.move_id_reused", "this move_id belongs to another move");
            }
            return {std::move(visible.item), true};
        }
    }
    Machine& machine = this->machine(visible.item.machine);
    if (if_match.empty()) {
        throw Error(ErrorKind::invalid, "flow.version_required", "a move needs If-Match with the version of the Task");
    }
    if (!machine.table().has_action(input.action)) {
        throw Error(ErrorKind::invalid, "flow.unknown_action", "no such action", {{"value", "action", "not an action of this machine"}});
    }
    check_version(visible.item, if_match);
    const Row& row = row_of(machine, visible.item, input.action);
    std::string role = role_for(row, visible.item, caller.actor);
    return carry_out({machine, std::move(visible.item), caller.actor, input, row, std::move(role)});
}

void Engine::system_move(std::string_view case_id, std::string_view action, json::Value fields) {
    move_in_role(case_id, record::Actor::system("HOPERAT"), "system", action, std::move(fields));
}

bool Engine::move_in_role(std::string_view case_id, const record::Actor& actor, std::string_view role, std::string_view action, json::Value fields) {
    std::optional<Case> item;
    {
        const auto snapshot = ground_.database.read();
        item = store::find_case(snapshot->connection(), case_id);
    }
    if (!item) {
        throw not_found();
    }
    Machine& machine = this->machine(item->machine);
    const Row* row = machine.table().find(item->state, action);
    if (row == nullptr || !has_word(row->who, role)) {
        return false;
    }
    MoveInput input;
    input.action = action;
    input.move_id = new_uuid(ground_.clock.now());
    input.fields = std::move(fields);
    carry_out({machine, std::move(*item), actor, input, *row, std::string(role)});
    return true;
}

Answer Engine::carry_out(const Order& order) {
    const Instant now = ground_.clock.now();
    check_occurred(order.item, order.input, now);
    const auto work = ground_.record.begin(by_case(), order.actor.in_case(order.item.id));
    Move move(ground_, order.item, order.actor, order.input, *work, now);
    move.row = &order.row;
    move.role = order.role;
    take_draft(move);
    check_fields(order.machine, move);
    check_guards(order.machine, move);
    const std::string meaning = order.machine.signs(move);
    if (!meaning.empty()) {
        ground_.signing.require_may_sign(order.actor, meaning);
    }
    load(move);
    step(order.machine, move, order.row, order.role);
    follow_up(order.machine, move);
    finish(order.machine, move, meaning, true);
    return {move.item, false};
}

void Engine::take_draft(Move& move) const {
    const std::optional<std::int64_t> version = move.input.fields["draft"].integer();
    if (!version) {
        return;
    }
    const std::string name = has_word("sign amend contribute", move.input.action) ? "opinion" : "request";
    const auto snapshot = ground_.database.read();
    const std::optional<store::Draft> draft = store::find_draft(snapshot->connection(), move.item.id, move.actor.person, name);
    if (!draft || draft->version != *version) {
        throw Error(ErrorKind::conflict, "flow.draft_stale", fmt::format("version={}", draft ? draft->version : 0));
    }
    json::Value fields = *json::parse(draft->body);
    for (const json::Value::Member& member : move.input.fields.members()) {
        if (member.first != "draft") {
            fields.set(member.first, member.second);
        }
    }
    move.fields = std::move(fields);
    move.also([id = move.item.id, person = move.actor.person, name](storage::Group& group) { store::remove_drafts(group.connection(), id, person, name); });
}

void Engine::check_fields(Machine& machine, Move& move) const {
    FieldCheck check;
    each_word(move.row->needs, [&](std::string_view need) {
        if (need == "reason" ? move.input.reason.empty() : need == "occurred" ? !move.input.occurred.has_value() : !is_given(move.fields[need])) {
            check.refuse("flow.missing_field", std::string(need), "required");
        }
        return true;
    });
    check.throw_if_any();
    machine.check(move, check);
    check.throw_if_any();
}

void Engine::check_guards(Machine& machine, Move& move) const {
    const GuardContext context{ground_, move.item, move.now, move.actor.person};
    each_word(move.row->guard, [&](std::string_view guard) {
        const bool negated = guard.starts_with('!');
        const std::optional<Refusal> refusal = machine.guard(negated ? guard.substr(1) : guard, context, &move);
        if (refusal.has_value() != negated) {
            throw Error(refusal ? refusal->kind : ErrorKind::conflict, refusal && !refusal->code.empty() ? refusal->code : "flow.guard",
                        refusal ? refusal->text : fmt::format("not while: {}", guard.substr(1)));
        }
        return true;
    });
}

void Engine::step(Machine& machine, Move& move, const Row& row, std::string_view role) const {
    move.row = &row;
    move.role = role;
    const std::string from = move.item.state;
    machine.apply(move);
    move.item.state = move.to_state.empty() ? std::string(Table::target(row, from)) : move.to_state;
    if (move.item.state != from) {
        move.item.state_since = move.now;
        const TimerRule* timer = ground_.pack->timer(move.item.machine, move.item.state);
        move.item.auto_action = timer == nullptr ? "" : timer->action;
        move.item.auto_at = timer == nullptr ? Instant{} : move.occurred + timer->after;
    }
    move.item.ended = machine.table().is_end(move.item.state);
    move_clocks(machine, move, row);
    MoveRow done;
    done.from_state = from;
    done.action = row.action;
    done.to_state = move.item.state;
    done.case_role = role;
    done.reason = move.moves_.empty() ? move.input.reason : "";
    done.details = std::move(move.details);
    move.details = json::Value::object();
    move.moves_.push_back(std::move(done));
}

void Engine::follow_up(Machine& machine, Move& move) const {
    for (int round = 0; round < kFollowUps; ++round) {
        const Row* next = nullptr;
        for (const Row& row : machine.table().rows()) {
            if (row.who != "system" || row.guard.empty() || !row.needs.empty() || !machine.table().applies(row, move.item.state)) {
                continue;
            }
            const GuardContext context{ground_, move.item, move.now};
            const bool open = each_word(row.guard, [&](std::string_view guard) {
                const bool negated = guard.starts_with('!');
                return machine.guard(negated ? guard.substr(1) : guard, context, nullptr).has_value() == negated;
            });
            if (open) {
                next = &row;
                break;
            }
        }
        if (next == nullptr) {
            return;
        }
        move.fields = json::Value::object();  // those of the move that set this one off are told there
        step(machine, move, *next, "system");
    }
}

/// What the two institutions agreed goes before the pack.
ClockRule Engine::agreed(const Machine& machine, const Case& item, std::string_view clock, ClockRule rule) const {
    if (const auto contract = ground_.directory.contract(item.from_org, item.to_org, machine.service())) {
        if (const auto own = contract->terms.deadlines.find(clock); own != contract->terms.deadlines.end()) {
            rule.budget = own->second;
        }
    }
    return rule;
}

void Engine::move_clocks(Machine& machine, Move& move, const Row& row) const {
    const Calendar& calendar = ground_.pack->calendar();
    const auto rule_of = [&](const ClockRow& clock) {
        const ClockRule* rule = ground_.pack->clock(move.item.machine, clock.name);
        return ClockRule{clock.kind, clock.budget, rule == nullptr ? std::vector<int>{50, 80, 100} : rule->escalates};
    };
    each_word(row.clocks, [&](std::string_view effect) {
        const std::string_view name = effect.substr(1);
        if (effect[0] == '+') {
            const std::optional<std::string> rule_name = machine.clock_rule(move, name);
            const ClockRule* rule = rule_name ? ground_.pack->clock(move.item.machine, *rule_name) : nullptr;
            std::erase_if(move.clocks_, [&](const ClockRow& one) { return rule != nullptr && one.name == name; });
            if (rule != nullptr) {
                move.clocks_.push_back(start_clock(calendar, agreed(machine, move.item, *rule_name, *rule), move.item.id, name, move.occurred));
            }
            return true;
        }
        for (ClockRow& clock : move.clocks_) {
            if (clock.name != name && (effect != "-all" || machine.outlasts(clock.name))) {
                continue;
            }
            if (effect[0] == '-') {
                stop_clock(calendar, clock, move.occurred, move.now);
            } else if (effect[0] == '~') {
                pause_clock(calendar, *ground_.pack, clock, machine.pause_reason(move), move.occurred);
            } else {
                resume_clock(calendar, rule_of(clock), clock, move.occurred);
            }
        }
        return true;
    });
}

void Engine::load(Move& move) const {
    storage::Connection& connection = move.work.reader().connection();
    move.items_ = store::items_of(connection, move.item.id);
    move.clocks_ = store::clocks_of(connection, move.item.id);
    move.request = move.read(move.item.request);
}

}  // namespace qiao::flow
