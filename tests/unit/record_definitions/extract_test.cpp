#include "record/extract/extract.hpp"

#include "index_text.hpp"
#include "record/extract/dates.hpp"
#include "testdata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qiao::record {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::multiset<std::string> values_of(std::string_view json, const ExtractOptions& options = {}) {
    const auto resource = parsed(json);
    return lines(extract(resource.root(), resource.type(), options));
}

/// The values of one parameter.
std::vector<std::string> values_of(std::string_view json, const std::string& code, const ExtractOptions& options = {}) {
    std::vector<std::string> found;
    for (const auto& text : values_of(json, options)) {
        if (text.starts_with(code + "=") || text.starts_with(code + ":")) found.push_back(text);
    }
    return found;
}

std::string range_text(const std::string& code, const char* first, const char* last) {
    return code + "=" + std::to_string(parse_time_range(first, nullptr)->lo_ms) + ".." + std::to_string(parse_time_range(last, nullptr)->hi_ms);
}

TEST(Extract, ReadsChineseNames) {
    EXPECT_THAT(
        values_of(R"({"resourceType":"Patient","name":[{"text":"单小伟","family":"单","given":["小伟"]}]})", "name"),
        UnorderedElementsAre("name=单小伟", "name=pinyin:shanxiaowei", "name=initials:sxw", "name=单", "name=pinyin:shan", "name=小伟", "name=pinyin:xiaowei"));
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","name":[{"family":"欧阳","given":["建","国"]}]})", "name"),
                IsSupersetOf({"name=欧阳建国", "name=pinyin:ouyangjianguo", "name=initials:oyjg"}))
        << "the whole name also where only its parts were sent";
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","name":[{"family":"曾"}]})", "family"), UnorderedElementsAre("family=曾", "family=pinyin:zeng"));
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","name":[{"given":["曾"]}]})", "given"), UnorderedElementsAre("given=曾", "given=pinyin:ceng"));
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","name":[{"family":"Müller","given":["Änne"]}]})", "name"),
                UnorderedElementsAre("name=muller", "name=anne"));
    EXPECT_THAT(values_of(R"({"resourceType":"Organization","name":"重庆医院","alias":["CQ"]})", "name"),
                UnorderedElementsAre("name=重庆医院", "name=pinyin:chongqingyiyuan", "name=cq"));
}

TEST(Extract, ReadsTokens) {
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","identifier":[{"type":{"text":"身份证","coding":[{"system":"http://t","code":"NI"}]},
                             "system":"urn:s","value":"1"},{"value":"2"},{"system":"urn:only"}]})",
                          "identifier"),
                UnorderedElementsAre("identifier=urn:s|1", "identifier=|2", "identifier:text=身份证", "identifier:of-type=http://t|NI|1"));
    const char* contacts = R"({"resourceType":"Patient","active":false,"telecom":[{"system":"phone","value":"1"},{"system":"email","value":"a@b"}]})";
    EXPECT_THAT(values_of(contacts, "telecom"), UnorderedElementsAre("telecom=phone|1", "telecom=email|a@b"));
    EXPECT_THAT(values_of(contacts, "phone"), UnorderedElementsAre("phone=phone|1"));
    EXPECT_THAT(values_of(contacts, "email"), UnorderedElementsAre("email=email|a@b"));
    EXPECT_THAT(values_of(contacts, "active"), UnorderedElementsAre("active=|false"));
    EXPECT_THAT(values_of(R"({"resourceType":"Observation","code":{"text":"Blood  Glucose","coding":[{"code":"x","display":"GLU"},{"system":"s"}]}})", "code"),
                UnorderedElementsAre("code=|x", "code:text=blood glucose", "code:text=glu"));
    EXPECT_THAT(
        values_of(
            R"({"resourceType":"Patient","meta":{"tag":[{"system":"s","code":"t"}],"security":[{"code":"R"}],"profile":["http://p"],"source":"http://x"}})"),
        IsSupersetOf({"_tag=s|t", "_security=|R", "_profile=http://p", "_source=http://x"}));
}

TEST(Extract, TellsWhetherAPatientHasDied) {
    EXPECT_THAT(values_of(R"({"resourceType":"Patient"})", "deceased"), UnorderedElementsAre("deceased=|false"));
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","deceasedBoolean":false})", "deceased"), UnorderedElementsAre("deceased=|false"));
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","deceasedBoolean":true})", "deceased"), UnorderedElementsAre("deceased=|true"));
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","deceasedDateTime":"2020"})", "deceased"), UnorderedElementsAre("deceased=|true"));
}

