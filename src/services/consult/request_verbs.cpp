#include "access/role.hpp"
#include "access/sensitive_label.hpp"
#include "flow/form.hpp"
#include "services/consult/consent.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/request_form.hpp"

#include <algorithm>

namespace qiao::consult::verbs {

namespace {

using json::Value;

constexpr std::string_view kFormFields =
    "purpose specialty rank urgency receiver summary question callback vitals allergies drugs pregnancy weight attachments consent";

/// Only what the form knows: a client's other members do not get into the record.
Value form_fields(const Value& fields) {
    Value form = Value::object();
    flow::each_word(kFormFields, [&](std::string_view name) {
        if (flow::is_given(fields[name])) {
            form.set(name, fields[name]);
        }
        return true;
    });
    return form;
}

/// What the requester lets those who take part see of labelled material: nothing by itself. An emergency shows what the whole record
/// is labelled with, because without that nobody could answer.
void show_labels(flow::Move& move) {
    std::int64_t shown = access::labels_in(Value::array(flow::list_of(move.fields, "labels_shown")));
    if (move.item.urgency == "emergency") {
        const auto reader = move.ground.record.read(record::ReadFilter::system("an emergency shows a labelled record"));
        shown |= access::labels_of(reader->get(move.item.patient).value());
    }
    Value codes = Value::array();
    for (const std::string_view code : record::codes_of(shown)) {
        codes.push(code);
    }
    move.item.notes.set("labels_shown", std::move(codes));
}

void keep_price(flow::Move& move) {
    if (const auto contract = move.ground.directory.contract(move.item.from_org, move.item.to_org, "consult"); contract && contract->terms.fee_minor > 0) {
        // The price that was shown before the consent holds, whatever the contract says later.
        move.item.notes.set("fee", Value::object({{"amount_minor", contract->terms.fee_minor}, {"currency", contract->terms.currency}}));
    }
}

bool differ(const Value& a, const Value& b, std::string_view names) {
    return !flow::each_word(names, [&](std::string_view name) { return a[name].dump() == b[name].dump(); });
}

}  // namespace

void take_form(flow::Move& move) {
    const Value form = form_fields(move.fields);
    const Value before = form_of(move);  // what the office sent back
    move.item.to_org = receiver_of(move.ground, move.item, move.fields);
    if (flow::is_given(form["urgency"])) {
        move.item.urgency = form["urgency"].text();
    }
    for (const flow::Study& study : move.ground.studies.of_patient(move.item.patient)) {
        move.add_item(study.resource, "study");
    }
    const std::string form_ref = create_form(move, form);
    move.sign_over(form_ref);
    if (!before.is_object() || differ(before, form, "vitals allergies drugs pregnancy weight")) {
        retire_findings(move);
        extract_findings(move, form);
    }
    if (form["consent"].is_object() && (!before.is_object() || differ(before, form, "consent receiver") || !has_answer(move.item))) {
        create_consent(move, form["consent"]);
    }
    show_labels(move);
    for (const char* name : {"purpose", "specialty", "rank"}) {
        move.item.notes.set(name, form[name]);
    }
    Value reasons = Value::array();
    if (flow::is_given(form["summary"])) {
        reasons.push(Value::object({{"text", form["summary"]}}));
        move.request.set("reasonCode", std::move(reasons));
    }
    move.request.set("note", Value::array({Value::object({{"text", form["question"]}})}));
    keep_price(move);
}

void open_at_desk(flow::Move& move) {
    move.show_items(access::desk_key(move.item.to_org, access::role::kCoordinator), "consult.desk");
    keep_price(move);
}

void check_labels(const flow::Move& move, const Value& patient, flow::FieldCheck& fields) {
    const std::int64_t shown = access::labels_in(Value::array(flow::list_of(move.fields, "labels_shown")));
    const bool emergency = move.input.action == "call_emergency" || move.fields["urgency"].text() == "emergency";
    if (!emergency && (access::labels_of(patient) & ~shown) != 0) {
        fields.refuse("consult.labels_not_shown", "labels_shown", "the whole record is labelled: nobody could answer without seeing it");
    }
}

std::int64_t receiver_of(const flow::Ground& ground, const flow::Case& item, const Value& fields) {
    if (!flow::is_given(fields["receiver"])) {
        return item.to_org;
    }
    const std::optional<access::Organisation> organisation = ground.directory.organisation_by_resource(fields["receiver"].text());
    return organisation && organisation->active ? organisation->id : 0;
}

void open_to_receiver(flow::Move& move) {
    move.show_items(access::desk_key(move.item.to_org, access::role::kCoordinator), "consult.desk");
    move.notify(move.desk(), "flow.case_submitted");
}

void submit(flow::Move& move) {
    take_form(move);
    open_to_receiver(move);
}

void give_back(flow::Move& move) {
    move.item.notes.set("missing_items", Value::array(flow::list_of(move.fields, "missing_items")));
    move.details.set("missing_items", move.item.notes["missing_items"]);
    move.notify(move.requester(), "flow.case_returned");
}

std::optional<flow::Refusal> not_asked_before(const flow::Move* move) {
    if (move == nullptr) {
        return std::nullopt;
    }
    for (const Value& missing : flow::list_of(move->fields, "missing_items")) {
        const std::string& code = missing["code"].text();
        for (const Value& refused : move->item.notes["not_obtainable"].items()) {
            if (refused.text() == code && code != "other") {
                return flow::Refusal{ErrorKind::conflict, "flow.item_asked_before", "the clinic said that it cannot obtain: " + code};
            }
        }
    }
    return std::nullopt;
}

void resubmit(flow::Move& move) {
    move.details.set("items", Value::array(flow::list_of(move.fields, "items")));
    if (flow::is_given(move.fields["summary"]) || flow::is_given(move.fields["question"])) {
        Value form = form_of(move);
        for (const char* name : {"summary", "question"}) {
            if (flow::is_given(move.fields[name])) {
                form.set(name, move.fields[name]);
            }
        }
        // What was signed stays as it was: the changed form is a resource of its own with its own signature.
        move.sign_over(create_form(move, form));
    }
    move.item.notes.remove("missing_items");
    move.notify(move.desk(), "flow.case_submitted");
}

void proceed_without(flow::Move& move) {
    Value& refused = move.item.notes.member("not_obtainable");
    for (const Value& one : flow::list_of(move.fields, "not_obtainable")) {
        refused.push(one.is_object() ? one["code"] : one);
    }
    move.details.set("not_obtainable", Value::array(flow::list_of(move.fields, "not_obtainable")));
    move.item.notes.remove("missing_items");
    move.notify(move.desk(), "flow.case_submitted");
}

void finish(flow::Move& move, std::string_view notice) {
    for (flow::Party& party : move.item.parties) {
        if (party.is_asked() || party.status == "accepted") {
            move.move_part(party.part, "cascade_close", "lapsed", flow::Meaning::cancelled, true);
        }
    }
    for (const char* name : {"reason_code", "fact"}) {
        if (flow::is_given(move.fields[name])) {
            move.details.set(name, move.fields[name]);
        }
    }
    if (!notice.empty()) {
        move.notify(move.everybody(), notice);
    }
    move.end_all_rights();
}

}  // namespace qiao::consult::verbs
