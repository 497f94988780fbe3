#include "service.hpp"

#include "record/definitions/definitions.hpp"

#include <fmt/format.h>

/// Search parameters that an operator defines: who may, what is refused, how they are searched by, how their index is made.
namespace qiao::record::testing {
namespace {

std::string definition(std::string_view id, std::string_view code, std::string_view type, std::string_view base, std::string_view expression,
                       std::string_view more = "", std::string_view status = "active") {
    return fmt::format(
        R"({{"resourceType":"SearchParameter","id":"{0}","url":"http://example.org/fhir/SearchParameter/{0}","name":"{0}","description":"d","status":"{6}","code":"{1}","type":"{2}","base":[{3}],"expression":"{4}"{5}}})",
        id, code, type, base, expression, more, status);
}

const std::string kEyes = definition("eyes", "eye-colour", "token", R"("Patient")", "Patient.extension.where(url='urn:eyes').value");

std::string patient(const std::string& id, const std::string& eyes, const std::string& more = "") {
    return R"({"resourceType":"Patient","id":")" + id + R"(","extension":[{"url":"urn:eyes","valueCodeableConcept":{"coding":[{"system":"urn:colours","code":")" + eyes +
           R"("}],"text":"Coloured )" + eyes + R"("}}])" + more + "}";
}

struct Definitions : ::testing::Test {
    Service service;

    http::Response define(const std::string& json, std::string_view as = "operator") {
        const std::string id = (*json::parse(json))["id"].text();
        return service.send(Method::put, "/fhir/SearchParameter/" + id, json, {{"x-test-caller", std::string(as)}});
    }
    void defined(const std::string& json) {
        const auto answer = define(json);
        ASSERT_TRUE(answer.status == 200 || answer.status == 201) << answer.body;
        service.wait_for_index();
    }
    void put(const std::string& json) {
        const auto resource = *json::parse(json);
        const auto answer = service.send(Method::put, "/fhir/" + resource["resourceType"].text() + "/" + resource["id"].text(), json);
        ASSERT_TRUE(answer.status == 200 || answer.status == 201) << answer.body;
    }
    int status(std::string_view target) { return service.get(target).status; }
};

TEST_F(Definitions, an_operator_defines_and_nobody_else) {
    for (const std::string_view as : {"all", "client", "one", "reader"}) {
        const auto answer = define(kEyes, as);
        EXPECT_EQ(answer.status, 403) << as;
    }
    EXPECT_EQ(status("/fhir/SearchParameter/eyes"), 404);
    EXPECT_EQ(define(kEyes).status, 201);
    EXPECT_EQ(status("/fhir/SearchParameter/eyes"), 200);
    EXPECT_EQ(service.get("/fhir/SearchParameter/eyes", "operator").status, 200);
    // Of the rest an operator's client changes nothing, alone, by patch, by condition or in a bundle.
    const std::vector<http::Header> as_operator{{"x-test-caller", "operator"}};
    put(patient("p", "blue"));
    EXPECT_EQ(service.send(Method::put, "/fhir/Patient/p", patient("p", "red"), as_operator).status, 403);
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient/p", "", as_operator).status, 403);
    EXPECT_EQ(service.send(Method::post, "/fhir",
                           R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}]})",
                           as_operator)
                  .status,
              403);
    EXPECT_EQ(service.send(Method::del, "/fhir/SearchParameter/eyes").status, 403);
    EXPECT_EQ(service.send(Method::patch, "/fhir/SearchParameter/eyes", R"([{"op":"replace","path":"/status","value":"retired"}])",
                           {{"content-type", "application/json-patch+json"}})
                  .status,
              403);
    EXPECT_EQ(service.send(Method::del, "/fhir/SearchParameter/eyes", "", as_operator).status, 204);
}

