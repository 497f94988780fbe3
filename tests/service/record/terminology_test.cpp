#include "record/terminology/record_shelf.hpp"
#include "service.hpp"

/// The operations on terminology over the API, with what is built in and what is loaded.
namespace qiao::record::testing {
namespace {

using json::Value;

const char* const kSystem = R"({"resourceType":"CodeSystem","id":"beds","url":"urn:beds","version":"2","name":"Beds","status":"active","content":"complete",
"hierarchyMeaning":"is-a","property":[{"code":"floor","type":"integer"},{"code":"subsumedBy","type":"code"}],"concept":[
{"code":"ward","display":"Ward","property":[{"code":"notSelectable","valueBoolean":true}],"concept":[
 {"code":"single","display":"Single room","designation":[{"language":"zh-CN","value":"单人间"}],"property":[{"code":"floor","valueInteger":2}]},
 {"code":"double","display":"Double room","concept":[{"code":"double-old","display":"Double room, old wing","property":[{"code":"status","valueCode":"retired"}]}]}]},
{"code":"icu","display":"Intensive care","definition":"With a ventilator","property":[{"code":"floor","valueInteger":3}]},
{"code":"isolation","display":"Isolation","property":[{"code":"subsumedBy","valueCode":"icu"},{"code":"subsumedBy","valueCode":"single"}]}]})";

std::string concept_text(int number) {
    const std::string digits = std::to_string(number);
    return R"({"code":"K)" + digits + R"(","display":"Concept )" + digits + "\"}";
}

struct Terms : Service {
    Terms() { put("CodeSystem/beds", kSystem); }
    void put(const std::string& where, const std::string& body) {
        const auto response = send(Method::put, "/fhir/" + where, body);
        ASSERT_LT(response.status, 300) << response.body;
    }
    void put_set(const std::string& id, const std::string& compose) {
        put("ValueSet/" + id, R"({"resourceType":"ValueSet","id":")" + id + R"(","url":"urn:set:)" + id + R"(","status":"active","compose":)" + compose + "}");
    }
    std::string codes(const std::string& target) const {
        const auto response = get(target);
        const auto body = json::parse(response.body);
        if (response.status != 200) return std::to_string(response.status) + " " + error_of(response);
        std::string out;
        for (const Value& one : (*body)["expansion"]["contains"].items()) out += (out.empty() ? "" : " ") + one["code"].text();
        return out;
    }
    /// The part of a Parameters answer, or the error.
    std::string part(const std::string& target, std::string_view name = "result") const { return part_of_answer(get(target), name); }
    static std::string part_of_answer(const http::Response& response, std::string_view name) {
        const auto body = json::parse(response.body);
        if (response.status != 200) return std::to_string(response.status) + " " + error_of(response);
        for (const Value& one : (*body)["parameter"].items()) {
            if (one["name"].text() != name) continue;
            for (const auto& [key, value] : one.members()) {
                if (key.starts_with("value")) return value.text();
            }
        }
        return "";
    }
};

TEST(Terminology, value_sets_of_fhir_are_expanded_and_decide) {
    Terms service;
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender"), "male female other unknown");
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1&filter=FEM"), "female");
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&offset=1&count=2"), "female other");
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender|9"), "404 terminology.unknown_value_set");
    const Value counted = service.get_json("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&count=0");
    EXPECT_EQ(counted["expansion"]["total"].integer(), 4);
    EXPECT_EQ(counted["expansion"]["contains"].size(), 0U);
    // By a hierarchy of HL7 V3.
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode&filter=ambulatory"), "AMB");
    const std::string encounter =
        "/fhir/ValueSet/$validate-code?url=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode&system=http://terminology.hl7.org/CodeSystem/"
        "v3-ActCode&code=";
    EXPECT_EQ(service.part(encounter + "AMB"), "true");
    EXPECT_EQ(service.part(encounter + "AMB", "display"), "ambulatory");
    EXPECT_EQ(service.part(encounter + "OPTIN"), "false");
    EXPECT_EQ(service.part(encounter + "AMB&display=ward"), "false");
    EXPECT_EQ(service.part(encounter + "_ActEncounterCode&abstract=false"), "false");
}

