#include "record/definitions/definitions.hpp"
#include "record/validate/parse.hpp"
#include "service.hpp"

#include <filesystem>
#include <fstream>

namespace qiao::record::testing {
namespace {

TEST(Rest, create_read_update_delete) {
    Service service;
    auto made = service.send(Method::post, "/fhir/Patient", kPatient);
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string id = (*json::parse(made.body))["id"].text();
    EXPECT_NE(id, "mine");  // POST gives its own id
    EXPECT_EQ(header(made, "Location"), "http://fhir.example:8080/fhir/Patient/" + id + "/_history/1");
    EXPECT_EQ(header(made, "ETag"), "W/\"1\"");
    EXPECT_FALSE(header(made, "Last-Modified").empty());
    EXPECT_EQ(made.content_type, "application/fhir+json; charset=utf-8");

    auto read = service.get("/fhir/Patient/" + id);
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(header(read, "Content-Location"), "http://fhir.example:8080/fhir/Patient/" + id + "/_history/1");
    EXPECT_EQ(service.send(Method::get, "/fhir/Patient/" + id, {}, {{"if-none-match", "W/\"1\""}}).status, 304);
    EXPECT_EQ(service.send(Method::head, "/fhir/Patient/" + id).status, 200);
    EXPECT_NE(service.get("/fhir/Patient/" + id + "?_pretty=true").body.find("\n  \"resourceType\": \"Patient\""), std::string::npos);

    const std::string changed = R"({"resourceType":"Patient","id":")" + id + R"(","gender":"male"})";
    EXPECT_EQ(service.send(Method::put, "/fhir/Patient/" + id, changed, {{"if-match", "W/\"1\""}}).status, 200);
    auto stale = service.send(Method::put, "/fhir/Patient/" + id, changed, {{"if-match", "W/\"1\""}});
    EXPECT_EQ(stale.status, 412);
    EXPECT_EQ(error_of(stale), "record.version_stale");
    EXPECT_EQ((*json::parse(service.get("/fhir/Patient/" + id + "/_history/1").body))["name"].at(0)["family"].text(), "Wang");
    EXPECT_EQ(service.get("/fhir/Patient/" + id + "/_history/7").status, 404);

    EXPECT_EQ(service.send(Method::del, "/fhir/Patient/" + id).status, 204);
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient/" + id).status, 204);
    auto gone = service.get("/fhir/Patient/" + id);
    EXPECT_EQ(gone.status, 410);
    EXPECT_EQ(error_of(gone), "record.deleted");
    const auto history = service.get_json("/fhir/Patient/" + id + "/_history");
    EXPECT_EQ(history["total"].text(), "3");
    EXPECT_EQ(history["entry"].at(0)["request"]["method"].text(), "DELETE");
    EXPECT_TRUE(history["entry"].at(0)["resource"].is_null());
    EXPECT_EQ(history["entry"].at(2)["request"]["method"].text(), "POST");
    EXPECT_EQ(service.get_json("/fhir/Patient/" + id + "/_history?_count=1")["entry"].size(), 1U);
}

TEST(Rest, preferences) {
    Service service;
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient", kPatient, {{"prefer", "return=minimal"}}).body, "");
    EXPECT_NE(service.send(Method::post, "/fhir/Patient", kPatient, {{"prefer", "return=OperationOutcome"}}).body.find("OperationOutcome"), std::string::npos);
    EXPECT_EQ(service.get("/fhir/Patient?nmae=x").status, 400);
    const auto lenient = service.send(Method::get, "/fhir/Patient?nmae=x&family=wang", {}, {{"prefer", "handling=lenient"}});
    EXPECT_EQ(lenient.status, 200);
    EXPECT_EQ(lenient.body.find("nmae=x"), std::string::npos);
    EXPECT_NE(lenient.body.find(R"("mode":"outcome")"), std::string::npos);
}

struct Bad {
    Method method;
    std::string target;
    std::string body;
    std::vector<http::Header> headers;
    int status;
    std::string code;
};

TEST(Rest, bad_input_is_answered_with_an_outcome) {
    Service service;
    put_patient(service, "p1");
    std::string deep = "{\"resourceType\":\"Patient\",\"extension\":";
    for (int i = 0; i < 100; ++i) deep += "[";
    const std::vector<Bad> table = {
        {Method::post, "/fhir/Patient", "{", {}, 400, "record.bad_json"},
        {Method::post, "/fhir/Patient", deep, {}, 400, "record.bad_json"},
        {Method::post, "/fhir/Patient", R"({"resourceType":"Patient","gender":"male","gender":"female"})", {}, 400, "record.bad_json"},
        {Method::post, "/fhir/Patient", "{\"resourceType\":\"Patient\",\"language\":\"\xff\"}", {}, 400, "record.bad_json"},
        {Method::post, "/fhir/Patient", R"({"resourceType":"Observation"})", {}, 422, "record.invalid"},
        {Method::post, "/fhir/Patient", R"({"resourceType":"Patient","nonsense":1})", {}, 422, "record.invalid"},
        {Method::post, "/fhir/Patient", R"({"resourceType":"Patient","birthDate":"2024-02-30"})", {}, 422, "record.invalid"},
        {Method::post, "/fhir/Patient", kPatient, {{"content-type", "application/fhir+xml"}}, 415, "http.media_type"},
        {Method::post, "/fhir/Patient", kPatient, {{"accept", "application/fhir+xml"}}, 406, "http.not_acceptable"},
        {Method::get, "/fhir/Patient?_format=xml", "", {}, 406, "http.not_acceptable"},
        {Method::get, "/fhir/Nothing/1", "", {}, 404, "record.unknown_type"},
        {Method::get, "/fhir/Nothing", "", {}, 404, "record.unknown_type"},
        {Method::get, "/fhir/Patient/none", "", {}, 404, "record.not_found"},
        {Method::get, "/fhir/Patient/bad%20id", "", {}, 404, "record.not_found"},
        {Method::get, "/fhir/Patient/none/_history", "", {}, 404, "record.not_found"},
        {Method::get, "/fhir/Patient/p1/_history/x", "", {}, 404, "record.not_found"},
        {Method::put, "/fhir/Patient/p1", R"({"resourceType":"Patient","id":"p2"})", {}, 400, "record.id_mismatch"},
        {Method::put, "/fhir/Patient/p1", R"({"resourceType":"Patient"})", {}, 400, "record.id_mismatch"},
        {Method::put, "/fhir/Patient/p1", kPatient, {{"if-match", "yesterday"}}, 400, "record.bad_version"},
        {Method::put, "/fhir/Patient/bad_id", kPatient, {}, 400, "record.bad_id"},
        {Method::get, "/fhir/Patient?birthdate=never", "", {}, 400, "record.bad_search_value"},
        {Method::get, "/fhir/Patient?name:in=x", "", {}, 400, "record.unsupported_modifier"},
        {Method::get, "/fhir/Patient?_cursor=AAAA", "", {}, 400, "record.bad_cursor"},
        {Method::post, "/fhir/Patient/_search", "name=a", {{"content-type", "text/plain"}}, 415, "http.media_type"},
        {Method::post, "/fhir/Task/t1/$nothing", "{}", {}, 404, "record.unknown_operation"},
        {Method::post, "/fhir", R"({"resourceType":"Patient"})", {}, 400, "record.bad_bundle"},
        {Method::post, "/fhir", R"({"resourceType":"Bundle","type":"history"})", {}, 400, "record.bad_bundle"},
        {Method::post,
         "/fhir",
         R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"}}]})",
         {},
         400,
         "record.bad_bundle"},
        {Method::post,
         "/fhir",
         R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"TRACE","url":"Patient/1"}}]})",
         {},
         400,
         "record.bad_bundle"},
        {Method::post,
         "/fhir",
         R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Nothing"}}]})",
         {},
         400,
         "record.bad_bundle"},
        {Method::post, "/fhir", R"({"resourceType":"Bundle","type":"transaction","entry":["text"]})", {}, 400, "record.bad_bundle"},
        {Method::post, "/fhir/Patient", kPatient, {{"x-test-caller", "reader"}}, 403, "record.no_plain_write"},
        {Method::del, "/fhir/Patient/p1", "", {{"x-test-caller", "reader"}}, 403, "record.no_plain_write"},
        {Method::post, "/fhir/Patient", kPatient, {{"x-request-id", std::string(200, 'x')}}, 400, "record.bad_request_id"},
    };
    for (const Bad& bad : table) {
        const auto response = service.send(bad.method, bad.target, bad.body, bad.headers);
        EXPECT_EQ(response.status, bad.status) << bad.target << " " << bad.body << "\n" << response.body;
        EXPECT_EQ(error_of(response), bad.code) << bad.target << " " << bad.body;
    }
    const auto response = service.send(Method::post, "/fhir/Patient", R"({"resourceType":"Patient","contact":[{"gender":"x"}]})");
    EXPECT_NE(response.body.find("Patient.contact[0].gender"), std::string::npos) << response.body;
    EXPECT_EQ(service.rows("SELECT count(*) FROM res"), 1);
}