TEST_F(Definitions, what_is_there_and_what_comes_is_found) {
    put(patient("old", "blue"));
    put(patient("other", "brown"));
    EXPECT_EQ(status("/fhir/Patient?eye-colour=blue"), 400);
    defined(kEyes);
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue"), "old");
    put(patient("new", "blue"));
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue"), "new old");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=urn:colours|brown"), "other");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=urn:else|brown"), "");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=urn:colours|"), "new other old");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour:not=blue"), "other");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour:text=coloured"), "new other old");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue,brown&_id=old,other"), "other old");
    put(R"({"resourceType":"Patient","id":"none"})");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour:missing=true"), "none");
    // It follows each change.
    put(patient("old", "green"));
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue"), "new");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=green"), "old");
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient/new").status, 204);
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue"), "");
    // Chains, _has, compartments, POST.
    put(R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/old"}})");
    EXPECT_EQ(service.found("/fhir/Observation?subject:Patient.eye-colour=green"), "o");
    EXPECT_EQ(service.found("/fhir/Observation?patient.eye-colour=brown"), "");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=green&_has:Observation:patient:status=final"), "old");
    const auto posted = service.send(Method::post, "/fhir/Patient/_search", "eye-colour=brown", {{"content-type", "application/x-www-form-urlencoded"}});
    EXPECT_EQ((*json::parse(posted.body))["total"].integer(), 1);
}

TEST_F(Definitions, of_every_kind) {
    const std::string risk = R"({"resourceType":"RiskAssessment","id":"r","status":"final","subject":{"reference":"Patient/p"},"basis":[{"reference":"Observation/o"},{"reference":"Condition/c"}],)"
                             R"("occurrencePeriod":{"start":"2026-03-01","end":"2026-03-31"},"mitigation":"Jürgen hört zu",)"
                             R"("prediction":[{"probabilityDecimal":0.25,"whenRange":{"low":{"value":20,"unit":"a","system":"http://unitsofmeasure.org","code":"a"},"high":{"value":60,"unit":"a","system":"http://unitsofmeasure.org","code":"a"}}}],)"
                             R"("note":[{"text":"王伟 says","time":"2026-04-05T10:00:00Z"}],"extension":[{"url":"urn:doc","valueUri":"http://example.org/a/b"},{"url":"urn:dose","valueQuantity":{"value":5.4,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}]})";
    put(risk);
    const std::vector<std::array<std::string, 3>> rows = {
        {"basis-of", "reference", "RiskAssessment.basis.where(resolve() is Observation)"},
        {"how", "string", "RiskAssessment.mitigation"},
        {"said", "string", "RiskAssessment.note"},
        {"noted", "date", "RiskAssessment.note.time"},
        {"within", "date", "RiskAssessment.occurrence as Period"},
        {"chance", "number", "RiskAssessment.prediction.probability.ofType(decimal)"},
        {"age", "quantity", "RiskAssessment.prediction.when.ofType(Range)"},
        {"dose", "quantity", "RiskAssessment.extension.where(url='urn:dose').value"},
        {"document", "uri", "RiskAssessment.extension.where(url='urn:doc').value"},
        {"likely", "token", "RiskAssessment.prediction.exists(probability > 0.2)"},
        {"parts", "number", "RiskAssessment.basis.count()"},
    };
    for (const auto& [code, type, expression] : rows) {
        std::string id = code;
        const auto answer = define(definition(id, code, type, R"("RiskAssessment")", expression));
        ASSERT_EQ(answer.status, 201) << answer.body;
    }
    service.wait_for_index();
    const std::string at = "/fhir/RiskAssessment?";
    for (const std::string_view hit :
         {"basis-of=Observation/o", "basis-of=o", "basis-of:Observation=o", "how=jurgen", "how:contains=HORT", "how:exact=J%C3%BCrgen%20h%C3%B6rt%20zu", "said=%E7%8E%8B%E4%BC%9F",
          "noted=2026-04-05", "noted=ge2026-04&noted=lt2026-05", "within=ap2026-03-15", "within=2026", "chance=0.25", "chance=gt0.2", "chance=lt1", "dose=5.4||mg", "dose=gt5",
          "dose=5.4|http://unitsofmeasure.org|mg", "age=gt50", "document=http://example.org/a/b", "document:below=http://example.org/a", "likely=true", "parts=2", "parts:missing=false"}) {
        EXPECT_EQ(service.found(at + std::string(hit)), "r") << hit;
    }
    for (const std::string_view miss : {"basis-of=Condition/c", "how=zu", "noted=2026-05", "within=2025", "chance=0.4", "dose=5.4||kg", "document=http://example.org/a", "likely=false", "parts=3"}) {
        EXPECT_EQ(service.found(at + std::string(miss)), "") << miss;
    }
    EXPECT_EQ(service.found(at + "_include=RiskAssessment:basis-of&_sort=-chance,noted"), "r");
    put(R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"}})");
    EXPECT_EQ(service.found(at + "_include=RiskAssessment:basis-of"), "r o");
    EXPECT_EQ(service.found("/fhir/Observation?_id=o&_revinclude=RiskAssessment:basis-of"), "o r");
    EXPECT_EQ(service.found("/fhir/Observation?_has:RiskAssessment:basis-of:likely=true"), "o");
    EXPECT_EQ(service.found(at + "basis-of.status=final"), "r");
}

