#include "services/consult/request_form.hpp"

#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/consent.hpp"
#include "services/consult/consult.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace qiao::consult {

namespace {

using flow::FieldCheck;
using json::Value;

constexpr int kChild_years = 14;  ///< the weight is asked for below
constexpr int kPregnancy_years = 10;

/// What a living body can show; a value outside is a slip of the pen. Wide on purpose: they judge nothing.
struct VitalSign {
    std::string_view code;
    std::string_view loinc;
    std::string_view display;
    std::string_view ucum;
    double low;
    double high;
};

constexpr VitalSign kVitalSigns[] = {
    {"heart_rate", "8867-4", "Heart rate", "/min", 10, 350},
    {"systolic", "8480-6", "Systolic blood pressure", "mm[Hg]", 20, 350},
    {"diastolic", "8462-4", "Diastolic blood pressure", "mm[Hg]", 10, 250},
    {"temperature", "8310-5", "Body temperature", "Cel", 15, 46},
    {"respiratory_rate", "9279-1", "Respiratory rate", "/min", 2, 150},
    {"spo2", "2708-6", "Oxygen saturation in Arterial blood", "%", 10, 100},
    {"glucose", "15074-8", "Glucose [Moles/volume] in Blood", "mmol/L", 0.2, 80},
    {"gcs", "9269-2", "Glasgow coma score total", "{score}", 3, 15},
    {"weight", "29463-7", "Body weight", "kg", 0.2, 400},
};

const VitalSign* find_vital(std::string_view code) {
    for (const VitalSign& sign : kVitalSigns) {
        if (sign.code == code) {
            return &sign;
        }
    }
    return nullptr;
}

bool in_range(const Value& value, double low, double high) {
    const double number = std::strtod(value.text().c_str(), nullptr);
    return json::is_number(value.text()) && number >= low && number <= high;
}

void check_status(const Value& form, const std::string& name, std::string_view allowed, const std::string& list, FieldCheck& check) {
    const Value& group = form[name];
    if (!group.is_object() || !flow::is_given(group["status"])) {
        check.refuse("flow.missing_field", name + ".status", fmt::format("one of: {}", allowed));
        return;
    }
    if (!flow::has_word(allowed, group["status"].text())) {
        check.refuse("flow.bad_field", name + ".status", fmt::format("one of: {}", allowed));
    } else if (group["status"].text() == "given" && !list.empty() && flow::list_of(group, list).empty()) {
        check.refuse("flow.missing_field", name + "." + list, "given needs at least one entry");
    }
}

void check_vitals(const flow::Move& move, const Value& form, FieldCheck& check) {
    check_status(form, "vitals", "given none not_asked", "values", check);
    const Value& vitals = form["vitals"];
    if (vitals["status"].text() != "given") {
        return;
    }
    const std::optional<Instant> taken = parse_instant(vitals["taken"].text());
    if (!taken) {
        check.refuse("flow.missing_field", "vitals.taken", "when they were taken, an instant");
    } else if (*taken > move.now + std::chrono::minutes(2)) {
        check.refuse("flow.bad_field", "vitals.taken", "not in the future");
    }
    for (const Value& value : flow::list_of(vitals, "values")) {
        const VitalSign* sign = find_vital(value["code"].text());
        if (sign == nullptr) {
            check.refuse("flow.bad_field", "vitals.values.code", "unknown code");
        } else if (!in_range(value["value"], sign->low, sign->high)) {
            check.refuse("flow.value_impossible", "vitals." + std::string(sign->code), fmt::format("{} to {} {}", sign->low, sign->high, sign->ucum));
        }
    }
}

void check_entries(const Value& form, const std::string& name, FieldCheck& check) {
    check_status(form, name, "given none not_asked", "items", check);
    const std::vector<Value> entries = flow::list_of(form[name], "items");
    if (entries.size() > 100) {
        check.refuse("flow.bad_field", name + ".items", "at most 100");
    }
    for (const Value& entry : entries) {
        if (!flow::is_given(entry["text"]) || entry["text"].text().size() > 1000) {
            check.refuse("flow.missing_field", name + ".items.text", "1 to 1000 bytes");
        }
    }
}

void check_body(const flow::Move& move, const Value& patient, const Value& form, FieldCheck& check) {
    const std::optional<flow::Age> age = flow::age_at(patient["birthDate"].text(), move.now);
    const bool male = patient["gender"].text() == "male";
    if (!male && (!age || age->years >= kPregnancy_years)) {
        check_status(form, "pregnancy", "given not_asked not_applicable", "", check);
    }
    if (form["pregnancy"]["status"].text() == "given") {
        check.one_of(form["pregnancy"], "value", "pregnant not_pregnant");
        if (!flow::is_given(form["pregnancy"]["value"])) {
            check.refuse("flow.missing_field", "pregnancy.value", "pregnant or not_pregnant");
        }
        if (male && form["pregnancy"]["value"].text() == "pregnant") {
            check.refuse("flow.value_impossible", "pregnancy.value", "the patient is male");
        }
        if (!form["pregnancy"]["weeks"].is_null() && !in_range(form["pregnancy"]["weeks"], 0, 45)) {
            check.refuse("flow.value_impossible", "pregnancy.weeks", "0 to 45");
        }
    }
    if (age && age->years < kChild_years) {
        check_status(form, "weight", "given not_asked", "", check);
    }
    if (form["weight"]["status"].text() == "given" && !in_range(form["weight"]["value_kg"], 0.2, 400)) {
        check.refuse("flow.value_impossible", "weight.value_kg", "0.2 to 400 kg");
    }
}

Value quantity(const Value& number, std::string_view ucum) {
    return Value::object({{"value", Value::number(number.text())}, {"unit", ucum}, {"system", "http://unitsofmeasure.org"}, {"code", ucum}});
}

Value loinc(std::string_view code, std::string_view display) {
    Value coding = Value::object({{"system", "http://loinc.org"}, {"code", code}, {"display", display}});
    return Value::object({{"coding", Value::array({std::move(coding)})}});
}

Value absent(std::string_view status) {
    const std::string_view code = status == "none" ? "not-performed" : status == "not_applicable" ? "not-applicable" : "not-asked";
    Value coding = Value::object({{"system", "http://terminology.hl7.org/CodeSystem/data-absent-reason"}, {"code", code}});
    return Value::object({{"coding", Value::array({std::move(coding)})}});
}

/// "None known" and "not asked" as the International Patient Summary codes them.
Value ips_absent(std::string_view code) {
    Value coding = Value::object({{"system", "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"}, {"code", code}});
    return Value::object({{"coding", Value::array({std::move(coding)})}});
}

Value observation(const flow::Move& move, Value code, std::string_view category, std::string_view effective) {
    Value coding = Value::object({{"system", "http://terminology.hl7.org/CodeSystem/observation-category"}, {"code", category}});
    Value resource = Value::object({{"resourceType", "Observation"}, {"status", "final"}});
    resource.set("basedOn", Value::array({Value::object({{"reference", move.item.request}})}));
    resource.set("category", Value::array({Value::object({{"coding", Value::array({std::move(coding)})}})}));
    resource.set("code", std::move(code));
    resource.set("subject", Value::object({{"reference", move.item.patient}}));
    resource.set("effectiveDateTime", effective);
    resource.set("issued", format_instant(move.now));
    resource.set("performer", Value::array({move.person_ref(move.actor.person)}));
    return resource;
}

void extract_vitals(flow::Move& move, const Value& vitals) {
    const std::string taken = vitals["status"].text() == "given" ? vitals["taken"].text() : format_instant(move.occurred);
    if (vitals["status"].text() != "given") {
        Value panel = observation(move, loinc("85353-1", "Vital signs panel"), "vital-signs", taken);
        panel.set("dataAbsentReason", absent(vitals["status"].text()));
        move.create(std::move(panel), "observation");
        return;
    }
    Value pressure = Value::array();
    for (const Value& value : flow::list_of(vitals, "values")) {
        const VitalSign* sign = find_vital(value["code"].text());
        if (sign->code == "systolic" || sign->code == "diastolic") {
            pressure.push(Value::object({{"code", loinc(sign->loinc, sign->display)}, {"valueQuantity", quantity(value["value"], sign->ucum)}}));
            continue;
        }
        Value one = observation(move, loinc(sign->loinc, sign->display), "vital-signs", taken);
        one.set("valueQuantity", quantity(value["value"], sign->ucum));
        move.create(std::move(one), "observation");
    }
    if (pressure.size() > 0) {
        Value one = observation(move, loinc("85354-9", "Blood pressure panel with all children optional"), "vital-signs", taken);
        one.set("component", std::move(pressure));
        move.create(std::move(one), "observation");
    }
}

void extract_allergies(flow::Move& move, const Value& allergies) {
    const auto base = [&](Value code) {
        const auto status = [](std::string_view system, std::string_view value) {
            Value coding = Value::object({{"system", fmt::format("http://terminology.hl7.org/CodeSystem/allergyintolerance-{}", system)}, {"code", value}});
            return Value::object({{"coding", Value::array({std::move(coding)})}});
        };
        Value resource = Value::object({{"resourceType", "AllergyIntolerance"}});
        resource.set("clinicalStatus", status("clinical", "active"));
        resource.set("verificationStatus", status("verification", "unconfirmed"));
        resource.set("code", std::move(code));
        resource.set("patient", Value::object({{"reference", move.item.patient}}));
        resource.set("recordedDate", format_instant(move.now));
        resource.set("recorder", move.person_ref(move.actor.person));
        return resource;
    };
    if (allergies["status"].text() != "given") {
        move.create(base(ips_absent(allergies["status"].text() == "none" ? "no-known-allergies" : "no-allergy-info")), "allergy");
        return;
    }
    for (const Value& entry : flow::list_of(allergies, "items")) {
        Value resource = base(Value::object({{"text", entry["text"]}}));
        if (flow::is_given(entry["reaction"])) {
            Value manifestation = Value::array({Value::object({{"text", entry["reaction"]}})});
            resource.set("reaction", Value::array({Value::object({{"manifestation", std::move(manifestation)}})}));
        }
        move.create(std::move(resource), "allergy");
    }
}

void extract_drugs(flow::Move& move, const Value& drugs) {
    const auto base = [&](std::string_view status, Value code) {
        Value resource = Value::object({{"resourceType", "MedicationStatement"}, {"status", status}});
        resource.set("medicationCodeableConcept", std::move(code));
        resource.set("subject", Value::object({{"reference", move.item.patient}}));
        resource.set("dateAsserted", format_instant(move.now));
        resource.set("informationSource", move.person_ref(move.actor.person));
        return resource;
    };
    if (drugs["status"].text() != "given") {
        const bool none = drugs["status"].text() == "none";
        move.create(base(none ? "not-taken" : "unknown", ips_absent(none ? "no-known-medications" : "no-medication-info")), "medication");
        return;
    }
    for (const Value& entry : flow::list_of(drugs, "items")) {
        Value resource = base("active", Value::object({{"text", entry["text"]}}));
        if (flow::is_given(entry["dose"])) {
            resource.set("dosage", Value::array({Value::object({{"text", entry["dose"]}})}));
        }
        move.create(std::move(resource), "medication");
    }
}

}  // namespace

