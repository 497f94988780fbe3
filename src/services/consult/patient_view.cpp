#include "services/consult/patient_view.hpp"

#include "base/text.hpp"
#include "flow/case_view.hpp"
#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/verification.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::consult {

namespace {

using json::Value;

/// Moves that mean something to the patient; the rest is the staff's business.
constexpr std::string_view kTold =
    "submit submit_to_office call_emergency upgrade give_back resubmit proceed_without schedule accept confirm reschedule begin interrupt resume conclude "
    "phone_advice sign amend file answer reject withdraw lapse give_up add_consent withdraw_consent attach_study detach_study";
constexpr std::string_view kSends = "submit submit_to_office call_emergency";
constexpr std::string_view kHidden = "draft entered_in_error";
/// Where the case lies: with the clinic that asked, else with the hospital that was asked.
constexpr std::string_view kAtTheClinic = "office_check returned opinion_signed filed feedback_due";

Value name_view(const flow::Ground& ground, std::int64_t organisation) {
    Value view = flow::organisation_view(ground, organisation);
    view.remove("reference");
    return view;
}

/// The first time by which the patient may expect something: the whole case's, else the nearest.
Value until_view(storage::Connection& connection, const flow::Case& item) {
    std::optional<Instant> nearest;
    for (const flow::ClockRow& clock : flow::store::clocks_of(connection, item.id)) {
        if (clock.stopped || !clock.due) {
            continue;
        }
        if (clock.name == "done" || clock.name == "opinion_emergency") {
            return format_instant(*clock.due);
        }
        nearest = nearest ? std::min(*nearest, *clock.due) : *clock.due;
    }
    return nearest ? Value(format_instant(*nearest)) : Value();
}

Value head_view(const flow::Ground& ground, storage::Connection& connection, const flow::Case& item, Instant sent) {
    Value view = Value::object({{"case", item.id}, {"number", item.number}, {"state", item.state}, {"urgency", item.urgency}, {"sent", format_instant(sent)}});
    view.set("ended", item.ended);
    view.set("from", name_view(ground, item.from_org));
    view.set("to", name_view(ground, item.to_org));
    view.set("with", item.ended ? Value() : Value(flow::has_word(kAtTheClinic, item.state) ? "from" : "to"));
    view.set("until", item.ended || item.notes["opinion"].is_object() ? Value() : until_view(connection, item));
    view.set("has_opinion", item.notes["opinion"].is_object());
    return view;
}

Value timeline_view(const flow::Case& item, const std::vector<flow::MoveRow>& moves) {
    Value list = Value::array();
    for (const flow::MoveRow& row : moves) {
        if (row.machine == item.machine && flow::has_word(kTold, row.action)) {
            list.push(Value::object({{"action", row.action}, {"at", format_instant(row.occurred)}}));
        }
    }
    return list;
}

Value opinion_view(const PatientEyes& eyes, record::Reader& reader, const flow::Case& item) {
    const Value& note = item.notes["opinion"];
    const auto composition = flow::find_resource(reader, note["resource"].text());
    if (!composition) {
        return {};
    }
    const Value fields = verbs::opinion_fields(*composition);
    Value view = Value::object();
    for (const char* name : {"findings", "do_now", "when_to_send", "danger_signs", "call", "act_by"}) {
        view.set(name, fields[name]);
    }
    const auto signer = eyes.ground.directory.person(note["signer"].integer().value_or(0));
    view.set("signer", signer ? Value::object({{"name", signer->name}, {"name_en", signer->name_en}}) : Value());
    view.set("signed", note["signed"]);
    view.set("version", note["version"]);
    const auto signature = eyes.ground.signing.find(note["signature"].text());
    const OpinionState state = signature ? state_of(eyes.ground, *signature) : OpinionState::altered;
    view.set("state", std::string(code_of(state)));
    view.set("good", is_good(state));
    view.set("verify", "/verify/" + note["signature"].text());
    return view;
}

Value question_of(record::Reader& reader, const flow::Case& item) {
    std::string form;
    for (const flow::Item& one : flow::store::items_of(reader.connection(), item.id)) {
        form = one.kind == "form" ? one.reference : form;
    }
    const auto resource = form.empty() ? std::nullopt : flow::find_resource(reader, form);
    return resource ? flow::form_of_items((*resource)["item"])["question"] : Value();
}

/// UCUM as people write it.
std::string unit_text(const Value& quantity) {
    const std::string& unit = quantity["unit"].text().empty() ? quantity["code"].text() : quantity["unit"].text();
    return unit == "mm[Hg]" ? "mmHg" : unit == "Cel" ? "°C" : unit == "{score}" ? "" : unit;
}

Value quantity_text(const Value& quantity) {
    const std::string& number = quantity["value"].text();
    return number.empty() ? Value() : Value(unit_text(quantity).empty() ? number : number + " " + unit_text(quantity));
}

/// "132/80 mmHg": the systolic pressure (LOINC 8480-6) before the diastolic (8462-4), whatever order they came in.
Value pressure_text(const Value& panel) {
    std::string systolic = "?", diastolic = "?", unit;
    for (const Value& component : panel["component"].items()) {
        const std::string& code = component["code"]["coding"].at(0)["code"].text();
        if (code == "8480-6" || code == "8462-4") {
            (code == "8480-6" ? systolic : diastolic) = component["valueQuantity"]["value"].text();
            unit = unit_text(component["valueQuantity"]);
        }
    }
    return unit.empty() ? Value() : Value(fmt::format("{}/{} {}", systolic, diastolic, unit));
}

std::string code_of_concept(const Value& concept_value) { return concept_value["coding"].at(0)["code"].text(); }

/// The code of `system` in a list of concepts.
std::string coded(const Value& concepts, std::string_view system) {
    for (const Value& one : concepts.items()) {
        if (one["coding"].at(0)["system"].text() == system) {
            return code_of_concept(one);
        }
    }
    return {};
}

std::string words_of(const Value& concept_value) {
    const std::string& text = concept_value["text"].text();
    return text.empty() ? concept_value["coding"].at(0)["display"].text() : text;
}

Value observation_view(const Value& one) {
    Value view = Value::object({{"reference", "Observation/" + one["id"].text()}, {"code", code_of_concept(one["code"])}, {"text", words_of(one["code"])}});
    Value value = quantity_text(one["valueQuantity"]);
    if (value.is_null()) {
        value = one["valueString"].is_null() ? Value(words_of(one["valueCodeableConcept"])) : one["valueString"];
    }
    if (one["component"].size() > 0) {
        value = pressure_text(one);
    }
    view.set("value", std::move(value));
    view.set("at", one["effectiveDateTime"]);
    return view;
}

/// Up to 200 of a type, without what `hidden` names.
template <class View>
Value list_of(record::Reader& reader, const std::string& type, const std::string& query, const std::set<std::string>& hidden, View view) {
    Value list = Value::array();
    for (const record::Match& match : reader.search(type, query + "&_count=200").matches) {
        if (!match.resource.deleted && !hidden.contains(match.resource.reference())) {
            if (Value one = view(match.resource.value()); !one.is_null()) {
                list.push(std::move(one));
            }
        }
    }
    return list;
}

}  // namespace