TEST_F(Definitions, several_types_have_one_parameter) {
    defined(definition("author", "who", "reference", R"("Condition","Flag")", "Condition.recorder | Flag.author"));
    put(R"({"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"recorder":{"reference":"Practitioner/d"}})");
    put(R"({"resourceType":"Flag","id":"f","status":"active","code":{"text":"x"},"subject":{"reference":"Patient/p"},"author":{"reference":"Practitioner/d"}})");
    EXPECT_EQ(service.found("/fhir/Condition?who=Practitioner/d"), "c");
    EXPECT_EQ(service.found("/fhir/Flag?who=Practitioner/d"), "f");
    EXPECT_EQ(service.found("/fhir?_type=Condition,Flag&who=d"), "f c");
    EXPECT_EQ(status("/fhir/Patient?who=d"), 400);
}

TEST_F(Definitions, what_cannot_be_used_is_refused_and_says_why) {
    struct Bad {
        std::string json, element, says;
    };
    const std::string base = R"("Patient")";
    const std::string abstract = R"("Resource")";
    std::string many;
    for (int i = 0; i < 21; ++i) many += std::string(i == 0 ? "" : ",") + '"' + std::string(type_name(record::all_types()[static_cast<std::size_t>(i)])) + '"';
    const std::vector<Bad> rows = {
        {definition("b", "birthdate", "date", base, "Patient.birthDate"), "SearchParameter.code", "FHIR R4"},
        {definition("b", "_id", "token", base, "Patient.id"), "SearchParameter.code", "letter"},
        {definition("b", "a.b", "token", base, "Patient.id"), "SearchParameter.code", "letter"},
        {definition("b", "x", "composite", base, "Patient"), "SearchParameter.type", "composite"},
        {definition("b", "x", "special", base, "Patient"), "SearchParameter.type", "special"},
        {definition("b", "x", "token", abstract, "Resource.id"), "SearchParameter.base[0]", "resource type"},
        {definition("b", "x", "token", many, "language"), "SearchParameter.base", "20"},
        {definition("b", "x", "token", base, "Patient.name.("), "SearchParameter.expression", "byte"},
        {definition("b", "x", "token", base, "Patient.nose"), "SearchParameter.expression", "nose"},
        {definition("b", "x", "token", base, "Patient.name.foo()"), "SearchParameter.expression", "foo"},
        {definition("b", "x", "token", base, "Observation.code"), "SearchParameter.expression", ""},
        {definition("b", "x", "token", R"("Patient","Observation")", "Patient.gender"), "SearchParameter.expression", "Observation"},
        {definition("b", "x", "date", base, "iif(true, now(), {})"), "SearchParameter.expression", "now()"},
        {definition("b", "x", "token", base, "Patient.descendants().ofType(code)"), "SearchParameter.expression", "descendants()"},
        {definition("b", "x", "token", base, "Patient.repeat(extension).value"), "SearchParameter.expression", "repeat()"},
        {definition("b", "x", "token", base, "Patient.maritalStatus.memberOf('http://hl7.org/fhir/ValueSet/marital-status')"), "SearchParameter.expression", "memberOf()"},
        {definition("b", "x", "token", base, "Patient.gender" + std::string(1000, ' ')), "SearchParameter.expression", "1000"},
        {definition("b", "x", "token", base, "Patient.gender", R"(,"xpathUsage":"phonetic")"), "SearchParameter.xpathUsage", "normal"},
        {R"({"resourceType":"SearchParameter","id":"b","url":"http://example.org/b","name":"b","description":"d","status":"active","code":"x","type":"token","base":["Patient"]})",
         "SearchParameter.expression", ""},
    };
    for (const Bad& bad : rows) {
        const auto answer = define(bad.json);
        EXPECT_EQ(answer.status, 422) << bad.json << answer.body;
        EXPECT_EQ(error_of(answer), "record.bad_search_parameter") << bad.json << answer.body;
        const auto issue = (*json::parse(answer.body))["issue"].at(0);
        EXPECT_EQ(issue["expression"].at(0).text(), bad.element) << answer.body;
        EXPECT_NE(issue["diagnostics"].text().find(bad.says), std::string::npos) << answer.body;
    }
    EXPECT_EQ(status("/fhir/SearchParameter/b"), 404);
    // A draft may say what it likes.
    EXPECT_EQ(define(definition("b", "birthdate", "composite", base, "((", "", "draft")).status, 201);
    // Two of one code for one type.
    defined(kEyes);
    const auto twice = define(definition("eyes2", "eye-colour", "token", R"("Observation","Patient")", "extension.value"));
    EXPECT_EQ(twice.status, 422) << twice.body;
    EXPECT_NE(twice.body.find("Patient"), std::string::npos);
    EXPECT_EQ(status("/fhir/SearchParameter/eyes2"), 404);
    EXPECT_EQ(define(definition("eyes2", "eye-colour", "token", R"("Observation")", "Observation.extension.value")).status, 201);
}

