#include "base/id.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "flow/engine.hpp"
#include "flow/flow_store.hpp"
#include "flow/leaving.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace qiao::flow {

namespace {

using json::Value;

Value reference_to(std::string_view reference) { return Value::object({{"reference", reference}}); }

Value coding(std::string_view system, std::string_view code) {
    return Value::object({{"coding", Value::array({Value::object({{"system", system}, {"code", code}})})}});
}

Value link(const Item& item) { return Value::object({{"type", Value::object({{"text", item.kind}})}, {"valueReference", reference_to(item.reference)}}); }

std::string_view priority_of(std::string_view urgency) { return urgency == "emergency" ? "stat" : urgency == "urgent" ? "urgent" : "routine"; }

/// The Task as the case now is: nothing in it is kept by hand.
Value task_of(const Move& move, const Table& table, const std::vector<Item>& items, Value task) {
    const Case& item = move.item;
    task.set("resourceType", "Task");
    task.set("id", item.id);
    task.set("identifier", Value::array({Value::object({{"system", "urn:qiao:case"}, {"value", item.number}})}));
    task.set("basedOn", Value::array({reference_to(item.request)}));
    task.set("status", fhir_status(table.meaning(item.state)).task);
    task.set("businessStatus", coding("urn:qiao:" + item.machine, item.state));
    task.set("intent", "order");
    task.set("priority", priority_of(item.urgency));
    task.set("code", coding("urn:qiao:machine", item.machine));
    task.set("focus", reference_to(item.request));
    task.set("for", reference_to(item.patient));
    task.set("authoredOn", format_instant(item.created));
    task.set("lastModified", format_instant(move.now));
    task.set("requester", move.person_ref(item.requester));
    const Party* lead = item.lead();
    task.set("owner", lead != nullptr && !lead->is_asked() ? move.person_ref(lead->person)
                      : item.to_org != 0                           ? move.organisation_ref(item.to_org)
                                                                   : move.person_ref(item.requester));
    Value input;
    Value output;
    for (const Item& one : items) {
        if (has_word("form attachment study consent", one.kind)) {
            input.push(link(one));
        } else if (has_word("opinion report receipt", one.kind)) {
            output.push(link(one));
        }
    }
    task.remove("input");
    task.remove("output");
    if (input.size() > 0) {
        task.set("input", std::move(input));
    }
    if (output.size() > 0) {
        task.set("output", std::move(output));
    }
    return task;
}

void fill_request(const Move& move, const Table& table, const std::vector<Item>& items, Value& request) {
    const Case& item = move.item;
    request.set("resourceType", "ServiceRequest");
    request.set("id", item.request.substr(item.request.find('/') + 1));
    request.set("requisition", Value::object({{"system", "urn:qiao:episode"}, {"value", item.number}}));
    request.set("status", fhir_status(table.meaning(item.state)).request);
    request.set("intent", "order");
    request.set("priority", priority_of(item.urgency));
    request.set("code", coding("urn:qiao:machine", item.machine));
    request.set("subject", reference_to(item.patient));
    request.set("authoredOn", format_instant(item.created));
    request.set("requester", move.person_ref(item.requester));
    Value performers;
    if (item.to_org != 0) {
        performers.push(move.organisation_ref(item.to_org));
    }
    for (const Party& party : item.parties) {
        if (party.takes_part()) {
            performers.push(move.person_ref(party.person));
        }
    }
    request.remove("performer");
    if (performers.size() > 0) {
        request.set("performer", std::move(performers));
    }
    Value support;
    for (const Item& one : items) {
        if (has_word("form attachment study observation allergy medication", one.kind)) {
            support.push(reference_to(one.reference));
        }
    }
    request.remove("supportingInfo");
    if (support.size() > 0) {
        request.set("supportingInfo", std::move(support));
    }
}

Value provenance_of(const Move& move, const access::Signature& signature, const std::vector<access::SignedItem>& items, std::string_view meaning) {
    Value targets;
    for (const access::SignedItem& item : items) {
        targets.push(reference_to(fmt::format("{}/{}/_history/{}", item.type, item.id, item.version)));
    }
    Value who = move.person_ref(move.actor.person);
    Value agent = Value::object({{"who", who}});
    if (!move.actor.organisation_ref.empty()) {
        agent.set("onBehalfOf", reference_to(move.actor.organisation_ref));
    }
    Value type = Value::object({{"system", "urn:iso-astm:E1762-95:2013"}, {"code", "1.2.840.10065.1.12.1.1"}, {"display", "Author's Signature"}});
    Value sign = Value::object({{"type", Value::array({std::move(type)})},
                                {"when", format_instant(move.now)},
                                {"who", std::move(who)},
                                {"sigFormat", "application/jose"},
                                {"data", to_base64(signature.jws)}});
    if (signature.jws.empty()) {  // SM2 has no name in JOSE: the bytes as openssl reads them
        sign.set("sigFormat", "application/octet-stream");
        sign.set("data", to_base64(signature.der));
    }
    Value signatures = Value::array({std::move(sign)});
    if (const auto& seal = signature.seal) {
        const Value place = move.organisation_ref(seal->organisation);
        signatures.push(Value::object({{"type", Value::array({Value::object({{"system", "urn:qiao:signature"}, {"code", "institution-seal"}})})},
                                       {"when", format_instant(move.now)},
                                       {"who", place},
                                       {"onBehalfOf", place},
                                       {"sigFormat", "application/octet-stream"},
                                       {"data", to_base64(seal->der)}}));
    }
    return Value::object({{"resourceType", "Provenance"},
                          {"target", std::move(targets)},
                          {"occurredDateTime", format_instant(move.occurred)},
                          {"recorded", format_instant(move.now)},
                          {"activity", coding("urn:qiao:signs", meaning)},
                          {"agent", Value::array({std::move(agent)})},
                          {"signature", std::move(signatures)}});
}

void add_people(Audience& to, const Audience& more) {
    for (const std::int64_t person : more.people) {
        if (std::find(to.people.begin(), to.people.end(), person) == to.people.end()) {
            to.people.push_back(person);
        }
    }
    for (const Desk& desk : more.desks) {
        if (std::find(to.desks.begin(), to.desks.end(), desk) == to.desks.end()) {
            to.desks.push_back(desk);
        }
    }
}

}  // namespace

