#include "record/path/evaluate.hpp"
#include "base/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace qiao::record::path {
namespace {

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"p","active":true,
  "contained":[{"resourceType":"Organization","id":"o","name":"County hospital"}],
  "managingOrganization":{"reference":"#o"},"generalPractitioner":[{"reference":"Practitioner/7"},{"reference":"#nobody"}],
  "name":[{"family":"Chen","given":["Yu","Min"],"_given":[null,{"extension":[{"url":"http://a/middle","valueBoolean":true}]}]},{"use":"old","family":"Lin"}],
  "_birthDate":{"extension":[{"url":"http://a/unknown","valueCode":"asked"}]},
  "multipleBirthInteger":2,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"}})";
constexpr std::string_view kObservation = R"({"resourceType":"Observation","status":"final","code":{"text":"glucose"},
  "valueQuantity":{"value":7.10,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"},
  "component":[{"code":{"text":"a"},"valueString":"x"},{"code":{"text":"b"},"valueInteger":3}]})";

class Port : public Outside {
public:
    Port() : practitioner_(*json::parse(R"({"resourceType":"Practitioner","id":"7","gender":"female"})")) {}
    const json::Value* resolve(std::string_view reference) const override { return reference == "Practitioner/7" ? &practitioner_ : nullptr; }
    std::optional<bool> member_of(const Item& coded, std::string_view url) const override {
        if (url != "http://a/set") return std::nullopt;
        const std::string* code = text_of(coded);
        return code != nullptr && *code == "final";
    }
    std::optional<bool> conforms_to(const Item&, std::string_view url) const override { return url == "http://a/profile" ? std::optional(true) : std::nullopt; }

private:
    json::Value practitioner_;
};

struct Setting {
    Strictness strictness = Strictness::strict;
    std::string_view resource = kPatient;
};

/// "type:text ; …", or the code of the error.
std::string run(std::string_view text, const Setting& setting = {}) {
    const auto expression = Expression::parse(text);
    if (!expression) return "syntax: " + expression.error().message;
    const auto resource = json::parse(setting.resource);
    const Port port;
    Context context{.now = *parse_instant("2026-11-28T08:30:00.250Z"), .outside = &port, .strictness = setting.strictness};
    try {
        std::string out;
        for (const Item& item : evaluate(*expression, *resource, context).items) {
            if (!out.empty()) out += " ; ";
            out += shown_type(item) + ":" + shown_text(item);
        }
        return out;
    } catch (const Error& error) {
        return std::string(error.code());
    }
}
std::string observation(std::string_view text) { return run(text, {.resource = kObservation}); }

TEST(FhirPath, WalksElements) {
    EXPECT_EQ(run("Patient.name.given"), "string:Yu ; string:Min");
    EXPECT_EQ(run("name[1].family"), "string:Lin");
    EXPECT_EQ(run("name.given.extension('http://a/middle').value"), "boolean:true");
    EXPECT_EQ(run("birthDate.extension.value"), "code:asked");
    EXPECT_EQ(run("birthDate.hasValue()"), "boolean:false");
    EXPECT_EQ(run("multipleBirth is integer"), "boolean:true");
    EXPECT_EQ(run("active.value.type().namespace"), "string:System");
    EXPECT_EQ(observation("component.value"), "string:x ; integer:3");
    EXPECT_EQ(observation("component.value.ofType(integer)"), "integer:3");
    EXPECT_EQ(observation("value.value"), "decimal:7.10");
    EXPECT_EQ(observation("value"), R"(Quantity:{"value":7.10,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"})");
    EXPECT_EQ(observation("value + 1 'mmol/L'"), "Quantity:8.10 'mmol/L'");
}

