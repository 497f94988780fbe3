#include "../../unit/access/house.hpp"
#include "base/text.hpp"

#include <thread>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;

std::string error_of(const http::Response& response) {
    const auto body = json::parse(response.body);
    return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "no JSON";
}

/// A hub with an audit administrator, and two clinics, each with a doctor, a privacy officer and a patient.
struct Audited : House {
    Organisation hub = place("hub", "H"), clinic = place("clinic", "C"), far = place("clinic", "F");
    Person auditor = person("auditor", hub.id, role::kAuditAdmin), doctor = person("doctor", clinic.id, role::kDoctor);
    Person far_doctor = person("far.doctor", far.id, role::kDoctor), officer = person("officer", clinic.id, role::kPrivacyOfficer);
    std::string patient, far_patient, cookie;
    record::Rid rid = 0, far_rid = 0;

    Audited() {
        for (const std::string& login : {std::string("doctor"), std::string("far.doctor")}) {
            auto& made = login == "doctor" ? patient : far_patient;
            made = patients->register_patient(caller(cookie_of(login)),
                                              {json::Value::object({{"resourceType", "Patient"},
                                                                    {"name", json::Value::array({json::Value::object({{"text", "王" + login}})})},
                                                                    {"gender", "male"},
                                                                    {"birthDate", "1980-05-06"}}),
                                               "not_at_hand"});
        }
        const auto reader = record->read(record::ReadFilter::system("test"));
        rid = *reader->rid_of("Patient", patient.substr(8));
        far_rid = *reader->rid_of("Patient", far_patient.substr(8));
        cookie = cookie_of("auditor");
    }
    void read(const std::string& login, record::Rid whom, std::string_view type = "Observation") {
        const record::Rid list[] = {whom};
        record->ports().on_read(caller(cookie_of(login)).actor, "read", type, list, list);
    }
    http::Response post(const std::string& path, const std::string& body, const std::string& as = "") {
        return send(Method::post, path, body, {{"cookie", as.empty() ? cookie : cookie_of(as)}});
    }
    http::Response get(const std::string& path, const std::string& as = "") {
        return send(Method::get, path, "", {{"cookie", as.empty() ? cookie : cookie_of(as)}});
    }
    json::Value found(const std::string& body, const std::string& as = "") {
        const auto response = post("/access/audit/search", body, as);
        EXPECT_EQ(response.status, 200) << response.body;
        return *json::parse(response.body);
    }
};

TEST(AuditPage, finds_by_every_field_and_pages_without_gaps) {
    Audited house;
    for (int i = 0; i < 120; ++i) house.read("doctor", house.rid);
    house.read("far.doctor", house.far_rid, "ImagingStudy");
    const std::string one = R"({"patient":")" + house.far_patient + R"(","action":"read"})";
    ASSERT_EQ(house.found(one)["rows"].size(), 1U);
    const auto row = house.found(one)["rows"].at(0);
    EXPECT_EQ(row["person"]["login"].text(), "far.doctor");
    EXPECT_EQ(row["patient"].text(), house.far_patient);
    EXPECT_EQ(row["type"].text(), "ImagingStudy");
    EXPECT_EQ(row["source"].text(), "10.1.2.3");
    EXPECT_EQ(house.post("/access/audit/search", one).body.find("王far.doctor"), std::string::npos) << "no name of a patient";
    EXPECT_EQ(house.found(R"({"person":"far.doctor","action":"login"})")["rows"].size(), 2U);
    EXPECT_EQ(house.found(R"({"person":"Name far.doctor","action":"read"})")["rows"].size(), 1U);
    EXPECT_EQ(house.found(R"({"organisation":")" + house.far.resource + R"(","action":"read"})")["rows"].size(), 1U);
    EXPECT_EQ(house.found(R"({"source":"10.9.9.9"})")["rows"].size(), 0U);
    EXPECT_EQ(house.found(R"({"until":"2001-01-01T00:00:00Z"})")["rows"].size(), 0U);
    std::set<std::int64_t> rows;
    std::string cursor;
    int pages = 0;
    do {
        const auto page = house.found(R"({"person":"doctor","action":"read","count":50)" + (cursor.empty() ? "" : R"(,"cursor":")" + cursor + "\"") + "}");
        for (const auto& each : page["rows"].items()) EXPECT_TRUE(rows.insert(*each["seq"].integer()).second) << "twice";
        cursor = page["next"].text();
        ++pages;
    } while (!cursor.empty());
    EXPECT_EQ(rows.size(), 120U);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(error_of(house.post("/access/audit/search", R"({"person":"no.one"})")), "access.audit_no_person");
    EXPECT_EQ(error_of(house.post("/access/audit/search", R"({"patient":"no-one"})")), "access.audit_no_patient");
    EXPECT_EQ(error_of(house.post("/access/audit/search", R"({"case":"C-1"})")), "access.audit_no_case");
    EXPECT_EQ(error_of(house.post("/access/audit/search", R"({"from":"yesterday"})")), "access.bad_time");
    EXPECT_EQ(error_of(house.post("/access/audit/search", R"({"count":201})")), "access.bad_count");
    EXPECT_GE(house.found(R"({"person":"auditor","action":"search"})")["rows"].size(), 4U) << "reading the audit is in the audit";
}

