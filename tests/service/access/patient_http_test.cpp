#include "../../unit/access/house.hpp"
#include "access/patient_request.hpp"

#include <chrono>
#include <memory>
#include <vector>

/// Patients' accounts outside of the demo, where a code really leaves by SMS, and what time does to them.
namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;

constexpr std::string_view kNumber = "11010519491231002X";  // the example of GB 11643-1999

struct Clinic : House {
    Clinic() {
        PatientPolicy rules{
            .ward_until_years = 14, .longest_proxy_days = 366, .answer_days = {{"correction", 15}}, .code_text_zh = "码 {code}", .code_text_en = "code {code}"};
        PatientAccounts::Sms sms{[this] { return has_sms; },
                                 [this](const std::string& phone, const std::string&, const std::string& text) { sent.push_back(phone + " " + text); }};
        accounts = std::make_unique<PatientAccounts>(*database, *writer, *record, *grants, *directory, *audit, sessions->passwords(), clock,
                                                     std::string(32, 'k'), rules, sms, false);
        requests = std::make_unique<PatientRequests>(*database, *writer, *audit, *directory, *grants, clock, accounts->policy());
        router = std::make_unique<http::Router>();
        router->set_guard(make_guard(*sessions, accounts.get()));
        add_routes(*router, *sessions, *directory, *entrance, clock);
        add_patient_routes(*router, *record, *accounts, *requests);
        add_patient_desk_routes(*router, *sessions, *record, *accounts, *requests);
        doctor = cookie_of("doctor");
    }
    ~Clinic() { router.reset(); }

    Organisation clinic = place("clinic", "C");
    Person who = person("doctor", clinic.id, role::kDoctor);
    bool has_sms = true;
    std::vector<std::string> sent;
    std::unique_ptr<PatientAccounts> accounts;
    std::unique_ptr<PatientRequests> requests;
    std::string doctor;

    std::string patient(const std::string& born, std::string_view number) {
        Registration registration{
            .patient = *json::parse(R"({"resourceType":"Patient","name":[{"text":"试某"}],"gender":"female","birthDate":")" + born + "\"}"), .confirmed = true};
        if (number.empty()) {
            registration.no_id_reason = "not_at_hand";
        } else {
            registration.patient.member("identifier").push(json::Value::object({{"system", kNationalIdSystem}, {"value", number}}));
        }
        return patients->register_patient(caller(doctor), registration).substr(8);
    }
    http::Response post(const std::string& path, const std::string& body, const std::string& cookie = "", const std::string& address = "10.1.2.3") {
        return send(Method::post, path, body, {{"cookie", cookie}}, address);
    }
    std::string offer(const std::string& id, const std::string& more = R"("relation":"self")") {
        const auto response = post("/access/patients/" + id + "/phones", R"({"phone":"13900001234","identityChecked":true,)" + more + "}", doctor);
        const auto body = *json::parse(response.body);
        return response.status == 201 ? body["code"].text() : body["issue"].at(0)["details"]["coding"].at(0)["code"].text();
    }
    std::string bind(const std::string& code) { return cookie_in(post("/patient/binding", R"({"pin":"274951","code":")" + code + "\"}")); }
    int cases_of(const std::string& id, const std::string& cookie) {
        return send(Method::get, "/patient/" + id + "/requests", "", {{"cookie", cookie}}).status;
    }
    std::string people(const std::string& cookie) {
        return (*json::parse(send(Method::get, "/patient/session", "", {{"cookie", cookie}}).body))["account"].dump();
    }
};