TEST(Terminology, what_is_not_known_is_said_to_be_not_known) {
    Terms service;
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=urn:nothing"), "404 terminology.unknown_value_set");
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand"), "400 record.bad_value");
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=urn:x&colour=red"), "400 record.unknown_parameter");
    EXPECT_EQ(service.codes("/fhir/ValueSet/nobody/$expand"), "404 record.not_found");
    // All of SNOMED CT below a code: the text is not here.
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/body-site"), "422 terminology.cannot_expand");
    const std::string site = "/fhir/ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/body-site&system=http://snomed.info/sct&code=368208006";
    EXPECT_EQ(service.part(site), "false");
    EXPECT_NE(service.part(site, "message").find("cannot be said"), std::string::npos);
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=http://loinc.org&code=8867-4", "display"), "404 terminology.unknown_code_system");
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:beds&code=cot", "display"), "404 terminology.unknown_code");
    // An example of codes decides nothing about others.
    const std::string service_type = "/fhir/CodeSystem/$validate-code?url=http://terminology.hl7.org/CodeSystem/service-type&code=none-such";
    EXPECT_NE(service.part(service_type, "message").find("cannot be said"), std::string::npos);
    EXPECT_EQ(service.codes("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/ucum-units"), "400 record.too_costly");
}

TEST(Terminology, units_follow_the_grammar_of_ucum) {
    Terms service;
    const std::string units = "/fhir/CodeSystem/$validate-code?url=http://unitsofmeasure.org&code=";
    EXPECT_EQ(service.part(units + "mmol%2FL"), "true");
    EXPECT_EQ(service.part(units + "mm%5BHg%5D"), "true");
    EXPECT_EQ(service.part(units + "mg%2F%2FL"), "false");
    EXPECT_EQ(service.part(units + "florp"), "false");
    EXPECT_NE(service.part(units + "florp", "message").find("not all of its units"), std::string::npos);
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=http://unitsofmeasure.org&code=mg%2FdL", "display"), "mg/dL");
}

TEST(Terminology, loaded_code_systems_are_looked_up) {
    Terms service;
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:beds&code=icu", "display"), "Intensive care");
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:beds&code=icu", "definition"), "With a ventilator");
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:beds&code=single&displayLanguage=zh", "display"), "单人间");
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:beds&version=2&code=icu", "version"), "2");
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:beds&version=1&code=icu", "version"), "404 terminology.unknown_code_system");
    const std::string wanted = service.get("/fhir/CodeSystem/$lookup?system=urn:beds&code=single&property=parent&property=floor").body;
    EXPECT_NE(wanted.find("\"valueCode\":\"ward\""), std::string::npos) << wanted;
    EXPECT_NE(wanted.find("\"valueInteger\":2"), std::string::npos) << wanted;
    EXPECT_EQ(wanted.find("designation"), std::string::npos) << wanted;
    const std::string subsumes = "/fhir/CodeSystem/$subsumes?system=urn:beds&codeA=";
    EXPECT_EQ(service.part(subsumes + "ward&codeB=double-old", "outcome"), "subsumes");
    EXPECT_EQ(service.part(subsumes + "isolation&codeB=ward", "outcome"), "subsumed-by");
    EXPECT_EQ(service.part(subsumes + "isolation&codeB=icu", "outcome"), "subsumed-by");
    EXPECT_EQ(service.part(subsumes + "icu&codeB=ward", "outcome"), "not-subsumed");
    EXPECT_EQ(service.part(subsumes + "icu&codeB=icu", "outcome"), "equivalent");
    // A new version of the resource is what counts from then on.
    std::string changed = kSystem;
    changed.replace(changed.find("Intensive care"), 14, "Intensive ward");
    service.put("CodeSystem/beds", changed);
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:beds&code=icu", "display"), "Intensive ward");
    // Instance, Coding, CodeableConcept.
    EXPECT_EQ(service.part("/fhir/CodeSystem/beds/$validate-code?code=icu"), "true");
    const auto posted = service.send(
        Method::post, "/fhir/CodeSystem/$validate-code",
        R"({"resourceType":"Parameters","parameter":[{"name":"codeableConcept","valueCodeableConcept":{"coding":[{"system":"urn:beds","code":"cot"},{"system":"urn:beds","code":"icu"}]}}]})");
    EXPECT_EQ(Terms::part_of_answer(posted, "result"), "true");
}