std::optional<Instant> sent_at(const std::vector<flow::MoveRow>& moves) {
    for (const flow::MoveRow& row : moves) {
        if (flow::has_word(kSends, row.action)) {
            return row.occurred;
        }
    }
    return std::nullopt;
}

std::set<std::string> kept_back(const PatientEyes& eyes, const std::vector<flow::Case>& shown, storage::Connection& connection) {
    std::set<std::string> references;
    for (const std::string& id : flow::store::cases_of_patient(connection, eyes.patient)) {
        if (std::any_of(shown.begin(), shown.end(), [&](const flow::Case& one) { return one.id == id; })) {
            continue;
        }
        for (const flow::Item& item : flow::store::items_of(connection, id)) {
            references.insert(item.reference);
        }
    }
    for (const flow::Case& one : shown) {
        for (const flow::Item& item : flow::store::items_of(connection, one.id)) {
            references.erase(item.reference);
        }
    }
    references.erase(eyes.patient);
    return references;
}

std::vector<flow::Case> shown_cases(const PatientEyes& eyes) {
    std::vector<flow::Case> shown;
    const auto reader = eyes.ground.record.read(eyes.filter);
    for (const std::string& id : flow::store::cases_of_patient(reader->connection(), eyes.patient)) {
        auto item = flow::store::find_case(reader->connection(), id);
        if (!item || flow::has_word(kHidden, item->state) || flow::store::is_withheld(reader->connection(), id) || !reader->read("Task", id)) {
            continue;
        }
        if (sent_at(flow::store::moves_of(reader->connection(), id))) {
            shown.push_back(*std::move(item));
        }
    }
    return shown;
}

flow::Case shown_case(const PatientEyes& eyes, std::string_view case_id) {
    for (flow::Case& item : shown_cases(eyes)) {
        if (item.id == case_id) {
            return std::move(item);
        }
    }
    throw Error(ErrorKind::not_found, "flow.no_case", "no such case");
}