TEST(AuditPage, privacy_officers_see_what_they_answer_for_and_others_nothing) {
    Audited house;
    house.read("doctor", house.rid);
    house.read("far.doctor", house.far_rid);
    house.read("far.doctor", house.rid);  // somebody else with the own patient
    house.read("doctor", house.far_rid);  // the own doctor with another's
    const auto rows = house.found(R"({"action":"read"})", "officer");
    EXPECT_EQ(rows["rows"].size(), 3U);
    EXPECT_EQ(house.found(R"({"action":"login"})", "officer")["rows"].size(), 0U) << "patients only";
    for (const char* login : {"doctor", "far.doctor"}) {
        EXPECT_EQ(house.post("/access/audit/search", "{}", login).status, 403);
        EXPECT_EQ(house.post("/access/audit/search", R"({"patient":"no-one"})", login).status, 403) << "the question is not even looked at";
        EXPECT_EQ(house.get("/access/audit/chain", login).status, 403);
        EXPECT_EQ(house.post("/access/audit/verify", "{}", login).status, 403);
        EXPECT_EQ(house.get("/fhir/AuditEvent", login).status, 403);
        EXPECT_EQ(house.get("/fhir/AuditEvent/1-1", login).status, 403);
    }
    const std::string exported = R"({"from":"2000-01-01T00:00:00Z","format":"csv"})";
    EXPECT_EQ(house.post("/access/audit/export", exported, "doctor").status, 403);
    EXPECT_EQ(house.post("/access/audit/export", exported, "officer").status, 403);
    EXPECT_EQ(house.get("/access/audit/chain", "officer").status, 403);
}

TEST(AuditPage, exports_are_files_that_are_audited) {
    Audited house;
    house.read("doctor", house.rid);
    AuditEvent formula = house.audit->event_of(house.caller(house.cookie_of("doctor")).actor, "contact");
    formula.detail = "=1+1";
    house.audit->note(formula);
    const auto csv = house.post("/access/audit/export", R"({"from":"2000-01-01T00:00:00Z","format":"csv"})");
    ASSERT_EQ(csv.status, 200);
    EXPECT_TRUE(csv.body.starts_with("\xEF\xBB\xBFrow,recorded,"));
    EXPECT_NE(csv.body.find("\"'=1+1\""), std::string::npos) << "no spreadsheet runs a row";
    EXPECT_EQ(std::to_string(std::count(csv.body.begin(), csv.body.end(), '\n') - 1), House::header(csv, "X-Qiao-Rows"));
    const auto lines = house.post("/access/audit/export", R"({"from":"2000-01-01T00:00:00Z","format":"ndjson","action":"read"})");
    for (const std::string_view line : split(trim(lines.body), '\n')) EXPECT_EQ((*json::parse(line))["resourceType"].text(), "AuditEvent");
    EXPECT_EQ(error_of(house.post("/access/audit/export", R"({"from":"2000-01-01T00:00:00Z","format":"pdf"})")), "access.bad_format");
    EXPECT_EQ(error_of(house.post("/access/audit/export", R"({"format":"csv"})")), "access.bad_time");
    const auto rows = house.found(R"({"action":"export"})")["rows"];
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_NE(rows.at(1)["detail"].text().find("format=csv rows="), std::string::npos);
}

TEST(AuditPage, the_chain_is_checked_on_request_and_daily_and_names_the_row) {
    Audited house;
    const auto state = [&] { return *json::parse(house.get("/access/audit/chain").body); };
    const auto wait = [&] {
        while (house.check->progress()) std::this_thread::sleep_for(5ms);
    };
    EXPECT_TRUE(state()["check"].is_null());
    EXPECT_EQ(house.post("/access/audit/verify", "{}").status, 202);
    wait();
    EXPECT_EQ(state()["check"]["defectCount"].integer(), 0);
    EXPECT_EQ(state()["check"]["by"]["name"].text(), "Name auditor");
    house.audit->write_head();
    EXPECT_TRUE(state()["anchored"]["fits"].truth());
    house.run([](storage::Group& group) {
        group.connection().script(std::string("DROP TRIGGER access_audit_no_update") + (qiao::testing::on_postgres() ? " ON access_audit" : "") +
                                  "; UPDATE access_audit SET outcome = 'failed' WHERE seq = 5");
    });
    house.check->tick();
    wait();
    EXPECT_EQ(state()["check"]["defectCount"].integer(), 0) << "the daily run is due a day later";
    house.clock.advance(25h);
    house.cookie = house.cookie_of("auditor");
    house.check->tick();
    wait();
    const auto damaged = state()["check"];
    ASSERT_EQ(damaged["defectCount"].integer(), 1);
    EXPECT_EQ(damaged["defects"].at(0)["text"].text(), "row 5 was altered");
    EXPECT_EQ(damaged["defects"].at(0)["text"].text(), verify_audit(*house.database, house.folder.path()).defects.at(0).text) << "as the command says it";
    EXPECT_TRUE(damaged["by"].is_null());
    EXPECT_NE(house.metrics->render().find("qiao_audit_defects 1"), std::string::npos);
    house.reopen();
    EXPECT_EQ(house.check->last()->defects.at(0).seq, 5) << "it is remembered";
}

