#include "../../unit/access/house.hpp"
#include "../../unit/access/key_maker.hpp"
#include "access/totp.hpp"
#include "base/text.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;
using testing::KeyMaker;

struct Field : House {
    Organisation hub = place("hub", "中心医院"), clinic = place("clinic", "C");
    Person nurse = person("nurse", clinic.id, role::kNurse), colleague = person("colleague", clinic.id, role::kDoctor),
           stranger = person("stranger", hub.id, role::kDoctor), admin = person("admin", hub.id, role::kSecurityAdmin);
    KeyMaker phone = KeyMaker::p256();

    std::string cookie(const std::string& login) {
        const std::string made = cookie_of(login);
        send(Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}", {{"cookie", made}});
        return made;
    }
    json::Value post(const std::string& as, const std::string& path, const std::string& body = "{}", const std::string& address = "10.1.2.3") {
        std::vector<http::Header> headers;
        if (!as.empty()) headers.emplace_back("cookie", as);
        last = send(Method::post, path, body, std::move(headers), address);
        const auto value = json::parse(last.body);
        return value ? *value : json::Value();
    }
    std::string error() const {
        const auto body = json::parse(last.body);
        return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "";
    }
    json::Value code_for(const std::string& as, const Person& person) {
        return post(as, "/access/device-codes", R"({"practitioner":")" + person.resource + "\"}");
    }
    json::Value enrol(const std::string& as, const std::string& code, const std::string& pin = "258034") {
        const std::string challenge = post(as, "/access/me/question")["challenge"].text();
        return post(as, "/access/me/devices",
                    R"({"name":"ward phone","code":")" + code + R"(","pin":")" + pin + R"(","publicKey":")" + to_base64url(phone.spki()) +
                        R"(","signature":")" + to_base64url(phone.sign_raw(device_text(challenge, "qiao.example"))) + "\"}");
    }
    /// A second factor of their own, without which nobody vouches for another.
    void trust(const Person& person) {
        const std::string secret = entrance->factors.begin_totp(person.id);
        entrance->factors.confirm_totp(record::Actor{.person = person.id}, totp::code_at(secret, totp::step_of(clock.now())), "");
    }
    std::string opened(const std::string& login) {
        const auto person = directory->person_by_login(login);
        http::Request request{.headers = {{"host", "qiao.example"}}, .peer_address = "10.1.2.3"};
        return "qiao=" + sessions->open_for(person->id, {.stepped_up = true}, request).token;
    }
    std::string proof(const std::string& device, const std::string& challenge, const std::string& pin, const KeyMaker& key) {
        return R"({"device":{"id":")" + device + R"(","pin":")" + pin + R"(","signature":")" +
               to_base64url(key.sign_raw(device_text(challenge, "qiao.example"))) + "\"}}";
    }
    int sign_in_by(const std::string& device, const std::string& pin, const KeyMaker& key, const std::string& address = "10.1.2.3") {
        const std::string challenge = post("", "/access/device-session/challenge", R"({"device":")" + device + "\"}", address)["challenge"].text();
        post("", "/access/device-session", proof(device, challenge, pin, key), address);
        return last.status;
    }
    /// @return the id of the nurse's phone
    std::string registered() {
        trust(colleague);
        const std::string code = code_for(opened("colleague"), nurse)["code"].text();
        return enrol(opened("nurse"), code)["device"].text();
    }
    http::Response last;
};

TEST(Device, the_seal_is_the_same_for_a_person_and_a_device_and_another_for_anybody_else) {
    Field house;
    const auto seal = [&](const std::string& login, const std::string& device) {
        return house.post(house.opened(login), "/access/me/device-seal", R"({"device":")" + device + "\"}")["key"].text();
    };
    const std::string one = to_base64url(std::string(16, '1')), two = to_base64url(std::string(16, '2'));
    const std::string key = seal("nurse", one);
    EXPECT_EQ(from_base64(key).value_or("").size(), 32U);
    EXPECT_EQ(seal("nurse", one), key);
    EXPECT_NE(seal("nurse", two), key);
    EXPECT_NE(seal("colleague", one), key);
    EXPECT_EQ(seal("nurse", "c2hvcnQ"), "");
    EXPECT_EQ(house.error(), "access.bad_device");
    house.post("", "/access/me/device-seal", R"({"device":")" + one + "\"}");
    EXPECT_EQ(house.last.status, 401);
    EXPECT_EQ(house.last.body.find(key), std::string::npos);
}

TEST(Device, what_a_person_discards_unsent_stands_in_the_audit) {
    Field house;
    house.post(house.opened("nurse"), "/access/me/discards", R"({"what":"photo","case":"0198a-1","reason":"wrong_patient"})");
    ASSERT_EQ(house.last.status, 204) << house.last.body;
    house.audit->flush();
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'discard' AND case_id = '0198a-1' AND detail = 'unsent photo "
                           "reason=wrong_patient' AND person = " +
                           std::to_string(house.nurse.id)),
              1);
    for (const char* bad : {R"({"what":"photo","case":"","reason":""})", R"({"what":"a b","case":"","reason":"unusable"})",
                            R"({"what":"photo","case":"x y","reason":"unusable"})"}) {
        house.post(house.opened("nurse"), "/access/me/discards", bad);
        EXPECT_EQ(house.error(), "access.bad_discard") << bad;
    }
}