Value patient_cases_view(const PatientEyes& eyes) {
    Value list = Value::array();
    const std::vector<flow::Case> cases = shown_cases(eyes);
    const auto reader = eyes.ground.record.read(eyes.filter);
    for (const flow::Case& item : cases) {
        list.push(head_view(eyes.ground, reader->connection(), item, sent_at(flow::store::moves_of(reader->connection(), item.id)).value_or(item.created)));
    }
    return Value::object({{"cases", std::move(list)}});
}

Value patient_case_view(const PatientEyes& eyes, const flow::Case& item) {
    const auto reader = eyes.ground.record.read(eyes.filter);
    const std::vector<flow::MoveRow> moves = flow::store::moves_of(reader->connection(), item.id);
    Value view = head_view(eyes.ground, reader->connection(), item, sent_at(moves).value_or(item.created));
    view.set("question", question_of(*reader, item));
    view.set("timeline", timeline_view(item, moves));
    view.set("opinion", opinion_view(eyes, *reader, item));
    return view;
}

Value patient_consents_view(const PatientEyes& eyes) {
    const std::vector<flow::Case> cases = shown_cases(eyes);
    const auto reader = eyes.ground.record.read(eyes.filter);
    Value list = list_of(*reader, "Consent", "patient=" + eyes.patient + "&_sort=-date", {}, [&](const Value& one) -> Value {
        const std::string reference = "Consent/" + one["id"].text();
        const std::string case_id = flow::store::case_of_item(reader->connection(), reference).value_or("");
        const auto item = std::find_if(cases.begin(), cases.end(), [&](const flow::Case& shown) { return shown.id == case_id; });
        if (item == cases.end()) {
            return {};
        }
        const auto receiver = eyes.ground.directory.organisation_by_resource(one["provision"]["actor"].at(0)["reference"]["reference"].text());
        Value view = Value::object({{"reference", reference}, {"case", case_id}, {"number", item->number}, {"given", one["dateTime"]}});
        view.set("by", one["performer"].at(0)["display"]);
        view.set("to", receiver ? name_view(eyes.ground, receiver->id) : name_view(eyes.ground, item->to_org));
        const std::string scope = coded(one["category"], "urn:qiao:consent-scope");
        const bool permits = one["provision"]["type"].text() == "permit";
        view.set("scope", scope.empty() ? "consultation" : scope);
        view.set("permits", permits);
        view.set("holds", permits && one["status"].text() == "active");
        view.set("language", one["language"]);
        const std::vector<std::string_view> policy = split(one["policy"].at(0)["uri"].text(), ':');  // urn:qiao:consent-text:<version>:<language>:<digest>
        view.set("text_version", policy.size() == 6 ? Value(policy[3]) : Value());
        view.set("text", flow::plain_text(one["text"]));
        return view;
    });
    return Value::object({{"consents", std::move(list)}});
}

Value patient_record_view(const PatientEyes& eyes) {
    const std::vector<flow::Case> cases = shown_cases(eyes);
    const auto reader = eyes.ground.record.read(eyes.filter);
    const std::set<std::string> hidden = kept_back(eyes, cases, reader->connection());
    Value view = Value::object();
    view.set("observations", list_of(*reader, "Observation", "patient=" + eyes.patient + "&_sort=-date", hidden,
                                     [](const Value& one) { return one["dataAbsentReason"].is_null() ? observation_view(one) : Value(); }));
    view.set("allergies", list_of(*reader, "AllergyIntolerance", "patient=" + eyes.patient, hidden, [](const Value& one) {
                 Value shown = Value::object({{"reference", "AllergyIntolerance/" + one["id"].text()}, {"code", code_of_concept(one["code"])}});
                 shown.set("text", words_of(one["code"]));
                 shown.set("reaction", words_of(one["reaction"].at(0)["manifestation"].at(0)));
                 shown.set("at", one["recordedDate"]);
                 return shown;
             }));
    view.set("drugs", list_of(*reader, "MedicationStatement", "patient=" + eyes.patient, hidden, [](const Value& one) {
                 const Value& what = one["medicationCodeableConcept"];
                 Value shown = Value::object({{"reference", "MedicationStatement/" + one["id"].text()}, {"code", code_of_concept(what)}});
                 shown.set("text", words_of(what));
                 shown.set("dosage", one["dosage"].at(0)["text"]);
                 shown.set("at", one["dateAsserted"]);
                 return shown;
             }));
    view.set("studies", list_of(*reader, "ImagingStudy", "patient=" + eyes.patient, hidden, [](const Value& one) {
                 Value shown = Value::object({{"reference", "ImagingStudy/" + one["id"].text()}, {"modality", one["modality"].at(0)["code"]}});
                 shown.set("text", one["description"]);
                 shown.set("at", one["started"]);
                 shown.set("images", one["numberOfInstances"]);
                 return shown;
             }));
    return view;
}

}  // namespace qiao::consult