TEST(AuditEventFhir, reads_and_searches_in_the_shape_of_balp) {
    Audited house;
    house.read("doctor", house.rid);
    const record::Rid both[] = {house.rid, house.far_rid};
    house.record->ports().on_read(house.caller(house.cookie_of("doctor")).actor.in_case("case-1"), "search", "Patient", both, both);
    house.sign_in("doctor", "wrong");
    const auto search = [&](const std::string& query) {
        const auto response = house.get("/fhir/AuditEvent?" + query);
        EXPECT_EQ(response.status, 200) << response.body;
        return *json::parse(response.body);
    };
    const auto read = search("action=R&agent=" + house.doctor.resource)["entry"];
    ASSERT_EQ(read.size(), 1U);
    const auto& event = read.at(0)["resource"];
    EXPECT_EQ(event["meta"]["profile"].at(0).text(), "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead");
    EXPECT_EQ(event["agent"].at(0)["who"]["reference"].text(), house.doctor.resource);
    EXPECT_EQ(event["agent"].at(1)["who"]["reference"].text(), house.clinic.resource);
    EXPECT_EQ(event["entity"].at(0)["what"]["reference"].text(), house.patient);
    EXPECT_EQ(event["entity"].at(0)["role"]["code"].text(), "1");
    const auto query = search("action=E&patient=" + house.far_patient)["entry"].at(0)["resource"];
    EXPECT_EQ(query["entity"].at(0)["what"]["reference"].text(), house.patient);
    EXPECT_EQ(query["entity"].at(1)["what"]["reference"].text(), house.far_patient);
    const auto words = from_base64(query["entity"].at(3)["query"].text());
    ASSERT_TRUE(words);
    EXPECT_TRUE(words->starts_with("Patient")) << "what was searched, in base64";
    EXPECT_EQ(search("outcome=4")["entry"].at(0)["resource"]["type"]["code"].text(), "110114");
    const std::string id = event["id"].text();
    EXPECT_EQ((*json::parse(house.get("/fhir/AuditEvent/" + id).body))["id"].text(), id);
    EXPECT_EQ(house.get("/fhir/AuditEvent/1-999999").status, 404);
    EXPECT_EQ(house.get("/fhir/AuditEvent/2-1").status, 404);
    EXPECT_EQ(house.get("/fhir/AuditEvent?entity-name=x").status, 400);
    EXPECT_EQ(house.get("/fhir/AuditEvent?date=soon").status, 400);
    EXPECT_TRUE(search("date=lt2001-01-01")["entry"].is_null());
    const auto first = search("_count=2");
    const std::string next = first["link"].at(1)["url"].text();
    EXPECT_NE(first["entry"].at(1)["resource"]["id"].text(), (*json::parse(house.get(next).body))["entry"].at(0)["resource"]["id"].text());
}

TEST(AuditEventFhir, nobody_writes_changes_or_takes_away) {
    Audited house;
    const auto rows = house.number("SELECT COUNT(*) FROM access_audit");
    for (const auto method : {Method::put, Method::patch, Method::del}) {
        for (const char* path : {"/fhir/AuditEvent/1-1", "/fhir/AuditEvent"}) {
            const auto response = house.send(method, path, R"({"resourceType":"AuditEvent"})", {{"cookie", house.cookie}});
            EXPECT_EQ(response.status, 405) << path;
            EXPECT_EQ(House::header(response, "Allow"), "GET, HEAD");
        }
    }
    EXPECT_EQ(house.post("/fhir/AuditEvent", R"({"resourceType":"AuditEvent"})").status, 405);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit"), rows);
    for (const char* sql : {"UPDATE access_audit SET outcome = 'denied'", "DELETE FROM access_audit"}) {
        EXPECT_EQ(testing::code_of([&] { house.run([&](storage::Group& group) { group.connection().execute(sql); }); }), "storage.sql");
    }
}

}  // namespace
}  // namespace qiao::access
