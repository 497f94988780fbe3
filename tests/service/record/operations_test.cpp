#include "service.hpp"

#include <algorithm>

namespace qiao::record::testing {
namespace {

using json::Value;

/// A patient with an encounter, dated and undated findings, people and an institution; and a second patient beside.
struct Clinic : Service {
    Clinic() {
        put_patient(*this, "p1");
        put_patient(*this, "p2");
        store("Practitioner", "dr", R"("name":[{"family":"Zhou"}])");
        store("Organization", "org", R"("name":"Clinic")");
        store("Encounter", "e1",
              R"("status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"period":{"start":"2026-03-01","end":"2026-03-02"},)"
              R"("serviceProvider":{"reference":"Organization/org"})");
        for (int i = 1; i <= 5; ++i) {
            store("Observation", "o" + std::to_string(i),
                  R"("status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" + std::string(i < 4 ? "8867-4" : "718-7") +
                      R"("}]},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"Practitioner/dr"}],"effectiveDateTime":"2026-03-0)" +
                      std::to_string(i) + R"(","valueQuantity":{"value":1.50})" + (i == 1 ? R"(,"encounter":{"reference":"Encounter/e1"})" : ""));
        }
        store("AllergyIntolerance", "a1", R"("patient":{"reference":"Patient/p1"},"code":{"text":"x"})");
        store("Observation", "foreign", R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p2"})");
        auto grant = begin();
        grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
            record->reach_patient(group, rid_of("Patient/p1"), 101, "care", clock.now() - std::chrono::hours(1), clock.now() + std::chrono::hours(1));
        });
        grant->commit();
    }
    void store(const std::string& type, const std::string& id, const std::string& members) {
        const auto response = send(Method::put, "/fhir/" + type + "/" + id, R"({"resourceType":")" + type + R"(","id":")" + id + R"(",)" + members + "}");
        ASSERT_EQ(response.status, 201) << response.body;
    }
};

std::vector<std::string> ids(const Value& bundle, std::string_view mode = "match") {
    std::vector<std::string> out;
    for (const Value& entry : bundle["entry"].items()) {
        if (mode.empty() || entry["search"]["mode"].text() == mode)
            out.push_back(entry["resource"]["resourceType"].text() + "/" + entry["resource"]["id"].text());
    }
    return out;
}

std::string next_of(const Value& bundle) {
    for (const Value& link : bundle["link"].items()) {
        if (link["relation"].text() == "next") return link["url"].text().substr(std::string("http://fhir.example:8080").size());
    }
    return {};
}

using Names = std::vector<std::string>;

TEST(Everything, is_the_patient_first_then_what_belongs_to_it_and_what_that_refers_to) {
    Clinic service;
    const Value all = service.get_json("/fhir/Patient/p1/$everything", "one");
    EXPECT_EQ(ids(all), (Names{"Patient/p1", "AllergyIntolerance/a1", "Encounter/e1", "Observation/o1", "Observation/o2", "Observation/o3", "Observation/o4",
                               "Observation/o5"}));
    Names included = ids(all, "include");
    std::sort(included.begin(), included.end());  // the engines differ in their order
    EXPECT_EQ(included, (Names{"Organization/org", "Practitioner/dr"}));
    EXPECT_NE(service.get("/fhir/Patient/p1/$everything").body.find("1.50"), std::string::npos) << "digits stay";
    // A range of dates never hides what has no date.
    EXPECT_EQ(ids(service.get_json("/fhir/Patient/p1/$everything?start=2026-03-02&end=2026-03-03")),
              (Names{"Patient/p1", "AllergyIntolerance/a1", "Encounter/e1", "Observation/o2", "Observation/o3"}));
    EXPECT_EQ(ids(service.get_json("/fhir/Patient/p1/$everything?_type=Observation,Practitioner"), ""),
              (Names{"Observation/o1", "Observation/o2", "Observation/o3", "Observation/o4", "Observation/o5", "Practitioner/dr"}));
    EXPECT_EQ(ids(service.get_json("/fhir/Patient/p1/$everything?_since=2999"), ""), Names{});
    const Value posted = *json::parse(
        service.send(Method::post, "/fhir/Patient/p1/$everything", R"({"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"Encounter"}]})")
            .body);
    EXPECT_EQ(ids(posted), Names{"Encounter/e1"});
}

TEST(Everything, of_an_encounter_is_what_happened_in_it_and_its_patient) {
    Clinic service;
    const Value all = service.get_json("/fhir/Encounter/e1/$everything", "one");
    EXPECT_EQ(ids(all), (Names{"Encounter/e1", "Observation/o1"}));
    Names included = ids(all, "include");
    std::sort(included.begin(), included.end());  // the engines differ in their order
    EXPECT_EQ(included, (Names{"Organization/org", "Patient/p1", "Practitioner/dr"}));
}

