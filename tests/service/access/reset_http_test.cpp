#include "../../unit/access/house.hpp"
#include "base/text.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;

constexpr std::string_view kNew = "quiet-harbour-1964-lamp";

struct Office : House {
    Organisation hub = place("hub", "中心医院");
    Person first = person("first", hub.id, role::kSecurityAdmin), second = person("second", hub.id, role::kSecurityAdmin),
           lead = person("lead", hub.id, role::kDutyLead), coordinator = person("coordinator", hub.id, role::kCoordinator), doctor = called("doctor", "0898-5550123"),
           silent = person("silent", hub.id, role::kDoctor);

    Person called(const std::string& login, const std::string& phone) {
        const auto made = directory->create_person(system(), {.login = login, .name = login, .password_hash = sessions->passwords().hash(testing::kPassword), .phone = phone});
        directory->add_membership(system(), {.person = made.id, .organisation = hub.id, .role = "doctor"});
        return made;
    }
    std::string cookie(const std::string& login) {
        const std::string made = cookie_of(login);
        send(Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}", {{"cookie", made}});
        return made;
    }
    json::Value post(const std::string& as, const std::string& path, const std::string& body = "{}") {
        last = send(Method::post, path, body, {{"cookie", as}});
        const auto value = json::parse(last.body);
        return value ? *value : json::Value();
    }
    json::Value start(const std::string& as, const Person& person, bool night = false, const std::string& reason = "forgot the password") {
        return post(as, "/access/resets", R"({"practitioner":")" + person.resource + R"(","reason":")" + reason + R"(","night":)" + (night ? "true" : "false") + "}");
    }
    json::Value confirm(const std::string& as, const std::string& id) { return post(as, "/access/resets/" + id + "/confirm"); }
    int set_password(const std::string& login, const std::string& code, std::string_view password = kNew) {
        last = send(Method::post, "/access/reset-password", R"({"login":")" + login + R"(","code":")" + code + R"(","password":")" + std::string(password) + "\"}");
        return last.status;
    }
    std::string error() const {
        const auto body = json::parse(last.body);
        return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "";
    }
    int who(const std::string& cookie) { return send(Method::get, "/test/who", "", {{"cookie", cookie}}).status; }
    http::Response last;
};

TEST(Reset, T40_by_day_two_security_administrators_and_nothing_before_the_second) {
    Office house;
    const std::string own = house.cookie_of("doctor"), first = house.cookie("first"), second = house.cookie("second");
    const std::string id = house.start(first, house.doctor)["id"].text();
    ASSERT_EQ(house.last.status, 201) << house.last.body;
    EXPECT_EQ(house.who(own), 200);
    EXPECT_EQ(house.sign_in("doctor").status, 200) << "nothing changes before the second person";
    house.confirm(first, id);
    EXPECT_EQ(house.error(), "access.own_reset");
    house.confirm(house.cookie("lead"), id);
    EXPECT_EQ(house.error(), "access.not_yours");
    const std::string code = house.confirm(second, id)["code"].text();
    ASSERT_EQ(house.last.status, 200) << house.last.body;
    EXPECT_EQ(house.who(own), 401);
    EXPECT_EQ(house.sign_in("doctor").status, 401) << "the old password is void";
    house.confirm(second, id);
    EXPECT_NE(house.last.status, 200);
    EXPECT_EQ(house.set_password("doctor", "00000000"), 401);
    EXPECT_EQ(house.set_password("first", code), 401) << "somebody else's";
    EXPECT_EQ(house.set_password("doctor", code, "short"), 400);
    EXPECT_EQ(house.set_password("doctor", lower(code)), 204) << house.last.body;
    EXPECT_EQ(house.set_password("doctor", code), 401) << "once";
    EXPECT_EQ(house.sign_in("doctor", kNew).status, 200);
    house.audit->flush();
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'reset' AND outcome = 'success'"), 3);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_security_notice WHERE code LIKE 'reset_%' AND person = " + std::to_string(house.doctor.id)), 3);
}

TEST(Reset, takes_the_trust_of_every_factor) {
    Office house;
    const auto codes = house.entrance->factors.new_recovery_codes(record::Actor{.person = house.doctor.id});
    EXPECT_EQ(house.entrance->factors.kinds(house.doctor.id).recovery_left, 10);
    const std::string id = house.start(house.cookie("first"), house.doctor)["id"].text();
    house.confirm(house.cookie("second"), id);
    EXPECT_EQ(house.entrance->factors.kinds(house.doctor.id).recovery_left, 0);
}