TEST(Terminology, compositions_choose_and_leave_out) {
    Terms service;
    const auto expands = [&](const std::string& compose) {
        service.put_set("s", compose);
        return service.codes("/fhir/ValueSet/s/$expand");
    };
    const auto filtered = [&](const std::string& property, const std::string& op, const std::string& value) {
        return expands(R"({"include":[{"system":"urn:beds","filter":[{"property":")" + property + R"(","op":")" + op + R"(","value":")" + value + R"("}]}]})");
    };
    EXPECT_EQ(filtered("concept", "is-a", "ward"), "ward single double double-old isolation");
    EXPECT_EQ(filtered("concept", "descendent-of", "double"), "double-old");
    EXPECT_EQ(filtered("concept", "is-not-a", "ward"), "icu");
    EXPECT_EQ(filtered("concept", "generalizes", "isolation"), "ward single icu isolation");
    EXPECT_EQ(filtered("floor", "=", "3"), "icu");
    EXPECT_EQ(filtered("code", "in", "icu, single"), "single icu");
    EXPECT_EQ(filtered("code", "not-in", "icu,single,ward"), "double double-old isolation");
    EXPECT_EQ(filtered("code", "regex", "dou.*"), "double double-old");
    EXPECT_EQ(filtered("code", "regex", "("), "422 terminology.cannot_expand");
    EXPECT_EQ(filtered("floor", "exists", "true"), "single icu");
    EXPECT_EQ(filtered("colour", "=", "red"), "422 terminology.cannot_expand");
    EXPECT_EQ(filtered("concept", "is-a", "cot"), "422 terminology.cannot_expand");
    EXPECT_EQ(expands(R"({"include":[{"system":"urn:beds"}],"exclude":[{"system":"urn:beds","concept":[{"code":"icu"},{"code":"ward"}]}]})"),
              "single double double-old isolation");
    EXPECT_EQ(expands(R"({"inactive":false,"include":[{"system":"urn:beds","filter":[{"property":"concept","op":"is-a","value":"double"}]}]})"), "double");
    EXPECT_EQ(service.codes("/fhir/ValueSet/s/$expand?activeOnly=true"), "double");
    // Codes of a system that is not here are named, not checked; a code that is none is left out.
    EXPECT_EQ(expands(R"({"include":[{"system":"urn:other","concept":[{"code":"x"}]},{"system":"urn:beds","concept":[{"code":"cot"},{"code":"icu"}]}]})"),
              "x icu");
    service.put_set("inner", R"({"include":[{"system":"urn:beds","concept":[{"code":"icu","display":"ICU"},{"code":"single"}]}]})");
    EXPECT_EQ(expands(R"({"include":[{"valueSet":["urn:set:inner"]},{"system":"urn:beds","concept":[{"code":"double"}]}]})"), "icu single double");
    EXPECT_EQ(expands(R"({"include":[{"system":"urn:beds","filter":[{"property":"concept","op":"is-a","value":"ward"}],"valueSet":["urn:set:inner"]}]})"),
              "single");
    EXPECT_EQ(service.part("/fhir/ValueSet/inner/$validate-code?system=urn:beds&code=icu", "display"), "ICU");
    EXPECT_EQ(service.part("/fhir/ValueSet/inner/$validate-code?code=icu"), "true");
    EXPECT_EQ(expands(R"({"include":[{"valueSet":["urn:set:s"]}]})"), "422 terminology.cannot_expand") << "a circle";
    EXPECT_EQ(service.part("/fhir/ValueSet/s/$validate-code?code=icu"), "false");
    const auto brought = service.send(Method::post, "/fhir/ValueSet/$expand",
                                      R"({"resourceType":"Parameters","parameter":[{"name":"count","valueInteger":1},{"name":"valueSet","resource":)"
                                      R"({"resourceType":"ValueSet","status":"active","compose":{"include":[{"system":"urn:beds"}]}}}]})");
    EXPECT_NE(brought.body.find("\"code\":\"ward\""), std::string::npos) << brought.body;
    EXPECT_EQ(error_of(service.send(Method::post, "/fhir/ValueSet/$expand",
                                    R"({"resourceType":"Parameters","parameter":[{"name":"valueSet","resource":{"resourceType":"ValueSet"}}]})")),
              "record.bad_parameters");
}

