#include "flow/move.hpp"

#include "base/id.hpp"
#include "flow/cascade_store.hpp"
#include "flow/flow_store.hpp"

#include <algorithm>

namespace qiao::flow {

std::vector<Viewer> viewers_of(const Case& item) {
    std::vector<Viewer> viewers;
    for (const json::Value& one : item.notes["viewers"].items()) {
        viewers.push_back({one["key"].integer().value_or(0), one["reason"].text(), one["patient"].truth(), one["frozen"].truth()});
    }
    return viewers;
}

Move::Move(const Ground& the_ground, Case the_case, const record::Actor& the_actor, const MoveInput& the_input, record::Work& the_work, Instant the_now)
    : ground(the_ground),
      item(std::move(the_case)),
      actor(the_actor),
      input(the_input),
      fields(the_input.fields),
      work(the_work),
      now(the_now),
      occurred(the_input.occurred.value_or(the_now)) {
    viewers_ = viewers_of(item);
}

std::string Move::create(json::Value resource, std::string_view kind) {
    const std::string reference = work.create(resource);
    known_[reference] = {std::move(resource), 1};
    add_item(reference, kind);
    return reference;
}

void Move::replace(std::string_view reference, json::Value resource) {
    const auto found = known_.find(reference);
    std::int64_t version = 0;
    if (found != known_.end()) {
        version = found->second.version;  // one version a commit, however often the verb changes it
    } else {
        version = work.load(reference).version + 1;
    }
    work.update(resource);
    known_.insert_or_assign(std::string(reference), Known{std::move(resource), version});
}

json::Value Move::read(std::string_view reference) {
    const auto found = known_.find(reference);
    return found != known_.end() ? found->second.value : work.load(reference).value();
}

void Move::add_item(std::string_view reference, std::string_view kind) {
    const bool known = std::any_of(items_.begin(), items_.end(), [&](const Item& one) { return one.reference == reference; });
    if (!known) {
        items_.push_back({std::string(kind), std::string(reference), now});
        new_items_.push_back(items_.back());
    }
}

void Move::drop_item(std::string_view reference) {
    std::erase_if(items_, [&](const Item& one) { return one.reference == reference; });
    dropped_items_.emplace_back(reference);
}

std::vector<std::string> Move::items(std::string_view kind) const {
    std::vector<std::string> list;
    for (const Item& one : items_) {
        if (one.kind == kind) {
            list.push_back(one.reference);
        }
    }
    return list;
}

void Move::sign_over(std::string_view reference) { signed_.emplace_back(reference); }

void Move::sign_over(const Attachment& attachment) {
    signed_attachments_.push_back({"attachment/" + std::to_string(attachment.n), attachment.content_type, attachment.sha256});
    also([this, done = attachment](storage::Group& group) mutable {
        done.signed_over = true;
        store::put_attachment(group.connection(), item.id, done);
    });
}

void Move::show_patient(std::int64_t key, std::string_view reason) {
    std::erase_if(viewers_, [key](const Viewer& one) { return one.key == key; });
    viewers_.push_back({key, std::string(reason), true});
}

void Move::show_items(std::int64_t key, std::string_view reason) {
    std::erase_if(viewers_, [key](const Viewer& one) { return one.key == key; });
    viewers_.push_back({key, std::string(reason), false});
}

void Move::shrink(std::int64_t key, std::vector<std::string> references) {
    for (Viewer& one : viewers_) {
        if (one.key == key) {
            one.frozen = true;
            one.whole_patient = false;
        }
    }
    rights_.push_back({Right::Kind::shrink, key, std::move(references)});
}

void Move::end_right(std::int64_t key) {
    std::erase_if(viewers_, [key](const Viewer& one) { return one.key == key; });
    rights_.push_back({Right::Kind::end, key});
}

void Move::end_all_rights() {
    viewers_.clear();
    rights_.push_back({Right::Kind::end_all});
}

std::string Move::open_part(const Party& party) {
    Case part;
    part.id = new_uuid(now);
    part.machine = "part";
    part.state = "offered";
    part.version = 1;
    part.number = item.number + "-" + std::to_string(item.parties.size() + parts_.size() + 1);
    part.request = item.request;
    part.patient = item.patient;
    part.requester = actor.person;
    part.from_org = item.from_org;
    part.to_org = item.to_org;
    part.urgency = item.urgency;
    part.lead_case = item.id;
    part.pack = item.pack;
    part.create_id = "part:" + part.id;
    part.created = part.state_since = now;
    part.parties.push_back(party);
    const FhirStatus status = fhir_status(Meaning::offered);
    json::Value task = json::Value::object({{"resourceType", "Task"}, {"id", part.id}});
    task.set("partOf", json::Value::array({json::Value::object({{"reference", "Task/" + item.id}})}));
    task.set("status", status.task);
    task.set("businessStatus",
             json::Value::object({{"coding", json::Value::array({json::Value::object({{"system", "urn:qiao:part"}, {"code", part.state}})})}}));
    task.set("intent", "order");
    task.set("code", json::Value::object({{"coding", json::Value::array({json::Value::object({{"system", "urn:qiao:machine"}, {"code", "part"}})})}}));
    task.set("focus", json::Value::object({{"reference", item.request}}));
    task.set("for", json::Value::object({{"reference", item.patient}}));
    task.set("authoredOn", format_instant(now));
    task.set("lastModified", format_instant(now));
    task.set("owner", person_ref(party.person));
    create(std::move(task), "part");
    MoveRow made;
    made.move_id = input.move_id + ":" + part.id;
    made.action = "create";
    made.to_state = part.state;
    parts_.push_back({part, std::move(made)});
    run_offer_clock(part.id);
    return part.id;
}

void Move::run_offer_clock(const std::string& part_id) {
    if (const ClockRule* rule = ground.pack->clock("part", "offer")) {
        rows_.push_back([clock = start_clock(ground.pack->calendar(), *rule, part_id, "offer", now)](storage::Group& group) {
            store::put_clock(group.connection(), clock);
        });
    }
}

void Move::move_part(std::string_view part_id, std::string_view action, std::string_view state, Meaning meaning, bool ended) {
    std::optional<Case> part = store::find_case(work.reader().connection(), part_id);
    if (!part) {
        return;
    }
    const std::string reference = "Task/" + part->id;
    json::Value task = read(reference);
    task.set("status", fhir_status(meaning).task);
    task.set("businessStatus", json::Value::object({{"coding", json::Value::array({json::Value::object({{"system", "urn:qiao:part"}, {"code", state}})})}}));
    task.set("lastModified", format_instant(now));
    replace(reference, std::move(task));
    MoveRow made;
    made.move_id = input.move_id + ":" + part->id;
    made.action = action;
    made.from_state = part->state;
    made.to_state = state;
    part->state = state;
    part->state_since = now;
    part->version += 1;
    part->ended = ended;
    parts_.push_back({*part, std::move(made)});
    for (ClockRow clock : store::clocks_of(work.reader().connection(), part->id)) {
        if (!clock.stopped) {
            stop_clock(ground.pack->calendar(), clock, occurred, now);
            rows_.push_back([clock](storage::Group& group) { store::put_clock(group.connection(), clock); });
        }
    }
    if (state == "offered") {
        run_offer_clock(part->id);
    }
}

void Move::restore_clocks(const std::string& cascade) {
    rows_.push_back([cascade, id = item.id](storage::Group& group) { store::restore_clocks(group.connection(), cascade, id); });
}

void Move::notify(Audience to, std::string_view code, json::Value params) {
    notices_.push_back({std::move(to), std::string(code), item.id, item.urgency, std::move(params)});
}

Audience Move::desk() const { return {{}, {{item.to_org, std::string(access::role::kCoordinator)}}}; }

Audience Move::office() const {
    Audience to{{}, {{item.from_org, std::string(access::role::kCoordinator)}}};
    if (const auto from = ground.directory.organisation(item.from_org); from && from->parent != 0 && from->parent != item.to_org) {
        to.desks.push_back({from->parent, std::string(access::role::kCoordinator)});
    }
    return to;
}

Audience Move::requester() const { return {{item.requester}, {}}; }

Audience Move::lead() const {
    const Party* lead = item.lead();
    return lead == nullptr ? Audience{} : Audience{{lead->person}, {}};
}

Audience Move::everybody() const {
    Audience all = item.to_org != 0 && item.has_left_office() ? desk() : Audience{};
    if (item.notes["office"].is_object()) {
        const Audience sender = office();
        all.desks.insert(all.desks.end(), sender.desks.begin(), sender.desks.end());
    }
    all.people.push_back(item.requester);
    for (const Party& party : item.parties) {
        if (party.takes_part()) {
            all.people.push_back(party.person);
        }
    }
    return all;
}

json::Value Move::organisation_ref(std::int64_t id) const {
    const std::optional<access::Organisation> found = ground.directory.organisation(id);
    return found ? json::Value::object({{"reference", found->resource}, {"display", found->name}}) : json::Value();
}

json::Value Move::person_ref(std::int64_t id) const {
    const std::optional<access::Person> found = ground.directory.person(id);
    return found ? json::Value::object({{"reference", found->resource}, {"display", found->name}}) : json::Value();
}

}  // namespace qiao::flow
