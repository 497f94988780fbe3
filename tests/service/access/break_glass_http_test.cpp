#include "../../unit/access/house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;

/// A clinic with one patient, and a hospital that has nothing to do with it.
struct Network : House {
    Organisation hub = place("hub", "H"), clinic = place("clinic", "C"), stranger = place("county", "S");
    Person doctor = person("doctor", clinic.id, role::kDoctor), colleague = person("colleague", clinic.id, role::kNurse);
    Person other = person("other", stranger.id, role::kDoctor), officer = person("officer", hub.id, role::kPrivacyOfficer);
    Person manager = person("manager", stranger.id, role::kCentreManager), admin = person("admin", hub.id, role::kSystemAdmin);
    std::map<std::string, std::string> cookies;
    std::string patient;

    Network() {
        for (const char* login : {"doctor", "colleague", "other", "officer", "manager", "admin"}) cookies[login] = cookie_of(login);
        const auto by = caller(cookies["doctor"]);
        patient = patients->register_patient(
            by, {json::Value::object({{"resourceType", "Patient"},
                                      {"name", json::Value::array({json::Value::object({{"text", "王小明"}})})},
                                      {"gender", "male"},
                                      {"birthDate", "1980-05-06"},
                                      {"identifier", json::Value::array({json::Value::object({{"system", "urn:qiao:document:passport"}, {"value", "P1234567"}}),
                                                                         json::Value::object({{"system", "urn:clinic:number"}, {"value", "C-77"}})})}}),
                 ""});
    }
    http::Response ask(const std::string& login, Method method, const std::string& path, const std::string& body = "") {
        return send(method, path, body, {{"cookie", cookies[login]}, {"sec-fetch-site", "same-origin"}});
    }
    void prove(const std::string& login) {
        ASSERT_EQ(ask(login, Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}").status, 200);
    }
    bool sees(const std::string& login) { return record->read(caller(cookies[login]).filter)->read("Patient", patient.substr(8)).has_value(); }
    json::Value body_of(const http::Response& response) { return *json::parse(response.body); }
    std::string break_it(const std::string& login, const std::string& more = "") {
        const auto made =
            ask(login, Method::post, "/access/break-glass", R"({"identifier":"C-77","reasonCode":"emergency","reason":"unconscious at our door")" + more + "}");
        EXPECT_EQ(made.status, 201) << made.body;
        return made.status == 201 ? body_of(made)["open"].at(0)["id"].text() : "";
    }
    std::vector<std::string> notices(const Person& person) {
        std::vector<std::string> codes;
        for (const auto& one : entrance->notices.of(person.id)) codes.push_back(one.code);
        return codes;
    }
    std::string error(const http::Response& response) {
        const auto body = json::parse(response.body);
        return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "";
    }
};

constexpr std::string_view kFind = "/access/break-glass/find";

TEST(BreakGlassFind, needs_the_exact_number_and_for_a_paper_the_name_and_tells_nothing_else) {
    Network house;
    const auto records = [&](const std::string& body) {
        return house.body_of(house.ask("other", Method::post, std::string(kFind), body))["records"].integer();
    };
    EXPECT_EQ(records(R"({"identifier":"C-77"})"), 1);
    EXPECT_EQ(records(R"({"identifier":"C-7"})"), 0);
    EXPECT_EQ(records(R"({"identifier":"P1234567"})"), 0);
    EXPECT_EQ(records(R"({"identifier":"p1234567","name":"王小明"})"), 1);
    EXPECT_EQ(records(R"({"identifier":"P1234567","name":"王大明"})"), 0);
    const auto answer = house.ask("other", Method::post, std::string(kFind), R"({"identifier":"C-77"})");
    EXPECT_EQ(answer.body, R"({"records":1})");
    EXPECT_FALSE(house.sees("other"));
    for (int i = 0; i < 20; ++i) house.ask("other", Method::post, std::string(kFind), R"({"identifier":"x"})");
    EXPECT_EQ(house.ask("other", Method::post, std::string(kFind), R"({"identifier":"C-77"})").status, 429);
}

TEST(BreakGlass, opens_one_patient_for_half_an_hour_and_ends_on_the_second) {
    Network house;
    house.prove("other");
    const std::string id = house.break_it("other");
    EXPECT_TRUE(house.sees("other"));
    const auto mine = house.body_of(house.ask("other", Method::get, "/access/break-glass"));
    EXPECT_EQ(mine["open"].at(0)["patient"].text(), house.patient);
    const auto why = house.body_of(house.ask("other", Method::get, "/access/patients/" + house.patient.substr(8) + "/rights"));
    EXPECT_EQ(why["why"].at(0)["kind"].text(), "glass");
    EXPECT_FALSE(why["mayLabel"].truth());
    for (const auto step : {10min, 10min, 9min}) {  // the session's idle time is 15 minutes
        house.clock.advance(step);
        EXPECT_TRUE(house.sees("other"));
    }
    house.clock.advance(59s);
    EXPECT_TRUE(house.sees("other"));
    house.clock.advance(1s);
    EXPECT_FALSE(house.sees("other"));
    const auto epoch = house.grants->epoch();
    house.sensitive->glass.tick();
    EXPECT_GT(house.grants->epoch(), epoch);
    EXPECT_EQ(house.body_of(house.ask("other", Method::get, "/access/break-glass"))["open"].size(), 0U);
}

TEST(BreakGlass, ends_by_hand_and_by_nobody_else) {
    Network house;
    house.prove("other");
    const std::string id = house.break_it("other", R"(,"minutes":60)");
    EXPECT_EQ(house.ask("doctor", Method::post, "/access/break-glass/" + id + "/end").status, 404);
    EXPECT_TRUE(house.sees("other"));
    EXPECT_EQ(house.ask("other", Method::post, "/access/break-glass/" + id + "/end").status, 204);
    EXPECT_FALSE(house.sees("other"));
}

TEST(BreakGlass, is_refused_without_a_reason_a_fresh_proof_or_to_who_is_no_clinician) {
    Network house;
    const std::string whole = R"({"identifier":"C-77","reasonCode":"emergency","reason":"unconscious at our door"})";
    EXPECT_EQ(house.error(house.ask("other", Method::post, "/access/break-glass", whole)), "access.step_up_needed");
    for (const char* login : {"other", "manager", "admin", "officer"}) house.prove(login);
    const auto refusal = [&](const std::string& body, const std::string& login = "other") {
        return house.error(house.ask(login, Method::post, "/access/break-glass", body));
    };
    EXPECT_EQ(refusal(R"({"identifier":"C-77","reasonCode":"emergency"})"), "access.reason_needed");
    EXPECT_EQ(refusal(R"({"identifier":"C-77","reasonCode":"emergency","reason":" .  "})"), "access.reason_needed");
    EXPECT_EQ(refusal(R"({"identifier":"C-77","reason":"unconscious at our door"})"), "access.reason_needed");
    EXPECT_EQ(refusal(R"({"identifier":"C-77","reasonCode":"emergency","reason":"unconscious at our door","minutes":61})"), "access.bad_glass_time");
    EXPECT_EQ(refusal(R"({"identifier":"C-78","reasonCode":"emergency","reason":"unconscious at our door"})"), "access.no_record");
    for (const char* login : {"manager", "admin", "officer"}) EXPECT_EQ(refusal(whole, login), "access.not_yours");
    house.directory->add_membership(House::system(), {.person = house.other.id, .organisation = house.hub.id, .role = std::string(role::kSecurityAdmin)});
    EXPECT_EQ(refusal(whole), "access.not_yours");
    EXPECT_FALSE(house.sees("other"));
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_break_glass"), 0);
}

TEST(BreakGlass, is_told_at_once_audited_and_judged_by_the_privacy_officer) {
    Network house;
    house.prove("other");
    const std::string id = house.break_it("other");
    EXPECT_EQ(house.notices(house.officer), std::vector<std::string>{"glass_broken"});
    EXPECT_EQ(house.notices(house.doctor), std::vector<std::string>{"glass_broken"});
    EXPECT_TRUE(house.notices(house.colleague).empty());
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'break-glass' AND purpose = 'BTG' AND detail LIKE 'severity=high %'"), 1);
    EXPECT_EQ(house.ask("manager", Method::get, "/access/break-glass/reviews").status, 403);
    const auto queue = house.ask("officer", Method::get, "/access/break-glass/reviews");
    EXPECT_EQ(house.body_of(queue)["reviews"].at(0)["reason"].text(), "unconscious at our door");
    EXPECT_EQ(queue.body.find("王"), std::string::npos);
    EXPECT_EQ(queue.body.find(house.patient), std::string::npos);
    house.clock.advance(std::chrono::hours(72));
    house.sensitive->glass.tick();
    house.sensitive->glass.tick();
    EXPECT_EQ(house.notices(house.officer), (std::vector<std::string>{"glass_review_overdue", "glass_broken"}));
    EXPECT_EQ(house.notices(house.manager), std::vector<std::string>{"glass_review_overdue"});
    house.cookies["officer"] = house.cookie_of("officer");
    EXPECT_TRUE(house.body_of(house.ask("officer", Method::get, "/access/break-glass/reviews"))["reviews"].at(0)["overdue"].truth());
    const auto verdict = [&](const std::string& body) { return house.ask("officer", Method::post, "/access/break-glass/" + id + "/review", body); };
    EXPECT_EQ(house.error(verdict(R"({"verdict":"fine","text":"looked at it"})")), "access.bad_verdict");
    EXPECT_EQ(house.error(verdict(R"({"verdict":"justified","text":""})")), "access.reason_needed");
    EXPECT_EQ(verdict(R"({"verdict":"justified","text":"admitted that night"})").status, 204);
    EXPECT_EQ(house.error(verdict(R"({"verdict":"not_justified","text":"changed my mind"})")), "access.reviewed");
    EXPECT_EQ(house.notices(house.other), std::vector<std::string>{"glass_justified"});
}

TEST(SensitiveLabel, hides_the_whole_record_from_colleagues_and_the_glass_beats_it) {
    Network house;
    ASSERT_TRUE(house.sees("colleague"));
    const std::string path = "/access/patients/" + house.patient.substr(8) + "/labels";
    EXPECT_EQ(house.ask("other", Method::put, path, R"({"labels":["EMP"],"reason":"one of us"})").status, 404);
    EXPECT_EQ(house.error(house.ask("doctor", Method::put, path, R"({"labels":["EMP"],"reason":""})")), "access.reason_needed");
    EXPECT_EQ(house.error(house.ask("doctor", Method::put, path, R"({"labels":["XYZ"],"reason":"one of us"})")), "access.bad_label");
    EXPECT_EQ(house.ask("doctor", Method::put, path, R"({"labels":["EMP"],"reason":"one of us"})").status, 204);
    EXPECT_TRUE(house.sees("doctor"));
    EXPECT_FALSE(house.sees("colleague"));
    house.prove("colleague");
    EXPECT_TRUE(house.break_it("colleague") != "");
    EXPECT_TRUE(house.sees("colleague"));
    const auto mine = house.body_of(house.ask("colleague", Method::get, "/access/break-glass"));
    EXPECT_EQ(mine["open"].at(0)["beatLabels"].at(0).text(), "EMP");
    house.clock.advance(10min);  // the session's idle time is 15 minutes
    EXPECT_EQ(house.ask("colleague", Method::get, "/access/break-glass").status, 200);
    EXPECT_EQ(house.ask("doctor", Method::put, path, R"({"labels":["EMP","PSY"],"reason":"one of us","people":[")" + house.colleague.resource + "\"]}").status,
              204);
    const auto rights = house.body_of(house.ask("doctor", Method::get, "/access/patients/" + house.patient.substr(8) + "/rights"));
    EXPECT_EQ(rights["treating"].size(), 2U);
    EXPECT_EQ(rights["changes"].size(), 2U);
    EXPECT_EQ(house.ask("doctor", Method::put, path, R"({"labels":[],"reason":"left the house"})").status, 204);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_treating WHERE ended_us > 9e18"), 0);
    EXPECT_TRUE(house.sees("colleague"));
}