TEST(Terminology, concept_maps_translate_both_ways) {
    Terms service;
    service.put("ConceptMap/m",
                R"({"resourceType":"ConceptMap","id":"m","url":"urn:map","status":"active","sourceUri":"urn:set:a","targetUri":"urn:set:b","group":[
        {"source":"urn:beds","target":"urn:rooms","element":[{"code":"icu","target":[{"code":"R1","display":"Room 1","equivalence":"wider"}]},
        {"code":"double","target":[{"equivalence":"unmatched"}]}],"unmapped":{"mode":"fixed","code":"R9"}}]})");
    const std::string by_url = "/fhir/ConceptMap/$translate?url=urn:map&system=urn:beds&code=";
    EXPECT_EQ(service.part(by_url + "icu"), "true");
    EXPECT_NE(service.get(by_url + "icu").body.find(R"("code":"R1","display":"Room 1")"), std::string::npos);
    EXPECT_EQ(service.part(by_url + "double"), "false");
    EXPECT_NE(service.get(by_url + "ward").body.find("R9"), std::string::npos);
    EXPECT_EQ(service.part("/fhir/ConceptMap/$translate?system=urn:beds&code=icu&targetsystem=urn:rooms"), "true");
    EXPECT_EQ(service.part("/fhir/ConceptMap/$translate?system=urn:beds&code=icu&targetsystem=urn:halls"), "false");
    EXPECT_EQ(service.part("/fhir/ConceptMap/m/$translate?system=urn:rooms&code=R1"), "false");
    const std::string back = service.get("/fhir/ConceptMap/m/$translate?system=urn:rooms&code=R1&reverse=true").body;
    EXPECT_NE(back.find(R"("valueCode":"narrower")"), std::string::npos) << back;
    EXPECT_NE(back.find(R"("code":"icu")"), std::string::npos) << back;
    EXPECT_EQ(service.part("/fhir/ConceptMap/$translate?url=urn:none&code=x"), "404 terminology.unknown_concept_map");
}

TEST(Terminology, a_definition_that_is_not_visible_decides_nothing) {
    Terms service;
    service.put("CodeSystem/secret",
                R"({"resourceType":"CodeSystem","id":"secret","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality",)"
                R"("code":"R"}]},"url":"urn:secret","status":"active","content":"complete","concept":[{"code":"x","display":"X"}]})");
    const std::string lookup = "/fhir/CodeSystem/$lookup?system=urn:secret&code=x";
    EXPECT_EQ(Terms::part_of_answer(service.get(lookup, "all"), "display"), "X");
    EXPECT_EQ(Terms::part_of_answer(service.get(lookup, "one"), "display"), "404 terminology.unknown_code_system");
    EXPECT_EQ(Terms::part_of_answer(service.get("/fhir/CodeSystem/secret/$validate-code?code=x", "one"), "result"), "404 record.not_found");
    EXPECT_EQ(error_of(service.get("/fhir/Observation?code:below=urn:secret|x", "one")), "record.bad_search_value");
}

TEST(Terminology, validate_takes_codes_of_the_record_for_what_they_are) {
    Terms service;
    const auto verdict = [&](const std::string& code) {
        return service
            .send(Method::post, "/fhir/Observation/$validate",
                  R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:beds","code":")" + code + "\"}]}}")
            .body;
    };
    EXPECT_EQ(verdict("icu").find("code-invalid"), std::string::npos) << verdict("icu");
    EXPECT_NE(verdict("cot").find("code-invalid"), std::string::npos) << verdict("cot");
}

TEST(Terminology, capabilities_say_what_is_built_in) {
    Terms service;
    const Value said = service.get_json("/fhir/metadata?mode=terminology");
    EXPECT_EQ(said["resourceType"].text(), "TerminologyCapabilities");
    EXPECT_GT(said["codeSystem"].size(), 1000U);
    EXPECT_EQ(service.get_json("/fhir/metadata?mode=full")["resourceType"].text(), "CapabilityStatement");
    EXPECT_EQ(service.get("/fhir/metadata?mode=none").status, 400);
    const auto verdict = service.send(Method::post, "/fhir/TerminologyCapabilities/$validate", said.dump());
    EXPECT_EQ(verdict.body.find("\"severity\":\"error\""), std::string::npos) << verdict.body.substr(0, 1000);
    const std::string capabilities = service.get("/fhir/metadata").body;
    for (const char* name : {"ValueSet-expand", "ValueSet-validate-code", "CodeSystem-lookup", "CodeSystem-subsumes", "ConceptMap-translate"})
        EXPECT_NE(capabilities.find(std::string("OperationDefinition/") + name), std::string::npos) << name;
}

