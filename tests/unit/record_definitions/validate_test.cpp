#include "record/validate/validate.hpp"

#include "record/validate/primitives.hpp"
#include "testdata.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace qiao::record {
namespace {

std::string shown(const std::vector<Issue>& issues) {
    std::string text;
    for (const Issue& issue : issues) text += issue.code + " " + issue.expression + "\n";
    return text;
}

struct Bad {
    const char* json;
    const char* issue;  ///< "code expression", the first one
};

const Bad kBad[] = {
    // the resource itself
    {R"({})", "required "},
    {R"({"resourceType":5})", "structure "},
    {R"({"resourceType":"Nothing"})", "structure "},
    {R"({"resourceType":"DomainResource"})", "structure "},
    // members
    {R"({"resourceType":"Patient","surname":"x"})", "structure Patient.surname"},
    {R"({"resourceType":"Patient","contact":[{},{"gendre":"x"}]})", "structure Patient.contact[0]"},
    {R"({"resourceType":"Patient","_contact":[{"id":"x"}]})", "structure Patient._contact"},
    {R"({"resourceType":"Patient","_resourceType":{"id":"x"}})", "structure Patient._resourceType"},
    {R"({"resourceType":"Observation","code":{"text":"x"}})", "required Observation.status"},
    {R"({"resourceType":"Observation","status":"final"})", "required Observation.code"},
    {R"({"resourceType":"Patient","link":[{"type":"seealso"}]})", "required Patient.link[0].other"},
    {R"({"resourceType":"Patient","name":{"text":"x"}})", "structure Patient.name"},
    {R"({"resourceType":"Patient","gender":["male"]})", "structure Patient.gender"},
    {R"({"resourceType":"Patient","name":[]})", "structure Patient.name"},
    {R"({"resourceType":"Patient","name":[{}]})", "structure Patient.name[0]"},
    {R"({"resourceType":"Patient","maritalStatus":{}})", "structure Patient.maritalStatus"},
    {R"({"resourceType":"Patient","name":["x"]})", "structure Patient.name[0]"},
    {R"({"resourceType":"Patient","name":[{"given":"x"}]})", "structure Patient.name[0].given"},
    {R"({"resourceType":"Patient","name":[{"id":"a"}]})", "invariant Patient.name[0]"},
    {R"({"resourceType":"Patient","gender":null})", "structure Patient.gender"},
    {R"({"resourceType":"Patient","name":[null]})", "structure Patient.name[0]"},
    // choices
    {R"({"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"})", "structure Patient.deceased"},
    {R"({"resourceType":"Patient","deceased":true})", "structure Patient.deceased"},
    {R"({"resourceType":"Patient","deceasedString":"x"})", "structure Patient.deceasedString"},
    {R"({"resourceType":"Patient","deceasedBoolean":true,"_deceasedDateTime":{"id":"x"}})", "structure Patient.deceased"},
    // null and _x
    {R"({"resourceType":"Patient","name":[{"given":["a",null]}]})", "structure Patient.name[0].given[1]"},
    {R"({"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,null]}]})", "structure Patient.name[0].given[1]"},
    {R"({"resourceType":"Patient","name":[{"given":["a"],"_given":[null,null]}]})", "structure Patient.name[0].given[1]"},
    {R"({"resourceType":"Patient","_birthDate":"x"})", "structure Patient.birthDate"},
    {R"({"resourceType":"Patient","_birthDate":{"value":"x"}})", "structure Patient.birthDate.value"},
    {R"({"resourceType":"Patient","_birthDate":{}})", "structure Patient.birthDate"},
    // primitives
    {R"({"resourceType":"Patient","active":"true"})", "structure Patient.active"},
    {R"({"resourceType":"Patient","active":1})", "structure Patient.active"},
    {R"({"resourceType":"Patient","birthDate":19800101})", "structure Patient.birthDate"},
    {R"({"resourceType":"Patient","birthDate":"2023-02-29"})", "value Patient.birthDate"},
    {R"({"resourceType":"Patient","birthDate":"2023-02-28T00:00:00Z"})", "value Patient.birthDate"},
    {R"({"resourceType":"Patient","deceasedDateTime":"2023-02-28T10:00:00"})", "value Patient.deceased"},
    {R"({"resourceType":"Patient","deceasedDateTime":"2023-02-28T10:00Z"})", "value Patient.deceased"},
    {R"({"resourceType":"Patient","multipleBirthInteger":2147483648})", "value Patient.multipleBirth"},
    {R"({"resourceType":"Patient","multipleBirthInteger":1.0})", "value Patient.multipleBirth"},
    {R"({"resourceType":"Patient","multipleBirthInteger":"1"})", "structure Patient.multipleBirth"},
    {R"({"resourceType":"Patient","telecom":[{"rank":0}]})", "value Patient.telecom[0].rank"},
    {R"({"resourceType":"Bundle","type":"searchset","total":-1})", "value Bundle.total"},
    {R"({"resourceType":"Patient","language":" zh"})", "value Patient.language"},
    {R"({"resourceType":"Patient","language":"zh "})", "value Patient.language"},
    {R"({"resourceType":"Patient","language":""})", "value Patient.language"},
    {R"({"resourceType":"Patient","id":"a_b"})", "value Patient.id"},
    {R"({"resourceType":"Patient","implicitRules":"a b"})", "value Patient.implicitRules"},
    {R"({"resourceType":"Patient","name":[{"text":""}]})", "value Patient.name[0].text"},
    {R"({"resourceType":"Patient","name":[{"text":"  "}]})", "value Patient.name[0].text"},
    {R"({"resourceType":"Patient","name":[{"text":"a\u0007"}]})", "value Patient.name[0].text"},
    {R"({"resourceType":"Patient","photo":[{"data":"abc"}]})", "value Patient.photo[0].data"},
    {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"issued":"2020-01-01"})", "value Observation.issued"},
    {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueTime":"25:00:00"})", "value Observation.value"},
    {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":"7"}})", "structure Observation.value.value"},
    {R"({"resourceType":"Patient","extension":[{"url":"http://x","valueOid":"urn:oid:3.1"}]})", "value Patient.extension[0].value"},
    {R"({"resourceType":"Patient","extension":[{"url":"http://x","valueUuid":"urn:uuid:1"}]})", "value Patient.extension[0].value"},
    // extensions
    {R"({"resourceType":"Patient","extension":[{"valueString":"x"}]})", "required Patient.extension[0].url"},
    {R"({"resourceType":"Patient","extension":[{"url":"http://x"}]})", "invariant Patient.extension[0]"},
    {R"({"resourceType":"Patient","extension":[{"url":"http://x","valueString":"x","extension":[{"url":"y","valueString":"x"}]}]})",
     "invariant Patient.extension[0]"},
    // bindings
    {R"({"resourceType":"Patient","gender":"Male"})", "code-invalid Patient.gender"},
    {R"({"resourceType":"Observation","status":"done","code":{"text":"x"}})", "code-invalid Observation.status"},
    {R"({"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"},"clinicalStatus":{"coding":[{"system":"http://x","code":"active"}]}})",
     "code-invalid AllergyIntolerance.clinicalStatus"},
    {R"({"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"},"clinicalStatus":{"text":"active"}})",
     "code-invalid AllergyIntolerance.clinicalStatus"},
    // references
    {R"({"resourceType":"AllergyIntolerance","patient":{"reference":"Group/1"}})", "structure AllergyIntolerance.patient"},
    {R"({"resourceType":"AllergyIntolerance","patient":{"reference":"Group?identifier=1"}})", "structure AllergyIntolerance.patient"},
    {R"({"resourceType":"AllergyIntolerance","patient":{"type":"Group","identifier":{"value":"1"}}})", "structure AllergyIntolerance.patient"},
    // resources inside
    {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","nam":"x"}]})", "structure Patient.contained[0].nam"},
    {R"({"resourceType":"Patient","contained":[{"id":"x"}]})", "required Patient.contained[0]"},
    {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","contained":[{"resourceType":"Basic"}]}]})",
     "invariant Patient.contained[0].contained[0]"},
    {R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","gender":"x"}}]})",
     "code-invalid Bundle.entry[0].resource.gender"},
    {R"({"resourceType":"Parameters","parameter":[{"name":"a","part":[{"name":"b","valueString":1}]}]})",
     "structure Parameters.parameter[0].part[0].value"},
    // narrative
    {R"({"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>"}})",
     "invariant Patient.text.div"},
    {R"({"resourceType":"Patient","text":{"status":"generated"}})", "required Patient.text.div"},
};

TEST(Validate, FindsEachDefectAtItsPlace) {
    for (const Bad& row : kBad) {
        const auto resource = parsed(row.json);
        const auto issues = validate_structure(resource.root());
        ASSERT_FALSE(issues.empty()) << row.json;
        EXPECT_EQ(issues.front().code + " " + issues.front().expression, row.issue) << row.json << "\n" << shown(issues);
        EXPECT_FALSE(issues.front().diagnostics.empty());
    }
}

const char* const kGood[] = {
    R"({"resourceType":"Composition","status":"final","type":{"text":"x"},"date":"2026","author":[{"display":"x"}],"title":"x","confidentiality":"U"})",
    R"({"resourceType":"Patient"})",
    R"({"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,{"extension":[{"url":"http://x","valueCode":"masked"}]}]}]})",
    R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://x","valueDateTime":"2020-01-01T10:00:00+08:00"}]}})",
    R"({"resourceType":"Observation","_status":{"extension":[{"url":"http://x","valueCode":"unknown"}]},"code":{"text":"x"}})",
    R"({"resourceType":"Patient","_deceasedBoolean":{"id":"x"},"deceasedBoolean":true})",
    R"({"resourceType":"AllergyIntolerance","patient":{"reference":"http://elsewhere.org/x/Patient/1"}})",
    R"({"resourceType":"AllergyIntolerance","patient":{"reference":"urn:uuid:05c5ee1a-1e2b-4c3d-8e4f-a5b6c7d8e9f0"}})",
    R"({"resourceType":"AllergyIntolerance","patient":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]})",
    R"({"resourceType":"AllergyIntolerance","patient":{"display":"x"},"clinicalStatus":{"coding":[{"system":"http://x","code":"1"},{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]}})",
    R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":7.10e-2,"code":"mmol/L"}})",
    R"({"resourceType":"Patient","multipleBirthInteger":-2147483648})",
    R"({"resourceType":"Patient","deceasedDateTime":"2016-12-31T23:59:60.5-12:00"})",
    R"({"resourceType":"Patient","photo":[{"contentType":"image/png","data":"aGVs bG8="}]})",
    R"({"resourceType":"EvidenceVariable","status":"draft","characteristic":[{"definitionCodeableConcept":{"text":"x"}}]})",
};

