#include "access/role.hpp"
#include "flow/form.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/consult_table.hpp"

#include <algorithm>

namespace qiao::consult {

namespace {

using json::Value;

bool is_open(const flow::Party& party) { return party.is_asked() || party.status == "accepted"; }

/// A doctor of the institution who takes over from one who has left: whoever is there longest.
std::int64_t successor(const flow::Ground& ground, const flow::Case& item, std::int64_t gone) {
    std::int64_t found = 0;
    std::int64_t first = 0;
    for (const access::Member& one : ground.directory.members(item.from_org, access::role::kDoctor)) {
        if (one.person.id != gone && (found == 0 || one.membership.id < first)) {
            found = one.person.id;
            first = one.membership.id;
        }
    }
    return found;
}

}  // namespace

std::string_view Consult::on_fact(const flow::Ground& ground, std::string_view fact, const flow::Case& item, std::int64_t person) const {
    if (fact == "role_end" && person == item.requester) {
        return successor(ground, item, person) != 0 ? "retarget" : "";
    }
    const flow::Party* own = person == 0 ? nullptr : item.party(person);
    if (person != 0 && (own == nullptr || !is_open(*own))) {
        return {};
    }
    const auto accepted = [](const flow::Party& party) { return party.status == "accepted"; };
    if (fact == "contract_end" && std::any_of(item.parties.begin(), item.parties.end(), accepted)) {
        return {};
    }
    if (fact == "death" && item.state == "opinion_draft" && item.notes["mode"].text() != "session") {
        return "cascade_close";
    }
    for (const FactRule& rule : kConsultFacts) {
        if (rule.fact == fact && flow::has_word(rule.states, item.state)) {
            return rule.action;
        }
    }
    return {};
}

std::string_view Consult::fact_about(const flow::Ground& ground, std::int64_t person_id, std::int64_t organisation, bool requester) const {
    const std::optional<access::Person> person = ground.directory.person(person_id);
    const std::string_view role = requester ? access::role::kDoctor : access::role::kExpert;
    if (!person || !person->active || !ground.directory.membership_of(person_id, organisation, role)) {
        return "role_end";
    }
    return !requester && person->licence_ends <= ground.clock.now() ? "licence_end" : "";
}

namespace verbs {

void cascade_close(flow::Move& move) {
    finish(move, "flow.case_ended");
    move.item.notes.set("cascade", move.fields["cascade"]);
}

/// Parties and notes stayed as they were; the state, the rights, the parts and the clocks come back.
void restore(flow::Move& move) {
    const Value& before = move.fields["before"];
    move.to_state = before["state"].text();
    for (const Value& viewer : before["viewers"].items()) {
        const std::int64_t key = viewer["key"].integer().value_or(0);
        if (viewer["patient"].truth()) {
            move.show_patient(key, viewer["reason"].text());
        } else {
            move.show_items(key, viewer["reason"].text());
        }
    }
    for (const flow::Party& party : move.item.parties) {
        if (!party.part.empty() && party.status == "offered") {
            move.move_part(party.part, "restore", "offered", flow::Meaning::offered, false);
        } else if (!party.part.empty() && party.status == "accepted") {
            move.move_part(party.part, "restore", "accepted", flow::Meaning::accepted, false);
        }
    }
    move.item.notes.remove("cascade");
    move.details.set("fact", move.fields["fact"]);
    move.restore_clocks(move.fields["cascade"].text());
    move.notify(move.everybody(), "flow.case_restored");
}

void retarget(flow::Move& move) {
    const std::string& fact = move.fields["fact"].text();
    move.details.set("fact", fact);
    const auto person = move.ground.directory.person_by_resource(move.fields["target"].text());
    const std::int64_t gone = person ? person->id : 0;
    if (gone == move.item.requester && fact == "role_end") {
        move.item.requester = successor(move.ground, move.item, gone);
        move.details.set("requester", move.person_ref(move.item.requester)["reference"]);
        move.notify(move.requester(), "flow.case_yours");
        return;
    }
    const auto at =
        std::find_if(move.item.parties.begin(), move.item.parties.end(), [&](const flow::Party& one) { return one.person == gone && is_open(one); });
    if (at == move.item.parties.end()) {
        return;
    }
    const flow::Party left = *at;
    at->status = "left";
    at->reason = "cascade:" + fact;
    at->lead = false;
    move.details.set("left", move.person_ref(gone)["reference"]);
    if (!left.part.empty()) {
        const bool asked = left.is_asked();
        move.move_part(left.part, asked ? "lapse" : "leave", asked ? "lapsed" : "declined", asked ? flow::Meaning::cancelled : flow::Meaning::rejected, true);
    }
    move.end_right(access::person_key(gone));
    move.notify(move.desk(), "flow.offer_declined");
    if (move.item.state == "calling") {
        roll_on(move);
        return;
    }
    if (move.item.notes["device_ok"].is_object()) {
        move.item.notes.member("device_ok").remove("expert");
    }
    // Without those who are needed the case waits for the next ones, who accept first.
    const bool session_waits = left.required && flow::has_word("confirmed ready", move.item.state);
    if (left.status == "accepted" && (left.lead || session_waits)) {
        move.to_state = "scheduled";
    }
    if (left.lead || move.item.state != "opinion_draft") {
        offer_next(move, left, left.lead);
    }
}

}  // namespace verbs
}  // namespace qiao::consult