TEST(Everything, pages_without_gap_or_double_and_leaves_out_what_came_later) {
    Clinic service;
    for (const int size : {1, 2, 3, 8}) {
        std::string url = "/fhir/Patient/p1/$everything?_count=" + std::to_string(size);
        Names walked;
        while (!url.empty()) {
            const Value page = service.get_json(url, "one");
            const Names some = ids(page);
            EXPECT_LE(some.size(), static_cast<std::size_t>(size));
            walked.insert(walked.end(), some.begin(), some.end());
            url = next_of(page);
            if (walked.size() == static_cast<std::size_t>(size) && size == 3)
                service.store("Observation", "late", R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"})");
        }
        EXPECT_EQ(walked.size(), size == 8 ? 8U + 1U : 8U) << size;  // "late" was there before the last walk
        EXPECT_EQ(std::set<std::string>(walked.begin(), walked.end()).size(), walked.size());
    }
}

TEST(Everything, bad_parameters_are_named) {
    Clinic service;
    for (const char* query : {"start=x", "_type=Nonsense", "_count=0", "_count=x", "nonsense=1", "_cursor=AAAA"}) {
        EXPECT_EQ(service.get(std::string("/fhir/Patient/p1/$everything?") + query).status, 400) << query;
    }
    EXPECT_EQ(service.get("/fhir/Observation/o1/$everything").status, 404);
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient/p1/$everything", "{").status, 400);
    EXPECT_EQ(service.get("/fhir/Patient/p1/$everything?_count=99999999999").status, 200);
}

TEST(Validate, says_what_a_write_would_say_without_writing) {
    Clinic service;
    const auto verdict = [&](const std::string& target, const std::string& body) {
        const auto response = service.send(Method::post, target, body);
        EXPECT_EQ(response.status, 200) << response.body;
        return *json::parse(response.body);
    };
    EXPECT_EQ(verdict("/fhir/Patient/$validate", kPatient)["issue"].at(0)["severity"].text(), "information");
    const Value wrong = verdict("/fhir/Patient/$validate", R"({"resourceType":"Patient","birthDate":"2024-02-30"})");
    EXPECT_EQ(wrong["issue"].at(0)["severity"].text(), "error");
    EXPECT_EQ(wrong["issue"].at(0)["expression"].at(0).text(), "Patient.birthDate");
    EXPECT_EQ(verdict("/fhir/Patient/$validate", R"({"resourceType":"Observation"})")["issue"].at(0)["severity"].text(), "error");
    EXPECT_EQ(verdict("/fhir/Patient/$validate", "{\"resourceType\"")["issue"].at(0)["code"].text(), "structure");
    const std::string inside =
        R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","gender":"x"}},{"name":"mode","valueCode":"create"}]})";
    EXPECT_EQ(verdict("/fhir/Patient/$validate", inside)["issue"].at(0)["code"].text(), "code-invalid");
    EXPECT_EQ(verdict("/fhir/Patient/p1/$validate?mode=update", kPatient)["issue"].at(0)["expression"].at(0).text(), "Patient.id");
    EXPECT_EQ(verdict("/fhir/Patient/p1/$validate?mode=delete", "")["issue"].at(0)["severity"].text(), "information");
    EXPECT_EQ(service.get_json("/fhir/Patient/p1/$validate")["issue"].at(0)["severity"].text(), "information");
    const std::string base = "/fhir/Patient/$validate?profile=http://hl7.org/fhir/StructureDefinition/";
    EXPECT_EQ(verdict(base + "Patient", kPatient)["issue"].at(0)["severity"].text(), "information");
    EXPECT_EQ(verdict(base + "Observation", kPatient)["issue"].at(0)["severity"].text(), "error");
    EXPECT_EQ(verdict(base + "bmi", kPatient)["issue"].at(0)["code"].text(), "invalid") << "a profile of Observation";
    EXPECT_EQ(verdict("/fhir/Patient/$validate?profile=http://nobody.test/p", kPatient)["issue"].at(0)["code"].text(), "not-supported");
    const Value rule = verdict("/fhir/Patient/$validate", R"({"resourceType":"Patient","contact":[{"gender":"male"}]})");
    EXPECT_EQ(rule["issue"].at(0)["code"].text(), "invariant");
    EXPECT_EQ(rule["issue"].at(0)["expression"].at(0).text(), "Patient.contact[0]");
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient/$validate?mode=x", kPatient).status, 400);
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient/$validate?mode=update", kPatient).status, 400);
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient/$validate", "").status, 400);
    EXPECT_EQ(service.send(Method::post, "/fhir/Nonsense/$validate", kPatient).status, 404);
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient/$validate?mode=create", kPatient, {{"x-test-caller", "reader"}}).status, 403);
    EXPECT_EQ(service.get_json("/fhir/Patient?_summary=count")["total"].text(), "2") << "nothing was written";
}

TEST(Meta, tags_come_and_go_with_a_version_and_labels_need_their_right) {
    Clinic service;
    const auto change = [&](const std::string& operation, const std::string& meta, std::string_view as = "all") {
        return service.send(Method::post, "/fhir/Observation/o1/$meta-" + operation,
                            R"({"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":)" + meta + "}]}", {{"x-test-caller", std::string(as)}});
    };
    const std::string tag = R"({"tag":[{"system":"urn:t","code":"x"}],"profile":["http://p.example/1"]})";
    auto added = change("add", tag);
    ASSERT_EQ(added.status, 200) << added.body;
    EXPECT_EQ((*json::parse(added.body))["parameter"].at(0)["valueMeta"]["tag"].at(0)["code"].text(), "x");
    EXPECT_EQ(service.get_json("/fhir/Observation?_tag=urn:t|x")["total"].text(), "1");
    EXPECT_EQ(header(change("add", tag), "ETag"), "W/\"2\"") << "adding again changes nothing";
    EXPECT_NE(service.get("/fhir/Observation/o1").body.find("1.50"), std::string::npos);
    EXPECT_EQ(service.get_json("/fhir/Observation/o1/$meta", "one")["parameter"].at(0)["valueMeta"]["versionId"].text(), "2");
    EXPECT_EQ(change("delete", tag).status, 200);
    EXPECT_TRUE(service.get_json("/fhir/Observation/o1")["meta"]["tag"].is_null());
    EXPECT_EQ(change("add", R"({"versionId":"9"})").status, 400);
    EXPECT_EQ(change("add", "[]").status, 400);
    EXPECT_EQ(change("add", tag, "reader").status, 403);
    const std::string label = R"({"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]})";
    EXPECT_EQ(error_of(change("add", label, "one")), "record.label_not_yours");
    EXPECT_EQ(service.get("/fhir/Observation/o1", "one").status, 200);
    EXPECT_EQ(change("add", label).status, 200);
    EXPECT_EQ(service.get("/fhir/Observation/o1", "one").status, 404) << "the label hides it";
    EXPECT_EQ(change("delete", label, "one").status, 404);
}

