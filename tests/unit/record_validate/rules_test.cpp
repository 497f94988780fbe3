#include "../record_definitions/testdata.hpp"
#include "check.hpp"
#include "record/definitions/tables.hpp"
#include "record/validate/rule_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace qiao::record {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Definitions, EveryRuleAndProfileCanBeRead) {
    for (std::size_t number = 0; number < invariants().size(); ++number) invariant_expression(number);
    for (std::size_t number = 0; number < tables::kProfileCount; ++number) {
        const Profile::Ptr profile = builtin_profile(tables::kProfiles[number].url);
        ASSERT_NE(profile, nullptr);
        EXPECT_FALSE(profile->type.empty()) << profile->url;
        EXPECT_EQ(builtin_profile(profile->url + "|4.0.1"), profile);
    }
    EXPECT_EQ(builtin_profile("http://hl7.org/fhir/StructureDefinition/nothing"), nullptr);
}

TEST(Invariants, AreTriedWhereTheyBelong) {
    EXPECT_THAT(said(R"({"resourceType":"Patient","contact":[{"gender":"male"}]})"), ElementsAre(HasSubstr("invariant Patient.contact[0]: pat-1")));
    EXPECT_THAT(said(R"({"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"period":{"start":"2026-02-01","end":"2026-01-01"}})"),
                ElementsAre(HasSubstr("invariant Encounter.period: per-1")));
    EXPECT_THAT(said(R"({"resourceType":"Organization","name":"x","telecom":[{"system":"phone","value":"1"},{"system":"phone","value":"2","use":"home"}]})"),
                ElementsAre(HasSubstr("invariant Organization.telecom[1]: org-3")));
    EXPECT_THAT(said(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"y","dataAbsentReason":{"text":"z"}})"),
                ElementsAre(HasSubstr("invariant Observation: obs-6")));
    EXPECT_THAT(said(R"({"resourceType":"Library","status":"draft","type":{"text":"x"},"name":"a b"})", {}, "warning"),
                ElementsAre(HasSubstr("Library: lib-0")));
    EXPECT_THAT(said(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"y"})"), IsEmpty());
}

TEST(Invariants, OfContainedResourcesAndEntriesKnowTheirContainer) {
    EXPECT_THAT(
        said(R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"}})"),
        IsEmpty());
    EXPECT_THAT(said(R"({"resourceType":"Patient","managingOrganization":{"reference":"#o"}})"),
                ElementsAre(HasSubstr("invariant Patient.managingOrganization: ref-1")));
    EXPECT_THAT(
        said(R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}}]})"),
        ElementsAre(HasSubstr("invariant Bundle.entry[0].resource.managingOrganization: ref-1")));
}

TEST(Extensions, AreKnownByWhereTheyStandAndWhatTheyHold) {
    const auto with = [](const std::string& extension) {
        return said(R"({"resourceType":"Patient","birthDate":"1971-03-02","_birthDate":{"extension":[)" + extension + "]}}");
    };
    const std::string birth_time = R"("url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime")";
    EXPECT_THAT(with("{" + birth_time + R"(,"valueDateTime":"1971-03-02T08:30:00+08:00"})"), IsEmpty());
    EXPECT_THAT(with("{" + birth_time + R"(,"valueString":"early"})"),
                ElementsAre(HasSubstr("Patient.birthDate.extension[0].value: string is not allowed here, only dateTime")));
    EXPECT_THAT(said(R"({"resourceType":"Patient","extension":[{)" + birth_time + R"(,"valueDateTime":"1971-03-02T08:30:00+08:00"}]})"),
                ElementsAre(HasSubstr("structure Patient.extension[0]: this extension may not stand here, only in Patient.birthDate")));
    EXPECT_THAT(with(R"({"url":"http://nobody.test/x","valueString":"y"})"), ElementsAre(HasSubstr("nothing is known of the extension")));
    const std::string nationality =
        R"({"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-nationality","extension":[)";
    EXPECT_THAT(said(nationality + R"({"url":"code","valueCodeableConcept":{"text":"CN"}}]}]})"), IsEmpty());
    EXPECT_THAT(said(nationality + R"({"url":"code","valueString":"CN"}]}]})"), Contains(HasSubstr("string is not allowed here, only CodeableConcept")));
}

TEST(Codes, OfSystemsThatAreKnownInFullMustBeTheirs) {
    const auto coded = [](const std::string& system, const std::string& code) {
        return said(R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":")" + system + R"(","code":")" + code + "\"}]}}");
    };
    EXPECT_THAT(coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"), IsEmpty());
    EXPECT_THAT(coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "none"), ElementsAre(HasSubstr("code-invalid Observation.code.coding[0].code")));
    EXPECT_THAT(coded("http://terminology.hl7.org/CodeSystem/service-type", "none"), IsEmpty()) << "an example says nothing of others";
    EXPECT_THAT(coded("http://loinc.org", "none"), IsEmpty()) << "not known here";
    const auto measured = [](const std::string& unit) {
        return said(
            R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":")" +
            unit + "\"}}");
    };
    EXPECT_THAT(measured("mg/dL"), IsEmpty());
    EXPECT_THAT(measured("florp"), IsEmpty()) << "a unit that is not known here";
    EXPECT_THAT(measured("mg//dL"), ElementsAre(HasSubstr("code-invalid Observation.value.code")));
}

