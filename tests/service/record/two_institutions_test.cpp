#include "service.hpp"

namespace qiao::record::testing {
namespace {

TEST(TwoInstitutions, a_foreign_patient_is_nowhere) {
    Service service;
    put_patient(service, "p1");
    service.send(Method::put, "/fhir/Observation/o1", kObservation);
    service.send(Method::put, "/fhir/Organization/org", R"({"resourceType":"Organization","id":"org","name":"Both see me"})");
    auto grant = service.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        service.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", service.clock.now() - std::chrono::hours(1),
                                      service.clock.now() + std::chrono::hours(1));
    });
    grant->commit();
    for (const char* url :
         {"/fhir/Patient/p1", "/fhir/Patient/p1/_history", "/fhir/Patient/p1/_history/1", "/fhir/Observation/o1", "/fhir/Observation/o1/_history/1"}) {
        EXPECT_EQ(service.get(url, "one").status, 200) << url;
        const auto foreign = service.get(url, "two");
        EXPECT_EQ(foreign.status, 404) << url;
        std::string unknown = url;
        unknown.replace(unknown.find(url[6] == 'P' ? "p1" : "o1"), 2, "zz");
        EXPECT_EQ(foreign.body, service.get(unknown, "two").body) << url;
    }
    for (const char* query :
         {"Patient", "Patient?_id=p1", "Patient?identifier=urn:mrn|A1", "Patient?family=wang", "Patient?_has:Observation:patient:code=8867-4", "Observation",
          "Observation?patient=p1", "Observation?patient.identifier=urn:mrn|A1", "Observation?subject:Patient.family=wang", "Observation?code=8867-4",
          "Observation?code:not=x", "Observation?_lastUpdated=gt2020"}) {
        EXPECT_EQ(service.get_json(std::string("/fhir/") + query, "one")["total"].text(), "1") << query;
        const auto foreign = service.get_json(std::string("/fhir/") + query, "two");
        EXPECT_EQ(foreign["total"].text(), "0") << query;
        EXPECT_TRUE(foreign["entry"].is_null()) << query;
        const std::string count = std::string("/fhir/") + query + (std::string(query).find('?') == std::string::npos ? "?" : "&") + "_summary=count";
        EXPECT_EQ(service.get_json(count, "one")["total"].text(), "1") << query;
        EXPECT_EQ(service.get_json(count, "two")["total"].text(), "0") << query;
    }
    EXPECT_EQ(service.get_json("/fhir/Organization", "two")["total"].text(), "1");
    for (const Method method : {Method::put, Method::del}) {
        EXPECT_EQ(
            service.send(method, "/fhir/Patient/p1", method == Method::put ? R"({"resourceType":"Patient","id":"p1"})" : "", {{"x-test-caller", "two"}}).status,
            404);
    }
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient/unknown", "", {{"x-test-caller", "two"}}).status, 404);
    const auto bundle = service.send(
        Method::post, "/fhir",
        R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/p1"}},{"request":{"method":"GET","url":"Observation?patient=p1"}}]})",
        {{"x-test-caller", "two"}});
    EXPECT_EQ((*json::parse(bundle.body))["entry"].at(0)["response"]["status"].text(), "404");
    EXPECT_EQ(bundle.body.find("Wang"), std::string::npos);
    // Conditions look only at what the caller sees: no word of the foreign match.
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient", kPatient, {{"x-test-caller", "two"}, {"if-none-exist", "identifier=urn:mrn|A1"}}).status, 201);
    EXPECT_EQ(service.send(Method::post, "/fhir/Observation", kObservation, {{"x-test-caller", "two"}}).status, 404);
}

TEST(TwoInstitutions, a_signature_is_seen_with_what_was_signed_and_not_by_where_the_signer_works) {
    Service service;
    put_patient(service, "p1");
    service.send(Method::put, "/fhir/Observation/o1", kObservation);
    auto grant = service.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        service.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", service.clock.now() - std::chrono::hours(1),
                                      service.clock.now() + std::chrono::hours(1));
    });
    grant->commit();
    const auto signature = [](const std::string& id, const std::string& target) {
        return R"({"resourceType":"Provenance","id":")" + id + R"(","target":[{"reference":")" + target +
               R"("}],"recorded":"2026-01-01T08:00:00Z","agent":[{"who":{"display":"x"}}]})";
    };
    // Written by "all", of institution 9; and in one bundle with what it signs.
    ASSERT_EQ(service.send(Method::put, "/fhir/Provenance/s1", signature("s1", "Observation/o1/_history/1")).status, 201);
    ASSERT_EQ(
        service
            .send(
                Method::post, "/fhir",
                R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"PUT","url":"Provenance/s2"},"resource":)" +
                    signature("s2", "Observation/o2") +
                    R"(},{"request":{"method":"PUT","url":"Observation/o2"},"resource":{"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}}]})")
            .status,
        200);
    for (const char* url : {"/fhir/Provenance/s1", "/fhir/Provenance/s1/_history/1", "/fhir/Provenance/s2"}) {
        EXPECT_EQ(service.get(url, "one").status, 200) << url;
        EXPECT_EQ(service.get(url, "two").status, 404) << url;
    }
    EXPECT_EQ(service.get_json("/fhir/Provenance?target=Observation/o1", "one")["total"].text(), "1");
    EXPECT_EQ(service.get_json("/fhir/Provenance", "two")["total"].text(), "0");
    for (const char* target : {"Observation/o1", "Observation/unknown"}) {
        EXPECT_EQ(service.send(Method::put, "/fhir/Provenance/s3", signature("s3", target), {{"x-test-caller", "two"}}).status, 404) << target;
    }
}