TEST(SensitiveLabel, opens_by_the_right_of_a_role_but_never_for_another_label) {
    Network house;
    const Person specialist = house.person("specialist", house.stranger.id, role::kNurse);
    house.directory->add_membership(House::system(),
                                    {.person = specialist.id, .organisation = house.clinic.id, .role = "doctor", .labels = record::label_bit("HIV")});
    house.cookies["specialist"] = house.cookie_of("specialist");
    const std::string path = "/access/patients/" + house.patient.substr(8) + "/labels";
    EXPECT_EQ(house.ask("doctor", Method::put, path, R"({"labels":["HIV"],"reason":"laboratory"})").status, 204);
    EXPECT_TRUE(house.sees("specialist"));
    EXPECT_FALSE(house.sees("colleague"));
    EXPECT_EQ(house.ask("doctor", Method::put, path, R"({"labels":["HIV","PSY"],"reason":"laboratory"})").status, 204);
    EXPECT_FALSE(house.sees("specialist"));
}

struct LabelRights : Network {
    Person keeper = person("keeper", stranger.id, role::kSecurityAdmin), second = person("second", clinic.id, role::kDoctor);
    std::string path = "/access/label-rights/" + std::to_string(directory->memberships(second.id).front().id);

    LabelRights() {
        for (const char* login : {"keeper", "second"}) cookies[login] = cookie_of(login);
        EXPECT_EQ(ask("doctor", Method::put, "/access/patients/" + patient.substr(8) + "/labels", R"({"labels":["PSY"],"reason":"psychiatry"})").status, 204);
    }
    http::Response put(const std::string& who, const std::string& labels, const std::string& before = "") {
        return ask(who, Method::put, path, R"({"labels":[)" + labels + R"(],"before":[)" + before + "]}");
    }
};