TEST(LastN, is_the_newest_of_each_code) {
    Clinic service;
    EXPECT_EQ(ids(service.get_json("/fhir/Observation/$lastn?patient=Patient/p1", "one")), (Names{"Observation/o5", "Observation/o3"}));
    EXPECT_EQ(ids(service.get_json("/fhir/Observation/$lastn?patient=Patient/p1&max=2&code=8867-4")), (Names{"Observation/o3", "Observation/o2"}));
    EXPECT_EQ(service.get("/fhir/Observation/$lastn").status, 400);
    EXPECT_EQ(ids(service.get_json("/fhir/Observation/$lastn?patient=Patient/p1", "two")), Names{});
}

TEST(Document, holds_what_the_composition_refers_to_and_no_other_patient) {
    Clinic service;
    service.store(
        "Composition", "c1",
        R"("status":"final","type":{"text":"x"},"title":"x","date":"2026-03-05","subject":{"reference":"Patient/p1"},"author":[{"reference":"Practitioner/dr"}],)"
        R"("section":[{"entry":[{"reference":"Observation/o1"},{"reference":"Observation/foreign"}]}])");
    const Value bundle = service.get_json("/fhir/Composition/c1/$document");
    EXPECT_EQ(bundle["type"].text(), "document");
    EXPECT_EQ(bundle["entry"].at(0)["resource"]["id"].text(), "c1");
    EXPECT_EQ(ids(bundle, ""), (Names{"Composition/c1", "Patient/p1", "Practitioner/dr", "Observation/o1", "Encounter/e1", "Organization/org"}));
    EXPECT_EQ(service.get("/fhir/Composition/c1/$document?persist=true").status, 400);
    EXPECT_EQ(service.get("/fhir/Composition/c1/$document", "two").status, 404);
}