TEST(TwoInstitutions, what_a_client_writes_about_nobody_is_nobodys_but_for_what_defines) {
    Service service;
    put_patient(service, "p1");
    auto grant = service.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        service.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", service.clock.now() - std::chrono::hours(1),
                                      service.clock.now() + std::chrono::hours(1));
    });
    grant->commit();
    const auto put = [&](const std::string& type, const std::string& rest, std::string_view as = "client") {
        const auto made = service.send(Method::put, "/fhir/" + type + "/x", R"({"resourceType":")" + type + R"(","id":"x",)" + rest + "}",
                                       {{"x-test-caller", std::string(as)}});
        ASSERT_EQ(made.status, 201) << made.body;
    };
    put("Subscription",
        R"("status":"off","reason":"x","criteria":"Patient?identifier=urn:mrn|A1","channel":{"type":"rest-hook","endpoint":"https://h.example/x"})");
    put("Bundle", R"("type":"collection","entry":[{"resource":{"resourceType":"Patient","name":[{"family":"Wang"}]}}])");
    put("List", R"("status":"current","mode":"working","entry":[{"item":{"display":"Wang"}}])");
    put("Binary", R"("contentType":"text/plain","data":"V2FuZw==")");
    for (const std::string type : {"Subscription", "Bundle", "List", "Binary"}) {
        EXPECT_EQ(service.get("/fhir/" + type + "/x", "client").status, 200);
        for (const char* who : {"one", "two"}) {
            EXPECT_EQ(service.get("/fhir/" + type + "/x", who).status, 404) << type;
            EXPECT_EQ(service.get("/fhir/" + type + "/x/_history/1", who).status, 404) << type;
            EXPECT_EQ(service.get_json("/fhir/" + type, who)["total"].text(), "0") << type;
            EXPECT_EQ(service.get_json("/fhir/" + type + "/_history", who)["total"].integer(), 0) << type;
        }
    }
    put("ConceptMap", R"("status":"active","url":"urn:map")");
    put("Medication", R"("status":"active")");
    for (const char* type : {"ConceptMap", "Medication"}) EXPECT_EQ(service.get_json(std::string("/fhir/") + type, "two")["total"].text(), "1") << type;
    // An institution's own stays its own.
    const auto own = service.send(Method::post, "/fhir/List", R"({"resourceType":"List","status":"current","mode":"working"})", {{"x-test-caller", "one"}});
    ASSERT_EQ(own.status, 201) << own.body;
    EXPECT_EQ(service.get_json("/fhir/List", "one")["total"].text(), "1");
    EXPECT_EQ(service.get_json("/fhir/List", "two")["total"].text(), "0");
}

TEST(TwoInstitutions, a_binary_is_seen_by_who_sees_its_security_context) {
    Service service;
    put_patient(service, "p1");
    service.send(Method::put, "/fhir/Observation/o1", kObservation);
    auto grant = service.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        service.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", service.clock.now() - std::chrono::hours(1),
                                      service.clock.now() + std::chrono::hours(1));
    });
    grant->commit();
    for (const char* context : {"Patient/p1", "Observation/o1", "Observation/o1/_history/1"}) {
        const auto made = service.send(Method::post, "/fhir/Binary", "content",
                                       {{"x-test-caller", "client"}, {"content-type", "text/plain"}, {"x-security-context", context}});
        ASSERT_EQ(made.status, 201) << made.body;
        const std::string path = "/fhir/Binary/" + (*json::parse(made.body))["id"].text();
        EXPECT_EQ(service.get(path, "one").body, "content") << context;
        EXPECT_EQ(service.get(path, "two").status, 404) << context;
    }
    EXPECT_EQ(service.get_json("/fhir/Binary", "two")["total"].text(), "0");
}

TEST(TwoInstitutions, a_label_that_comes_after_a_deletion_closes_the_past_of_what_was_deleted) {
    Service service;
    put_patient(service, "p1");
    service.send(Method::put, "/fhir/Observation/o1", kObservation);
    const auto label = [&](std::int64_t labels) {
        auto work = service.begin();
        work->also([&, labels](storage::Group& group, const Work::RidOf& rid_of) {
            service.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", service.clock.now() - std::chrono::hours(1),
                                          service.clock.now() + std::chrono::hours(1));
            service.record->set_added_labels(group, rid_of("Observation/o1"), labels);
        });
        work->commit();
    };
    label(0);
    ASSERT_EQ(service.send(Method::del, "/fhir/Observation/o1").status, 204);
    EXPECT_EQ(service.get("/fhir/Observation/o1/_history/1", "one").status, 200);
    label(label_bit("HIV"));
    for (const char* path : {"/fhir/Observation/o1", "/fhir/Observation/o1/_history", "/fhir/Observation/o1/_history/1"}) {
        EXPECT_EQ(service.get(path, "one").status, 404) << path;
    }
    EXPECT_EQ(service.get_json("/fhir/Observation/_history", "one")["total"].integer(), 0);
    label(0);
    EXPECT_EQ(service.get("/fhir/Observation/o1/_history/1", "one").status, 200);
}

TEST(TwoInstitutions, a_cursor_of_another_person_is_refused) {
    Service service;
    for (int i = 1; i <= 3; ++i)
        service.send(Method::put, "/fhir/Organization/o" + std::to_string(i),
                     R"({"resourceType":"Organization","name":"x","id":"o)" + std::to_string(i) + "\"}");
    const std::string next =
        service.get_json("/fhir/Organization?_count=1", "one")["link"].at(1)["url"].text().substr(std::string("http://fhir.example:8080").size());
    EXPECT_EQ(service.get(next, "one").status, 200);
    EXPECT_EQ(service.get(next, "two").status, 403);
}

}  // namespace
}  // namespace qiao::record::testing