TEST(Rest, a_part_of_a_resource_is_not_written_back) {
    Service service;
    const auto made = *json::parse(service.send(Method::post, "/fhir/Patient", kPatient).body);
    const std::string url = "/fhir/Patient/" + made["id"].text();
    const auto part = service.get(url + "?_elements=gender");
    ASSERT_EQ(part.status, 200);
    const auto refused = service.send(Method::put, url, part.body);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(error_of(refused), "record.subsetted");
    EXPECT_EQ((*json::parse(refused.body))["issue"].at(0)["expression"].at(0).text(), "Patient.meta.tag");
    EXPECT_EQ(service.get_json(url)["name"], made["name"]);
}

TEST(Rest, search_errors_name_the_parameter) {
    Service service;
    const auto place = [&](const char* target) { return service.get_json(target)["issue"].at(0)["expression"].at(0).text(); };
    EXPECT_EQ(place("/fhir/Patient?gender=male&birthdate=never"), "http.birthdate");
    EXPECT_EQ(place("/fhir/Patient?nonsense=1"), "http.nonsense");
    EXPECT_EQ(place("/fhir/Patient?birthdate:exact=2020"), "http.birthdate");
    EXPECT_EQ(place("/fhir/Patient?_sort=nonsense"), "http._sort");
    EXPECT_EQ(place("/fhir/Observation?patient.nonsense=1"), "http.patient");
    EXPECT_EQ(place("/fhir/Patient?_count=many"), "http._count");
}