void check_form(const flow::Move& move, const Value& patient, FieldCheck& check, bool emergency) {
    const Value& form = move.fields;
    check.one_of(form, "purpose", "diagnosis treatment transfer second_opinion follow_up");
    check.one_of(form, "rank", "any attending associate_chief chief");
    check.one_of(form, "urgency", "routine urgent emergency");
    for (const char* text : {"summary", "question", "callback"}) {
        check.text_limit(form, text, flow::kText_bytes);
    }
    const auto& specialties = move.ground.pack->codes("specialties");
    if (flow::is_given(form["specialty"]) &&
        std::none_of(specialties.begin(), specialties.end(), [&](const auto& one) { return one.code == form["specialty"].text(); })) {
        check.refuse("flow.bad_field", "specialty", "a code of the list 'specialties'");
    }
    check_vitals(move, form, check);
    if (emergency) {
        return;
    }
    check_entries(form, "allergies", check);
    check_entries(form, "drugs", check);
    check_body(move, patient, form, check);
    check_status(form, "attachments", "given none", "", check);
    check_consent(move, patient, form["consent"], verbs::receiver_of(move.ground, move.item, form), check);
    const auto snapshot = move.ground.database.read();
    bool some = false;
    for (const flow::Attachment& item : flow::store::attachments_of(snapshot->connection(), move.item.id)) {
        some = some || !flow::is_of_consent(item.kind);
    }
    for (const flow::Item& item : flow::store::items_of(snapshot->connection(), move.item.id)) {
        some = some || item.kind == "study";
    }
    if (form["attachments"]["status"].text() == "given" && !some && move.ground.studies.of_patient(move.item.patient).empty()) {
        check.refuse("flow.missing_field", "attachments", "given needs at least one photo, document or study");
    }
}

