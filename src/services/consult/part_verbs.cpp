#include "flow/form.hpp"
#include "services/consult/consult.hpp"

namespace qiao::consult::verbs {

namespace {

using json::Value;

Value coded(std::string_view code) { return Value::object({{"coding", Value::array({Value::object({{"system", "urn:qiao:opinion"}, {"code", code}})})}}); }

Value reference_to(std::string_view reference) { return Value::object({{"reference", reference}}); }

}  // namespace

/// An expert's own part: a signed Composition of its own, whatever the lead makes of it.
void contribute(flow::Move& move) {
    Value section =
        Value::object({{"title", "意见 Opinion"}, {"code", coded(move.fields["stance"].text())}, {"text", flow::narrative(move.fields["text"].text())}});
    Value part = Value::object({{"resourceType", "Composition"}, {"status", "final"}});
    part.set("type",
             Value::object({{"coding", Value::array({Value::object({{"system", "http://loinc.org"}, {"code", "11488-4"}, {"display", "Consult note"}})})}}));
    part.set("subject", reference_to(move.item.patient));
    part.set("date", format_instant(move.now));
    part.set("author", Value::array({move.person_ref(move.actor.person)}));
    part.set("title", "会诊专家意见 Expert's part of a consultation");
    part.set("custodian", move.organisation_ref(move.item.to_org));
    part.set("event", Value::array({Value::object({{"detail", Value::array({reference_to(move.item.request)})}})}));
    part.set("section", Value::array({std::move(section)}));
    const std::string reference = move.create(std::move(part), "part_opinion");
    move.sign_over(reference);
    for (flow::Party& party : move.item.parties) {
        if (party.person != move.actor.person || !party.takes_part()) {
            continue;
        }
        party.status = "signed";
        move.move_part(party.part, "contribute", "signed", flow::Meaning::done, true);
        move.item.notes.member("parts").push(Value::object({{"person", party.person},
                                                            {"specialty", party.specialty},
                                                            {"stance", move.fields["stance"]},
                                                            {"resource", reference},
                                                            {"signed", format_instant(move.now)}}));
    }
    move.details.set("stance", move.fields["stance"]);
    move.notify(move.lead(), "flow.part_signed");
}

Value part_sections(flow::Move& move) {
    Value sections = Value::array();
    for (const Value& one : move.item.notes["parts"].items()) {
        const std::string& reference = one["resource"].text();
        const Value person = move.person_ref(one["person"].integer().value_or(0));
        Value section = Value::object({{"title", person["display"]}, {"code", coded(one["stance"].text())}, {"author", Value::array({person})}});
        section.set("text", move.read(reference)["section"].at(0)["text"]);
        section.set("entry", Value::array({reference_to(reference)}));
        sections.push(std::move(section));
    }
    return sections;
}

}  // namespace qiao::consult::verbs
