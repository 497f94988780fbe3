#include "service.hpp"

#include <gmock/gmock.h>

/// Profiles that are loaded as StructureDefinitions, in $validate and, where it is configured, on writes.
namespace qiao::record::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string profile(const std::string& id, const std::string& base, const std::string& elements) {
    return R"({"resourceType":"StructureDefinition","id":")" + id + R"(","url":"urn:p:)" + id +
           R"(","name":"P","status":"active","kind":"resource","abstract":false,"type":"Patient","baseDefinition":")" + base +
           R"(","derivation":"constraint","differential":{"element":[)" + elements + "]}}";
}
const std::string kPlain = "http://hl7.org/fhir/StructureDefinition/Patient";
std::string patient(const std::string& url, const std::string& members) {
    return R"({"resourceType":"Patient","meta":{"profile":[")" + url + R"("]})" + members + "}";
}

struct Profiles : Service {
    using Service::Service;
    void put(const std::string& where, const std::string& body) {
        const auto response = send(Method::put, "/fhir/" + where, body);
        ASSERT_LT(response.status, 300) << response.body;
    }
    std::string verdict(const std::string& body, std::string_view as = "all") const {
        return send(Method::post, "/fhir/Patient/$validate", body, {{"x-test-caller", std::string(as)}}).body;
    }
};

TEST(LoadedProfiles, are_known_from_the_next_request_on_and_change_with_their_versions) {
    Profiles service;
    const std::string body = patient("urn:p:resident", R"(,"active":true)");
    EXPECT_THAT(service.verdict(body), HasSubstr("the profile urn:p:resident is not known"));
    service.put("StructureDefinition/resident", profile("resident", kPlain, R"({"id":"Patient.birthDate","path":"Patient.birthDate","min":1})"));
    EXPECT_THAT(service.verdict(body), HasSubstr(R"("expression":["Patient.birthDate"])"));
    EXPECT_THAT(service.verdict(patient("urn:p:resident", R"(,"birthDate":"1971-03-02")")), HasSubstr("No defect found"));
    // A definition is nobody's secret: people of other institutions and a client know it too.
    EXPECT_THAT(service.verdict(body, "one"), HasSubstr("at least 1 wanted"));
    EXPECT_THAT(service.verdict(body, "client"), HasSubstr("at least 1 wanted"));

    service.put("StructureDefinition/resident", profile("resident", kPlain, R"({"id":"Patient.gender","path":"Patient.gender","min":1})"));
    EXPECT_THAT(service.verdict(patient("urn:p:resident", R"(,"birthDate":"1971-03-02")")), HasSubstr(R"("expression":["Patient.gender"])"));
    ASSERT_LT(service.send(Method::del, "/fhir/StructureDefinition/resident").status, 300);
    EXPECT_THAT(service.verdict(body), HasSubstr("is not known"));
}

TEST(LoadedProfiles, one_stands_on_another) {
    Profiles service;
    service.put("StructureDefinition/resident", profile("resident", kPlain, R"({"id":"Patient.birthDate","path":"Patient.birthDate","min":1})"));
    service.put("StructureDefinition/islander", profile("islander", "urn:p:resident", R"({"id":"Patient.gender","path":"Patient.gender","min":1})"));
    const std::string body = patient("urn:p:islander", R"(,"active":true)");
    EXPECT_THAT(service.verdict(body), HasSubstr(R"("expression":["Patient.birthDate"])"));
    EXPECT_THAT(service.verdict(body), HasSubstr(R"("expression":["Patient.gender"])"));
    // Its base changes, and it with it.
    service.put("StructureDefinition/resident", profile("resident", kPlain, R"({"id":"Patient.telecom","path":"Patient.telecom","min":1})"));
    EXPECT_THAT(service.verdict(body), HasSubstr(R"("expression":["Patient.telecom"])"));
    EXPECT_THAT(service.verdict(body), Not(HasSubstr("Patient.birthDate")));
    // Bases that go in a circle end.
    service.put("StructureDefinition/resident", profile("resident", "urn:p:islander", R"({"id":"Patient.telecom","path":"Patient.telecom","min":1})"));
    EXPECT_THAT(service.verdict(body), HasSubstr("go in a circle"));
    service.put("StructureDefinition/resident", profile("resident", "urn:p:nowhere", R"({"id":"Patient.telecom","path":"Patient.telecom","min":1})"));
    EXPECT_THAT(service.verdict(body), HasSubstr("its base is not known: urn:p:nowhere"));
}

