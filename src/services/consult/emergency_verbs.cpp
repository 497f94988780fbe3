#include "access/role.hpp"
#include "flow/form.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/request_form.hpp"

#include <algorithm>

namespace qiao::consult::verbs {

namespace {

using json::Value;

constexpr std::string_view kAnswered = "answered";  ///< why those left who were rung and not needed

bool was_rung(const flow::Case& item, std::int64_t person) {
    return std::any_of(item.parties.begin(), item.parties.end(), [&](const flow::Party& one) { return one.role == "duty" && one.person == person; });
}

void ring(flow::Move& move, std::int64_t person) {
    flow::Party party;
    party.role = "duty";
    party.person = person;
    party.organisation = move.item.to_org;
    party.status = "rung";
    party.required = false;
    party.since = move.now;
    const auto membership = move.ground.directory.membership_of(person, move.item.to_org, access::role::kExpert);
    party.specialty = membership ? membership->specialty : "";
    move.item.parties.push_back(party);
    move.notify({{person}, {}}, "flow.emergency_call");
}

std::vector<std::int64_t> experts_left(const flow::Move& move, std::string_view specialty) {
    std::vector<std::int64_t> left;
    for (const access::Member& one : move.ground.directory.members(move.item.to_org, access::role::kExpert, specialty)) {
        const bool able = one.person.licence_ends > move.now && one.person.id != move.item.requester;
        if (able && !was_rung(move.item, one.person.id)) {
            left.push_back(one.person.id);
        }
    }
    return left;
}

/// Who is rung next: the roster in its order, one at a time; then everybody of the specialty at once; then every expert.
std::vector<std::int64_t> next_to_ring(const flow::Move& move) {
    const std::string& specialty = move.item.notes["specialty"].text();
    for (const access::Duty& duty : move.ground.directory.on_duty(move.item.to_org, specialty)) {
        if (duty.person != move.item.requester && !was_rung(move.item, duty.person)) {
            return {duty.person};
        }
    }
    std::vector<std::int64_t> left = specialty.empty() ? std::vector<std::int64_t>{} : experts_left(move, specialty);
    return left.empty() ? experts_left(move, "") : left;
}

Value names_of(const flow::Move& move, const std::vector<std::int64_t>& people) {
    Value names = Value::array();
    for (const std::int64_t person : people) {
        names.push(move.person_ref(person)["reference"]);
    }
    return names;
}

void ring_next(flow::Move& move) {
    const std::vector<std::int64_t> next = next_to_ring(move);
    for (const std::int64_t person : next) {
        ring(move, person);
    }
    move.details.set("rung", names_of(move, next));
}

/// The call is answered: the others are not needed any more.
void stop_ringing(flow::Move& move, std::int64_t except) {
    for (flow::Party& party : move.item.parties) {
        if (party.status == "rung" && party.person != except) {
            party.status = "left";
            party.reason = kAnswered;
        }
    }
}

/// Whoever answers leads; the patient's record opens to them.
void take_call(flow::Move& move) {
    if (const flow::Party* own = move.item.party(move.actor.person); own != nullptr && own->status == "accepted") {
        return;  // advice by telephone after the call was accepted
    }
    stop_ringing(move, move.actor.person);
    for (flow::Party& party : move.item.parties) {
        if (party.person == move.actor.person && party.takes_part()) {
            party.status = "accepted";
            party.lead = true;
            party.required = true;
            party.since = move.now;
        }
    }
    move.show_patient(access::person_key(move.actor.person), "consult.expert");
    move.notify(move.requester(), "flow.emergency_answered");
    move.notify({{}, {{move.item.to_org, std::string(access::role::kDutyLead)}}}, "flow.emergency_answered");
}

void start_ringing(flow::Move& move) {
    move.item.urgency = "emergency";
    if (move.item.notes["office"].is_object() && !move.item.has_left_office()) {
        move.item.notes.member("office").set("state", "not_reviewed");
    }
    move.show_items(access::desk_key(move.item.to_org, access::role::kCoordinator), "consult.desk");
    move.item.notes.set("mode", "session");  // it is talked over: nobody hands it back to the desk
    const access::Organisation hub = *move.ground.directory.organisation(move.item.to_org);
    move.show_items(access::desk_key(hub.id, access::role::kDutyLead), "consult.desk");
    move.notify({{}, {{hub.id, std::string(access::role::kDutyLead)}, {hub.id, std::string(access::role::kCoordinator)}}}, "flow.emergency");
    ring_next(move);
}

}  // namespace

void call_emergency(flow::Move& move) {
    take_form(move);
    start_ringing(move);
}

void upgrade(flow::Move& move) {
    for (flow::Party& party : move.item.parties) {
        if (!party.takes_part()) {
            continue;
        }
        party.status = "left";
        party.reason = "emergency";
        party.lead = false;
        move.move_part(party.part, "cascade_close", "lapsed", flow::Meaning::cancelled, true);
        move.end_right(access::person_key(party.person));
    }
    Value form = form_of(move);
    if (const std::int64_t asked = receiver_of(move.ground, move.item, move.fields); asked != move.item.to_org) {
        // Its consent may follow: the clock `consent` of this row is armed, because the one there names another institution.
        move.end_all_rights();
        move.item.to_org = asked;
        open_at_desk(move);
        form.set("receiver", move.fields["receiver"]);
        move.details.set("receiver", move.organisation_ref(asked)["display"]);
    }
    form.set("callback", move.fields["callback"]);
    form.set("urgency", "emergency");
    move.sign_over(create_form(move, form));
    move.item.notes.remove("missing_items");
    start_ringing(move);
    if (move.role == "coordinator") {
        move.notify(move.requester(), "flow.emergency");
    }
}

void roll_on(flow::Move& move) { ring_next(move); }

void open_to_all(flow::Move& move) {
    const std::vector<std::int64_t> left = experts_left(move, "");
    for (const std::int64_t person : left) {
        ring(move, person);
    }
    move.details.set("rung", names_of(move, left));
}

void accept_call(flow::Move& move) { take_call(move); }

void decline_call(flow::Move& move) {
    for (flow::Party& party : move.item.parties) {
        if (party.person == move.actor.person && party.status == "rung") {
            party.status = "declined";
            party.reason = move.input.reason;
        }
    }
    ring_next(move);
    move.notify({{}, {{move.item.to_org, std::string(access::role::kDutyLead)}}}, "flow.offer_declined");
}

void hand_over(flow::Move& move) {
    for (flow::Party& party : move.item.parties) {
        if (party.person == move.actor.person && party.takes_part()) {
            party.status = "left";
            party.reason = move.input.reason;
            party.lead = false;
        }
    }
    move.end_right(access::person_key(move.actor.person));
    // Those who were rung and not needed may be rung again.
    std::erase_if(move.item.parties, [](const flow::Party& one) { return one.status == "left" && one.reason == kAnswered; });
    ring_next(move);
}

void phone_advice(flow::Move& move) {
    take_call(move);
    Value payload = Value::array();
    payload.push(Value::object({{"contentString", move.fields["text"]}}));
    payload.push(Value::object({{"contentString", move.fields["read_back_text"]}}));
    Value call = Value::object({{"resourceType", "Communication"}, {"status", "completed"}});
    Value medium = Value::object({{"system", "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"}, {"code", "PHONE"}});
    call.set("medium", Value::array({Value::object({{"coding", Value::array({std::move(medium)})}})}));
    call.set("subject", Value::object({{"reference", move.item.patient}}));
    call.set("about", Value::array({Value::object({{"reference", "Task/" + move.item.id}})}));
    call.set("sent", format_instant(move.occurred));
    call.set("sender", move.person_ref(move.actor.person));
    call.set("recipient", Value::array({move.person_ref(move.item.requester)}));
    call.set("payload", std::move(payload));
    const std::string reference = move.create(std::move(call), "phone_advice");
    move.item.notes.set("phone_advice", Value::object({{"resource", reference},
                                                       {"text", move.fields["text"]},
                                                       {"read_back_text", move.fields["read_back_text"]},
                                                       {"by", move.actor.person},
                                                       {"at", format_instant(move.occurred)}}));
    move.details.set("text", move.fields["text"]);
    move.details.set("read_back_text", move.fields["read_back_text"]);
}

}  // namespace qiao::consult::verbs
