#include "../../unit/access/house.hpp"
#include "../../unit/access/key_maker.hpp"
#include "access/totp.hpp"
#include "base/text.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;
using testing::SoftKey;

struct Factored : House {
    explicit Factored(bool required = false) {
        if (required) {
            policy.second_factor_roles = {"doctor"};
            reopen();
        }
        hub = place("hub", "中心医院");
        doctor = person("doctor", hub.id, role::kDoctor);
    }
    Organisation hub;
    Person doctor;

    json::Value ask(const std::string& cookie, Method method, const std::string& path, const std::string& body = "{}") {
        last = send(method, path, body, {{"cookie", cookie}});
        auto value = json::parse(last.body);
        return value ? *value : json::Value();
    }
    json::Value post(const std::string& cookie, const std::string& path, const std::string& body = "{}") { return ask(cookie, Method::post, path, body); }
    json::Value get(const std::string& cookie, const std::string& path) { return ask(cookie, Method::get, path, ""); }
    std::string error() const {
        const auto body = json::parse(last.body);
        return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "";
    }
    static std::string password_body() { return R"({"password":")" + std::string(testing::kPassword) + "\"}"; }
    void step_up(const std::string& cookie) {
        post(cookie, "/access/step-up", password_body());
        ASSERT_EQ(last.status, 200) << last.body;
    }
    /// The code of now for a base32 secret, which the test must decode as an authenticator program does.
    static std::string decoded(const std::string& base32) {
        std::string bytes;
        std::uint32_t bits = 0;
        int count = 0;
        for (const char c : base32) {
            bits = (bits << 5U) | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
            count += 5;
            if (count >= 8) {
                count -= 8;
                bytes += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
            }
        }
        return bytes;
    }
    std::string code_now() { return totp::code_at(secret, totp::step_of(clock.now())); }
    /// @return recovery codes
    std::vector<std::string> enrol(const std::string& cookie) {
        step_up(cookie);
        return enrol_now(cookie);
    }
    std::vector<std::string> enrol_now(const std::string& cookie) {
        secret = decoded(post(cookie, "/access/me/totp")["secret"].text());
        const auto answer = post(cookie, "/access/me/totp/confirm", R"({"name":"phone","code":")" + code_now() + "\"}");
        EXPECT_EQ(last.status, 200) << last.body;
        std::vector<std::string> codes;
        for (const auto& one : answer["recoveryCodes"].items()) codes.push_back(one.text());
        clock.advance(31s);
        return codes;
    }
    /// The token of a first step.
    std::string first_step() {
        last = sign_in("doctor");
        EXPECT_EQ(last.status, 401);
        EXPECT_EQ(error(), "access.second_factor_needed");
        EXPECT_EQ(header(last, "Set-Cookie"), "");
        return (*json::parse(last.body))["second"]["token"].text();
    }
    http::Response second(const std::string& token, const std::string& name, const std::string& value, const std::string& address = "10.1.2.3") {
        return last = send(Method::post, "/access/session/second", R"({"token":")" + token + R"(",")" + name + R"(":")" + value + "\"}", {}, address);
    }

    http::Response last;
    std::string secret;
};

TEST(SecondFactor, T33_totp_is_asked_for_and_a_reused_code_is_401) {
    Factored house;
    const std::string cookie = house.cookie_of("doctor");
    EXPECT_EQ(house.post(cookie, "/access/me/totp").is_null(), false);
    EXPECT_EQ(house.error(), "access.step_up_needed");
    house.step_up(cookie);
    house.post(cookie, "/access/me/totp");
    house.post(cookie, "/access/me/totp/confirm", R"({"code":"000000"})");
    EXPECT_EQ(house.error(), "access.wrong_code");
    EXPECT_EQ(house.sign_in("doctor").status, 200) << "nothing counts before it was confirmed";
    const auto codes = house.enrol(house.cookie_of("doctor"));
    EXPECT_EQ(codes.size(), 10U);

    const std::string code = house.code_now();
    const auto opened = house.second(house.first_step(), "code", code);
    ASSERT_EQ(opened.status, 200) << opened.body;
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"cookie", House::cookie_in(opened)}}).status, 200);
    EXPECT_EQ(house.second(house.first_step(), "code", code).status, 401) << "replay";
    EXPECT_EQ(house.error(), "access.wrong_code");
    house.clock.advance(31s);
    EXPECT_EQ(house.second(house.first_step(), "code", house.code_now()).status, 200);
    const auto snapshot = house.database->read();
    auto factors = snapshot->connection().query("SELECT sealed FROM access_factor");
    ASSERT_TRUE(factors.next());
    do EXPECT_EQ(factors.text(0).find(house.secret), std::string_view::npos) << "sealed";
    while (factors.next());
}