TEST(Extract, ReadsReferences) {
    const auto subject = [](const char* reference, const ExtractOptions& options = {}) {
        return values_of(std::string(R"({"resourceType":"Observation","subject":)") + reference + "}", "subject", options);
    };
    const auto patient = [](const char* reference, const ExtractOptions& options = {}) {
        return values_of(std::string(R"({"resourceType":"Observation","subject":)") + reference + "}", "patient", options);
    };
    EXPECT_THAT(subject(R"({"reference":"Patient/1"})"), UnorderedElementsAre("subject=Patient/1"));
    EXPECT_THAT(patient(R"({"reference":"Patient/1/_history/4"})"), UnorderedElementsAre("patient=Patient/1 version 4"));
    EXPECT_THAT(patient(R"({"reference":"Group/1"})"), UnorderedElementsAre()) << "where(resolve() is Patient)";
    EXPECT_THAT(subject(R"({"reference":"#p"})"), UnorderedElementsAre());
    EXPECT_THAT(subject(R"({"display":"somebody"})"), UnorderedElementsAre());
    EXPECT_THAT(subject(R"({"identifier":{"system":"s","value":"9"}})"), UnorderedElementsAre("subject=logical: identifier s|9"));
    EXPECT_THAT(patient(R"({"type":"Patient","identifier":{"system":"s","value":"9"}})"), UnorderedElementsAre("patient=logical: identifier s|9"));
    EXPECT_THAT(subject(R"({"reference":"urn:uuid:0"})"), UnorderedElementsAre("subject=absolute:urn:uuid:0"));
    EXPECT_THAT(patient(R"({"reference":"http://x.org/fhir/Patient/1"})"), UnorderedElementsAre("patient=absolute:http://x.org/fhir/Patient/1"));
    EXPECT_THAT(patient(R"({"reference":"http://x.org/fhir/Patient/1"})", {.base_url = "http://x.org/fhir"}), UnorderedElementsAre("patient=Patient/1"));
    EXPECT_THAT(subject(R"({"reference":"Patient?identifier=s|1"})"), UnorderedElementsAre("subject=conditional:Patient?identifier=s|1"));
    EXPECT_THAT(values_of(R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://q.org/Questionnaire/1|2.0"})", "questionnaire"),
                UnorderedElementsAre("questionnaire=canonical:http://q.org/Questionnaire/1 version 2.0"));
    EXPECT_THAT(values_of(R"({"resourceType":"Appointment","participant":[{"actor":{"reference":"Location/l"}},{"actor":{"reference":"Practitioner/p"}}]})",
                          "practitioner"),
                UnorderedElementsAre("practitioner=Practitioner/p"));
}

TEST(Extract, ReadsTheHeadOfABundle) {
    const char* bundle = R"({"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c"}},
                            {"resource":{"resourceType":"Composition","id":"d"}}]})";
    EXPECT_THAT(values_of(bundle, "composition"), UnorderedElementsAre("composition=Composition/c"));
    EXPECT_THAT(values_of(bundle, "message"), UnorderedElementsAre());
}

TEST(Extract, ReadsDates) {
    const auto date = [](const char* member) { return values_of(std::string(R"({"resourceType":"Observation",)") + member + "}", "date"); };
    EXPECT_THAT(date(R"("effectiveDateTime":"1980-05")"), UnorderedElementsAre(range_text("date", "1980-05", "1980-05")));
    EXPECT_THAT(date(R"("effectiveInstant":"2020-01-01T00:00:00.5Z")"), UnorderedElementsAre("date=1577836800500..1577836800600"));
    EXPECT_THAT(date(R"("effectivePeriod":{"start":"2020-01-02","end":"2020-02"})"), UnorderedElementsAre(range_text("date", "2020-01-02", "2020-02")));
    EXPECT_THAT(date(R"("effectivePeriod":{"start":"1970-01-02"})"), UnorderedElementsAre("date=86400000.." + std::to_string(kDistantFuture_ms)));
    EXPECT_THAT(date(R"("effectivePeriod":{"end":"1970-01-01"})"), UnorderedElementsAre("date=" + std::to_string(kDistantPast_ms) + "..86400000"));
    EXPECT_THAT(date(R"("effectivePeriod":{"id":"x"})"), UnorderedElementsAre());
    EXPECT_THAT(date(R"("effectiveTiming":{"event":["2020-03-01","2020-01-01"]})"), UnorderedElementsAre(range_text("date", "2020-01-01", "2020-03-01")));
    EXPECT_THAT(date(R"("effectiveTiming":{"repeat":{"boundsPeriod":{"start":"2020","end":"2021"}}})"),
                UnorderedElementsAre(range_text("date", "2020", "2021")));
    EXPECT_THAT(date(R"("effectiveDateTime":"2020-02-30")"), UnorderedElementsAre()) << "no such day";
    const Zone shanghai("Asia/Shanghai");
    EXPECT_THAT(values_of(R"({"resourceType":"Patient","birthDate":"1970-01-02"})", "birthdate", {.zone = &shanghai}),
                UnorderedElementsAre("birthdate=57600000..144000000"));
}

TEST(Extract, FindsTheSortDate) {
    const auto sort_date = [](std::string_view json) {
        const auto resource = parsed(json);
        return extract(resource.root(), resource.type()).sort_date_ms;
    };
    EXPECT_EQ(sort_date(R"({"resourceType":"Observation","issued":"1970-01-03T00:00:00Z","effectiveDateTime":"1970-01-02"})"), 86'400'000);
    EXPECT_EQ(sort_date(R"({"resourceType":"Observation","issued":"1970-01-03T00:00:00Z"})"), 172'800'000);
    EXPECT_EQ(sort_date(R"({"resourceType":"Encounter","period":{"start":"1970-01-02"}})"), 86'400'000);
    EXPECT_EQ(sort_date(R"({"resourceType":"ServiceRequest","authoredOn":"1970-01-02","occurrenceDateTime":"1990"})"), 86'400'000);
    EXPECT_EQ(sort_date(R"({"resourceType":"Task","authoredOn":"1970-01-02"})"), 86'400'000);
    EXPECT_EQ(sort_date(R"({"resourceType":"Patient","birthDate":"1970-01-02"})"), std::nullopt);
}

TEST(Extract, ReadsQuantitiesAndNumbers) {
    const auto value = [](const char* member) { return values_of(std::string(R"({"resourceType":"Observation",)") + member + "}", "value-quantity"); };
    EXPECT_THAT(value(R"("valueQuantity":{"value":7.10,"unit":"mmol/l","system":"http://u","code":"mmol/L"})"),
                UnorderedElementsAre("value-quantity=7.1..7.1|http://u|mmol/L|mmol/l"));
    EXPECT_THAT(value(R"("valueQuantity":{"value":7,"comparator":"<"})"), UnorderedElementsAre("value-quantity=-inf..7|||"));
    EXPECT_THAT(value(R"("valueQuantity":{"value":7,"comparator":">="})"), UnorderedElementsAre("value-quantity=7..inf|||"));
    EXPECT_THAT(value(R"("valueQuantity":{"unit":"g"})"), UnorderedElementsAre());
    EXPECT_THAT(value(R"("valueSampledData":{"origin":{"value":10,"code":"mV"},"factor":2,"data":"1 -2 E 3.5 U"})"),
                UnorderedElementsAre("value-quantity=6..17||mV|"));
    EXPECT_THAT(values_of(R"({"resourceType":"Condition","onsetRange":{"low":{"value":3,"code":"a"}}})", "onset-age"),
                UnorderedElementsAre("onset-age=3..inf||a|"));
    EXPECT_THAT(values_of(R"({"resourceType":"Invoice","totalNet":{"value":48,"currency":"CNY"}})", "totalnet"),
                UnorderedElementsAre("totalnet=48..48|urn:iso:std:iso:4217|CNY|CNY"));
    EXPECT_THAT(
        values_of(R"({"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.2},{"probabilityRange":{"low":{"value":1},"high":{"value":2}}}]})",
                  "probability"),
        UnorderedElementsAre("probability=0.2..0.2", "probability=1..2"));
}

TEST(Extract, PairsComponentsOfOneElement) {
    const char* pressure = R"({"resourceType":"Observation","code":{"coding":[{"code":"bp"}]},"component":[
        {"code":{"coding":[{"code":"sys"}]},"valueQuantity":{"value":120}},{"code":{"coding":[{"code":"dia"}]},"valueQuantity":{"value":80}}]})";
    EXPECT_THAT(values_of(pressure, "component-code-value-quantity"),
                UnorderedElementsAre("component-code-value-quantity: [component-code=|sys] [component-value-quantity=120..120|||]",
                                     "component-code-value-quantity: [component-code=|dia] [component-value-quantity=80..80|||]"));
    EXPECT_THAT(values_of(pressure, "code-value-quantity"), UnorderedElementsAre());
    EXPECT_THAT(values_of(pressure, "combo-code"), UnorderedElementsAre("combo-code=|bp", "combo-code=|sys", "combo-code=|dia"));
    EXPECT_THAT(values_of(R"({"resourceType":"MolecularSequence","referenceSeq":{"chromosome":{"coding":[{"code":"1"}]}},"variant":[{"start":5,"end":6}]})",
                          "chromosome-variant-coordinate"),
                UnorderedElementsAre("chromosome-variant-coordinate: [chromosome=|1] [variant-start=5..5] [variant-end=6..6]"))
        << "%resource";
    EXPECT_THAT(
        values_of(R"({"resourceType":"DocumentReference","relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/1"}}]})", "relationship"),
        UnorderedElementsAre("relationship: [relatesto=DocumentReference/1] [relation=|replaces]"));
}

