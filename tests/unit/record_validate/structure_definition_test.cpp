#include "record/validate/structure_definition.hpp"

#include "check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

/// Profiles and extensions that are loaded, without a record around them.
namespace qiao::record {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Knows what it is given beside the built-in ones.
class Loaded : public DefinitionShelf {
public:
    void add(std::string_view text) {
        const auto json = json::parse(text);
        ASSERT_TRUE(json) << text;
        Profile::Ptr profile = read_structure_definition(*json);
        if (!profile->base.empty()) {
            const Profile::Ptr base = find_profile(*this, profile->base);
            ASSERT_NE(base, nullptr);
            profile = laid_over(*base, *profile);
        }
        profiles_[profile->url] = profile;
    }
    [[nodiscard]] Profile::Ptr profile(std::string_view url, std::string_view version) const override {
        const auto found = profiles_.find(url);
        return found != profiles_.end() ? found->second : DefinitionShelf::profile(url, version);
    }

private:
    std::map<std::string, Profile::Ptr, std::less<>> profiles_;
};

std::vector<std::string> said(const Loaded& shelf, std::string_view json, std::string_view severity = "error") {
    std::vector<std::string> out;
    for (const Finding& finding : findings_of(json, TypeId::none, {}, *parse_instant("2026-11-21T08:30:00.000Z"), shelf)) {
        if (finding.severity == severity) out.push_back(finding.issue.code + " " + finding.issue.expression + ": " + finding.issue.diagnostics);
    }
    return out;
}

std::string definition(const std::string& name, const std::string& type, const std::string& elements, const std::string& more = {}) {
    return R"({"resourceType":"StructureDefinition","url":"urn:p:)" + name + R"(","name":"P","status":"active","kind":"resource","abstract":false,"type":")" + type +
           R"(","derivation":"constraint",)" + more + R"("differential":{"element":[)" + elements + "]}}";
}
std::string patient_base() { return R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",)"; }
std::string patient(const std::string& profile, const std::string& members) {
    return R"({"resourceType":"Patient","meta":{"profile":["urn:p:)" + profile + R"("]},)" + members + "}";
}

TEST(StructureDefinition, CardinalityPatternsBindingsAndRulesOfADifferential) {
    Loaded shelf;
    shelf.add(definition("resident", "Patient",
                         R"~({"id":"Patient","path":"Patient","constraint":[{"key":"res-1","severity":"error","human":"a name or a number","expression":"name.exists() or identifier.exists()"},
                           {"key":"res-2","severity":"warning","human":"a telephone","expression":"telecom.exists()"}]},
                         {"id":"Patient.birthDate","path":"Patient.birthDate","min":1},
                         {"id":"Patient.photo","path":"Patient.photo","max":"0"},
                         {"id":"Patient.name.family","path":"Patient.name.family","maxLength":4},
                         {"id":"Patient.multipleBirth[x]","path":"Patient.multipleBirth[x]","type":[{"code":"integer"}],"maxValueInteger":8},
                         {"id":"Patient.maritalStatus","path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1"}},
                         {"id":"Patient.managingOrganization","path":"Patient.managingOrganization","patternReference":{"type":"Organization"}})~",
                         patient_base()));
    EXPECT_THAT(said(shelf, patient("resident", R"("name":[{"family":"Li"}],"birthDate":"1971-03-02")")), IsEmpty());
    EXPECT_THAT(said(shelf, patient("resident", R"("name":[{"family":"Li"}],"birthDate":"1971-03-02")"), "warning"), ElementsAre(HasSubstr("Patient: res-2")));
    EXPECT_THAT(said(shelf, patient("resident", R"("photo":[{"title":"x"}])")),
                ElementsAre(HasSubstr("invariant Patient: res-1: a name or a number"), HasSubstr("required Patient.birthDate: at least 1 wanted, found 0"),
                            HasSubstr("structure Patient.photo: at most 0 allowed, found 1")));
    EXPECT_THAT(said(shelf, patient("resident", R"("name":[{"family":"Ouyang"}],"birthDate":"1971-03-02","multipleBirthInteger":9)")),
                ElementsAre(HasSubstr("Patient.multipleBirth: maxValue"), HasSubstr("Patient.name[0].family: maxLength")));
    EXPECT_THAT(said(shelf, patient("resident", R"("name":[{"family":"Li"}],"birthDate":"1971-03-02","multipleBirthBoolean":true)")),
                ElementsAre(HasSubstr("structure Patient.multipleBirth: boolean is not allowed here, only integer")));
    EXPECT_THAT(said(shelf, patient("resident", R"("name":[{"family":"Li"}],"birthDate":"1971-03-02","managingOrganization":{"reference":"Organization/1"},
                     "maritalStatus":{"coding":[{"system":"http://hl7.org/fhir/administrative-gender","code":"green"}]})")),
                ElementsAre(HasSubstr("code-invalid Patient.maritalStatus.coding[0]"), HasSubstr("value Patient.managingOrganization: must have"),
                            HasSubstr("code-invalid Patient.maritalStatus: no code of the required value set")));
}