TEST(SensitiveLabel, rights_of_a_role_are_kept_by_the_security_administrator) {
    LabelRights house;
    EXPECT_EQ(house.put("second", R"("PSY")").status, 403);
    EXPECT_EQ(house.ask("second", Method::get, "/access/label-rights").status, 403);
    EXPECT_EQ(house.error(house.put("keeper", R"("PSY")")), "access.step_up_needed");
    house.prove("keeper");
    EXPECT_EQ(house.error(house.put("keeper", R"("EMP")")), "access.bad_label") << "about who the patient is";
    EXPECT_EQ(house.error(house.ask("keeper", Method::put, "/access/label-rights/999999", R"({"labels":[],"before":[]})")), "access.no_membership");
    const std::string own = "/access/label-rights/" + std::to_string(house.directory->memberships(house.keeper.id).front().id);
    EXPECT_EQ(house.error(house.ask("keeper", Method::put, own, R"({"labels":["PSY"],"before":[]})")), "access.own_rights");
    EXPECT_FALSE(house.sees("second"));
    house.directory->end_membership(House::system(), house.directory->memberships(house.admin.id).front().id);
    EXPECT_EQ(house.put("keeper", R"("PSY")").status, 204) << "alone while nobody else is administrator";
    EXPECT_TRUE(house.sees("second")) << "from the next request on";
    EXPECT_EQ(house.error(house.put("keeper", "")), "access.labels_changed") << "the page of before";
    EXPECT_NE(house.ask("keeper", Method::get, "/access/label-rights").body.find(R"("labels":["PSY"])"), std::string::npos);
    EXPECT_EQ(house.ask("keeper", Method::get, "/access/label-rights?organisation=" + house.hub.resource).body.find("PSY"), std::string::npos);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'label-rights' AND detail LIKE '%before= opens=PSY'"), 1);
    EXPECT_EQ(house.put("keeper", "", R"("PSY")").status, 204);
    EXPECT_FALSE(house.sees("second"));
}