TEST(FhirPath, KnowsTheTypesOfFhir) {
    EXPECT_EQ(run("is(DomainResource) and is(Resource) and is(FHIR.Patient)"), "boolean:true");
    EXPECT_EQ(run("name.first().type().baseType"), "string:FHIR.Element");
    EXPECT_EQ(observation("component.first() is BackboneElement"), "boolean:true");
    EXPECT_EQ(run("name.first() is Nothing"), "fhirpath.unknown_type");
    constexpr std::string_view kAge =
        R"({"resourceType":"Observation","status":"final","code":{"text":"a"},"extension":[{"url":"http://a/age","valueAge":{"value":41,"system":"http://unitsofmeasure.org","code":"a"}}]})";
    EXPECT_EQ(run("extension('http://a/age').value.select(($this is Age) | ($this is Quantity))", {.resource = kAge}), "boolean:true");
    EXPECT_EQ(run("extension('http://a/age').value is Duration", {.resource = kAge}), "boolean:false");
    EXPECT_EQ(run("text.div.htmlChecks()"), "boolean:true");
    EXPECT_EQ(run("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')"), "boolean:true");
    EXPECT_EQ(run("conformsTo('http://hl7.org/fhir/StructureDefinition/Observation')"), "boolean:false");
    EXPECT_EQ(run("conformsTo('http://a/profile')"), "boolean:true");
    EXPECT_EQ(run("conformsTo('http://a/other')"), "fhirpath.profile");
}

TEST(FhirPath, IsStrictUnlessAskedNotToBe) {
    const Setting lenient{.strictness = Strictness::lenient};
    EXPECT_EQ(run("name.nothing"), "fhirpath.unknown_element");
    EXPECT_EQ(run("name.nothing", lenient), "");
    EXPECT_EQ(run("contact.name.nothing"), "fhirpath.unknown_element");
    EXPECT_EQ(run("contact.name.given | photo.url | contact.name.extension.value"), "");
    EXPECT_EQ(observation("(value as Period).unit"), "fhirpath.unknown_element");
    EXPECT_EQ(observation("(value as Period).start"), "");
    EXPECT_EQ(run("Encounter.status"), "fhirpath.unknown_element");
    EXPECT_EQ(run("name.as(HumanName).count()"), "fhirpath.several");
    EXPECT_EQ(run("name.as(HumanName).count()", lenient), "integer:2");
    EXPECT_EQ(run("children().first()"), "fhirpath.order");
    EXPECT_EQ(run("children().count() > 5", lenient), "boolean:true");
    EXPECT_EQ(observation("valueQuantity.value"), "fhirpath.unknown_element");
    EXPECT_EQ(run("true and name.family"), "fhirpath.several");
    EXPECT_EQ(run("name.given + 'a'"), "fhirpath.several");
    EXPECT_EQ(run("'a' + 1"), "fhirpath.type");
    EXPECT_EQ(run("%nothing"), "fhirpath.unknown_constant");
}

TEST(FhirPath, ResolvesReferences) {
    EXPECT_EQ(run("managingOrganization.resolve().name"), "string:County hospital");
    EXPECT_EQ(run("generalPractitioner.resolve().gender"), "code:female");
    EXPECT_EQ(run("generalPractitioner.where(resolve() is Practitioner).reference"), "string:Practitioner/7");
    EXPECT_EQ(run("contained.where(%resource.managingOrganization.reference = '#' + id).exists()"), "boolean:true");
    constexpr std::string_view kBundle =
        R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://a/Patient/1","resource":{"resourceType":"Patient","id":"1","gender":"other"}},
      {"fullUrl":"urn:uuid:5","resource":{"resourceType":"Observation","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/1"}}}]})";
    EXPECT_EQ(run("entry.resource.ofType(Observation).subject.resolve().gender", {.resource = kBundle}), "code:other");
    EXPECT_EQ(observation("status.memberOf('http://a/set')"), "boolean:true");
    EXPECT_EQ(observation("status.memberOf('http://a/unknown')"), "");
}

