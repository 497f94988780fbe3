#include "app/demo/health.hpp"

#include "app/demo/patients.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

namespace qiao::app::demo {
namespace {

using namespace std::chrono;
using json::Value;

std::string text_of(const toml::table& table, std::string_view key) { return table[key].value_or(std::string()); }

Value reference(const std::string& target) { return Value::object({{"reference", target}}); }

Value concept_of(std::string_view system, std::string_view code, std::string_view display, std::string_view text = {}) {
    Value coding = Value::object({{"system", system}, {"code", code}, {"display", display}});
    Value made = Value::object({{"coding", Value::array({std::move(coding)})}});
    made.set("text", text.empty() ? display : text);
    return made;
}

Value status_of(std::string_view system, std::string_view code) {
    return Value::object({{"coding", Value::array({Value::object({{"system", system}, {"code", code}})})}});
}

Value quantity(const std::string& value, std::string_view unit, std::string_view code) {
    return Value::object({{"value", Value::number(value)}, {"unit", unit}, {"system", "http://unitsofmeasure.org"}, {"code", code}});
}

/// One patient's writing: everything goes into one work.
class Chart {
public:
    Chart(record::Work& work, const record::Actor& actor, const Patient& patient, Instant now) : work_(work), actor_(actor), patient_(patient), now_(now) {}

    void condition(const ConditionRow& row, int years_ago) {
        Value made = resource("Condition");
        made.set("clinicalStatus", status_of("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"));
        made.set("verificationStatus", status_of("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"));
        made.set("code", concept_of("http://hl7.org/fhir/sid/icd-10", row.code, row.display, row.text));
        made.set("subject", reference(patient_.reference));
        made.set("recordedDate", format_instant(now_ - days(years_ago * 365)));
        work_.create(std::move(made));
        Value drug = resource("MedicationStatement");
        drug.set("status", "active");
        drug.set("medicationCodeableConcept", Value::object({{"text", row.drug}}));
        drug.set("subject", reference(patient_.reference));
        drug.set("dateAsserted", format_instant(now_ - days(30)));
        work_.create(std::move(drug));
    }