// The text that was sent comes back, but for id, meta and blanks: order and digits stay.
TEST(Rest, the_official_examples_come_back_as_they_were_sent) {
    const std::filesystem::path folder = "../shared/testdata/fhir/examples";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared/testdata/fhir beside the project";
    Service service;
    int kept = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(file.path(), std::ios::binary);
        const std::string text(std::istreambuf_iterator<char>(in), {});
        const auto resource = *json::parse(text);
        const std::string type = resource["resourceType"].text();
        const std::string id = resource["id"].text();
        if (id.empty()) continue;  // a Parameters
        const auto put = service.send(Method::put, "/fhir/" + type + "/" + id, text);
        if (put.status == 422) continue;  // slips of the examples, listed in examples_test.cpp
        ASSERT_EQ(put.status, 201) << file.path() << put.body;
        ++kept;
        const std::string read = service.send(Method::get, "/fhir/" + type + "/" + id, {}, {{"accept", "application/fhir+json"}}).body;
        EXPECT_EQ(stored_body(read), stored_body(text)) << file.path();
    }
    EXPECT_GE(kept, 45);
}

TEST(Rest, searches_by_get_and_post_and_pages) {
    Service service;
    put_patient(service, "p1");
    service.send(Method::put, "/fhir/Observation/o1", kObservation);
    const auto found = service.get_json("/fhir/Observation?patient=p1&code=http://loinc.org|8867-4&_include=Observation:patient");
    EXPECT_EQ(found["type"].text(), "searchset");
    EXPECT_EQ(found["total"].text(), "1");
    EXPECT_EQ(found["entry"].at(0)["fullUrl"].text(), "http://fhir.example:8080/fhir/Observation/o1");
    EXPECT_EQ(found["entry"].at(1)["search"]["mode"].text(), "include");
    EXPECT_EQ(found["link"].at(0)["url"].text(),
              "http://fhir.example:8080/fhir/Observation?patient=p1&code=http%3A%2F%2Floinc.org%7C8867-4&_include=Observation%3Apatient");
    const auto posted =
        service.send(Method::post, "/fhir/Patient/_search?family=wang", "identifier=urn:mrn|A1", {{"content-type", "application/x-www-form-urlencoded"}});
    EXPECT_EQ((*json::parse(posted.body))["total"].text(), "1") << posted.body;
    for (int i = 2; i <= 5; ++i) put_patient(service, "p" + std::to_string(i));
    std::set<std::string> seen;
    std::string url = "/fhir/Patient?family=wang&_count=2";
    for (int pages = 0; pages < 5 && !url.empty(); ++pages) {
        const auto page = service.get_json(url);
        for (const auto& entry : page["entry"].items()) EXPECT_TRUE(seen.insert(entry["resource"]["id"].text()).second);
        const std::string next = page["link"].at(1)["url"].text();
        url = next.empty() ? "" : next.substr(std::string("http://fhir.example:8080").size());
    }
    EXPECT_EQ(seen.size(), 5U);
    EXPECT_EQ(service.get_json("/fhir/Patient?_summary=count")["total"].text(), "5");
}