TEST(Device, a_colleague_with_a_factor_of_the_own_institution_shows_the_code) {
    Field house;
    house.code_for(house.opened("colleague"), house.nurse);
    EXPECT_EQ(house.error(), "access.enrol_first") << "who has no second factor vouches for nobody";
    house.trust(house.colleague), house.trust(house.stranger), house.trust(house.admin), house.trust(house.nurse);
    house.code_for(house.opened("nurse"), house.nurse);
    EXPECT_EQ(house.error(), "access.own_device");
    house.code_for(house.opened("stranger"), house.nurse);
    EXPECT_EQ(house.error(), "access.not_a_colleague");
    house.code_for(house.opened("admin"), house.nurse);
    EXPECT_EQ(house.last.status, 201) << house.last.body;
    EXPECT_EQ(house.code_for(house.opened("colleague"), house.nurse)["code"].text().size(), 8U);
}

TEST(Device, the_code_is_for_one_person_once_and_the_phone_shows_that_it_holds_the_key) {
    Field house;
    house.trust(house.colleague);
    const std::string code = house.code_for(house.opened("colleague"), house.nurse)["code"].text();
    house.enrol(house.opened("stranger"), code);
    EXPECT_EQ(house.error(), "access.wrong_code") << "somebody else's code";
    const std::string nurse = house.opened("nurse");
    house.enrol(nurse, code, "111111");
    EXPECT_EQ(house.error(), "access.pin_easy");
    house.enrol(nurse, code, "123456");
    EXPECT_EQ(house.error(), "access.pin_easy");
    house.post(nurse, "/access/me/devices",
               R"({"code":")" + code + R"(","pin":"258034","publicKey":")" + to_base64url(house.phone.spki()) + R"(","signature":")" +
                   to_base64url(KeyMaker::p256().sign_raw("x")) + "\"}");
    EXPECT_EQ(house.error(), "access.bad_device_key");
    const auto made = house.enrol(nurse, code);
    EXPECT_EQ(house.last.status, 200) << house.last.body;
    EXPECT_EQ(made["recoveryCodes"].size(), 10U);
    house.phone = KeyMaker::p256();
    house.enrol(nurse, code);
    EXPECT_EQ(house.error(), "access.wrong_code") << "once";
}

TEST(Device, the_key_and_the_PIN_sign_in_and_step_up) {
    Field house;
    const std::string device = house.registered();
    ASSERT_NE(device, "");
    EXPECT_EQ(house.sign_in_by(device, "258034", KeyMaker::p256()), 401) << "another phone";
    EXPECT_EQ(house.sign_in_by(device, "258035", house.phone), 401);
    EXPECT_EQ(house.sign_in_by("unknown", "258034", house.phone), 401);
    EXPECT_EQ(house.error(), "access.wrong_pin");
    ASSERT_EQ(house.sign_in_by(device, "258034", house.phone), 200) << house.last.body;
    const std::string cookie = House::cookie_in(house.last);
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"cookie", cookie}}).body, std::to_string(house.nurse.id));
    EXPECT_FALSE(house.sessions->stepped_up(house.caller(cookie).actor));
    const std::string challenge = house.post(cookie, "/access/me/question")["challenge"].text();
    const std::string proof = house.proof(device, challenge, "258034", house.phone);
    house.post(cookie, "/access/step-up", proof);
    EXPECT_EQ(house.last.status, 200) << house.last.body;
    house.post(cookie, "/access/step-up", proof);
    EXPECT_EQ(house.last.status, 403) << "replay";
    EXPECT_EQ(house.sign_in("nurse").status, 401) << "elsewhere the password alone is not enough any more";
}

TEST(Device, ten_wrong_PINs_lock_it_and_a_stranger_without_the_key_locks_nothing) {
    Field house;
    const std::string device = house.registered();
    const KeyMaker foreign = KeyMaker::p256();
    for (int i = 0; i < 15; ++i) {
        house.sign_in_by(device, "000000", foreign);
        house.clock.advance(16min);
    }
    EXPECT_EQ(house.sign_in_by(device, "258034", house.phone), 200) << house.last.body;
    for (int i = 0; i < 9; ++i) {
        EXPECT_EQ(house.sign_in_by(device, "258035", house.phone), 401) << i;
        house.clock.advance(16min);
    }
    house.sign_in_by(device, "258035", house.phone);
    EXPECT_EQ(house.error(), "access.device_locked");
    house.clock.advance(48h);
    house.sign_in_by(device, "258034", house.phone);
    EXPECT_EQ(house.error(), "access.device_locked") << "until it is registered again";
    EXPECT_EQ(house.entrance->notices.of(house.nurse.id).at(0).code, "device_locked");
}

TEST(Device, one_that_was_removed_opens_nothing) {
    Field house;
    const std::string device = house.registered();
    ASSERT_EQ(house.sign_in_by(device, "258034", house.phone), 200);
    const auto factors = house.entrance->factors.of(house.nurse.id);
    house.entrance->factors.remove(record::Actor{.person = house.nurse.id}, house.nurse.id, factors.at(0).id);
    EXPECT_EQ(house.sign_in_by(device, "258034", house.phone), 401);
}

}  // namespace
}  // namespace qiao::access