// ---- profiles -----------------------------------------------------------------------------------------------------------
std::string pressure(const std::string& systolic_unit, bool with_diastolic = true) {
    const auto component = [](const std::string& code, const std::string& unit) {
        return R"({"code":{"coding":[{"system":"http://loinc.org","code":")" + code +
               R"("}]},"valueQuantity":{"value":120,"unit":"mmHg","system":"http://unitsofmeasure.org","code":")" + unit + R"("}})";
    };
    return R"({"resourceType":"Observation","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bp"]},"status":"final",
        "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-11-21",
        "component":[)" +
           component("8480-6", systolic_unit) + (with_diastolic ? "," + component("8462-4", "mm[Hg]") : std::string()) + "]}";
}

TEST(Profiles, SlicesAreToldApartByTheirValues) {
    EXPECT_THAT(said(pressure("mm[Hg]")), IsEmpty());
    EXPECT_THAT(said(pressure("kPa")), Contains(HasSubstr("value Observation.component[0].value.code: must be \"mm[Hg]\"")));
    const auto missing = said(pressure("mm[Hg]", false));
    EXPECT_THAT(missing, Contains(HasSubstr("required Observation.component: at least 2 wanted, found 1")));
    EXPECT_THAT(missing, Contains(HasSubstr("required Observation.component: at least 1 wanted of the slice DiastolicBP, found 0")));
}

TEST(Profiles, CardinalityTypesTargetsAndRulesAreTheirOwn) {
    const std::vector<std::string> vital = {"http://hl7.org/fhir/StructureDefinition/vitalsigns"};
    const auto errors = said(
        R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Group/g"},"effectiveInstant":"2026-11-21T08:30:00Z"})",
        vital);
    EXPECT_THAT(errors, Contains(HasSubstr("required Observation.category: at least 1 wanted")));
    EXPECT_THAT(errors, Contains(HasSubstr("structure Observation.subject: a reference to Group is not allowed here")));
    EXPECT_THAT(errors, Contains(HasSubstr("Observation.effective: instant is not allowed here, only dateTime, Period")));
    EXPECT_THAT(errors, Contains(HasSubstr("invariant Observation: vs-2")));
    EXPECT_THAT(said(R"({"resourceType":"Patient"})", vital), ElementsAre(HasSubstr("the profile is of a Observation")));
    EXPECT_THAT(said(R"({"resourceType":"Patient"})", {"http://nobody.test/p"}), IsEmpty());
    EXPECT_THAT(said(R"({"resourceType":"Patient"})", {"http://nobody.test/p"}, "warning"), ElementsAre(HasSubstr("is not known")));
}

TEST(Profiles, SlicesAreToldApartByTheResourceBehindAReference) {
    const auto report = [](const std::string& code) {
        std::string entries;
        std::string results;
        for (const std::string& one : {std::string("35200-5"), std::string("35217-9"), code}) {
            entries += R"(,{"fullUrl":"http://a.test/Observation/o)" + one + R"(","resource":{"resourceType":"Observation","id":"o)" + one +
                       R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" + one +
                       R"("}]},"referenceRange":[{"text":"x"}],"valueQuantity":{"value":1,"unit":"mmol/L"}}})";
            results += (results.empty() ? "" : ",") + std::string(R"({"reference":"Observation/o)") + one + R"("})";
        }
        return R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://a.test/DiagnosticReport/r","resource":{"resourceType":"DiagnosticReport","id":"r",
            "meta":{"profile":["http://hl7.org/fhir/StructureDefinition/lipidprofile"]},"status":"final","code":{"text":"x"},"result":[)" +
               results + "]}}" + entries + "]}";
    };
    EXPECT_THAT(said(report("99999-9")), Contains(HasSubstr("result[2]: belongs to none of the slices")));
}

