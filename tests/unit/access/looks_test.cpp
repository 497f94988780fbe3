#include "base/text.hpp"
#include "house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::House;

/// A clinic with a patient, a hub that is asked, and a stranger; each institution has a privacy officer.
struct Watched : House {
    Organisation hub = place("hub", "H"), clinic = place("clinic", "C"), stranger = place("clinic", "S");
    Person doctor = person("doctor", clinic.id, role::kDoctor), expert = person("expert", hub.id, role::kExpert);
    Person officer = person("officer", clinic.id, role::kPrivacyOfficer), hub_officer = person("hub.officer", hub.id, role::kPrivacyOfficer);
    std::string patient;
    record::Rid rid = 0;

    Watched() {
        patient = patients->register_patient(caller(cookie_of("doctor")),
                                             {json::Value::object({{"resourceType", "Patient"},
                                                                   {"name", json::Value::array({json::Value::object({{"text", "王小明"}})})},
                                                                   {"gender", "male"},
                                                                   {"birthDate", "1980-05-06"}}),
                                              "not_at_hand"});
        rid = *record->read(record::ReadFilter::system("test"))->rid_of("Patient", patient.substr(8));
    }
    /// One reading, as the record's REST and the cases tell it.
    void read(const record::Actor& actor, std::string_view type, std::string_view what = "read", std::vector<record::Rid> whom = {}) {
        if (whom.empty()) whom = {rid};
        record->ports().on_read(actor, what, type, whom, whom);
    }
    record::Actor actor(const std::string& login) { return caller(cookie_of(login)).actor; }
    std::vector<Look> all(const LooksQuery& query) { return looks->of(query, std::nullopt, 100).looks; }
    std::vector<Look> all() { return all({.patient = rid}); }
};

TEST(Looks, one_line_tells_who_what_why_and_how_often) {
    Watched house;
    const auto doctor = house.actor("doctor");
    for (int i = 0; i < 30; ++i) house.read(doctor, "ImagingStudy");
    house.clock.advance(10min);
    house.read(doctor, "ImagingStudy");
    const auto lines = house.all();
    ASSERT_EQ(lines.size(), 2U) << "the registration and the images";
    const Look& images = lines[0];
    EXPECT_EQ(images.person, house.doctor.id);
    EXPECT_EQ(images.organisation, house.clinic.id);
    EXPECT_EQ(images.role, "doctor");
    EXPECT_EQ(images.act, "look");
    EXPECT_EQ(images.category, "images");
    EXPECT_EQ(images.why, "care");
    EXPECT_EQ(images.count, 31);
    EXPECT_GE(images.last - images.first, 9min);
    EXPECT_EQ(lines[1].act, "change");
    EXPECT_EQ(lines[1].category, "demographics");
    EXPECT_EQ(lines[1].why, "care") << "who registers is in care from that moment";
}

TEST(Looks, the_reason_is_what_held_at_that_time) {
    Watched house;
    const auto expert = house.actor("expert");
    const auto give = [&](const char* case_id, const char* purpose) {
        house.run([&](storage::Group& group) {
            house.grants->give(group, {.grantee = person_key(house.expert.id), .patient = house.rid, .case_id = case_id, .purpose = purpose});
        });
        house.clock.advance(1min);
    };
    const auto end = [&](const char* case_id) {
        house.clock.advance(1min);
        house.run([&](storage::Group& group) { house.grants->end_case(group, case_id); });
        house.clock.advance(1min);
    };
    const auto newest = [&](const char* type) {
        house.read(expert, type);
        return house.all().front();
    };
    EXPECT_EQ(newest("Patient").why, "unrecorded");
    give("case-1", "TREAT");
    EXPECT_EQ(newest("Observation").why, "case");
    EXPECT_EQ(house.all().front().case_id, "case-1");
    house.read(expert.in_case("case-7"), "Task");
    EXPECT_EQ(house.all().front().case_id, "case-7") << "what the row itself says goes first";
    auto work = house.record->begin(record::ReadFilter::system("test"), House::system());
    const auto number = json::Value::object({{"system", "urn:qiao:case"}, {"value", "C-20260101-abcdef01"}});
    work->create(json::Value::object(
        {{"resourceType", "Task"}, {"id", "case-7"}, {"identifier", json::Value::array({number})}, {"status", "draft"}, {"intent", "order"}}));
    work->commit();
    EXPECT_EQ(house.all().front().case_number, "C-20260101-abcdef01");
    end("case-1");
    EXPECT_EQ(newest("Condition").why, "unrecorded");
    give("alarm-1", "BTG");
    EXPECT_EQ(newest("Consent").why, "break_glass");
    end("alarm-1");
    const auto lines = house.all({.patient = house.rid, .by_organisation = house.hub.id});
    EXPECT_EQ(lines.size(), 5U);
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(), [](const Look& one) { return one.why == "case"; }), 2)
        << "later rights change nothing about earlier looks";
}