TEST(SensitiveLabel, opening_more_takes_two_persons_and_closing_one) {
    LabelRights house;
    for (const char* who : {"keeper", "admin"}) house.prove(who);
    const auto asked = house.put("keeper", R"("PSY","HIV")");
    ASSERT_EQ(asked.status, 202) << asked.body;
    EXPECT_FALSE(house.sees("second")) << "nothing changes before the second person";
    EXPECT_EQ(house.error(house.put("keeper", R"("PSY")")), "access.role_requested");
    EXPECT_NE(house.ask("admin", Method::get, "/access/role-requests").body.find(R"("before":[])"), std::string::npos);
    const auto confirm = [&](const http::Response& request, const std::string& who) {
        return house.ask(who, Method::post, "/access/role-requests/" + (*json::parse(request.body))["request"].text() + "/confirm", "{}");
    };
    EXPECT_EQ(house.error(confirm(asked, "keeper")), "access.own_request");
    EXPECT_EQ(confirm(asked, "admin").status, 204);
    EXPECT_TRUE(house.sees("second"));
    const auto more = house.put("keeper", R"("PSY","HIV","STD")", R"("PSY","HIV")");
    ASSERT_EQ(more.status, 202);
    EXPECT_EQ(house.put("keeper", R"("HIV")", R"("PSY","HIV")").status, 204) << "taken away at once";
    EXPECT_FALSE(house.sees("second"));
    EXPECT_EQ(house.error(confirm(more, "admin")), "access.labels_changed") << "decided on what was before";
    EXPECT_EQ(
        house
            .ask("keeper", Method::post, "/access/memberships",
                 R"({"practitioner":")" + house.second.resource + R"(","organisation":")" + house.clinic.resource + R"(","role":"nurse","labels":["PSY"]})")
            .status,
        202)
        << "a new role that opens labels is no way round";
}

}  // namespace
}  // namespace qiao::access