TEST(SecondFactor, the_first_step_alone_opens_nothing_and_ends) {
    Factored house;
    house.enrol(house.cookie_of("doctor"));
    const std::string token = house.first_step();
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"authorization", "Bearer " + token}}).status, 401);
    EXPECT_EQ(house.second(token, "password", std::string(testing::kPassword)).status, 401) << "the password is no second factor";
    const std::string late = house.first_step();
    house.clock.advance(6min);
    EXPECT_EQ(house.second(late, "code", house.code_now()).status, 401);
    EXPECT_EQ(house.error(), "access.step_over");
    EXPECT_EQ(house.second("made-up", "code", house.code_now()).status, 401);
    EXPECT_EQ(house.error(), "access.step_over");
}

TEST(SecondFactor, T34_guessing_codes_is_slowed_and_the_right_password_does_not_help) {
    Factored house;
    house.enrol(house.cookie_of("doctor"));
    int refused = 0;
    for (int i = 0; i < 12 && refused == 0; ++i) {
        const auto answer = house.second(house.first_step(), "code", "00000" + std::to_string(i % 10));
        refused += answer.status == 429 ? 1 : 0;
    }
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(house.second(house.first_step(), "code", house.code_now()).status, 429);
    house.clock.advance(16min);
    EXPECT_EQ(house.second(house.first_step(), "code", house.code_now()).status, 200);
}

TEST(SecondFactor, five_wrong_proofs_end_the_step) {
    Factored house;
    house.enrol(house.cookie_of("doctor"));
    const std::string token = house.first_step();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(house.second(token, "code", "000000").status, 401);
    house.clock.advance(4min);
    house.second(token, "code", "000000", "10.9.9.9");
    EXPECT_EQ(house.error(), "access.wrong_code");
    house.second(token, "code", house.code_now(), "10.8.8.8");
    EXPECT_EQ(house.error(), "access.step_over");
}

TEST(SecondFactor, T40_recovery_codes_work_once_and_the_person_hears_of_it) {
    Factored house;
    const auto codes = house.enrol(house.cookie_of("doctor"));
    ASSERT_EQ(codes.size(), 10U);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_recovery_code WHERE instr(code_hash, '" + codes[0].substr(0, 4) + "') > 0 AND length(code_hash) < 64"),
              0);
    const auto opened = house.second(house.first_step(), "recovery", lower(codes[3]));
    ASSERT_EQ(opened.status, 200) << opened.body;
    EXPECT_EQ(house.second(house.first_step(), "recovery", codes[3]).status, 401);
    const std::string cookie = House::cookie_in(opened);
    const auto security = house.get(cookie, "/access/me/security");
    EXPECT_EQ(security["recoveryLeft"].text(), "9");
    EXPECT_EQ(security["notices"].at(0)["code"].text(), "recovery_code_used");
    EXPECT_EQ(security["notices"].at(0)["detail"].text(), "9");
    house.audit->flush();
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE detail = 'recovery code used' AND person = " + std::to_string(house.doctor.id)), 1);
    house.step_up(cookie);
    const auto fresh = house.post(cookie, "/access/me/recovery-codes")["recoveryCodes"];
    EXPECT_EQ(fresh.size(), 10U);
    EXPECT_EQ(house.second(house.first_step(), "recovery", codes[5]).status, 401) << "the old ones are void";
    EXPECT_EQ(house.second(house.first_step(), "recovery", fresh.at(0).text()).status, 200);
}