TEST(StructureDefinition, SlicesByValueByUrlAndByTheTypeOfAChoice) {
    Loaded shelf;
    shelf.add(definition("numbered", "Patient",
                         R"({"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"},"min":1},
                         {"id":"Patient.identifier:card","path":"Patient.identifier","sliceName":"card","min":1,"max":"1"},
                         {"id":"Patient.identifier:card.system","path":"Patient.identifier.system","min":1,"fixedUri":"urn:card"},
                         {"id":"Patient.identifier:card.value","path":"Patient.identifier.value","min":1,"maxLength":3})",
                         patient_base()));
    EXPECT_THAT(said(shelf, patient("numbered", R"("identifier":[{"system":"urn:other","value":"123456"},{"system":"urn:card","value":"12"}])")), IsEmpty());
    EXPECT_THAT(said(shelf, patient("numbered", R"("identifier":[{"system":"urn:other","value":"12"}])")),
                ElementsAre(HasSubstr("required Patient.identifier: at least 1 wanted of the slice card")));
    EXPECT_THAT(said(shelf, patient("numbered", R"("identifier":[{"system":"urn:card","value":"1234"}])")), ElementsAre(HasSubstr("Patient.identifier[0].value: maxLength")));

    shelf.add(definition("measured", "Observation",
                         R"({"id":"Observation.valueQuantity","path":"Observation.valueQuantity","min":1},
                         {"id":"Observation.valueQuantity.code","path":"Observation.valueQuantity.code","min":1,"fixedCode":"kg"})",
                         R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",)"));
    const auto measured = [&](const std::string& value) {
        return said(shelf, R"({"resourceType":"Observation","meta":{"profile":["urn:p:measured"]},"status":"final","code":{"text":"x"},)" + value + "}");
    };
    EXPECT_THAT(measured(R"("valueQuantity":{"value":70,"system":"http://unitsofmeasure.org","code":"kg"})"), IsEmpty());
    EXPECT_THAT(measured(R"("valueQuantity":{"value":70,"system":"http://unitsofmeasure.org","code":"g"})"), ElementsAre(HasSubstr("Observation.value.code: must be \"kg\"")));
    EXPECT_THAT(measured(R"("valueString":"heavy")"),
                ElementsAre(HasSubstr("string is not allowed here, only Quantity"), HasSubstr("required Observation.value.code")));
}

TEST(StructureDefinition, ExtensionsAreKnownByTheirContextAndWhatTheyHold) {
    Loaded shelf;
    shelf.add(R"({"resourceType":"StructureDefinition","url":"urn:p:township","name":"T","status":"active","kind":"complex-type","abstract":false,"type":"Extension",
        "context":[{"type":"element","expression":"Address"}],"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","derivation":"constraint",
        "differential":{"element":[{"id":"Extension.extension","path":"Extension.extension","max":"0"},{"id":"Extension.url","path":"Extension.url","fixedUri":"urn:p:township"},
        {"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{"code":"string"}]}]}})");
    const std::string right = R"({"url":"urn:p:township","valueString":"Gull Island"})";
    EXPECT_THAT(said(shelf, R"({"resourceType":"Patient","address":[{"extension":[)" + right + "]}]}"), IsEmpty());
    EXPECT_THAT(said(shelf, R"({"resourceType":"Patient","extension":[)" + right + "]}"), ElementsAre(HasSubstr("this extension may not stand here, only in Address")));
    EXPECT_THAT(said(shelf, R"({"resourceType":"Patient","address":[{"extension":[{"url":"urn:p:township","valueInteger":3}]}]})"),
                ElementsAre(HasSubstr("integer is not allowed here, only string")));
    EXPECT_THAT(said(shelf, R"({"resourceType":"Patient","address":[{"extension":[{"url":"urn:p:village","valueInteger":3}]}]})"),
                ElementsAre(HasSubstr("nothing is known of the extension urn:p:village")));

    shelf.add(definition("islander", "Patient", R"({"id":"Patient.address","path":"Patient.address","min":1},
        {"id":"Patient.address.extension:township","path":"Patient.address.extension","sliceName":"township","min":1,"max":"1","type":[{"code":"Extension","profile":["urn:p:township"]}]})",
                         patient_base()));
    EXPECT_THAT(said(shelf, patient("islander", R"("address":[{"extension":[)" + right + "]}]")), IsEmpty());
    EXPECT_THAT(said(shelf, patient("islander", R"("address":[{"city":"x"}])")),
                ElementsAre(HasSubstr("required Patient.address[0].extension: at least 1 wanted of the slice township")));
}

TEST(StructureDefinition, OneLaidOverAnotherAsksForBoth) {
    Loaded shelf;
    const std::string bp = "http://hl7.org/fhir/StructureDefinition/bp";
    shelf.add(definition("bp-zh", "Observation",
                         R"({"id":"Observation.component:SystolicBP.value[x]","path":"Observation.component.value[x]","min":1},
                         {"id":"Observation.method","path":"Observation.method","min":1})",
                         R"("baseDefinition":")" + bp + R"(",)"));
    const auto pressure = [&](const std::string& systolic, const std::string& more = {}) {
        return said(shelf, R"({"resourceType":"Observation","meta":{"profile":["urn:p:bp-zh"]},"status":"final","subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-01-01",
            "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},)" + more + R"("component":[
            {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]})" + systolic + R"(},
            {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":70,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]})");
    };
    const std::string value = R"(,"valueQuantity":{"value":120,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"})";
    const std::string absent = R"(,"dataAbsentReason":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"unknown"}]})";
    const std::string method = R"("method":{"text":"cuff"},)";
    EXPECT_THAT(pressure(value, method), IsEmpty());
    EXPECT_THAT(pressure(value), ElementsAre(HasSubstr("required Observation.method")));
    // What the base has in its slice, and what is new there.
    EXPECT_THAT(pressure(absent, method), ElementsAre(HasSubstr("required Observation.component[0].value")));
    EXPECT_THAT(pressure(R"(,"valueQuantity":{"value":120,"unit":"kPa","system":"http://unitsofmeasure.org","code":"kPa"})", method),
                ElementsAre(HasSubstr("code-invalid Observation.component[0].value"), HasSubstr("Observation.component[0].value.code: must be \"mm[Hg]\"")));
}

TEST(StructureDefinition, ASnapshotAsksForNothingThatTheBaseAsksAnyway) {
    Loaded shelf;
    shelf.add(R"~({"resourceType":"StructureDefinition","url":"urn:p:snap","name":"S","status":"active","kind":"resource","abstract":false,"type":"Observation","derivation":"constraint",
        "baseDefinition":"urn:p:unknown","snapshot":{"element":[
        {"id":"Observation","path":"Observation","min":0,"max":"*","constraint":[{"key":"obs-7","severity":"error","human":"If Observation.code is the same as an Observation.component.code then the value element associated with the code SHALL NOT be present","expression":"value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()"}]},
        {"id":"Observation.status","path":"Observation.status","min":1,"max":"1","type":[{"code":"code"}],"binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/observation-status|4.0.1"}},
        {"id":"Observation.subject","path":"Observation.subject","min":1,"max":"1","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]}]}})~");
    // The status is missing once.
    EXPECT_THAT(said(shelf, R"({"resourceType":"Observation","meta":{"profile":["urn:p:snap"]},"code":{"text":"x"},"subject":{"reference":"Device/1"}})"),
                ElementsAre(HasSubstr("Observation.status"), HasSubstr("a reference to Device is not allowed here")));
}

TEST(StructureDefinition, ValuesFollowTheProfilesOfTheirTypes) {
    Loaded shelf;
    shelf.add(definition("card", "Identifier", R"({"id":"Identifier.assigner","path":"Identifier.assigner","min":1})", R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Identifier",)"));
    shelf.add(definition("holder", "Patient", R"({"id":"Patient.identifier","path":"Patient.identifier","type":[{"code":"Identifier","profile":["urn:p:card"]}]})", patient_base()));
    EXPECT_THAT(said(shelf, patient("holder", R"("identifier":[{"value":"1","assigner":{"display":"x"}}])")), IsEmpty());
    EXPECT_THAT(said(shelf, patient("holder", R"("identifier":[{"value":"1"}])")),
                ElementsAre(HasSubstr("Patient.identifier[0]: follows none of the profiles wanted here: urn:p:card"), HasSubstr("required Patient.identifier[0].assigner")));

    shelf.add(definition("packet", "Bundle", R"({"id":"Bundle.entry","path":"Bundle.entry","slicing":{"discriminator":[{"type":"type","path":"resource"}],"rules":"open"}},
        {"id":"Bundle.entry:who","path":"Bundle.entry","sliceName":"who","min":1,"max":"1"},
        {"id":"Bundle.entry:who.resource","path":"Bundle.entry.resource","min":1,"type":[{"code":"Patient","profile":["urn:p:holder"]}]})",
                         R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Bundle",)"));
    const auto packet = [&](const std::string& resource) {
        return said(shelf, R"({"resourceType":"Bundle","meta":{"profile":["urn:p:packet"]},"type":"collection","entry":[{"resource":)" + resource + "}]}");
    };
    EXPECT_THAT(packet(R"({"resourceType":"Patient","birthDate":"2000"})"), IsEmpty());
    EXPECT_THAT(packet(R"({"resourceType":"Basic","code":{"text":"x"}})"), ElementsAre(HasSubstr("required Bundle.entry: at least 1 wanted of the slice who")));
}

TEST(StructureDefinition, WhatCannotBeUsedSaysWhy) {
    const auto fault = [](const std::string& text) { return read_structure_definition(*json::parse(text))->fault; };
    EXPECT_THAT(fault(definition("x", "Patient", R"({"path":"Patient.name","min":1})")), HasSubstr("no ids"));
    EXPECT_THAT(fault(definition("x", "Patient", R"({"id":"Patient","path":"Patient","constraint":[{"key":"k-1","severity":"error","human":"h","expression":"name.("}]})")),
                HasSubstr("k-1 is no FHIRPath"));
    EXPECT_THAT(fault(definition("x", "Nonsense", R"({"id":"Nonsense","path":"Nonsense"})")), HasSubstr("none of R4"));
    EXPECT_THAT(fault(R"({"resourceType":"StructureDefinition","url":"urn:p:x","type":"Patient"})"), HasSubstr("neither"));
    EXPECT_THAT(fault(definition("x", "Patient", R"({"id":"Patient.name","path":"Patient.name","max":"many"})")), HasSubstr("no right maximum"));
    std::string deep = "Patient";
    for (int level = 0; level < 40; ++level) deep += ".extension";
    EXPECT_THAT(fault(definition("x", "Patient", R"({"id":")" + deep + R"(","path":"x"})")), HasSubstr("too deep"));
    std::string slices;
    for (int number = 0; number < 300; ++number) slices += std::string(slices.empty() ? "" : ",") + R"({"id":"Patient.name:n)" + std::to_string(number) + R"(","path":"Patient.name"})";
    EXPECT_THAT(fault(definition("x", "Patient", slices)), HasSubstr("too many slices"));

    Loaded shelf;
    shelf.add(definition("broken", "Patient", R"({"path":"Patient.name","min":1})", patient_base()));
    EXPECT_THAT(said(shelf, patient("broken", R"("active":true)"), "warning"), ElementsAre(HasSubstr("not checked by urn:p:broken: its elements have no ids")));
}

}  // namespace
}  // namespace qiao::record