// ---- Bundles ------------------------------------------------------------------------------------------------------------
TEST(Bundles, KeepTheRulesOfTheirType) {
    const auto bundle = [](const std::string& rest) { return said(R"({"resourceType":"Bundle",)" + rest + "}"); };
    EXPECT_THAT(bundle(R"("type":"collection","entry":[{"fullUrl":"Patient/1","resource":{"resourceType":"Patient","id":"1"}}])"),
                ElementsAre(HasSubstr("Bundle.entry[0].fullUrl: an absolute URL is wanted")));
    EXPECT_THAT(bundle(R"("type":"collection","entry":[{"fullUrl":"http://a.test/Patient/2","resource":{"resourceType":"Patient","id":"1"}}])"),
                ElementsAre(HasSubstr("type and id at its end are not those of the resource")));
    EXPECT_THAT(bundle(R"("type":"searchset","entry":[{"resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"outcome"}}])"),
                ElementsAre(HasSubstr("Bundle.entry[0].search.mode")));
    const std::string document =
        R"("type":"document","identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:1"},"timestamp":"2026-11-21T08:30:00Z","entry":[{"fullUrl":"http://a.test/Composition/c",
        "resource":{"resourceType":"Composition","id":"c","status":"final","type":{"text":"x"},"date":"2026-11-21","title":"t","author":[{"reference":"Practitioner/d"}]}})";
    EXPECT_THAT(bundle(document + "]"), ElementsAre(HasSubstr("not-found Bundle.entry[0].resource.author[0]: the resource is not in the Bundle")));
    EXPECT_THAT(bundle(document + R"(,{"fullUrl":"http://a.test/Practitioner/d","resource":{"resourceType":"Practitioner","id":"d"}}])"), IsEmpty());
}

// ---- what is right stays right ------------------------------------------------------------------------------------------
TEST(Examples, AreNotRefusedByTheRules) {
    QIAO_NEED_TESTDATA();
    // Slips of the examples themselves: those of the structure (examples_test.cpp), a code that stands twice, addresses and
    // extensions of domains that are reserved for examples.
    const std::map<std::string, std::string> faulty = {
        {"basic-example.json", "nothing is known of the extension http://example.org/"},
        {"bundle-questionnaire.json", "linkId: this element is required"},
        {"codesystem-example.json", "csd-1"},
        {"devicemetric-example.json", "a reference to DeviceDefinition is not allowed here"},
        {"deviceusestatement-example.json", "a reference to Procedure is not allowed here"},
        {"documentreference-example.json", "reserved for examples"},
        {"medicationrequest0301.json", "a reference to Practitioner is not allowed here"},
    };
    for (const auto& file : example_files()) {
        const auto slip = faulty.find(file.filename().string());
        const auto errors = said(read_file(file));
        if (slip != faulty.end()) {
            EXPECT_THAT(errors, Contains(HasSubstr(slip->second))) << file;
        }
        for (const std::string& error : errors) {
            if (slip == faulty.end() || error.find(slip->second) == std::string::npos) ADD_FAILURE() << file.filename() << " " << error;
        }
    }
    std::ifstream patients(testdata() / "synthetic-20-patients.ndjson");
    std::string line;
    while (std::getline(patients, line)) {
        for (const std::string& error : said(line)) ADD_FAILURE() << line.substr(0, 100) << " " << error;
    }
}

TEST(Validation, HostileSizesEnd) {
    std::string entries;
    std::string sections;
    for (int i = 0; i < 20'000; ++i) {
        entries += R"(,{"fullUrl":"urn:uuid:)" + std::to_string(i) + R"(","resource":{"resourceType":"Basic","code":{"text":"x"}}})";
        sections += (i == 0 ? "" : ",") + std::string(R"({"reference":"Basic/)") + std::to_string(i) + R"("})";
    }
    const auto errors = said(
        R"({"resourceType":"Bundle","type":"document","entry":[{"fullUrl":"urn:uuid:c","resource":{"resourceType":"Composition","status":"final","type":{"text":"x"},"date":"2026-11-21","title":"t","author":[{"display":"d"}],"section":[{"title":"s","entry":[)" +
        sections + "]}]}}" + entries + "]}");
    EXPECT_GE(errors.size(), 1U);
    EXPECT_LE(errors.size(), 101U);
}

TEST(Validation, StrangeTreesAreAnsweredToo) {
    for (const char* text : {R"({"resourceType":"Patient","name":7})", R"({"resourceType":"Bundle","type":"document","entry":{"resource":[]}})",
                             R"({"resourceType":"Patient","_birthDate":[null]})", R"({"resourceType":"Patient","extension":[[{"url":"http://a.test/b"}]]})",
                             R"({"resourceType":"Patient","contained":[{}]})"}) {
        EXPECT_FALSE(said(text).empty()) << text;
    }
}

}  // namespace
}  // namespace qiao::record