std::string create_form(flow::Move& move, const Value& form) {
    Value response = Value::object({{"resourceType", "QuestionnaireResponse"}});
    response.set("questionnaire", "urn:qiao:form:consult-request");
    response.set("basedOn", Value::array({Value::object({{"reference", move.item.request}})}));
    response.set("status", "completed");
    response.set("subject", Value::object({{"reference", move.item.patient}}));
    response.set("authored", format_instant(move.now));
    response.set("author", move.person_ref(move.actor.person));
    response.set("item", flow::items_of_form(form));
    return move.create(std::move(response), "form");
}

Value form_of(flow::Move& move) {
    const std::vector<std::string> forms = move.items("form");
    return forms.empty() ? Value() : flow::form_of_items(move.read(forms.back())["item"]);
}

void retire_findings(flow::Move& move) {
    for (const char* kind : {"observation", "allergy", "medication"}) {
        for (const std::string& reference : move.items(kind)) {
            Value resource = move.read(reference);
            if (reference.starts_with("AllergyIntolerance/")) {
                resource.remove("clinicalStatus");  // FHIR ait-2: none beside entered-in-error
                Value code = Value::object({{"system", "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"}, {"code", "entered-in-error"}});
                resource.set("verificationStatus", Value::object({{"coding", Value::array({std::move(code)})}}));
            } else {
                resource.set("status", "entered-in-error");
            }
            move.replace(reference, std::move(resource));
            move.drop_item(reference);
        }
    }
}