TEST(Match, answers_with_score_and_grade_what_the_caller_sees) {
    Clinic service;
    const auto match = [&](const std::string& more, std::string_view as, const std::string& patient = kPatient) {
        return service.send(Method::post, "/fhir/Patient/$match",
                            R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" + patient + "}" + more + "]}",
                            {{"x-test-caller", std::string(as)}});
    };
    const Value found = *json::parse(match("", "one").body);
    ASSERT_EQ(ids(found), Names{"Patient/p1"}) << "both have the number, one is seen";
    const Value& search = found["entry"].at(0)["search"];
    EXPECT_EQ(search["extension"].at(0)["url"].text(), "http://hl7.org/fhir/StructureDefinition/match-grade");
    EXPECT_EQ(search["extension"].at(0)["valueCode"].text(), "certain");
    EXPECT_EQ(search["score"].text(), "1.0000");
    EXPECT_EQ(ids(*json::parse(match("", "all").body)).size(), 2U);
    EXPECT_EQ(ids(*json::parse(match(R"(,{"name":"count","valueInteger":1})", "all").body)).size(), 1U);
    const std::string other_paper = R"({"resourceType":"Patient","name":[{"family":"Wang"}],"birthDate":"1980-05-06"})";
    service.store("Patient", "p3", other_paper.substr(other_paper.find("\"name\""), other_paper.size() - other_paper.find("\"name\"") - 1));
    EXPECT_EQ(ids(*json::parse(match("", "all", other_paper).body)), Names{"Patient/p3"});
    EXPECT_EQ(ids(*json::parse(match(R"(,{"name":"onlyCertainMatches","valueBoolean":true})", "all", other_paper).body)), Names{});
    EXPECT_EQ(ids(*json::parse(match("", "two").body)), Names{});
    EXPECT_EQ(match("", "two").body, match("", "two", R"({"resourceType":"Patient"})").body) << "foreign and unknown are the same";
    EXPECT_EQ(match("", "one", R"({"resourceType":"Observation"})").status, 400);
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient/$match", "").status, 400);
}

TEST(Operations, nothing_of_a_foreign_patient_leaks) {
    Clinic service;
    for (const char* url : {"/fhir/Patient/p1/$everything", "/fhir/Patient/p1/$everything?_type=Practitioner", "/fhir/Encounter/e1/$everything",
                            "/fhir/Patient/p1/$meta", "/fhir/Observation/o1/$meta", "/fhir/Patient/p1/$validate", "/fhir/Observation/o1/$validate"}) {
        EXPECT_EQ(service.get(url, "one").status, 200) << url;
        const auto foreign = service.get(url, "two");
        EXPECT_EQ(foreign.status, 404) << url;
        std::string unknown = url;
        unknown.replace(unknown.find("1/"), 1, "zz");
        EXPECT_EQ(foreign.body, service.get(unknown, "two").body) << url;
    }
    for (const char* operation : {"$validate?mode=delete", "$validate?mode=update", "$meta-add", "$meta-delete"}) {
        const std::string body = std::string(operation).find("meta") == std::string::npos
                                     ? std::string(kPatient)
                                     : R"({"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"x"}]}}]})";
        EXPECT_EQ(service.send(Method::post, std::string("/fhir/Patient/p1/") + operation, body, {{"x-test-caller", "two"}}).status, 404) << operation;
    }
    // One resource by itself does not open the rest of the record.
    auto grant = service.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        for (const char* one : {"Patient/p1", "Observation/o2"}) {
            service.record->reach_item(group, rid_of(one), 102, "case", service.clock.now() - std::chrono::hours(1),
                                       service.clock.now() + std::chrono::hours(1));
        }
    });
    grant->commit();
    EXPECT_EQ(ids(service.get_json("/fhir/Patient/p1/$everything", "two")), (Names{"Patient/p1", "Observation/o2"}));
    // A cursor of another caller is refused.
    const std::string next = next_of(service.get_json("/fhir/Patient/p1/$everything?_count=2", "one"));
    EXPECT_EQ(service.get(next, "one").status, 200);
    EXPECT_EQ(service.get(next, "two").status, 403);
}

TEST(Operations, the_capability_statement_lists_them_by_type) {
    Service service;
    const Value statement = service.get_json("/fhir/metadata");
    std::map<std::string, std::set<std::string>> listed;
    for (const Value& resource : statement["rest"].at(0)["resource"].items()) {
        for (const Value& operation : resource["operation"].items()) {
            EXPECT_TRUE(listed[resource["type"].text()].insert(operation["name"].text() + " " + operation["definition"].text()).second);
        }
    }
    EXPECT_TRUE(listed["Patient"].contains("everything http://hl7.org/fhir/OperationDefinition/Patient-everything"));
    EXPECT_TRUE(listed["Patient"].contains("validate http://hl7.org/fhir/OperationDefinition/Resource-validate"));
    EXPECT_TRUE(listed["Basic"].contains("meta-add http://hl7.org/fhir/OperationDefinition/Resource-meta-add"));
    EXPECT_TRUE(listed["Task"].contains("move urn:qiao:operation:Task-move"));
    EXPECT_FALSE(listed["Basic"].contains("everything http://hl7.org/fhir/OperationDefinition/Patient-everything"));
}

}  // namespace
}  // namespace qiao::record::testing