TEST(SecondFactor, whoever_must_have_one_does_nothing_else_first) {
    Factored house(true);
    const auto opened = house.sign_in("doctor");
    ASSERT_EQ(opened.status, 200);
    EXPECT_EQ((*json::parse(opened.body))["must"].text(), "second_factor");
    const std::string cookie = House::cookie_in(opened);
    for (const char* path : {"/test/who", "/access/directory", "/access/organisations"}) {
        EXPECT_EQ(house.send(Method::get, path, "", {{"cookie", cookie}}).status, 403) << path;
    }
    EXPECT_FALSE(house.sessions->caller_of(house.sessions->sessions_of(house.doctor.id).at(0).key)) << "nothing is pushed to it";
    EXPECT_EQ(house.get(cookie, "/access/me/security")["required"].truth(), true);
    house.enrol_now(cookie);
    const std::string fresh = House::cookie_in(house.last);
    EXPECT_NE(fresh, cookie) << "a new token when what somebody may do changes (T35)";
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"cookie", fresh}}).status, 200);
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"cookie", cookie}}).status, 401);
    house.step_up(fresh);
    house.post(fresh, "/access/me/factors/1/remove");
    EXPECT_EQ(house.error(), "access.last_factor");
}

TEST(SecondFactor, removing_one_needs_the_password_again) {
    Factored house;
    house.enrol(house.cookie_of("doctor"));
    const std::string cookie = House::cookie_in(house.second(house.first_step(), "code", house.code_now()));
    const std::string id = house.get(cookie, "/access/me/security")["factors"].at(0)["id"].text();
    house.post(cookie, "/access/me/factors/" + id + "/remove");
    EXPECT_EQ(house.error(), "access.step_up_needed");
    house.step_up(cookie);
    house.post(cookie, "/access/me/factors/" + id + "/remove");
    EXPECT_EQ(house.last.status, 204) << house.last.body;
    EXPECT_EQ(house.sign_in("doctor").status, 200);
}

TEST(SecondFactor, a_code_may_stand_for_the_password_before_signing) {
    Factored house;
    house.enrol(house.cookie_of("doctor"));
    const std::string cookie = House::cookie_in(house.second(house.first_step(), "code", house.code_now()));
    house.post(cookie, "/access/step-up", R"({"code":"000000"})");
    EXPECT_EQ(house.error(), "access.wrong_code");
    house.clock.advance(31s);
    house.post(cookie, "/access/step-up", R"({"code":")" + house.code_now() + "\"}");
    EXPECT_EQ(house.last.status, 200) << house.last.body;
    EXPECT_TRUE(house.sessions->stepped_up(house.caller(cookie).actor));
    house.post(cookie, "/access/step-up", R"({"code":"1","password":"2"})");
    EXPECT_EQ(house.error(), "access.bad_proof");
}

struct Keyed : Factored {
    SoftKey soft = testing::soft_key();

    std::string key_body(const std::string& challenge) {
        const std::string client = SoftKey::client_data("webauthn.get", challenge, "https://qiao.example");
        const std::string data = soft.authenticator_data("qiao.example", false);
        return R"("securityKey":{"id":")" + to_base64url(soft.id) + R"(","clientDataJSON":")" + to_base64url(client) + R"(","authenticatorData":")" +
               to_base64url(data) + R"(","signature":")" + to_base64url(soft.sign(data, client)) + "\"}";
    }
    std::string register_body(const std::string& challenge) {
        const std::string client = SoftKey::client_data("webauthn.create", challenge, "https://qiao.example");
        return R"({"name":"blue","clientDataJSON":")" + to_base64url(client) + R"(","attestationObject":")" + to_base64url(soft.attestation("qiao.example")) +
               "\"}";
    }
};

TEST(SecurityKey, registers_signs_in_and_steps_up) {
    Keyed house;
    const std::string first = house.cookie_of("doctor");
    house.step_up(first);
    house.post(first, "/access/me/security-keys", house.register_body("nobody-asked"));
    EXPECT_EQ(house.error(), "access.bad_security_key");
    const std::string challenge = house.post(first, "/access/me/question")["challenge"].text();
    house.post(first, "/access/me/security-keys", house.register_body(challenge));
    ASSERT_EQ(house.last.status, 200) << house.last.body;
    house.post(first, "/access/me/security-keys", house.register_body(challenge));
    EXPECT_EQ(house.error(), "access.bad_security_key") << "a challenge counts once";

    const std::string token = house.first_step();
    const auto second = (*json::parse(house.last.body))["second"];
    EXPECT_EQ(second["securityKeys"].at(0).text(), to_base64url(house.soft.id));
    house.soft.counter = 2;
    const std::string body = R"({"token":")" + token + "\"," + house.key_body(second["challenge"].text()) + "}";
    const auto opened = house.send(Method::post, "/access/session/second", body);
    ASSERT_EQ(opened.status, 200) << opened.body;
    EXPECT_EQ(house.send(Method::post, "/access/session/second", body).status, 401) << "replay";

    const std::string cookie = House::cookie_in(opened);
    house.soft.counter = 3;
    house.post(cookie, "/access/step-up", "{" + house.key_body(house.post(cookie, "/access/me/question")["challenge"].text()) + "}");
    EXPECT_EQ(house.last.status, 200) << house.last.body;
    EXPECT_TRUE(house.sessions->stepped_up(house.caller(cookie).actor));
}

