#include "service.hpp"

#include "record/store/core.hpp"

#include <fmt/format.h>

/// What a search may cost: without an index a large type is refused before it begins, and what begins ends in time.
namespace qiao::record::testing {
namespace {

struct Cost : ::testing::Test {
    Service service;

    Cost() {
        auto work = service.begin();
        for (int i = 0; i < 1200; ++i) {
            work->create_text(fmt::format(
                R"({{"resourceType":"Patient","id":"p{0}","gender":"{1}","birthDate":"19{2}-01-01","name":[{{"family":"abba abba {0}"}}],"identifier":[{{"system":"urn:m","value":"m{0}"}}],"link":[{{"type":"seealso","other":{{"reference":"Patient/p{3}"}}}}]}})",
                i, i % 2 == 0 ? "male" : "female", 10 + i % 90, (i + 1) % 1200));
            work->create_text(fmt::format(
                R"({{"resourceType":"Observation","id":"o{0}","status":"final","code":{{"coding":[{{"code":"c"}}]}},"subject":{{"reference":"Patient/p{0}"}},"effectiveDateTime":"2026-01-{1:02}"}})",
                i, 1 + i % 28));
        }
        for (int i = 0; i < 3; ++i) work->create_text(fmt::format(R"({{"resourceType":"Organization","id":"g{0}","name":"Group {0}"}})", i));
        work->commit();
        limits().large_type = 1000;
    }
    SearchLimits& limits() { return service.record->core().search_limits; }
    void too_costly(const std::string& query, const std::string& names) {
        const auto answer = service.get("/fhir/" + query);
        EXPECT_EQ(answer.status, 400) << query << answer.body;
        const auto issue = (*json::parse(answer.body))["issue"].at(0);
        EXPECT_EQ(error_of(answer), "record.too_costly") << query;
        EXPECT_EQ(issue["code"].text(), "too-costly") << query;
        EXPECT_EQ(issue["expression"].at(0).text(), "http." + names) << query;
        EXPECT_NE(issue["diagnostics"].text().find('"' + names + '"'), std::string::npos) << answer.body;
    }
};

TEST_F(Cost, a_large_type_is_not_read_through) {
    too_costly("Patient?gender:not=male", "gender:not");
    too_costly("Patient?name:contains=abba", "name:contains");
    too_costly("Patient?birthdate=ne1980", "birthdate");
    too_costly("Patient?email:missing=true", "email:missing");
    too_costly("Patient?_lastUpdated=ne2020", "_lastUpdated");
    too_costly("Patient?_has:Observation:patient:code:not=x", "_has:Observation:patient:code:not");
    too_costly("Patient?link:Patient.name:contains=abba", "link:Patient.name:contains");
    too_costly("Observation?patient.gender:not=male&_count=0", "patient.gender:not");
    too_costly("Observation?status:not=final&code:not=c", "status:not");
    too_costly("?_type=Organization,Patient&_tag:not=x", "_tag:not");
    const auto created = service.send(Method::post, "/fhir/Patient", R"({"resourceType":"Patient"})", {{"if-none-exist", "name:contains=abba"}});
    EXPECT_EQ(error_of(created), "record.too_costly");
}

TEST_F(Cost, what_an_index_narrows_is_searched) {
    for (const std::string query :
         {"Patient?gender:not=male&birthdate=1911", "Patient?gender=male", "Patient?name=abba&name:contains=bba", "Patient?identifier=urn:m|m7&email:missing=true", "Patient",
          "Patient?_count=0", "Organization?name:contains=rou", "Organization?type:missing=true", "Observation?patient=p7&status:not=final", "Observation?date=2026-01-03&status:not=amended",
          "Observation?date=ge2026-01-03&code:not=x", "Patient/p7/Observation?status:not=amended", "Patient?_id=p1,p2&gender:not=male", "Patient?_has:Observation:patient:date=2026-01-05"}) {
        const auto answer = service.get("/fhir/" + query);
        EXPECT_EQ(answer.status, 200) << query << answer.body;
    }
    // At the border.
    limits().large_type = 1200;
    EXPECT_EQ(service.get("/fhir/Patient?gender:not=male").status, 200);
}

TEST_F(Cost, what_takes_too_long_ends) {
    limits() = {.time = std::chrono::milliseconds(1)};
    const auto answer = service.get("/fhir/Patient?link:Patient.link:Patient.link:Patient.link:Patient.name:contains=abba&name:contains=bba&_sort=name,birthdate,family&_count=1000");
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_EQ(error_of(answer), "record.budget");
    EXPECT_EQ((*json::parse(answer.body))["issue"].at(0)["code"].text(), "too-costly");
    EXPECT_NE(header(answer, "Retry-After"), "");
    // The connection that was cut short serves the next.
    limits() = {};
    EXPECT_EQ(service.get("/fhir/Patient?name=abba&_count=1").status, 200);
}

TEST_F(Cost, no_more_rows_are_counted_than_allowed) {
    limits().counted_rows = 1000;
    for (const std::string query : {"Patient?_summary=count", "Patient?name=abba&_total=accurate", "Observation?code=c&_count=0"}) {
        const auto answer = service.get("/fhir/" + query);
        EXPECT_EQ(answer.status, 503) << query;
        EXPECT_EQ(error_of(answer), "record.budget") << query;
        EXPECT_NE(header(answer, "Retry-After"), "") << query;
    }
    EXPECT_EQ(service.get_json("/fhir/Patient?gender=male&_summary=count")["total"].integer(), 600);
    EXPECT_EQ(service.get("/fhir/Patient?name=abba").status, 200);
}

}  // namespace
}  // namespace qiao::record::testing