    void allergy(const AllergyRow& row) {
        Value made = resource("AllergyIntolerance");
        made.set("clinicalStatus", status_of("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"));
        made.set("verificationStatus", status_of("http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "confirmed"));
        made.set("code", Value::object({{"text", row.text}}));
        made.set("patient", reference(patient_.reference));
        Value& reaction = made.member("reaction").push(Value::object());
        reaction.member("manifestation").push(Value::object({{"text", row.reaction}}));
        work_.create(std::move(made));
    }

    /// A visit at the clinic; what is measured there points to it.
    std::string visit(int days_ago, std::string_view why) {
        const Instant start = now_ - days(days_ago);
        Value made = resource("Encounter");
        made.set("status", "finished");
        made.set("class", Value::object({{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode"}, {"code", "AMB"}, {"display", "ambulatory"}}));
        made.set("subject", reference(patient_.reference));
        Value& participant = made.member("participant").push(Value::object());
        participant.set("individual", reference(actor_.practitioner));
        made.set("period", Value::object({{"start", format_instant(start)}, {"end", format_instant(start + minutes(20))}}));
        made.member("reasonCode").push(Value::object({{"text", why}}));
        made.set("serviceProvider", reference(actor_.organisation_ref));
        return work_.create(std::move(made));
    }

    void measure(const std::string& encounter, int days_ago, std::string_view code, std::string_view display, const std::string& value, std::string_view unit,
                 std::string_view ucum) {
        Value made = observation(encounter, days_ago, code, display);
        made.set("valueQuantity", quantity(value, unit, ucum));
        work_.create(std::move(made));
    }

    void blood_pressure(const std::string& encounter, int days_ago, int systolic, int diastolic) {
        Value made = observation(encounter, days_ago, "85354-9", "Blood pressure panel");
        const auto component = [&](std::string_view code, std::string_view display, int value) {
            Value part = Value::object({{"code", concept_of("http://loinc.org", code, display)}});
            part.set("valueQuantity", quantity(std::to_string(value), "mmHg", "mm[Hg]"));
            made.member("component").push(std::move(part));
        };
        component("8480-6", "Systolic blood pressure", systolic);
        component("8462-4", "Diastolic blood pressure", diastolic);
        work_.create(std::move(made));
    }

private:
    static Value resource(std::string_view type) { return Value::object({{"resourceType", type}}); }

    Value observation(const std::string& encounter, int days_ago, std::string_view code, std::string_view display) {
        Value made = resource("Observation");
        made.set("status", "final");
        made.member("category").push(concept_of("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "Vital Signs"));
        made.set("code", concept_of("http://loinc.org", code, display));
        made.set("subject", reference(patient_.reference));
        made.set("encounter", reference(encounter));
        made.set("effectiveDateTime", format_instant(now_ - days(days_ago)));
        made.member("performer").push(reference(actor_.practitioner));
        return made;
    }

    record::Work& work_;
    const record::Actor& actor_;
    const Patient& patient_;
    Instant now_;
};

struct Illness {
    bool hypertension = false;
    bool diabetes = false;
    bool lungs = false;
};

void write_visits(Chart& chart, const Patient& patient, const Illness& illness, Dice& dice) {
    const int visits = dice.between(1, 4);
    for (int i = 0; i < visits; ++i) {
        const int days_ago = 5 + i * 90 + dice.below(60);
        const std::string encounter = chart.visit(days_ago, illness.hypertension || illness.diabetes ? "慢病随访" : "门诊就诊");
        if (patient.age_years >= 14) {
            const int systolic = illness.hypertension ? dice.between(134, 172) : dice.between(106, 132);
            chart.blood_pressure(encounter, days_ago, systolic, systolic * 6 / 10 + dice.below(8));
        } else {
            chart.measure(encounter, days_ago, "29463-7", "Body weight", fmt::format("{}.{}", 4 + patient.age_years * 5 / 2, dice.below(10)), "kg", "kg");
        }
        chart.measure(encounter, days_ago, "8867-4", "Heart rate", std::to_string(patient.age_years < 6 ? dice.between(92, 120) : dice.between(60, 92)),
                      "beats/min", "/min");
        if (illness.diabetes) {
            chart.measure(encounter, days_ago, "15074-8", "Glucose [Moles/volume] in Blood", fmt::format("{}.{}", dice.between(6, 13), dice.below(10)),
                          "mmol/L", "mmol/L");
        }
        if (illness.lungs) {
            chart.measure(encounter, days_ago, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", std::to_string(dice.between(90, 97)), "%",
                          "%");
        }
    }
}

}  // namespace

HealthTables read_health_tables(const std::string& file) {
    const toml::table data = toml::parse_file(file);
    HealthTables tables;
    const auto number = [](const toml::table& table, std::string_view key) { return table[key].value_or(0); };
    if (const auto* list = data["condition"].as_array()) {
        for (const auto& item : *list) {
            const toml::table& table = *item.as_table();
            tables.conditions.push_back({text_of(table, "code"), text_of(table, "display"), text_of(table, "text"), text_of(table, "drug"),
                                         number(table, "share"), number(table, "min_age")});
        }
    }
    if (const auto* list = data["allergy"].as_array()) {
        for (const auto& item : *list) {
            const toml::table& table = *item.as_table();
            tables.allergies.push_back({text_of(table, "text"), text_of(table, "reaction"), number(table, "share")});
        }
    }
    return tables;
}

void write_health(record::Record& record, const record::Caller& doctor, const Patient& patient, const HealthTables& tables, Dice& dice, Instant now) {
    const auto work = record.begin(doctor.filter, doctor.actor);
    Chart chart(*work, doctor.actor, patient, now);
    Illness illness;
    for (const ConditionRow& row : tables.conditions) {
        if (patient.age_years < row.min_age_years || dice.below(100) >= row.share_percent) continue;
        chart.condition(row, dice.between(1, 9));
        illness.hypertension |= row.code == "I10";
        illness.diabetes |= row.code == "E11.9";
        illness.lungs |= row.code == "J44.9" || row.code == "J45.9";
    }
    for (const AllergyRow& row : tables.allergies) {
        if (dice.below(100) < row.share_percent) chart.allergy(row);
    }
    write_visits(chart, patient, illness, dice);
    work->commit();
}

}  // namespace qiao::app::demo