TEST(Rest, conditional_writes) {
    Service service;
    const std::vector<http::Header> once = {{"if-none-exist", "identifier=urn:mrn|A1"}};
    const auto first = service.send(Method::post, "/fhir/Patient", kPatient, once);
    EXPECT_EQ(first.status, 201);
    const auto second = service.send(Method::post, "/fhir/Patient", kPatient, once);
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(header(first, "Location"), header(second, "Location"));
    EXPECT_EQ(service
                  .send(Method::put, "/fhir/Patient?identifier=urn:mrn|A1",
                        R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"A1"}],"gender":"male"})")
                  .status,
              200);
    EXPECT_EQ(service.send(Method::put, "/fhir/Patient?identifier=urn:mrn|A2", R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"A2"}]})")
                  .status,
              201);
    service.send(Method::post, "/fhir/Patient", kPatient);
    EXPECT_EQ(error_of(service.send(Method::post, "/fhir/Patient", kPatient, once)), "record.multiple_matches");
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient", kPatient, once).status, 412);
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient?identifier=urn:mrn|A1").status, 412);
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient?identifier=urn:mrn|A2").status, 204);
    EXPECT_EQ(service.get_json("/fhir/Patient?identifier=A2")["total"].text(), "0");
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient?identifier=urn:mrn|A2").status, 204);
    EXPECT_EQ(service.send(Method::del, "/fhir/Patient").status, 412);
}

TEST(Rest, concurrent_conditional_creates_make_one) {
    Service service;
    std::mutex mutex;
    std::map<int, int> statuses;
    std::set<std::string> locations;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 64; ++i) {
        threads.emplace_back([&] {
            const auto response = service.send(Method::post, "/fhir/Patient", kPatient, {{"if-none-exist", "identifier=urn:mrn|A1"}});
            const std::lock_guard lock(mutex);
            ++statuses[response.status];
            locations.insert(header(response, "Location"));
        });
    }
    threads.clear();
    EXPECT_EQ(statuses[201], 1);
    EXPECT_EQ(statuses[200], 63);
    EXPECT_EQ(locations.size(), 1U);
}

TEST(Rest, concurrent_puts_with_one_version_let_one_win) {
    Service service;
    put_patient(service, "p1");
    std::atomic<int> won = 0;
    std::atomic<int> stale = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 32; ++i) {
        threads.emplace_back([&] {
            const int status = service.send(Method::put, "/fhir/Patient/p1", R"({"resourceType":"Patient","id":"p1"})", {{"if-match", "W/\"1\""}}).status;
            if (status == 200) ++won;
            if (status == 412) ++stale;
        });
    }
    threads.clear();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(stale, 31);
}

TEST(Rest, a_repeated_request_is_answered_again_and_not_done_again) {
    Service service;
    const std::vector<http::Header> id = {{"x-request-id", "r-1"}};
    const auto first = service.send(Method::post, "/fhir/Patient", kPatient, id);
    const auto second = service.send(Method::post, "/fhir/Patient", kPatient, id);
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(header(first, "Location"), header(second, "Location"));
    EXPECT_EQ(first.body, second.body);
    const auto other = service.send(Method::post, "/fhir/Patient", R"({"resourceType":"Patient"})", id);
    EXPECT_EQ(other.status, 409);
    EXPECT_EQ(error_of(other), "record.request_id_reused");
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient", R"({"resourceType":"Patient"})", {{"x-request-id", "r-1"}, {"x-test-caller", "one"}}).status, 201);
    const std::string bundle =
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}]})";
    const auto made = service.send(Method::post, "/fhir", bundle, {{"x-request-id", "r-2"}});
    const auto again = service.send(Method::post, "/fhir", bundle, {{"x-request-id", "r-2"}});
    EXPECT_EQ((*json::parse(made.body))["entry"].at(0)["response"]["location"].text(),
              (*json::parse(again.body))["entry"].at(0)["response"]["location"].text());
    EXPECT_EQ(service.get_json("/fhir/Basic?_count=0")["total"].text(), "1");
    std::atomic<int> created = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
            created += service.send(Method::post, "/fhir/Device", R"({"resourceType":"Device"})", {{"x-request-id", "r-3"}}).status == 201 ? 1 : 0;
        });
    }
    threads.clear();
    EXPECT_EQ(created, 16);
    EXPECT_EQ(service.get_json("/fhir/Device?_count=0")["total"].text(), "1");
}