/// Turns a Move that its verb has filled into resources, a signature and rows.
class Commit {
public:
    Commit(const Ground& ground, Machine& machine, Move& move) : ground_(ground), machine_(machine), table_(machine.table()), move_(move) {}

    /// The first state of a new case.
    void birth() {
        Case& item = move_.item;
        item.request = item.request.empty() ? "ServiceRequest/" + new_uuid(move_.now) : item.request;
        for (const auto& [kind, reference] :
             {std::pair<std::string, std::string>{"task", "Task/" + item.id}, {"request", item.request}, {"patient", item.patient}}) {
            move_.add_item(reference, kind);
        }
        MoveRow row;
        row.action = "create";
        row.to_state = item.state;
        row.case_role = move_.role;
        row.details = move_.details;
        move_.moves_.push_back(std::move(row));
    }

    /// Task and ServiceRequest as the case now is.
    void resources() {
        Case& item = move_.item;
        const std::string task_ref = "Task/" + item.id;
        const bool created = item.version == 0;
        fill_request(move_, table_, move_.items_, move_.request);
        Value task = task_of(move_, table_, move_.items_, created ? Value::object() : move_.read(task_ref));
        if (created) {
            move_.work.create(move_.request);
            move_.work.create(std::move(task));
            item.version = 1;
            return;
        }
        move_.replace(item.request, move_.request);
        move_.replace(task_ref, std::move(task));
        item.version = move_.known_.find(task_ref)->second.version;
    }

    /// @return the Provenance, empty when there is nothing to sign
    std::string sign(std::string_view meaning) {
        if (meaning.empty() || (move_.signed_.empty() && move_.signed_attachments_.empty())) {
            return {};
        }
        std::vector<access::SignedItem> items;
        for (const std::string& reference : move_.signed_) {
            items.push_back(signed_item(reference));
        }
        const access::Manifest manifest{items,
                                        move_.signed_attachments_,
                                        move_.item.id,
                                        std::string(meaning),
                                        move_.actor.practitioner,
                                        move_.actor.name,
                                        move_.actor.organisation_ref,
                                        move_.occurred,
                                        move_.now};
        const access::Signature signature = ground_.signing.sign(move_.actor, access::manifest_bytes(manifest), meaning);
        machine_.signed_as(move_, meaning, signature.reference);
        std::string provenance = move_.create(provenance_of(move_, signature, items, meaning), "provenance");
        move_.rows_.push_back([this, signature, items](storage::Group& group) { ground_.signing.keep(group, signature, items); });
        return provenance;
    }