TEST(LoadedProfiles, cannot_redefine_what_fhir_defines) {
    Profiles service;
    std::string sly = profile("bp", "http://hl7.org/fhir/StructureDefinition/Observation", R"({"id":"Observation","path":"Observation"})");
    sly.replace(sly.find("urn:p:bp"), 8, "http://hl7.org/fhir/StructureDefinition/bp");
    sly.replace(sly.find("\"type\":\"Patient\""), 16, "\"type\":\"Observation\"");
    service.put("StructureDefinition/bp", sly);
    const auto response = service.send(Method::post, "/fhir/Observation/$validate",
                                       R"({"resourceType":"Observation","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bp"]},"status":"final","code":{"text":"x"}})");
    EXPECT_THAT(response.body, HasSubstr("of the slice SystolicBP"));
}

TEST(LoadedProfiles, one_that_cannot_be_used_is_told_when_it_is_checked) {
    Profiles service;
    const std::string broken =
        profile("broken", kPlain, R"({"id":"Patient","path":"Patient","constraint":[{"key":"b-1","severity":"error","human":"h","expression":"name.where("}]})");
    const auto response = service.send(Method::post, "/fhir/StructureDefinition/$validate", broken);
    EXPECT_THAT(response.body, HasSubstr("b-1 is no FHIRPath"));
    service.put("StructureDefinition/broken", broken);
    EXPECT_THAT(service.verdict(patient("urn:p:broken", R"(,"active":true)")), HasSubstr("not checked by urn:p:broken: its rule b-1"));
}

TEST(WriteLevel, full_refuses_what_breaks_a_rule_and_takes_what_only_warns) {
    Profiles lenient;
    const std::string rule_broken = R"({"resourceType":"Patient","contact":[{"gender":"male"}]})";
    EXPECT_EQ(lenient.send(Method::post, "/fhir/Patient", rule_broken).status, 201);

    Profiles strict(nullptr, {.write_level = WriteLevel::full});
    const auto refused = strict.send(Method::post, "/fhir/Patient", rule_broken);
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.body, HasSubstr("pat-1"));
    EXPECT_THAT(refused.body, HasSubstr("Patient.contact[0]"));
    strict.put("StructureDefinition/resident", profile("resident", kPlain, R"({"id":"Patient.birthDate","path":"Patient.birthDate","min":1})"));
    EXPECT_EQ(strict.send(Method::post, "/fhir/Patient", patient("urn:p:resident", R"(,"active":true)")).status, 422);
    EXPECT_EQ(strict.send(Method::post, "/fhir/Patient", patient("urn:p:resident", R"(,"birthDate":"1971-03-02")")).status, 201);
    EXPECT_EQ(strict.send(Method::post, "/fhir/Patient", patient("urn:p:unknown", R"(,"active":true)")).status, 201);
    EXPECT_EQ(strict.get_json("/fhir/Patient?_summary=count")["total"].text(), "2");

    // In a bundle the place is named, and nothing of it is written.
    const auto bundle = strict.send(Method::post, "/fhir", R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","active":true}},
        {"request":{"method":"POST","url":"Patient"},"resource":)" + rule_broken + "}]}");
    EXPECT_EQ(bundle.status, 422);
    EXPECT_THAT(bundle.body, HasSubstr("Bundle.entry[1].resource.contact[0]"));
    EXPECT_EQ(strict.get_json("/fhir/Patient?_summary=count")["total"].text(), "2");
}

}  // namespace
}  // namespace qiao::record::testing