TEST(Reset, nobody_for_oneself_and_not_without_reason_proof_or_time) {
    Office house;
    const std::string first = house.cookie("first"), second = house.cookie("second");
    house.start(first, house.first);
    EXPECT_EQ(house.error(), "access.own_reset");
    house.start(first, house.doctor, false, " ");
    EXPECT_EQ(house.error(), "access.reason_needed");
    house.start(house.cookie_of("first"), house.doctor);
    EXPECT_EQ(house.error(), "access.step_up_needed");
    house.start(house.cookie("coordinator"), house.doctor);
    EXPECT_EQ(house.error(), "access.not_yours") << "a coordinator by day";
    house.start(house.cookie("doctor"), house.silent);
    EXPECT_EQ(house.error(), "access.not_yours");
    const std::string own = house.start(first, house.second)["id"].text();
    house.confirm(second, own);
    EXPECT_EQ(house.error(), "access.own_reset") << "the person concerned confirms nothing";
    const std::string late = house.start(first, house.doctor)["id"].text();
    house.start(second, house.doctor);
    EXPECT_EQ(house.error(), "access.reset_running");
    house.clock.advance(16min);
    house.confirm(house.cookie("second"), late);
    EXPECT_EQ(house.error(), "access.no_reset") << "after 15 minutes";
}

TEST(Reset, T40_at_night_a_called_person_works_until_somebody_confirms) {
    Office house;
    const std::string old = house.cookie_of("doctor");
    const std::string lead = house.cookie("lead");
    house.start(lead, house.silent, true);
    EXPECT_EQ(house.error(), "access.no_registered_number");
    house.start(lead, house.first, true);
    EXPECT_EQ(house.error(), "access.not_at_night");
    const auto number = house.send(Method::get, "/access/people/" + house.doctor.resource.substr(13) + "/registered-number", "", {{"cookie", lead}});
    EXPECT_EQ((*json::parse(number.body))["number"].text(), "0898-5550123");
    const auto started = house.start(lead, house.doctor, true);
    ASSERT_EQ(house.last.status, 201) << house.last.body;
    EXPECT_EQ(house.set_password("doctor", started["code"].text()), 204) << house.last.body;
    EXPECT_EQ(house.who(old), 200) << "nothing else changed";
    EXPECT_EQ(house.sign_in("doctor").status, 200) << "the old password neither";
    const auto opened = house.sign_in("doctor", kNew);
    ASSERT_EQ(opened.status, 200);
    EXPECT_TRUE((*json::parse(opened.body))["resetUnconfirmed"].truth());
    const std::string marked = House::cookie_in(opened);
    EXPECT_EQ(house.who(marked), 200);
    house.post(marked, "/access/step-up", R"({"password":")" + std::string(kNew) + "\"}");
    EXPECT_EQ(house.last.status, 200) << "and may sign";
    house.post(marked, "/access/me/totp");
    EXPECT_EQ(house.error(), "access.reset_unconfirmed") << "but changes nothing of its own trust";
    house.post(marked, "/access/password", R"({"password":"another-lantern-77"})");
    EXPECT_EQ(house.error(), "access.reset_unconfirmed");
    house.confirm(lead, started["id"].text());
    EXPECT_EQ(house.error(), "access.own_reset");
    house.confirm(house.cookie("coordinator"), started["id"].text());
    EXPECT_EQ(house.last.status, 200) << house.last.body;
    EXPECT_EQ(house.sign_in("doctor").status, 401) << "now the old one is void";
    EXPECT_EQ(house.sign_in("doctor", kNew).status, 200);
    EXPECT_EQ(house.who(old), 401);
}

TEST(Reset, at_night_without_a_second_person_it_all_ends) {
    Office house;
    const auto started = house.start(house.cookie("lead"), house.doctor, true);
    EXPECT_EQ(house.set_password("doctor", started["code"].text()), 204);
    const std::string marked = House::cookie_in(house.sign_in("doctor", kNew));
    house.post(house.cookie("first"), "/access/resets/" + started["id"].text() + "/refuse");
    EXPECT_EQ(house.last.status, 204);
    EXPECT_EQ(house.who(marked), 401);
    EXPECT_EQ(house.sign_in("doctor", kNew).status, 401);
    EXPECT_EQ(house.sign_in("doctor").status, 200);

    const auto again = house.start(house.cookie("lead"), house.doctor, true);
    EXPECT_EQ(house.set_password("doctor", again["code"].text()), 204);
    house.clock.advance(23h + 50min);
    const std::string late = House::cookie_in(house.sign_in("doctor", kNew));
    EXPECT_EQ(house.who(late), 200);
    house.clock.advance(11min);
    EXPECT_EQ(house.who(late), 401) << "a marked session ends with its day";
    EXPECT_EQ(house.sign_in("doctor", kNew).status, 401);
    EXPECT_EQ(house.sign_in("doctor").status, 200);

    const auto unused = house.start(house.cookie("lead"), house.doctor, true);
    house.clock.advance(16min);
    EXPECT_EQ(house.set_password("doctor", unused["code"].text()), 401) << "a code lives 15 minutes";
}

}  // namespace
}  // namespace qiao::access