TEST(Terminology, searches_by_value_set_and_hierarchy) {
    Terms service;
    put_patient(service, "p1");
    const auto observe = [&](const std::string& id, const std::string& system, const std::string& code) {
        service.put("Observation/" + id, R"({"resourceType":"Observation","id":")" + id + R"(","status":"final","code":{"coding":[{"system":")" + system +
                                             R"(","code":")" + code + R"("}]},"subject":{"reference":"Patient/p1"}})");
    };
    observe("a", "urn:beds", "icu");
    observe("b", "urn:beds", "isolation");
    observe("c", "urn:beds", "double");
    observe("d", "urn:else", "icu");
    const auto found = [&](const std::string& query) {
        const auto response = service.get("/fhir/Observation?_sort=_id&" + query);
        if (response.status != 200) return std::to_string(response.status) + " " + error_of(response);
        std::string out;
        const auto body = json::parse(response.body);
        for (const Value& entry : (*body)["entry"].items()) out += entry["resource"]["id"].text();
        return out;
    };
    service.put_set("rooms", R"({"include":[{"system":"urn:beds","concept":[{"code":"double"},{"code":"icu"}]}]})");
    EXPECT_EQ(found("code:in=urn:set:rooms"), "ac");
    EXPECT_EQ(found("code:in=ValueSet/rooms"), "ac");
    EXPECT_EQ(found("code:not-in=urn:set:rooms"), "bd");
    EXPECT_EQ(found("code:in=urn:set:rooms&patient=p1"), "ac");
    EXPECT_EQ(found("code:below=urn:beds|icu"), "ab");
    EXPECT_EQ(found("code:below=urn:beds|ward"), "bc");
    EXPECT_EQ(found("code:above=urn:beds|isolation"), "ab");
    EXPECT_EQ(found("status:in=http://hl7.org/fhir/ValueSet/observation-status"), "abcd");
    EXPECT_EQ(found("status:not-in=http://hl7.org/fhir/ValueSet/observation-status"), "");
    EXPECT_EQ(found("code:in=urn:none"), "400 record.bad_search_value");
    EXPECT_EQ(found("code:in=ValueSet/none"), "400 record.bad_search_value");
    EXPECT_EQ(found("code:below=urn:none|x"), "400 record.bad_search_value");
    EXPECT_EQ(found("code:below=icu"), "400 record.bad_search_value");
    EXPECT_EQ(found("code:in=http://hl7.org/fhir/ValueSet/ucum-units"), "400 record.too_costly");
    EXPECT_EQ(service.get_json("/fhir/Patient?_has:Observation:patient:code:in=urn:set:rooms")["total"].integer(), 1);
    EXPECT_EQ(service.get_json("/fhir/Observation?subject.gender:in=http://hl7.org/fhir/ValueSet/administrative-gender")["total"].integer(), 0);
}

TEST(Terminology, a_large_code_system_is_read_once_a_version) {
    Terms service;
    std::string text =
        R"({"resourceType":"CodeSystem","id":"large","url":"urn:large","status":"active","content":"complete","concept":[{"code":"root","concept":[)";
    constexpr int kConcepts = 30'000;
    for (int i = 0; i < kConcepts; ++i) text += (i == 0 ? "" : ",") + concept_text(i);
    service.put("CodeSystem/large", text + "]}]}");
    EXPECT_EQ(service.part("/fhir/CodeSystem/$lookup?system=urn:large&code=K29999", "display"), "Concept 29999");
    const std::string all =
        R"({"resourceType":"Parameters","parameter":[{"name":"count","valueInteger":2},{"name":"offset","valueInteger":30000},{"name":"valueSet","resource":{"resourceType":"ValueSet","status":"active","compose":{"include":[{"system":"urn:large"}]}}}]})";
    const auto page = *json::parse(service.send(Method::post, "/fhir/ValueSet/$expand", all).body);
    EXPECT_EQ(page["expansion"]["total"].integer(), kConcepts + 1);
    EXPECT_EQ(page["expansion"]["contains"].at(0)["code"].text(), "K29999");
    service.put_set("large", R"({"include":[{"system":"urn:large"}]})");
    EXPECT_EQ(service.codes("/fhir/ValueSet/large/$expand"), "400 record.too_costly");
    EXPECT_EQ(service.codes("/fhir/ValueSet/large/$expand?filter=29999"), "K29999");
    EXPECT_EQ(error_of(service.get("/fhir/Observation?code:below=urn:large|root")), "record.too_costly");
    const auto reader = service.record->read(ReadFilter::system("test"));
    EXPECT_EQ(reader->definitions().code_system("urn:large", {}).get(), reader->definitions().code_system("urn:large", {}).get());
}

}  // namespace
}  // namespace qiao::record::testing