TEST_F(Definitions, an_expression_that_fails_or_costs_too_much_leaves_the_resource_alone) {
    defined(definition("one", "only-name", "string", R"("Patient")", "Patient.name.single().family"));
    defined(definition("dear", "dear", "token", R"("Patient")", "Patient.identifier.where(%resource.identifier.select(value & %resource.identifier.value.first()).count() > 0).value"));
    put(R"({"resourceType":"Patient","id":"two","name":[{"family":"A"},{"family":"B"}]})");
    put(R"({"resourceType":"Patient","id":"single","name":[{"family":"C"}]})");
    EXPECT_EQ(service.found("/fhir/Patient?only-name=a,b,c"), "single");
    std::string identifiers;
    for (int i = 0; i < 400; ++i) identifiers += fmt::format(R"({}{{"value":"v{}"}})", i == 0 ? "" : ",", i);
    put(R"({"resourceType":"Patient","id":"many","identifier":[)" + identifiers + "]}");
    put(R"({"resourceType":"Patient","id":"few","identifier":[{"value":"v1"}]})");
    EXPECT_EQ(service.found("/fhir/Patient?dear=v1"), "few");
    EXPECT_EQ(service.found("/fhir/Patient?identifier=v1"), "few many");
}

TEST_F(Definitions, another_expression_is_another_index_and_a_retired_one_is_none) {
    put(patient("p", "blue", R"(,"gender":"male")"));
    defined(kEyes);
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue"), "p");
    // The same again changes nothing.
    const auto before = service.rows("SELECT param FROM local_parameter");
    EXPECT_EQ(define(kEyes).status, 200);
    EXPECT_EQ(service.rows("SELECT param FROM local_parameter"), before);
    EXPECT_EQ(service.rows("SELECT count(*) FROM index_job"), 0);
    // Nor do other modifiers change the index.
    defined(definition("eyes", "eye-colour", "token", R"("Patient")", "Patient.extension.where(url='urn:eyes').value", R"(,"modifier":["not"],"multipleOr":false,"multipleAnd":false)"));
    EXPECT_EQ(service.rows("SELECT param FROM local_parameter"), before);
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour:not=red"), "p");
    EXPECT_EQ(error_of(service.get("/fhir/Patient?eye-colour:text=blue")), "record.unsupported_modifier");
    EXPECT_EQ(error_of(service.get("/fhir/Patient?eye-colour=blue,red")), "record.bad_search_value");
    EXPECT_EQ(error_of(service.get("/fhir/Patient?eye-colour=blue&eye-colour=red")), "record.bad_search_value");
    // Another expression.
    defined(definition("eyes", "eye-colour", "token", R"("Patient")", "Patient.gender"));
    EXPECT_NE(service.rows("SELECT param FROM local_parameter"), before);
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue"), "");
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=male"), "p");
    EXPECT_EQ(service.rows("SELECT count(*) FROM tok WHERE param = " + std::to_string(before)), 0);
    // Another code.
    defined(definition("eyes", "sex", "token", R"("Patient")", "Patient.gender"));
    EXPECT_EQ(status("/fhir/Patient?eye-colour=male"), 400);
    EXPECT_EQ(service.found("/fhir/Patient?sex=male"), "p");
    // Retired, active again, deleted.
    defined(definition("eyes", "sex", "token", R"("Patient")", "Patient.gender", "", "retired"));
    EXPECT_EQ(error_of(service.get("/fhir/Patient?sex=male")), "record.unknown_parameter");
    EXPECT_EQ(service.rows("SELECT count(*) FROM tok WHERE param >= 32768"), 0);
    defined(definition("eyes", "sex", "token", R"("Patient")", "Patient.gender"));
    EXPECT_EQ(service.found("/fhir/Patient?sex=male"), "p");
    EXPECT_EQ(service.send(Method::del, "/fhir/SearchParameter/eyes", "", {{"x-test-caller", "operator"}}).status, 204);
    service.wait_for_index();
    EXPECT_EQ(error_of(service.get("/fhir/Patient?sex=male")), "record.unknown_parameter");
    EXPECT_EQ(service.rows("SELECT count(*) FROM tok WHERE param >= 32768"), 0);
    EXPECT_EQ(service.rows("SELECT count(*) FROM local_parameter"), 0);
}

