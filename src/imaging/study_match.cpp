#include "imaging/study_match.hpp"

#include "base/text.hpp"
#include "record/extract/fold.hpp"

#include <algorithm>
#include <set>

namespace qiao::imaging {
namespace {

constexpr std::string_view kModalitySystem = "http://dicom.nema.org/resources/ontology/DCM";

/// Letters alone: blanks, carets and case say nothing about identity.
std::string letters(std::string_view name) {
    std::string plain(name);
    std::replace(plain.begin(), plain.end(), '^', ' ');
    return record::compact(record::fold_text(plain));
}

/// Family and given in both orders, because modalities mix them up.
void add_orders(std::set<std::string>& forms, const std::string& family, const std::string& given) {
    forms.insert(letters(family + given));
    forms.insert(letters(given + family));
}

std::set<std::string> forms_of_patient(const json::Value& patient) {
    std::set<std::string> forms;
    for (const auto& name : patient["name"].items()) {
        std::string given;
        for (const auto& part : name["given"].items()) given += part.text();
        const auto& family = name["family"].text();
        for (const auto& text : {name["text"].text(), family + given})
            if (!text.empty()) {
                forms.insert(letters(text));
                if (record::has_han(text)) forms.insert(letters(record::to_pinyin(text, true).full));
            }
        if (!family.empty()) add_orders(forms, family, given);
    }
    forms.erase("");
    return forms;
}

std::set<std::string> forms_of_images(std::string_view person_name) {
    std::set<std::string> forms;
    for (const auto group : split(person_name, '=')) {
        const auto parts = split(group, '^');
        forms.insert(letters(group));
        if (parts.size() >= 2) add_orders(forms, std::string(parts[0]), std::string(parts[1]));
    }
    forms.erase("");
    return forms;
}

json::Value coding(std::string_view system, std::string_view code) { return json::Value::object({{"system", system}, {"code", code}}); }

json::Value series_value(const Series& series) {
    auto value = json::Value::object({{"uid", std::string_view(series.uid)}});
    if (series.number && *series.number >= 0) value.set("number", *series.number);
    value.set("modality", coding(kModalitySystem, series.modality.empty() ? "OT" : std::string_view(series.modality)));
    if (!series.description.empty()) value.set("description", std::string_view(series.description));
    value.set("numberOfInstances", series.instances);
    return value;
}

}  // namespace

std::string fhir_date(std::string_view date) {
    if (date.size() != 8 || date.find_first_not_of("0123456789") != std::string_view::npos) return {};
    return std::string(date.substr(0, 4)) + "-" + std::string(date.substr(4, 2)) + "-" + std::string(date.substr(6, 2));
}

std::string fhir_gender(std::string_view sex) {
    if (sex == "M") return "male";
    if (sex == "F") return "female";
    return sex == "O" ? "other" : "";
}

IdentityDifference compare_identity(const Study& study, const json::Value& patient) {
    IdentityDifference difference;
    const auto images = forms_of_images(study.name);
    const auto record = forms_of_patient(patient);
    difference.name = std::none_of(images.begin(), images.end(), [&](const std::string& form) { return record.contains(form); });
    const auto birth = fhir_date(study.birth);
    difference.birth_date = birth.empty() || birth != patient["birthDate"].text();
    const auto gender = fhir_gender(study.sex);
    difference.sex = gender.empty() || gender != patient["gender"].text();
    return difference;
}

json::Value study_resource_of(const Study& study, const std::vector<Series>& series, std::string_view patient_ref) {
    auto resource = json::Value::object({{"resourceType", "ImagingStudy"}});
    auto identifiers = json::Value::array();
    identifiers.push(json::Value::object({{"system", "urn:dicom:uid"}, {"value", "urn:oid:" + study.uid}}));
    if (!study.accession.empty()) {
        auto type = json::Value::object();
        type.set("coding", json::Value::array({coding("http://terminology.hl7.org/CodeSystem/v2-0203", "ACSN")}));
        auto accession = json::Value::object({{"type", std::move(type)}});
        if (!study.issuer.empty()) accession.set("system", std::string_view(study.issuer));
        accession.set("value", std::string_view(study.accession));
        identifiers.push(std::move(accession));
    }
    resource.set("identifier", std::move(identifiers));
    resource.set("status", "available");
    auto modalities = json::Value::array();
    for (const auto modality : split(study.modalities, '\\'))
        if (!modality.empty()) modalities.push(coding(kModalitySystem, modality));
    if (modalities.size() > 0) resource.set("modality", std::move(modalities));
    resource.set("subject", json::Value::object({{"reference", patient_ref}}));
    // The date alone: DICOM times carry no zone.
    if (const auto started = fhir_date(study.date); !started.empty()) resource.set("started", started);
    resource.set("numberOfSeries", study.series);
    resource.set("numberOfInstances", study.instances);
    if (!study.note.empty()) resource.set("note", json::Value::array({json::Value::object({{"text", std::string_view(study.note)}})}));
    if (!study.description.empty()) resource.set("description", std::string_view(study.description));
    auto list = json::Value::array();
    for (const auto& one : series) list.push(series_value(one));
    if (list.size() > 0) resource.set("series", std::move(list));
    return resource;
}

}  // namespace qiao::imaging