TEST(Rest, transactions_rewrite_links_and_are_all_or_nothing) {
    Service service;
    const std::string good = R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a","resource":{"resourceType":"Patient","identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"}],"name":[{"family":"Txn"}]},"request":{"method":"POST","url":"Patient"}},
        {"fullUrl":"urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059","resource":{"resourceType":"Observation","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a\">p</a></div>"},"status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"},"valueQuantity":{"value":7.10}},"request":{"method":"POST","url":"Observation"}},
        {"request":{"method":"GET","url":"Patient?family=txn"}}]})";
    const auto done = service.send(Method::post, "/fhir", good);
    ASSERT_EQ(done.status, 200) << done.body;
    const auto answer = *json::parse(done.body);
    EXPECT_EQ(answer["type"].text(), "transaction-response");
    EXPECT_EQ(answer["entry"].at(0)["response"]["status"].text(), "201 Created");
    EXPECT_EQ(answer["entry"].at(2)["resource"]["total"].text(), "1");
    const std::string location = answer["entry"].at(1)["response"]["location"].text();
    const auto observation = service.get_json(location.substr(std::string("http://fhir.example:8080").size()));
    const std::string subject = observation["subject"]["reference"].text();
    EXPECT_TRUE(subject.starts_with("Patient/")) << subject;
    EXPECT_NE(observation["text"]["div"].text().find("href=\"" + subject + "\""), std::string::npos);
    EXPECT_EQ(observation["valueQuantity"]["value"].text(), "7.10");
    EXPECT_EQ(service.get_json("/fhir/" + subject)["identifier"].at(0)["value"].text(), "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a");
    EXPECT_EQ(service.rows("SELECT count(DISTINCT t) FROM res"), 1);

    const std::string bad = R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}},
        {"resource":{"resourceType":"Basic","code":{"text":""}},"request":{"method":"POST","url":"Basic"}}]})";
    const auto refused = service.send(Method::post, "/fhir", bad);
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(refused.body.find("Bundle.entry[1].resource.code.text"), std::string::npos) << refused.body;
    const std::string stale = R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}},
        {"resource":{"resourceType":"Patient","id":"z"},"request":{"method":"PUT","url":"Patient/z","ifMatch":"W/\"4\""}}]})";
    EXPECT_EQ(service.send(Method::post, "/fhir", stale).status, 412);
    EXPECT_EQ(service.get_json("/fhir/Basic?_count=0")["total"].text(), "0");
}

TEST(Rest, transactions_with_conditions) {
    Service service;
    const std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a","resource":{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"C1"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:mrn|C1"}},
        {"resource":{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"}},"request":{"method":"POST","url":"Basic"}}]})";
    EXPECT_EQ(service.send(Method::post, "/fhir", bundle).status, 200);
    const auto again = *json::parse(service.send(Method::post, "/fhir", bundle).body);
    EXPECT_EQ(again["entry"].at(0)["response"]["status"].text(), "200 OK");
    EXPECT_EQ(again["entry"].at(1)["response"]["status"].text(), "201 Created");
    EXPECT_EQ(service.get_json("/fhir/Patient?_count=0")["total"].text(), "1");
    EXPECT_EQ(service.get_json("/fhir/Basic?patient.identifier=urn:mrn|C1")["total"].text(), "2");
    const std::string reference =
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic","code":{"text":"y"},"subject":{"reference":"Patient?identifier=urn:mrn|C1"}},"request":{"method":"POST","url":"Basic"}}]})";
    EXPECT_EQ(service.send(Method::post, "/fhir", reference).status, 200);
    EXPECT_EQ(service.get_json("/fhir/Basic?patient.identifier=urn:mrn|C1")["total"].text(), "3");
    const std::string twice = R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"resource":{"resourceType":"Patient","id":"t"},"request":{"method":"PUT","url":"Patient/t"}},{"request":{"method":"DELETE","url":"Patient/t"}}]})";
    EXPECT_EQ(service.send(Method::post, "/fhir", twice).status, 409);
    std::vector<std::jthread> threads;
    const std::string race =
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"R1"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:mrn|R1"}}]})";
    for (int i = 0; i < 32; ++i) threads.emplace_back([&] { EXPECT_EQ(service.send(Method::post, "/fhir", race).status, 200); });
    threads.clear();
    EXPECT_EQ(service.get_json("/fhir/Patient?identifier=urn:mrn|R1")["total"].text(), "1");
}