TEST(PatientAccount, the_code_leaves_by_SMS_and_says_nothing_of_anybody) {
    Clinic house;
    const std::string id = house.patient("1949-12-31", kNumber);
    EXPECT_NE(house.bind(house.offer(id)), "");
    const std::string asked = R"({"language":"zh","id_number":")" + std::string(kNumber) + "\"}";
    const auto answer = house.post("/patient/session/code", asked);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"minutes":5})");
    ASSERT_EQ(house.sent.size(), 1U);
    EXPECT_EQ(house.sent[0].substr(0, house.sent[0].size() - 6), "13900001234 码 ");
    const std::string code = house.sent[0].substr(house.sent[0].size() - 6);
    EXPECT_EQ(house.post("/patient/session/code", asked).status, 429) << "once a minute";
    const auto unknown = house.post("/patient/session/code", R"({"language":"zh","id_number":"A1234567"})", "", "10.9.9.9");
    EXPECT_EQ(unknown.body, answer.body);
    EXPECT_EQ(house.sent.size(), 1U);
    const auto sign_in = [&](const std::string& typed) {
        return house.post("/patient/session", R"({"code":")" + typed + R"(","id_number":")" + std::string(kNumber) + "\"}", "", "10.8.8.8");
    };
    EXPECT_EQ(sign_in("000000").status, 401);
    EXPECT_EQ(sign_in(code).status, 200);
    EXPECT_EQ(sign_in(code).status, 401) << "a code counts once";
    house.clock.advance(2min);
    house.post("/patient/session/code", asked, "", "10.7.7.7");
    ASSERT_EQ(house.sent.size(), 2U);
    house.clock.advance(6min);
    EXPECT_EQ(sign_in(house.sent[1].substr(house.sent[1].size() - 6)).status, 401) << "five minutes";
    house.has_sms = false;
    EXPECT_EQ(house.post("/patient/session/code", asked, "", "10.6.6.6").status, 503);
}

TEST(PatientAccount, five_wrong_codes_end_a_code) {
    Clinic house;
    house.bind(house.offer(house.patient("1949-12-31", kNumber)));
    house.post("/patient/session/code", R"({"id_number":")" + std::string(kNumber) + "\"}");
    const std::string code = house.sent.at(0).substr(house.sent[0].size() - 6);
    const std::string wrong = code == "000000" ? "111111" : "000000";
    for (int i = 0; i < 5; ++i)
        house.post("/patient/session", R"({"code":")" + wrong + R"(","id_number":")" + std::string(kNumber) + "\"}", "", "10.2." + std::to_string(i) + ".1");
    EXPECT_EQ(house.post("/patient/session", R"({"code":")" + code + R"(","id_number":")" + std::string(kNumber) + "\"}", "", "10.3.3.3").status, 401);
}

TEST(PatientAccount, time_ends_offers_sessions_and_what_a_guardian_sees) {
    Clinic house;
    const std::string id = house.patient("1949-12-31", kNumber);
    const std::string late = house.offer(id);
    house.clock.advance(11min);
    EXPECT_EQ(house.bind(late), "") << "ten minutes";
    house.doctor = house.cookie_of("doctor");
    const std::string cookie = house.bind(house.offer(id));
    EXPECT_EQ(house.cases_of(id, cookie), 200);
    house.clock.advance(16min);
    EXPECT_EQ(house.cases_of(id, cookie), 401) << "idle";
    const auto today = std::chrono::floor<std::chrono::days>(house.clock.now());
    const std::string born = format_instant(today - std::chrono::days(14 * 365 + 2)).substr(0, 10);  // thirteen still, for a day or two
    house.doctor = house.cookie_of("doctor");
    const std::string child = house.patient(born, "");
    EXPECT_EQ(house.offer(child), "patient.too_young");
    const std::string guardian = house.bind(house.offer(child, R"("relation":"guardian","name":"母","idNumber":"B7654321")"));
    EXPECT_EQ(house.cases_of(child, guardian), 200);
    EXPECT_NE(house.people(guardian).find("guardian"), std::string::npos);
    house.clock.advance(96h);
    house.post("/patient/session/code", R"({"id_number":"B7654321"})");
    const std::string fresh = house.sent.back().substr(house.sent.back().size() - 6);
    EXPECT_EQ(house.post("/patient/session", R"({"id_number":"B7654321","code":")" + fresh + "\"}").status, 401) << "there is nobody left to act for";
    house.doctor = house.cookie_of("doctor");
    EXPECT_EQ(house.offer(child, R"("relation":"guardian","name":"母","idNumber":"B7654321")"), "patient.reason_missing") << "of age now";
}