TEST_F(Definitions, comparators_and_chains_are_those_of_the_definition) {
    defined(definition("born", "born", "date", R"("Patient")", "Patient.birthDate", R"(,"comparator":["ge","lt"])"));
    defined(definition("gp", "gp", "reference", R"("Patient")", "Patient.generalPractitioner", R"(,"target":["Practitioner"],"chain":["family"])"));
    put(R"({"resourceType":"Practitioner","id":"d","name":[{"family":"Chen"}]})");
    put(R"({"resourceType":"Patient","id":"p","birthDate":"1980-05-17","generalPractitioner":[{"reference":"Practitioner/d"}]})");
    EXPECT_EQ(service.found("/fhir/Patient?born=ge1980&born=lt1981"), "p");
    EXPECT_EQ(service.found("/fhir/Patient?born=1980-05"), "p");
    EXPECT_EQ(error_of(service.get("/fhir/Patient?born=gt1970")), "record.bad_search_value");
    EXPECT_EQ(service.found("/fhir/Patient?gp.family=chen"), "p");
    EXPECT_EQ(error_of(service.get("/fhir/Patient?gp.name=chen")), "record.unsupported_modifier");
    EXPECT_EQ(error_of(service.get("/fhir/Patient?gp:Organization=d")), "record.unsupported_modifier");
}