TEST(FhirPath, ComputesExactly) {
    EXPECT_EQ(run("0.1 + 0.2 = 0.3"), "boolean:true");
    EXPECT_EQ(run("2147483647 + 1"), "");
    EXPECT_EQ(run("7 / 2"), "decimal:3.5");
    EXPECT_EQ(run("-7 div 2 | -7 mod 2"), "integer:-3 ; integer:-1");
    EXPECT_EQ(run("5.5 'mg' + 1 'g'"), "Quantity:1005.5 'mg'");
    EXPECT_EQ(run("37 'Cel' = 98.6 '[degF]'"), "boolean:true");
    EXPECT_EQ(run("37 'Cel' ~ 98.6 '[degF]'"), "boolean:true");
    EXPECT_EQ(observation("value > 7 'mmol/L' and value < 0.0072 'mol/L'"), "boolean:true");
    EXPECT_EQ(run("1 'ug/kg/min' = 0.06 'mg/kg/h'"), "boolean:true");
    EXPECT_EQ(observation("value = 1 'kg'"), "");
    EXPECT_EQ(run("1 'g'.toQuantity('mg')"), "Quantity:1000 'mg'");
}

TEST(FhirPath, AsksTheClockItWasGiven) {
    EXPECT_EQ(run("now()"), "dateTime:@2026-11-28T08:30:00.250Z");
    EXPECT_EQ(run("today() - 1 month"), "date:@2026-10-28");
    EXPECT_EQ(run("timeOfDay()"), "time:@T08:30:00.250");
}

TEST(FhirPath, CountsCharactersAndNotBytes) {
    EXPECT_EQ(run("'王小明'.length()"), "integer:3");
    EXPECT_EQ(run("'王小明'.substring(1, 1)"), "string:小");
    EXPECT_EQ(run("'王小明'.indexOf('明')"), "integer:2");
    EXPECT_EQ(run("'王小'.toChars()"), "string:王 ; string:小");
    EXPECT_EQ(run("'a-b'.replaceMatches('(a)-(?P<last>b)', '${last}$1')"), "string:ba");
    EXPECT_EQ(run("'a'.matches('(')"), "fhirpath.argument");
}

TEST(FhirPath, EndsWhatWouldNotEnd) {
    EXPECT_EQ(run("name.repeat($this)").substr(0, 9), "HumanName");
    EXPECT_EQ(run("'a'.repeat($this + 'a')"), "fhirpath.too_costly");
    EXPECT_EQ(run("(1|2|3|4|5|6|7|8|9).aggregate($total.combine($total).combine($this), 1).count()"), "integer:1023");
    EXPECT_EQ(run("('0123456789012345678901234567890123456789'.toChars()).aggregate(iif($total.empty(), 'a', $total + $total))"), "fhirpath.too_costly");
    EXPECT_EQ(run("'0123456789'.toChars().select('0123456789'.toChars().select('0123456789'.toChars().select('0123456789'.toChars().select('0123456789'."
                  "toChars()))))"),
              "fhirpath.too_costly");
    EXPECT_EQ(run("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$')"), "boolean:false");
    // Long texts count by their length: few steps must not copy gigabytes.
    const std::string kHalf_MiB = "'01234567890123456789'.toChars().aggregate(iif($total.empty(), 'a', $total + $total))";
    EXPECT_EQ(run(kHalf_MiB + ".length()"), "integer:524288");
    EXPECT_EQ(run(kHalf_MiB + ".select('0123456789'.toChars()).aggregate($total.combine($total), " + kHalf_MiB + ").count()"), "fhirpath.too_costly");
    EXPECT_EQ(run("'0123456789'.toChars().select('0123456789'.toChars()).aggregate($total & '', " + kHalf_MiB + ").length()"), "fhirpath.too_costly");
    EXPECT_EQ(run("'0123456789'.toChars().select('0123456789'.toChars()).aggregate(iif($total.contains('b'), 'b', $total), " + kHalf_MiB + ").length()"),
              "fhirpath.too_costly");
}

}  // namespace
}  // namespace qiao::record::path