TEST(PatientAccount, somebody_without_papers_is_bound_later) {
    Clinic house;
    EXPECT_EQ(house.offer(house.patient("1980-01-01", "")), "patient.no_identity_number");
}

struct Objection : Clinic {
    Organisation hub = place("hub", "H");
    Person expert = person("expert", hub.id, role::kExpert), officer = person("officer", clinic.id, role::kPrivacyOfficer);
    std::string id = patient("1949-12-31", kNumber), phone = bind(offer(id)), desk = cookie_of("officer");

    Objection() {
        const record::Rid rid = *record->read(record::ReadFilter::system("test"))->rid_of("Patient", id);
        run([&](storage::Group& group) { grants->give(group, {.grantee = person_key(expert.id), .patient = rid, .case_id = "case-1"}); });
    }
    bool sees(const std::string& login) { return record->read(caller(cookie_of(login)).filter)->read("Patient", id).has_value(); }
    std::string asked(const std::string& kind, const std::string& item) {
        const auto made = post("/patient/" + id + "/requests", R"({"kind":")" + kind + R"(","text":"x","item":")" + item + "\"}", phone);
        return std::to_string((*json::parse(made.body))["id"].integer().value_or(0));
    }
    std::string answered(const std::string& request, const std::string& outcome, const std::string& against = "") {
        const auto response =
            post("/access/patient-requests/" + request + "/answer", R"({"answer":"y","outcome":")" + outcome + R"(","against":")" + against + "\"}", desk);
        return response.status == 204 ? "" : (*json::parse(response.body))["issue"].at(0)["details"]["coding"].at(0)["code"].text();
    }
};

TEST(PatientRequests, a_granted_objection_closes_the_record_to_the_institution_that_it_is_against) {
    Objection house;
    ASSERT_TRUE(house.sees("expert"));
    const std::string refused = house.asked("objection", house.hub.resource);
    EXPECT_EQ(house.answered(refused, "refused", house.hub.resource), "patient.bad_institution");
    EXPECT_EQ(house.answered(refused, "refused"), "");
    EXPECT_EQ(house.answered(refused, "done", house.hub.resource), "patient.request_answered");
    EXPECT_EQ(house.answered(house.asked("objection", house.hub.resource), "done"), "") << "the officer names nobody: it is about something else there";
    EXPECT_TRUE(house.sees("expert"));
    const std::string own = house.asked("objection", house.clinic.resource);
    EXPECT_EQ(house.answered(own, "done", house.clinic.resource), "patient.institution_treats");
    EXPECT_EQ(house.answered(own, "partly"), "") << "still open; what the clinic does is in words";
    EXPECT_EQ(house.answered(house.asked("correction", ""), "done", house.hub.resource), "patient.bad_institution");
    const std::string general = house.asked("objection", "");
    EXPECT_EQ(house.answered(general, "done", "Organization/nowhere"), "patient.bad_institution");
    EXPECT_TRUE(house.sees("expert"));
    EXPECT_EQ(house.answered(general, "done", house.hub.resource), "");
    EXPECT_FALSE(house.sees("expert"));
    EXPECT_TRUE(house.sees("doctor"));
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'patient-request-answered' AND detail LIKE '%denied=" + house.hub.resource + "'"),
              1);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_consent_rule WHERE reason = 'objection' AND denied = 1"), 1);
}