TEST(Validate, AcceptsWhatIsRight) {
    for (const char* json : kGood) {
        const auto resource = parsed(json);
        EXPECT_EQ(shown(validate_structure(resource.root())), "") << json;
    }
}

TEST(Validate, WantsTheTypeOfTheUrl) {
    const auto resource = parsed(R"({"resourceType":"Patient"})");
    EXPECT_TRUE(validate_structure(resource.root(), TypeId::Patient).empty());
    EXPECT_FALSE(validate_structure(resource.root(), TypeId::Group).empty());
}

TEST(Validate, SeesDuplicateKeysItself) {
    // parse_resource refuses these already; others may hand over a document of their own.
    simdjson::dom::parser parser;
    const simdjson::padded_string text(std::string_view(R"({"resourceType":"Patient","resourceType":"Patient","gender":"male","gender":"female"})"));
    const auto issues = validate_structure(parser.parse(text));
    EXPECT_EQ(std::ranges::count(issues, "structure", &Issue::code), 3) << shown(issues);
}

TEST(Validate, StopsAfterAHundredIssues) {
    std::string json = R"({"resourceType":"Patient","name":[{})";
    for (int i = 0; i < 500; ++i) json += ",{}";
    EXPECT_EQ(validate_structure(parsed(json + "]}").root()).size(), 100U);
}