TEST_F(Definitions, until_the_index_is_complete_a_search_says_how_far_it_is) {
    {
        auto work = service.begin();
        for (int i = 0; i < 3000; ++i) work->create_text(patient("x" + std::to_string(i), i % 2 == 0 ? "blue" : "brown"));
        work->commit();
    }
    // Writers go on beside the indexer.
    std::atomic<bool> stop{false};
    std::jthread writer([&] {
        for (int i = 0; !stop; ++i) put(patient("x" + std::to_string(i * 7 % 3000), "green"));
    });
    ASSERT_EQ(define(kEyes).status, 201);
    int refused = 0;
    for (;;) {
        const auto answer = service.get("/fhir/Patient?eye-colour=green&_summary=count");
        if (answer.status == 200) break;
        ASSERT_EQ(answer.status, 400) << answer.body;
        ASSERT_EQ(error_of(answer), "record.parameter_not_ready") << answer.body;
        ASSERT_NE(answer.body.find(" % of the resources"), std::string::npos) << answer.body;
        ++refused;
        // Nor is it listed yet, and everything else is searched as ever.
        if (refused == 1) {
            EXPECT_EQ(service.get("/fhir/metadata").body.find("eye-colour"), std::string::npos);
            EXPECT_EQ(status("/fhir/Patient?_id=x1"), 200);
        }
    }
    EXPECT_GT(refused, 0);
    stop = true;
    writer.join();
    service.wait_for_index();
    const auto total = [&](const std::string& eyes) { return *service.get_json("/fhir/Patient?eye-colour=" + eyes + "&_summary=count")["total"].integer(); };
    const auto greens = service.rows("SELECT count(*) FROM res WHERE state = 0 AND ver > 1 AND type = " + std::to_string(number_of(TypeId::Patient)));
    EXPECT_EQ(total("green"), greens);
    EXPECT_EQ(total("green") + total("blue") + total("brown"), 3000);
    EXPECT_NE(service.get("/fhir/metadata").body.find("http://example.org/fhir/SearchParameter/eyes"), std::string::npos);
}

TEST_F(Definitions, one_bundle_defines_and_a_refused_one_does_not) {
    const auto entry = [](const std::string& json) {
        const auto resource = *json::parse(json);
        return R"({"resource":)" + json + R"(,"request":{"method":"PUT","url":")" + resource["resourceType"].text() + "/" + resource["id"].text() + R"("}})";
    };
    const auto bundle = [&](const std::string& entries) { return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}"; };
    const std::vector<http::Header> as_operator{{"x-test-caller", "operator"}};
    put(patient("p", "blue"));
    const std::string other = definition("other", "eye-colour", "token", R"("Patient")", "Patient.gender");
    EXPECT_EQ(service.send(Method::post, "/fhir", bundle(entry(kEyes) + "," + entry(other)), as_operator).status, 422);
    EXPECT_EQ(status("/fhir/SearchParameter/eyes"), 404);
    EXPECT_EQ(status("/fhir/Patient?eye-colour=blue"), 400);
    EXPECT_EQ(service.send(Method::post, "/fhir", bundle(entry(kEyes)), as_operator).status, 200);
    service.wait_for_index();
    EXPECT_EQ(service.found("/fhir/Patient?eye-colour=blue"), "p");
}

TEST_F(Definitions, a_centre_has_a_hundred) {
    std::vector<int> answers;
    for (int i = 0; i <= 100; ++i) answers.push_back(define(definition("n" + std::to_string(i), "n" + std::to_string(i), "token", R"("Basic")", "Basic.code")).status);
    EXPECT_EQ(std::count(answers.begin(), answers.end(), 201), 100);
    EXPECT_EQ(answers.back(), 409);
}

TEST_F(Definitions, a_lenient_search_leaves_out_what_no_operator_defined) {
    defined(kEyes);
    put(patient("p", "blue"));
    put(patient("q", "red"));
    const auto lenient = [&](std::string_view query) { return service.send(Method::get, "/fhir/Patient?" + std::string(query), "", {{"prefer", "handling=lenient"}}); };
    EXPECT_EQ((*json::parse(lenient("eye-colour=blue").body))["total"].integer(), 1);
    EXPECT_EQ((*json::parse(lenient("hair-colour=blue").body))["total"].integer(), 2);
}

}  // namespace
}  // namespace qiao::record::testing