TEST(PatientRequests, the_patient_sees_what_is_denied_and_takes_the_own_objection_back) {
    Objection house;
    const std::string denials = "/patient/" + house.id + "/denials";
    const auto listed = [&] { return (*json::parse(house.send(Method::get, denials, "", {{"cookie", house.phone}}).body))["denials"]; };
    const auto end = [&](const std::string& pin, const Organisation& where) {
        const auto response = house.post(denials + "/" + where.resource.substr(13) + "/end", R"({"pin":")" + pin + "\"}", house.phone);
        return response.status == 200 ? "" : (*json::parse(response.body))["issue"].at(0)["details"]["coding"].at(0)["code"].text();
    };
    EXPECT_EQ(listed().size(), 0U);
    EXPECT_EQ(end("274951", house.hub), "patient.no_denial");
    ASSERT_EQ(house.answered(house.asked("objection", house.hub.resource), "done", house.hub.resource), "");
    ASSERT_EQ(listed().size(), 1U);
    EXPECT_EQ(listed().at(0)["organisation"]["resource"].text(), house.hub.resource);
    EXPECT_TRUE(listed().at(0)["stands"].truth());
    EXPECT_EQ(listed().at(0)["reason"].text(), "objection");
    EXPECT_EQ(listed().at(0)["by"]["name"].text(), house.officer.name);
    EXPECT_EQ(end("000001", house.hub), "patient.wrong_pin");
    EXPECT_FALSE(house.sees("expert"));
    EXPECT_EQ(end("274951", house.hub), "");
    EXPECT_TRUE(house.sees("expert")) << "what the case gave comes back";
    EXPECT_FALSE(listed().at(0)["stands"].truth());
    EXPECT_TRUE(listed().at(0)["byPatient"].truth());
    EXPECT_EQ(end("274951", house.hub), "patient.no_denial");
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'patient-denial-lifted' AND detail = 'allowed=" + house.hub.resource + "'"), 1);
    const record::Rid rid = *house.record->read(record::ReadFilter::system("test"))->rid_of("Patient", house.id);
    house.run([&](storage::Group& group) { house.grants->deny(group, rid, house.hub.id, "withdrawn", house.who.id); });
    EXPECT_EQ(end("274951", house.hub), "patient.no_denial") << "a withdrawn consent needs a new one";
    EXPECT_EQ(house.send(Method::get, "/patient/" + std::string(36, '0') + "/denials", "", {{"cookie", house.phone}}).status, 404);
}

TEST(PatientRequests, what_is_not_answered_can_be_taken_back_by_who_asked) {
    Objection house;
    const std::string request = house.asked("objection", house.hub.resource);
    const std::string path = "/patient/" + house.id + "/requests/" + request + "/withdraw";
    const std::string other = house.patient("1955-05-05", "");
    EXPECT_EQ(house.post("/patient/" + other + "/requests/" + request + "/withdraw", "{}", house.phone).status, 404);
    EXPECT_EQ(house.post("/patient/" + house.id + "/requests/9x/withdraw", "{}", house.phone).status, 404);
    EXPECT_EQ(house.post(path, "{}", house.phone).status, 204);
    EXPECT_EQ(house.answered(request, "done", house.hub.resource), "patient.request_answered") << "nobody grants what is not asked any more";
    EXPECT_EQ(house.post(path, "{}", house.phone).status, 409);
    EXPECT_TRUE(house.sees("expert"));
    const auto own = (*json::parse(house.send(Method::get, "/patient/" + house.id + "/requests", "", {{"cookie", house.phone}}).body))["requests"].at(0);
    EXPECT_EQ(own["outcome"].text(), "withdrawn");
    EXPECT_TRUE(own["answeredBy"].is_null());
    const std::string second = house.asked("names", "");
    ASSERT_EQ(house.answered(second, "done"), "");
    const auto list = (*json::parse(house.send(Method::get, "/patient/" + house.id + "/requests", "", {{"cookie", house.phone}}).body))["requests"];
    EXPECT_EQ(list.at(0)["answeredBy"]["name"].text(), house.officer.name);
}

}  // namespace
}  // namespace qiao::access
