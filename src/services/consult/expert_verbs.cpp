#include "access/role.hpp"
#include "services/consult/consult.hpp"

#include <algorithm>

namespace qiao::consult::verbs {

namespace {

flow::Party* party_of(flow::Move& move, std::int64_t person) {
    for (flow::Party& party : move.item.parties) {
        if (party.person == person && party.takes_part()) {
            return &party;
        }
    }
    return nullptr;
}

std::optional<std::int64_t> person_of(const flow::Ground& ground, const json::Value& reference) {
    const std::optional<access::Person> person = ground.directory.person_by_resource(reference.text());
    return person && person->active ? std::optional(person->id) : std::nullopt;
}

/// The lead of this move: the named one, else the one there is, else the first.
std::int64_t lead_of(const flow::Move& move) {
    if (const auto named = person_of(move.ground, move.fields["lead"])) {
        return *named;
    }
    if (const flow::Party* lead = move.item.lead()) {
        return lead->person;
    }
    const std::vector<json::Value> experts = flow::list_of(move.fields, "experts");
    return experts.empty() ? 0 : person_of(move.ground, experts.front()).value_or(0);
}

}  // namespace

std::optional<flow::Refusal> experts_able(const flow::GuardContext& context, const flow::Move* move) {
    if (move == nullptr) {
        return std::nullopt;
    }
    const auto refuse = [](std::string_view code, const char* text) { return flow::Refusal{ErrorKind::conflict, code, text}; };
    bool lead_is_asked = !flow::is_given(move->fields["lead"]);
    for (const json::Value& expert : flow::list_of(move->fields, "experts")) {
        const std::optional<std::int64_t> person = person_of(context.ground, expert);
        if (!person) {
            return refuse("flow.no_expert", "no such expert");
        }
        if (!context.ground.directory.membership_of(*person, context.item.to_org, access::role::kExpert)) {
            return refuse("flow.consent_missing", "the consent names the receiving institution only; an expert elsewhere needs a new consent");
        }
        if (context.ground.directory.person(*person)->licence_ends <= context.now) {
            return refuse("flow.licence_ended", "this expert's licence has ended");
        }
        if (*person == context.item.requester) {
            return refuse("flow.no_expert", "nobody answers an own request");
        }
        if (context.item.party(*person) != nullptr) {
            return refuse("flow.no_expert", "already asked");
        }
        lead_is_asked = lead_is_asked || expert.text() == move->fields["lead"].text();
    }
    return lead_is_asked ? std::nullopt : std::optional(refuse("flow.no_expert", "the lead is one of the asked experts"));
}

namespace {

void ask(flow::Move& move, std::int64_t person, bool lead, bool required) {
    flow::Party party;
    party.role = "expert";
    party.person = person;
    party.organisation = move.item.to_org;
    party.status = "offered";
    party.lead = lead;
    party.required = required;
    party.since = move.now;
    const auto membership = move.ground.directory.membership_of(person, move.item.to_org, access::role::kExpert);
    party.specialty = membership ? membership->specialty : "";
    party.part = move.open_part(party);
    move.item.parties.push_back(party);
    move.notify({{person}, {}}, "flow.case_offered");
}

}  // namespace

void offer_next(flow::Move& move, const flow::Party& gone, bool was_lead) {
    for (const access::Duty& duty : move.ground.directory.on_duty(move.item.to_org, gone.specialty)) {
        const bool known = std::any_of(move.item.parties.begin(), move.item.parties.end(), [&](const flow::Party& one) { return one.person == duty.person; });
        if (duty.specialty.empty() || known || duty.person == move.item.requester) {
            continue;
        }
        const bool lead = was_lead && move.item.lead() == nullptr;
        ask(move, duty.person, lead, gone.required);
        move.details.set("offered_next", move.person_ref(duty.person)["reference"]);
        return;
    }
}

namespace {

/// Where several specialties are asked, each of them is waited for, whoever comes for it. One alone may be replaced by any.
void require_specialties(flow::Move& move) {
    json::Value wanted = json::Value::array();
    for (const flow::Party& party : move.item.parties) {
        const bool known = std::any_of(wanted.items().begin(), wanted.items().end(), [&](const json::Value& one) { return one.text() == party.specialty; });
        if (party.role == "expert" && party.required && !party.specialty.empty() && !known) {
            wanted.push(party.specialty);
        }
    }
    move.item.notes.set("required_specialties", wanted.size() > 1 ? std::move(wanted) : json::Value::array());
}

}  // namespace

void ask_experts(flow::Move& move, bool first) {
    if (first) {
        move.item.notes.set("mode", move.fields["mode"]);
        if (flow::is_given(move.fields["time"])) {
            move.item.notes.set("time", move.fields["time"]);
            move.request.set("occurrenceDateTime", move.fields["time"]);
        }
    }
    const std::int64_t lead = lead_of(move);
    const std::vector<json::Value> optional = flow::list_of(move.fields, "optional");
    for (const json::Value& expert : flow::list_of(move.fields, "experts")) {
        const std::int64_t person = *person_of(move.ground, expert);
        const bool required = std::none_of(optional.begin(), optional.end(), [&](const json::Value& one) { return one.text() == expert.text(); });
        ask(move, person, person == lead, required || person == lead);
    }
    if (first) {
        require_specialties(move);
    }
    if (flow::is_given(move.fields["lead"])) {
        for (flow::Party& party : move.item.parties) {
            party.lead = party.person == lead && party.takes_part();
        }
    }
    move.details.set("experts", json::Value::array(flow::list_of(move.fields, "experts")));
    move.details.set("mode", move.item.notes["mode"]);
    if (!move.item.notes["time"].is_null()) {
        move.details.set("time", move.item.notes["time"]);
    }
}

void accept(flow::Move& move) {
    flow::Party* party = party_of(move, move.actor.person);
    party->status = "accepted";
    move.move_part(party->part, "accept", "accepted", flow::Meaning::accepted, false);
    move.show_patient(access::person_key(party->person), "consult.expert");
    move.notify(move.desk(), "flow.offer_accepted");
    move.notify(move.requester(), "flow.offer_accepted");
}

void decline(flow::Move& move) {
    flow::Party* party = party_of(move, move.actor.person);
    const bool had_accepted = party->status == "accepted";
    const bool was_lead = party->lead;
    party->status = "declined";
    party->reason = move.input.reason;
    party->lead = false;
    move.move_part(party->part, had_accepted ? "leave" : "decline", "declined", flow::Meaning::rejected, true);
    if (had_accepted) {
        move.end_right(access::person_key(party->person));
        if (move.item.notes["device_ok"].is_object()) {
            move.item.notes.member("device_ok").remove("expert");  // whoever comes checks their own
        }
    }
    offer_next(move, flow::Party(*party), was_lead);
    move.notify(move.desk(), "flow.offer_declined");
}

void offer_lapsed(flow::Move& move) {
    for (flow::Party& party : move.item.parties) {
        if (party.part != move.fields["case"].text() || party.status != "offered") {
            continue;
        }
        const bool was_lead = party.lead;
        party.status = "left";
        party.reason = "no_answer";
        party.lead = false;
        move.move_part(party.part, "lapse", "lapsed", flow::Meaning::cancelled, true);
        move.details.set("no_answer", move.person_ref(party.person)["reference"]);
        offer_next(move, flow::Party(party), was_lead);
        move.notify(move.desk(), "flow.offer_declined");
        return;
    }
}

void release_specialty(flow::Move& move) {
    const std::string& released = move.fields["specialty"].text();
    json::Value kept = json::Value::array();
    for (const json::Value& one : move.item.notes["required_specialties"].items()) {
        if (one.text() != released) {
            kept.push(one);
        }
    }
    move.item.notes.set("required_specialties", std::move(kept));
    for (flow::Party& party : move.item.parties) {
        party.required = party.required && (party.lead || party.specialty != released);
    }
    move.details.set("specialty", move.fields["specialty"]);
}

void hand_back(flow::Move& move) {
    for (flow::Party& party : move.item.parties) {
        if (party.lead && party.status == "accepted") {
            party.status = "left";
            party.reason = move.input.reason;
            party.lead = false;
            if (!party.part.empty()) {
                move.move_part(party.part, "leave", "declined", flow::Meaning::rejected, true);
            }
            move.end_right(access::person_key(party.person));
        }
    }
    move.notify(move.desk(), "flow.offer_declined");
}

std::vector<std::string> missing_specialties(const flow::Case& item) {
    std::vector<std::string> missing;
    for (const json::Value& wanted : item.notes["required_specialties"].items()) {
        const bool there = std::any_of(item.parties.begin(), item.parties.end(), [&](const flow::Party& one) {
            return one.specialty == wanted.text() && one.role == "expert" && one.takes_part() && !one.is_asked();
        });
        if (!there) {
            missing.push_back(wanted.text());
        }
    }
    return missing;
}

bool has_quorum(const flow::Case& item) {
    const flow::Party* lead = item.lead();
    const bool waits = std::any_of(item.parties.begin(), item.parties.end(), [](const flow::Party& party) { return party.required && party.is_asked(); });
    return lead != nullptr && !lead->is_asked() && !waits && missing_specialties(item).empty();
}

}  // namespace qiao::consult::verbs