TEST(Validate, KeepsHostileNamesShort) {
    const auto resource = parsed(R"({"resourceType":"Patient",")" + std::string(10'000, 'x') + "\":1}");
    const auto issues = validate_structure(resource.root());
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_LT(issues[0].expression.size(), 100U);
}

TEST(Narrative, HasAWhitelist) {
    const auto wrapped = [](std::string_view inside) { return R"(<div xmlns="http://www.w3.org/1999/xhtml">)" + std::string(inside) + "</div>"; };
    for (const char* good :
         {"text", "<p>a<br/>b &amp; &#65; &nbsp; &#x1F600; &frac12; &Omega;</p>", R"(<a href="http://x.org/?a=1&amp;b=2">x</a>)", R"(<a href="#x">x</a>)",
          R"(<img src="#photo" alt="x"/>)", R"(<img src="data:image/png;base64,AA=="/>)", R"(<table class="grid"><tr><td colspan="2">1</td></tr></table>)",
          R"(<span style="color: red; font-weight: bold">x</span>)", "x<!-- note -->", "<p\n id='a' >x</p >"}) {
        EXPECT_EQ(check_narrative(wrapped(good)), "") << good;
    }
    for (const char* bad : {"",
                            "  ",
                            "<p></p>",
                            "<script>x</script>",
                            "<SCRIPT>x</SCRIPT>",
                            "<p onclick=\"x\">x</p>",
                            "<p>x",
                            "x</p>",
                            "<b><i>x</b></i>",
                            "<iframe src=\"x\">x</iframe>",
                            "<form>x</form>",
                            "<object>x</object>",
                            R"(<a href="javascript:x">x</a>)",
                            R"(<a href=" JAVASCRIPT:x">x</a>)",
                            R"(<a href="&#106;avascript:x">x</a>)",
                            "<a href=\"java\nscript:x\">x</a>",
                            R"(<a href="data:text/html,x">x</a>)",
                            R"(<img src="http://x.org/a.png"/>)",
                            R"(<img src="//x.org/a.png"/>)",
                            R"(<img src="data:image/svg+xml,x"/>)",
                            R"x(<p style="background:url(http://x)">x</p>)x",
                            R"(<p style="position : fixed">x</p>)",
                            R"x(<p style="x:exp\72ession(1)">x</p>)x",
                            "<!DOCTYPE x>x",
                            "<?php x?>",
                            "<![CDATA[x]]>",
                            "<!--><b>x</b>-->",
                            "<!-- a -- b -->x",
                            "a & b",
                            "&copied;",
                            "&#x;",
                            "&#12a;",
                            "&;",
                            "&amp",
                            "<p id=x>x</p>",
                            "<p id>x</p>",
                            "<br>x",
                            "< p>x</p>",
                            "<p xmlns=\"http://x\">x</p>",
                            R"(<p title="<">x</p>)",
                            "<style>x</style>",
                            "<link/>x",
                            "<svg>x</svg>",
                            "<math>x</math>",
                            "<base href=\"x\"/>x"}) {
        EXPECT_NE(check_narrative(wrapped(bad)), "") << bad;
    }
    EXPECT_NE(check_narrative("text"), "");
    EXPECT_NE(check_narrative("<p>x</p>"), "");
    EXPECT_NE(check_narrative("<div>a</div><div>b</div>"), "");
    EXPECT_NE(check_narrative("<div>a</div>b"), "");
    EXPECT_NE(check_narrative("<divx>a</divx>"), "");
    EXPECT_NE(check_narrative(""), "");
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "<b>";
    EXPECT_NE(check_narrative(wrapped(deep)), "");
}

TEST(Primitives, KeepTheirSyntax) {
    EXPECT_TRUE(is_fhir_date("2024-02-29") && is_fhir_date("2024-02") && is_fhir_date("2024"));
    EXPECT_FALSE(is_fhir_date("0000") || is_fhir_date("2024-2") || is_fhir_date("2024-02-") || is_fhir_date("2024/02/29") || is_fhir_date("") ||
                 is_fhir_date("20240229"));
    EXPECT_TRUE(is_fhir_instant("2024-02-29T08:30:00.123456789Z") && is_fhir_instant("2024-02-29T08:30:00+14:00"));
    EXPECT_FALSE(is_fhir_instant("2024-02-29T08:30:00+14:01") || is_fhir_instant("2024-02-29T08:30:00") || is_fhir_instant("2024-02-29T08:30:00z") ||
                 is_fhir_instant("2024-02-29t08:30:00Z") || is_fhir_instant("2024-02-29T08:30:00.Z") || is_fhir_instant("2024-02-29T8:30:00Z"));
    EXPECT_TRUE(is_fhir_time("23:59:60.5"));
    EXPECT_FALSE(is_fhir_time("24:00:00") || is_fhir_time("08:30") || is_fhir_time("08:30:00Z") || is_fhir_time("") || is_fhir_time("08-30-00"));
    EXPECT_TRUE(is_fhir_code("a") && is_fhir_code("a b") && is_fhir_code("王"));
    EXPECT_FALSE(is_fhir_code("a  b") || is_fhir_code(" a") || is_fhir_code("a\n") || is_fhir_code(""));
    EXPECT_TRUE(is_fhir_oid("urn:oid:1.2.840.10008") && is_fhir_oid("urn:oid:2.0"));
    EXPECT_FALSE(is_fhir_oid("urn:oid:1.02") || is_fhir_oid("urn:oid:1.") || is_fhir_oid("1.2") || is_fhir_oid("urn:oid:1"));
    EXPECT_TRUE(is_fhir_uuid("urn:uuid:05c5ee1a-1e2b-4c3d-8e4f-a5b6c7d8e9f0"));
    EXPECT_FALSE(is_fhir_uuid("urn:uuid:05C5EE1A-1e2b-4c3d-8e4f-a5b6c7d8e9f0") || is_fhir_uuid("urn:uuid:05c5ee1a1e2b4c3d8e4fa5b6c7d8e9f0xxxx"));
    EXPECT_TRUE(is_fhir_base64("aGVsbG8=") && is_fhir_base64("aGVs\nbG8="));
    EXPECT_FALSE(is_fhir_base64("aGVsbG8") || is_fhir_base64("=aaa") || is_fhir_base64("a===") || is_fhir_base64("aG-_") || is_fhir_base64(""));
    EXPECT_FALSE(is_fhir_uri("") || is_fhir_uri("a b") || is_fhir_uri("a\t"));
}

}  // namespace
}  // namespace qiao::record
