#include "base/json_value.hpp"
#include "index_text.hpp"
#include "record/validate/validate.hpp"
#include "testdata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace qiao::record {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;

std::multiset<std::string> example(const char* name) {
    const auto resource = parsed(read_file(testdata() / "examples" / name));
    return lines(extract(resource.root(), resource.type()));
}

// What the official examples say, read off them by hand.
TEST(Examples, GiveTheKnownIndexValues) {
    QIAO_NEED_TESTDATA();
    const std::map<const char*, std::vector<std::string>> expected = {
        {"patient-example.json",
         {"identifier=urn:oid:1.2.36.146.595.217.0.1|12345", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|12345", "active=|true",
          "family=chalmers", "family=windsor", "given=jim", "name=james", "gender=|male", "birthdate=157161600000..157248000000", "deceased=|false",
          "address-city=pleasantville", "address-postalcode=3999", "address-use=|home", "phone=phone|(03) 5555 6473", "organization=Organization/1"}},
        {"observation-example.json",
         {"status=|final", "code=http://loinc.org|29463-7", "category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs",
          "code:text=body weight", "patient=Patient/example", "subject=Patient/example", "encounter=Encounter/example", "date=1459123200000..1459209600000",
          "value-quantity=185..185|http://unitsofmeasure.org|[lb_av]|lbs"}},
        {"encounter-example.json",
         {"status=|in-progress", "class=http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP", "subject=Patient/example", "patient=Patient/example"}},
    };
    for (const auto& [name, wanted] : expected) EXPECT_THAT(example(name), IsSupersetOf(wanted)) << name;
}

// Each is a slip of the example itself: R4 has Questionnaire.item.linkId 1..1, DeviceMetric.parent only to Device,
// DeviceUseStatement.reasonReference not to Procedure, dispenseRequest.performer only to Organization.
const std::map<std::string, std::string> kFaulty = {
    {"bundle-questionnaire.json", "Questionnaire.item[0].item[0].linkId"},
    {"devicemetric-example.json", "DeviceMetric.parent"},
    {"deviceusestatement-example.json", "DeviceUseStatement.reasonReference[0]"},
    {"medicationrequest0301.json", "MedicationRequest.dispenseRequest.performer"},
};

TEST(Examples, AreValidButForFourSlips) {
    QIAO_NEED_TESTDATA();
    ASSERT_EQ(example_files().size(), 54U);
    for (const auto& file : example_files()) {
        const auto resource = parsed(read_file(file));
        const auto issues = validate_structure(resource.root(), resource.type());
        const auto slip = kFaulty.find(file.filename().string());
        if (slip == kFaulty.end()) {
            for (const Issue& issue : issues) ADD_FAILURE() << file.filename() << " " << issue.code << " " << issue.expression << ": " << issue.diagnostics;
        } else {
            ASSERT_FALSE(issues.empty()) << file;
            EXPECT_EQ(issues.front().expression, slip->second) << file;
        }
    }
}

TEST(Examples, SyntheticPatientsAreValidAndIndexed) {
    QIAO_NEED_TESTDATA();
    std::ifstream file(testdata() / "synthetic-20-patients.ndjson");
    int count = 0;
    std::string text;
    while (std::getline(file, text)) {
        ++count;
        const auto resource = parsed(text);
        for (const Issue& issue : validate_structure(resource.root(), resource.type()))
            ADD_FAILURE() << count << " " << issue.expression << ": " << issue.diagnostics;
        const IndexValues values = extract(resource.root(), resource.type());
        EXPECT_FALSE(values.truncated);
        const bool any = !values.tokens.empty() || !values.references.empty() || !values.strings.empty();
        EXPECT_TRUE(any) << text.substr(0, 120);
        if (resource.type() == TypeId::Patient) {
            EXPECT_TRUE(std::ranges::any_of(values.strings, [](const StringValue& v) { return v.form == StringValue::Form::pinyin; }));
        }
    }
    EXPECT_EQ(count, 791);
}

// Verdicts of the reference validator, whose other rules are those of level `full`: here only, nothing that it accepts is refused.
TEST(ValidatorCases, NothingAcceptedThereIsRefusedHere) {
    QIAO_NEED_TESTDATA();
    // An id that its settings allow, and JSON with comments.
    const std::set<std::string> not_ours = {"contained-resource-bad-id-ignore", "json-comments-2-yes"};
    std::ifstream file(testdata() / "validator" / "cases.r4.ndjson");
    std::string text;
    int refused = 0;
    while (std::getline(file, text)) {
        const auto row = json::parse(text);
        ASSERT_TRUE(row);
        const std::string name = (*row)["name"].text();
        const json::Value& input = (*row)["input"];
        const auto resource = parse_resource(input.is_string() ? input.text() : input.dump());
        const auto issues = resource ? validate_structure(resource->root()) : std::vector<Issue>{{"structure", "", resource.error().message}};
        if (!issues.empty()) ++refused;
        if ((*row)["errors"].integer().value_or(0) > 0 || not_ours.contains(name)) continue;
        for (const Issue& issue : issues) ADD_FAILURE() << name << " " << issue.expression << ": " << issue.diagnostics;
    }
    EXPECT_GE(refused, 20);
}

}  // namespace
}  // namespace qiao::record