TEST(SecurityKey, a_copied_one_an_unverified_one_and_another_sessions_question_are_refused) {
    Keyed house;
    const std::string first = house.cookie_of("doctor");
    house.step_up(first);
    house.post(first, "/access/me/security-keys", house.register_body(house.post(first, "/access/me/question")["challenge"].text()));
    ASSERT_EQ(house.last.status, 200) << house.last.body;
    const std::string other = house.send(Method::post, "/access/session", "{}").body;
    house.soft.counter = 2;
    const auto step_up = [&](const std::string& challenge) {
        house.post(first, "/access/step-up", "{" + house.key_body(challenge) + "}");
        return house.last.status;
    };
    const auto question = [&] { return house.post(first, "/access/me/question")["challenge"].text(); };
    EXPECT_EQ(step_up(question()), 200);
    EXPECT_EQ(step_up(question()), 403) << "the counter did not rise";
    house.soft.counter = 3;
    house.soft.flags = 0x01;
    EXPECT_EQ(step_up(question()), 403) << "nobody was verified";
    house.soft.flags = 0x05;
    house.soft.counter = 4;
    house.first_step();
    const std::string foreign = (*json::parse(house.last.body))["second"]["challenge"].text();
    question();
    EXPECT_EQ(step_up(foreign), 403) << "the question of a sign-in is not this session's";
    house.soft.counter = 5;
    EXPECT_EQ(step_up(question()), 200);
}

TEST(Sessions, a_person_sees_the_own_ones_and_ends_them) {
    Factored house;
    const std::string desk =
        House::cookie_in(house.sign_in("doctor", testing::kPassword, "10.1.2.3", {{"user-agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/138.0 Safari/537.36"}}));
    const std::string phone =
        House::cookie_in(house.sign_in("doctor", testing::kPassword, "10.9.9.9", {{"user-agent", "Mozilla/5.0 (Linux; Android 13) Chrome/138.0"}}));
    const auto all = house.get(desk, "/access/me/sessions")["sessions"];
    ASSERT_EQ(all.size(), 2U);
    std::string phone_id;
    for (const auto& one : all.items()) {
        EXPECT_EQ(one["own"].truth(), one["address"].text() == "10.1.2.3");
        if (one["own"].truth()) continue;
        phone_id = one["id"].text();
        EXPECT_EQ(one["agent"].text(), "Chrome · Android");
    }
    std::vector<std::string> ended;
    house.sessions->on_session_ended([&](std::string_view key) { ended.emplace_back(key); });
    const Person other = house.person("other", house.hub.id, role::kDoctor);
    house.post(house.cookie_of("other"), "/access/me/sessions/" + phone_id + "/end");
    EXPECT_EQ(house.last.status, 404) << "somebody else's";
    house.post(desk, "/access/me/sessions/" + phone_id + "/end");
    EXPECT_EQ(house.last.status, 204);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_TRUE(ended[0].starts_with(phone_id));
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"cookie", phone}}).status, 401);
    house.cookie_of("doctor"), house.cookie_of("doctor");
    house.post(desk, "/access/me/sessions/end-others");
    EXPECT_EQ(house.get(desk, "/access/me/sessions")["sessions"].size(), 1U);
}

TEST(Sessions, a_security_administrator_ends_those_of_others) {
    Factored house;
    house.person("admin", house.hub.id, role::kSecurityAdmin);
    const std::string admin = house.cookie_of("admin"), doctor = house.cookie_of("doctor");
    const std::string path = "/access/people/" + house.doctor.resource.substr(13) + "/sessions";
    EXPECT_EQ(house.get(admin, path)["sessions"].size(), 1U);
    house.get(doctor, path);
    EXPECT_EQ(house.last.status, 403);
    house.post(admin, path + "/end");
    EXPECT_EQ(house.last.status, 204);
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"cookie", doctor}}).status, 401);
    house.audit->flush();
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'session-ended'"), 1);
}

}  // namespace
}  // namespace qiao::access
