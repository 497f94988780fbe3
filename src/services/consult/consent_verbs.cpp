#include "access/role.hpp"
#include "services/consult/consent.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/request_form.hpp"

namespace qiao::consult {

namespace {

using json::Value;

constexpr std::string_view kEmergency_states = "calling answering in_session interrupted opinion_draft";

/// Whoever was asked at the other institution has no part in the case any more.
void dismiss(flow::Move& move, const char* reason) {
    for (flow::Party& party : move.item.parties) {
        if (!party.takes_part()) {
            continue;
        }
        if (party.is_asked() || party.status == "accepted") {
            move.move_part(party.part, "cascade_close", "lapsed", flow::Meaning::cancelled, true);
        }
        party.status = "left";
        party.reason = reason;
        party.lead = false;
    }
    move.end_all_rights();
}

}  // namespace

namespace verbs {

void add_consent(flow::Move& move) {
    create_consent(move, move.fields["consent"]);
    move.details.set("by", move.fields["consent"]["by"]);
}

void refuse_consent(flow::Move& move) {
    create_refusal(move, move.fields["consent"], receiver_of(move.ground, move.item, move.fields));
    move.details.set("by", move.fields["consent"]["by"]);
    if (flow::is_given(move.fields["consent"]["reason"])) {
        move.details.set("reason", move.fields["consent"]["reason"]);
    }
}

void withdraw_consent(flow::Move& move) {
    const bool to_requester_only = flow::has_word("opinion_signed filed feedback_due", move.item.state);
    if (move.item.notes["consent"]["resource"].is_null()) {  // an emergency whose consent was still owed: the answer is no
        Value consent = Value::object({{"by", move.fields["by"]}, {"name", move.fields["name"]}, {"reason", move.input.reason}});
        create_refusal(move, consent, move.item.to_org);
        move.details.set("by", move.fields["by"]);
    } else {
        end_consent(move, "consultation", move.fields["by"], move.fields["name"]);
    }
    if (move.fields["by"].text() == "patient") {
        move.item.withheld = false;  // who withdraws knows of it
    }
    deny_receiver(move);
    move.notify(move.everybody(), "flow.consent_withdrawn");
    dismiss(move, "consent_withdrawn");
    move.details.set("kept_by_requester", to_requester_only);
}

void withdraw_scope(flow::Move& move) {
    end_consent(move, move.fields["scope"].text(), move.fields["by"], move.fields["name"]);
    move.notify(move.requester(), "flow.consent_withdrawn");
}

void review_consent(flow::Move& move) {
    const std::string& outcome = move.fields["outcome"].text();
    if (outcome == "replace") {
        create_consent(move, move.fields["consent"]);
        move.details.set("by", move.fields["consent"]["by"]);
    } else {
        note_review(move, outcome);
        move.item.withheld = outcome == "continue";
    }
    move.details.set("outcome", outcome);
}

void reroute(flow::Move& move) {
    const flow::Audience before = move.desk();
    move.details.set("receiver", move.organisation_ref(receiver_of(move.ground, move.item, move.fields))["display"]);
    dismiss(move, "rerouted");
    move.notify(before, "flow.case_ended");
    Value form = form_of(move);
    move.item.to_org = receiver_of(move.ground, move.item, move.fields);
    form.set("receiver", move.fields["receiver"]);
    form.set("consent", move.fields["consent"]);
    move.sign_over(create_form(move, form));
    create_consent(move, move.fields["consent"]);
    for (const char* gone : {"missing_items", "not_obtainable", "required_specialties", "time", "device_ok"}) {
        move.item.notes.remove(gone);
    }
    move.item.notes.set("mode", "written");
    open_at_desk(move);
}

void check_consent_move(const flow::Move& move, const Value& patient, flow::FieldCheck& check) {
    const std::string& action = move.input.action;
    const std::int64_t receiver = receiver_of(move.ground, move.item, move.fields);
    if (action == "refuse_consent") {
        check_refusal(move, move.fields["consent"], check);
        if (receiver == 0) {
            check.refuse("flow.missing_field", "receiver", "the institution that is asked");
        }
    } else if (action == "add_consent") {
        check_consent(move, patient, move.fields["consent"], move.item.to_org, check);
    } else if (action == "reroute") {
        if (receiver == 0 || receiver == move.item.to_org) {
            check.refuse("flow.bad_field", "receiver", "another institution than the present one");
        }
        check_consent(move, patient, move.fields["consent"], receiver, check);
    } else if (action == "review_consent") {
        check.one_of(move.fields, "outcome", move.item.ended ? "continue told" : "continue replace");
        if (move.fields["outcome"].text() == "replace") {
            check_consent(move, patient, move.fields["consent"], move.item.to_org, check);
        }
    } else {
        check.one_of(move.fields, "by", "patient guardian relative");
        check.one_of(move.fields, "scope", "recording teaching");
        check.text_limit(move.fields, "name", 200);
        const bool running = move.item.urgency == "emergency" && flow::has_word(kEmergency_states, move.item.state);
        if (action == "withdraw_consent" && running && !move.fields["confirmed"].truth()) {
            check.refuse("flow.missing_field", "confirmed", "an emergency is going on: who withdraws was told that help from the other institution ends now");
        }
    }
}

std::optional<flow::Refusal> consent_guard(std::string_view name, const flow::GuardContext& context, const flow::Move* move) {
    const flow::Case& item = context.item;
    bool holds = false;
    if (name == "consent_missing") {  // a draft carries its consent in the form
        bool asked_again = false;
        for (const Value& missing : item.notes["missing_items"].items()) {
            asked_again = asked_again || missing["code"].text() == "consent";
        }
        holds = item.state != "draft" && item.notes["consent"]["withdrawn"].is_null() && (asked_again || !has_answer(item) || is_denied(context.ground, item));
    } else if (name == "consent_given") {
        const std::string_view state = consent_state(item);
        holds = flow::has_word("given relative missing", state);
    } else if (name == "scope_given") {
        holds = move == nullptr ? consents_to(item, "recording") || consents_to(item, "teaching") : consents_to(item, move->fields["scope"].text());
    } else if (name == "withheld") {
        holds = item.withheld;
    } else if (name == "other_institution") {  // a clinic with one partner is not offered another
        holds = context.ground.directory.partners(item.from_org, "consult").size() > 1;
    }
    return holds ? std::nullopt : std::optional(flow::Refusal{ErrorKind::conflict, "", "there is no such consent"});
}

}  // namespace verbs

void Consult::withdraw_for_patient(const record::Actor& patient, std::string_view case_id, std::string_view scope, bool confirmed) {
    Value fields = Value::object({{"by", "patient"}, {"confirmed", confirmed}});
    if (scope != "consultation") {
        fields.set("scope", scope);
    }
    if (!engine_.move_in_role(case_id, patient, "patient", scope == "consultation" ? "withdraw_consent" : "withdraw_scope", std::move(fields))) {
        throw Error(ErrorKind::conflict, "flow.not_open", "there is nothing to withdraw");
    }
}

}  // namespace qiao::consult