    void fill_rows(const std::string& provenance) {
        Value viewers = Value::array();
        for (const Viewer& one : move_.viewers_) {
            viewers.push(Value::object({{"key", one.key}, {"reason", one.reason}, {"patient", one.whole_patient}, {"frozen", one.frozen}}));
        }
        move_.item.notes.set("viewers", std::move(viewers));
        for (std::size_t step = 0; step < move_.moves_.size(); ++step) {
            MoveRow& row = move_.moves_[step];
            const bool by_system = row.case_role == "system";
            row.move_id = step == 0 ? move_.input.move_id : fmt::format("{}:{}", move_.input.move_id, step);
            row.machine = move_.item.machine;
            row.person = by_system ? 0 : move_.actor.person;
            row.institution = by_system ? 0 : move_.actor.organisation;
            row.occurred = step == 0 ? move_.occurred : move_.now;
            row.recorded = move_.now;
            row.occurred_reason = step == 0 ? move_.input.occurred_reason : "";
            row.task_version = move_.item.version;
            row.provenance = step == 0 ? provenance : "";
        }
        for (Move::PartMove& part : move_.parts_) {
            part.move.machine = "part";
            part.move.person = move_.actor.person;
            part.move.case_role = move_.role;
            part.move.institution = move_.actor.organisation;
            part.move.occurred = move_.occurred;
            part.move.recorded = move_.now;
            part.move.task_version = part.item.version;
        }
    }

    /// On the writer thread; runs again when its group is undone.
    void rows(storage::Group& group, const record::Work::RidOf& rid_of, bool is_move) const {
        storage::Connection& connection = group.connection();
        if (is_move) {
            store::put_case(connection, move_.item);
            for (const MoveRow& row : move_.moves_) {
                store::add_move(connection, move_.item.id, row);
            }
            for (const ClockRow& clock : move_.clocks_) {
                store::put_clock(connection, clock);
            }
        }
        for (const Move::PartMove& part : move_.parts_) {
            store::put_case(connection, part.item);
            store::add_move(connection, move_.item.id, part.move);
        }
        for (const Item& item : move_.new_items_) {
            store::add_item(connection, move_.item.id, item);
        }
        for (const std::string& reference : move_.dropped_items_) {
            store::remove_item(connection, move_.item.id, reference);
        }
        for (const auto& more : move_.rows_) {
            more(group);
        }
        if (is_move) {
            rights(group, rid_of, move_.viewers_);
        } else if (const std::optional<Case> present = store::find_case(connection, move_.item.id)) {
            // Not those of the snapshot: a move may have ended a right meanwhile.
            rights(group, rid_of, viewers_of(*present));
        }
    }

    void tell(const Audience& before) const {
        Audience everybody = move_.everybody();
        add_people(everybody, before);
        ground_.events.case_changed(move_.item.id, move_.item.version, everybody);
        ground_.events.lists_changed(everybody);
        for (const Notice& notice : move_.notices_) {
            ground_.events.notice(notice);
        }
    }

private:
    access::SignedItem signed_item(const std::string& reference) {
        const std::string id = reference.substr(reference.find('/') + 1);
        const auto known = move_.known_.find(reference);
        if (known != move_.known_.end()) {
            return access::signed_item(known->second.value, id, known->second.version);
        }
        const record::Stored stored = move_.work.load(reference);
        return access::signed_item(stored.value(), id, stored.version);
    }

    void rights(storage::Group& group, const record::Work::RidOf& rid_of, const std::vector<Viewer>& viewers) const {
        for (const Move::Right& right : move_.rights_) {
            if (right.kind == Move::Right::Kind::end_all) {
                ground_.grants.end_case(group, move_.item.id);
            } else if (right.kind == Move::Right::Kind::end) {
                ground_.grants.end_grantee(group, move_.item.id, right.key);
            } else {
                std::vector<record::Rid> rids;
                for (const std::string& reference : right.references) {
                    rids.push_back(rid_of(reference));
                }
                ground_.grants.shrink_to_items(group, move_.item.id, right.key, rids);
            }
        }
        // The list is the writer's, not the snapshot's: a photo that came meanwhile is in it.
        std::vector<record::Rid> items;
        for (const Item& item : store::items_of(group.connection(), move_.item.id)) {
            if (const record::Rid rid = rid_of(item.reference); rid != 0) {
                items.push_back(rid);
            }
        }
        std::vector<record::Rid> labelled = items;
        std::erase(labelled, rid_of(move_.item.patient));  // a case's labels are not the patient's
        ground_.grants.label_items(group, move_.item.id, labelled);
        for (const Viewer& viewer : viewers) {
            if (viewer.frozen) {
                continue;
            }
            access::Grant grant;
            grant.grantee = viewer.key;
            grant.patient = viewer.whole_patient ? rid_of(move_.item.patient) : 0;
            grant.items = items;
            grant.case_id = move_.item.id;
            grant.reason = viewer.reason;
            grant.granted_by = move_.actor.person;
            grant.labels = shown_labels(move_.item);
            ground_.grants.give(group, grant);
        }
    }