TEST(Rest, batch_entries_stand_alone) {
    Service service;
    const std::string batch = R"({"resourceType":"Bundle","type":"batch","entry":[
        {"resource":{"resourceType":"Patient","id":"b1"},"request":{"method":"PUT","url":"Patient/b1"}},
        {"resource":{"resourceType":"Patient","gender":"?"},"request":{"method":"POST","url":"Patient"}},
        {"request":{"method":"GET","url":"Patient/b1"}},
        {"request":{"method":"GET","url":"Patient/none"}},
        {"request":{"method":"DELETE","url":"Patient/b1"}}]})";
    const auto answer = *json::parse(service.send(Method::post, "/fhir", batch).body);
    EXPECT_EQ(answer["type"].text(), "batch-response");
    std::string statuses;
    for (const auto& entry : answer["entry"].items()) statuses += entry["response"]["status"].text().substr(0, 3) + " ";
    EXPECT_EQ(statuses, "201 422 200 404 204 ");
    EXPECT_EQ(answer["entry"].at(2)["resource"]["id"].text(), "b1");
    EXPECT_EQ(answer["entry"].at(1)["response"]["outcome"]["issue"].at(0)["expression"].at(0).text(), "Patient.gender");
    EXPECT_TRUE(answer["entry"].at(1)["resource"].is_null());
}

TEST(Rest, reads_are_told_to_the_audit) {
    Service service;
    std::vector<std::string> told;
    service.record->ports().on_read = [&](const Actor&, std::string_view what, std::string_view type, std::span<const Rid> resources,
                                          std::span<const Rid> patients) {
        told.push_back(std::string(what) + " " + std::string(type) + " " + std::to_string(resources.size()) + "/" + std::to_string(patients.size()));
    };
    put_patient(service, "p1");
    service.send(Method::put, "/fhir/Observation/o1", kObservation);
    service.get("/fhir/Patient/p1");
    service.get("/fhir/Patient/p1/_history/1");
    service.get("/fhir/Patient/p1/_history");
    service.get("/fhir/Observation?_include=Observation:patient");
    service.get("/fhir/Patient/none");
    EXPECT_EQ(told, (std::vector<std::string>{"read Patient 1/1", "vread Patient 1/1", "history Patient 1/1", "search Observation 2/1"}));
}

TEST(Rest, metadata_lists_what_works) {
    Service service;
    const auto metadata = service.get_json("/fhir/metadata");
    EXPECT_EQ(metadata["fhirVersion"].text(), "4.0.1");
    const auto& types = metadata["rest"].at(0)["resource"];
    EXPECT_EQ(types.size(), 146U);
    int tried = 0;
    const std::map<std::string, std::string> values = {{"token", "x"},   {"string", "x"},   {"date", "2020"}, {"reference", "x"},
                                                       {"uri", "urn:x"}, {"quantity", "1"}, {"number", "1"},  {"special", "25|102"}};
    const auto value_of = [&](const std::string& type, const json::Value& parameter) {
        if (parameter["type"].text() != "composite") return values.at(parameter["type"].text());
        std::string value;
        for (const ParamId part : find_parameter(find_parameter(find_type(type), parameter["name"].text())->id)->components) {
            value += (value.empty() ? "" : "$") + values.at(std::string(kind_name(find_parameter(part)->kind)));
        }
        return value;
    };
    for (const auto& type : types.items()) {
        for (const auto& parameter : type["searchParam"].items()) {
            const std::string url = "/fhir/" + type["type"].text() + "?" + parameter["name"].text() + "=" + value_of(type["type"].text(), parameter);
            const auto response = service.get(url);
            EXPECT_EQ(response.status, 200) << url << " " << response.body;
            ++tried;
        }
        EXPECT_EQ(service.get("/fhir/" + type["type"].text() + "/none").status, 404);
    }
    EXPECT_GT(tried, 1000);
    EXPECT_NE(service.get("/fhir/metadata").body.find(R"("name":"move")"), std::string::npos);
}

/// Institution 1 registered the patient, institution 2 asks for them in every way that there is.

}  // namespace
}  // namespace qiao::record::testing