TEST(Extract, ReadsPositions) {
    const auto resource = parsed(R"({"resourceType":"Location","position":{"longitude":121.5,"latitude":31}})");
    const IndexValues values = extract(resource.root(), resource.type());
    ASSERT_EQ(values.positions.size(), 1U);
    EXPECT_EQ(values.positions[0].latitude, 31);
    EXPECT_EQ(values.positions[0].longitude, 121.5);
}

TEST(Extract, IsBounded) {
    std::string many = R"({"resourceType":"Patient","identifier":[)";
    for (int i = 0; i < 30'000; ++i) many += (i == 0 ? R"({"value":")" : R"(,{"value":")") + std::to_string(i) + "\"}";
    const auto resource = parsed(many + "]}");
    const IndexValues values = extract(resource.root(), resource.type());
    EXPECT_TRUE(values.truncated);
    EXPECT_LE(values.tokens.size(), 20'000U);

    std::string parts;
    for (int i = 0; i < 30'000; ++i) {
        parts += (i == 0 ? R"({"code":{"coding":[{"code":")" : R"(,{"code":{"coding":[{"code":")") + std::to_string(i) + R"("}]},"valueQuantity":{"value":1}})";
    }
    const auto wide = parsed(R"({"resourceType":"Observation","component":[)" + parts + "]}");
    const IndexValues combinations = extract(wide.root(), wide.type());
    EXPECT_TRUE(combinations.truncated);
    EXPECT_LE(combinations.composites.size(), 20'000U);

    const auto text = parsed(R"({"resourceType":"Organization","name":")" + std::string(3'000, 'x') + "王\"}");
    const IndexValues longest = extract(text.root(), text.type());
    ASSERT_FALSE(longest.strings.empty());
    EXPECT_EQ(longest.strings[0].folded.size(), 2'048U);
}

TEST(Extract, SurvivesWhatIsNotValid) {
    for (const char* json :
         {R"({"resourceType":"Patient","name":"x","identifier":{"value":1},"telecom":[null,[1],{"value":[]}],"birthDate":5,"meta":7})",
          R"({"resourceType":"Observation","code":[[[{}]]],"valueQuantity":[{"value":"x"}],"effectivePeriod":"x","component":{"code":1}})"}) {
        EXPECT_LT(values_of(json).size(), 3U) << json;
    }
    const auto resource = parsed(R"({"resourceType":"Patient"})");
    EXPECT_TRUE(extract(resource.root(), TypeId::none).tokens.empty());
}

TEST(ParseReference, KnowsItsForms) {
    using Form = ReferenceValue::Form;
    EXPECT_EQ(parse_reference("Patient/1").form, Form::literal);
    EXPECT_EQ(parse_reference("Patient/").form, Form::absolute);
    EXPECT_EQ(parse_reference("Nothing/1").form, Form::absolute);
    EXPECT_EQ(parse_reference("Patient/a_b").form, Form::absolute);
    EXPECT_EQ(parse_reference("Nothing?x=1").form, Form::absolute);
    EXPECT_EQ(parse_reference("Patient?x=http://a/b").form, Form::conditional);
    EXPECT_EQ(parse_reference("").form, Form::logical);
    EXPECT_EQ(parse_reference("http://a/Patient/1", "http://a/").form, Form::absolute);
    EXPECT_EQ(parse_reference("http://a.b/Patient/1", "http://a").form, Form::absolute);
    EXPECT_EQ(parse_reference("/").form, Form::absolute);
    EXPECT_EQ(parse_reference("x:").form, Form::absolute);
}

}  // namespace
}  // namespace qiao::record