void extract_findings(flow::Move& move, const Value& form) {
    extract_vitals(move, form["vitals"]);
    if (form["allergies"].is_object()) {
        extract_allergies(move, form["allergies"]);
    }
    if (form["drugs"].is_object()) {
        extract_drugs(move, form["drugs"]);
    }
    const std::string when = format_instant(move.occurred);
    if (const Value& pregnancy = form["pregnancy"]; pregnancy.is_object()) {
        Value one = observation(move, loinc("82810-3", "Pregnancy status"), "social-history", when);
        if (pregnancy["status"].text() == "given") {
            const bool pregnant = pregnancy["value"].text() == "pregnant";
            one.set("valueCodeableConcept", loinc(pregnant ? "LA15173-0" : "LA26683-5", pregnant ? "Pregnant" : "Not pregnant"));
        } else {
            one.set("dataAbsentReason", absent(pregnancy["status"].text()));
        }
        move.create(std::move(one), "observation");
    }
    if (const Value& weight = form["weight"]; weight.is_object()) {
        Value one = observation(move, loinc("29463-7", "Body weight"), "vital-signs", when);
        if (weight["status"].text() == "given") {
            one.set("valueQuantity", quantity(weight["value_kg"], "kg"));
        } else {
            one.set("dataAbsentReason", absent(weight["status"].text()));
        }
        move.create(std::move(one), "observation");
    }
}

}  // namespace qiao::consult