    const Ground& ground_;
    Machine& machine_;
    const Table& table_;
    Move& move_;
};

/// Everything of one move but the commit itself.
void Engine::prepare(Commit& commit, Move& move, std::string_view meaning, bool is_move) const {
    if (is_move) {
        if (move.item.version == 0) {
            commit.birth();
        }
        const std::string provenance = commit.sign(meaning);
        commit.resources();
        commit.fill_rows(provenance);
    }
    // In the commit: a notice that should ring somebody is as durable as the move that made it.
    move.also([leaving = leaving_notices(ground_, move.item, move.notices_, move.actor.person, move.now), &move](storage::Group& group) {
        store::put_leaving(group.connection(), move.item.id, move.actor.person, move.now, leaving);
    });
    move.work.also([&commit, is_move](storage::Group& group, const record::Work::RidOf& rid_of) { commit.rows(group, rid_of, is_move); });
}

void Engine::finish(Machine& machine, Move& move, std::string_view meaning, bool is_move) const {
    const Audience before = move.everybody();
    Commit commit(ground_, machine, move);
    prepare(commit, move, meaning, is_move);
    move.work.commit();
    commit.tell(before);
}

int Engine::system_moves(const record::Actor& actor, const std::string& reason, const std::vector<SystemMove>& moves,
                         const std::function<void(record::Work&)>& with) {
    struct One {
        MoveInput input;
        Audience before;
        std::unique_ptr<Move> move;
        std::unique_ptr<Commit> commit;
    };
    const Instant now = ground_.clock.now();
    const auto work = ground_.record.begin(record::ReadFilter::system("a fact moves every case that it touches"), actor);
    if (with) {
        with(*work);
    }
    std::deque<One> made;  // a Move refers to its input: it stays where it is
    for (const SystemMove& wanted : moves) {
        std::optional<Case> item = store::find_case(work->reader().connection(), wanted.case_id);
        if (item && item->version != wanted.version) {
            throw Error(ErrorKind::conflict, "record.version_stale", "a case was moved after what it meets was decided");
        }
        const Row* row = item ? machine(item->machine).table().find(item->state, wanted.action) : nullptr;
        if (row == nullptr || !has_word(row->who, "system")) {
            continue;
        }
        Machine& machine = this->machine(item->machine);
        One& one = made.emplace_back();
        one.input.action = wanted.action;
        one.input.move_id = new_uuid(now);
        one.input.reason = reason;
        one.input.fields = wanted.fields;
        one.move = std::make_unique<Move>(ground_, std::move(*item), actor, one.input, *work, now);
        one.move->row = row;
        one.move->role = "system";
        check_guards(machine, *one.move);
        load(*one.move);
        one.before = one.move->everybody();
        step(machine, *one.move, *row, "system");
        follow_up(machine, *one.move);
        one.commit = std::make_unique<Commit>(ground_, machine, *one.move);
        prepare(*one.commit, *one.move, "", true);
    }
    work->commit();
    for (const One& one : made) {
        one.commit->tell(one.before);
    }
    return static_cast<int>(made.size());
}

void Engine::change(const record::Caller& caller, const Visible& visible, const std::function<void(Move&)>& fill) {
    MoveInput input;
    input.move_id = new_uuid(ground_.clock.now());
    const auto work = ground_.record.begin(record::ReadFilter::system("a change of a case that its maker may see"), caller.actor.in_case(visible.item.id));
    Move move(ground_, visible.item, caller.actor, input, *work, ground_.clock.now());
    load(move);
    fill(move);
    finish(machine(visible.item.machine), move, "", false);
}

}  // namespace qiao::flow
