#include "access/role.hpp"
#include "services/consult/consult.hpp"

#include <algorithm>

namespace qiao::consult::verbs {

namespace {

flow::Party* party_of(flow::Move& move, std::int64_t person) {
    for (flow::Party& party : move.item.parties) {
        if (party.person == person && party.status != "declined" && party.status != "left") {
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

void ask_experts(flow::Move& move, bool first) {
    if (first) {
        move.item.notes.set("mode", move.fields["mode"]);
        if (flow::is_given(move.fields["time"])) {
            move.item.notes.set("time", move.fields["time"]);
            move.request.set("occurrenceDateTime", move.fields["time"]);
        }
    }
    const std::int64_t lead = lead_of(move);
    for (const json::Value& expert : flow::list_of(move.fields, "experts")) {
        flow::Party party;
        party.role = "expert";
        party.person = *person_of(move.ground, expert);
        party.organisation = move.item.to_org;
        party.status = "offered";
        party.lead = party.person == lead;
        party.since = move.now;
        const auto membership = move.ground.directory.membership_of(party.person, move.item.to_org, access::role::kExpert);
        party.specialty = membership ? membership->specialty : "";
        party.part = move.open_part(party);
        move.item.parties.push_back(party);
        move.notify({{party.person}, {}}, "flow.case_offered");
    }
    if (flow::is_given(move.fields["lead"])) {
        for (flow::Party& party : move.item.parties) {
            party.lead = party.person == lead && party.status != "declined" && party.status != "left";
        }
    }
    move.details.set("experts", json::Value::array(flow::list_of(move.fields, "experts")));
    move.details.set("mode", move.item.notes["mode"]);
}

void accept(flow::Move& move) {
    flow::Party* party = party_of(move, move.actor.person);
    party->status = "accepted";
    move.move_part(party->part, "accept", "accepted", flow::Meaning::accepted, false);
    move.show_patient(access::person_key(party->person), "consult.expert");
    move.notify(move.desk(), "flow.offer_accepted");
    move.notify(move.requester(), "flow.offer_accepted");
}

void accept_call(flow::Move& move) {
    flow::Party party;
    party.role = "expert";
    party.person = move.actor.person;
    party.organisation = move.item.to_org;
    party.status = "accepted";
    party.lead = true;
    party.since = move.now;
    move.item.parties.push_back(party);
    move.show_patient(access::person_key(party.person), "consult.expert");
    move.notify(move.requester(), "flow.offer_accepted");
}

void decline(flow::Move& move) {
    flow::Party* party = party_of(move, move.actor.person);
    const bool had_accepted = party->status == "accepted";
    party->status = "declined";
    party->reason = move.input.reason;
    party->lead = false;
    move.move_part(party->part, had_accepted ? "leave" : "decline", "declined", flow::Meaning::rejected, true);
    if (had_accepted) {
        move.end_right(access::person_key(party->person));
    }
    move.notify(move.desk(), "flow.offer_declined");
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

bool has_quorum(const flow::Case& item) {
    const flow::Party* lead = item.lead();
    return lead != nullptr && lead->status != "offered" &&
           std::none_of(item.parties.begin(), item.parties.end(), [](const flow::Party& party) { return party.required && party.status == "offered"; });
}

}  // namespace qiao::consult::verbs