TEST(Looks, lists_exports_and_refusals_are_said_as_such_and_long_lists_are_whole) {
    Watched house;
    const auto doctor = house.actor("doctor");
    std::vector<record::Rid> many;
    for (record::Rid one = 1000; one < 1450; ++one) many.push_back(one);
    many.push_back(house.rid);
    house.read(doctor, "Patient", "search", many);
    house.read(doctor, "DiagnosticReport", "export");
    AuditEvent refused = house.audit->event_of(doctor, "read", "denied");
    refused.patient = house.rid;
    house.audit->note(refused);
    std::map<std::string, int> acts;
    for (const Look& one : house.all()) ++acts[one.act + ":" + one.category];
    EXPECT_EQ(acts["look:demographics"] + acts["list:demographics"], 1);
    EXPECT_EQ(acts["export:opinion"], 1);
    EXPECT_EQ(acts["refused:other"], 1);
    EXPECT_EQ(house.all({.patient = 1000}).size(), 1U);
    EXPECT_EQ(house.all({.patient = 1449}).size(), 1U);
}

TEST(Looks, pages_hold_each_row_once_and_time_limits_them) {
    Watched house;
    std::vector<record::Actor> people;
    for (int i = 0; i < 6; ++i) people.push_back(house.actor("doctor"));
    for (int turn = 0; turn < 5; ++turn) {
        for (const auto& one : people) {
            house.clock.advance(1min);
            house.read(one, "Observation");
        }
    }
    std::int64_t rows = 0;
    std::optional<AuditPlace> next;
    int pages = 0;
    do {
        const auto page = house.looks->of({.patient = house.rid}, next, 4);
        EXPECT_LE(page.looks.size(), 4U);
        for (const Look& one : page.looks) rows += one.count;
        next = page.next;
        ++pages;
    } while (next);
    EXPECT_EQ(rows, 31);
    EXPECT_GT(pages, 2);
    const Instant now = house.clock.now();
    std::int64_t late = 0;
    for (const Look& one : house.all({.patient = house.rid, .from = now - 150s})) late += one.count;
    EXPECT_EQ(late, 3);
    EXPECT_TRUE(house.all({.patient = house.rid, .until = now - 24h}).empty());
    EXPECT_EQ(AuditPlace::parse(AuditPlace{.recorded_us = 7, .seq = 9}.text())->seq, 9);
    EXPECT_FALSE(AuditPlace::parse("7.x"));
}

TEST(Looks, privacy_officers_only_and_each_for_the_own_institution) {
    Watched house;
    house.person("nurse", house.clinic.id, role::kNurse);
    house.person("auditor", house.clinic.id, role::kAuditAdmin);
    house.person("far.officer", house.stranger.id, role::kPrivacyOfficer);
    house.read(house.actor("expert").in_case("case-1"), "Task");
    house.read(house.actor("doctor"), "Observation");
    const auto ask = [&](const std::string& login, const std::string& more = "") {
        return house.send(http::Method::get, "/access/looks?patient=" + house.patient + more, "", {{"cookie", house.cookie_of(login)}});
    };
    for (const char* login : {"doctor", "nurse", "expert", "auditor"}) EXPECT_EQ(ask(login).status, 403) << login;
    const auto own = *json::parse(ask("officer").body);
    EXPECT_FALSE(own["onlyOwnPeople"].truth());
    EXPECT_EQ(own["looks"].size(), 3U);
    EXPECT_EQ(own["looks"].items()[0]["person"]["name"].text(), "Name doctor");
    const auto hub = *json::parse(ask("hub.officer").body);
    EXPECT_TRUE(hub["onlyOwnPeople"].truth());
    ASSERT_EQ(hub["looks"].size(), 1U);
    EXPECT_EQ(hub["looks"].items()[0]["case"]["id"].text(), "case-1");
    EXPECT_EQ(ask("far.officer").status, 404) << "as if there were no such patient";
    EXPECT_EQ(ask("officer", "&count=0").status, 400);
    EXPECT_EQ(ask("officer", "&cursor=x").status, 400);
    EXPECT_EQ(ask("officer", "&from=yesterday").status, 400);
    EXPECT_EQ(house.send(http::Method::get, "/access/looks?patient=nobody", "", {{"cookie", house.cookie_of("officer")}}).status, 404);
    EXPECT_EQ(house.all().front().category, "audit") << "looking at the looks is a look";
}

}  // namespace
}  // namespace qiao::access
