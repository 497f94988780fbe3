#include "../../unit/access/house.hpp"
#include "base/text.hpp"

#include <chrono>
#include <ctime>
#include <thread>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;

struct Door : House {
    explicit Door(bool is_demo = false) : House(is_demo) {}
    Organisation hub = place("hub", "中心医院"), clinic = place("clinic", "C");
    Person doctor = person("doctor", clinic.id, role::kDoctor), expert = person("expert", hub.id, role::kExpert);

    int who(const std::string& cookie) { return send(Method::get, "/test/who", "", {{"cookie", cookie}}).status; }
    int who_with(const std::string& token) { return send(Method::get, "/test/who", "", {{"authorization", "Bearer " + token}}).status; }
    static std::string error_of(const http::Response& response) {
        const auto body = json::parse(response.body);
        return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "no JSON";
    }
};

TEST(SignIn, gives_a_cookie_that_scripts_and_other_sites_never_see) {
    Door house;
    const auto response = house.sign_in("doctor");
    ASSERT_EQ(response.status, 200) << response.body;
    const std::string cookie = House::header(response, "Set-Cookie");
    for (const char* part : {"qiao=", "; Path=/", "; HttpOnly", "; SameSite=Strict"}) EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
    EXPECT_EQ(House::header(response, "Cache-Control"), "no-store");
    const auto session = *json::parse(response.body);
    EXPECT_EQ(session["person"]["login"].text(), "doctor");
    EXPECT_EQ(session["person"]["practitioner"].text(), house.doctor.resource);
    EXPECT_EQ(session["memberships"].at(0)["role"].text(), "doctor");
    EXPECT_EQ(session["memberships"].at(0)["organisation"]["resource"].text(), house.clinic.resource);
    EXPECT_EQ(session["idleMinutes"].text(), "15");
    EXPECT_FALSE(session["demo"].truth());
    EXPECT_TRUE(session["stepUpUntil"].is_null());
    EXPECT_EQ(house.who(House::cookie_in(response)), 200);
    EXPECT_EQ(house.send(Method::get, "/access/session", "", {{"cookie", House::cookie_in(response)}}).status, 200);
}

TEST(SignIn, over_TLS_the_cookie_is_bound_to_the_host) {
    Door house;
    http::Request request{.method = Method::post, .path = "/access/session", .target = "/access/session"};
    request.body = R"({"login":"doctor","password":")" + std::string(testing::kPassword) + "\"}";
    request.tls = true;
    const auto response = house.router->handle(request);
    const std::string cookie = House::header(response, "Set-Cookie");
    EXPECT_TRUE(cookie.starts_with("__Host-qiao="));
    EXPECT_NE(cookie.find("; Secure"), std::string::npos);
    EXPECT_EQ(cookie.find("Domain"), std::string::npos);
    EXPECT_EQ(house.who(cookie.substr(0, cookie.find(';'))), 401) << "and is worth nothing without TLS";
}

TEST(SignIn, a_wrong_one_and_an_unknown_one_look_the_same) {
    Door house;
    const auto wrong = house.sign_in("doctor", "not-the-password-1");
    const auto unknown = house.sign_in("nobody", "not-the-password-1", "10.7.7.7");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(Door::error_of(wrong), "access.wrong_login");
    EXPECT_EQ(wrong.body, unknown.body);
    EXPECT_EQ(House::header(wrong, "Set-Cookie"), "");
    for (const char* body : {"", "[]", "{}", R"({"login":5,"password":true})", R"({"login":"doctor"})"}) {
        const auto response = house.send(Method::post, "/access/session", body, {}, "10.8.8.8");
        EXPECT_TRUE(response.status == 400 || response.status == 401) << body;
    }
}

TEST(SignIn, a_wrong_one_and_an_unknown_one_take_the_same_time) {
    Door house;
    PasswordHasher real;
    const std::string kept = real.hash(testing::kPassword);
    // The processor's time of this thread, so that other work on the machine does not matter.
    const auto now_s = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    };
    const auto time_of = [&](std::string_view hash) {
        double best = 1e9;
        for (int i = 0; i < 4; ++i) {
            const double start = now_s();
            EXPECT_FALSE(real.matches(hash, "not-the-password-1"));
            best = std::min(best, now_s() - start);
        }
        return best;
    };
    const double known = time_of(kept);
    const double unknown = time_of("");
    EXPECT_GT(unknown, known * 0.6);
    EXPECT_LT(unknown, known * 1.7);
}

TEST(SignIn, an_ended_person_stays_out) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    house.directory->set_person_active(House::system(), house.doctor.id, false);
    EXPECT_EQ(house.who(cookie), 401);
    EXPECT_EQ(house.sign_in("doctor").status, 401);
}

TEST(SignIn, a_preset_cookie_is_not_honoured) {
    Door house;
    const std::string preset = "qiao=" + std::string(43, 'A');
    const auto response = house.sign_in("doctor", testing::kPassword, "10.1.2.3", {{"cookie", preset}});
    EXPECT_NE(House::cookie_in(response), preset);
    EXPECT_EQ(house.who(preset), 401);
    EXPECT_EQ(House::header(response, "Clear-Site-Data"), "\"cache\"");
    // Signing in again ends the session that was there.
    const std::string first = House::cookie_in(response);
    const std::string second = House::cookie_in(house.sign_in("expert", testing::kPassword, "10.1.2.3", {{"cookie", first}}));
    EXPECT_NE(first, second);
    EXPECT_EQ(house.who(first), 401);
    EXPECT_EQ(house.who(second), 200);
}

TEST(SignIn, many_failures_are_slowed_down_and_said_so) {
    Door house;
    int refused = 0;
    for (int i = 0; i < 100; ++i) {
        const auto response = house.sign_in("doctor", "guess-number-" + std::to_string(i));
        if (response.status == 429) {
            ++refused;
            EXPECT_GE(std::stoi(House::header(response, "Retry-After")), 1);
        }
    }
    EXPECT_GE(refused, 90);
    EXPECT_EQ(house.sign_in("doctor").status, 429) << "also for the right password";
    EXPECT_EQ(house.sign_in("doctor", testing::kPassword, "172.16.0.9").status, 200) << "but the owner elsewhere comes in";
    EXPECT_EQ(house.sign_in("expert").status, 200) << "and so does a colleague beside the guesser";
    house.clock.advance(16min);
    EXPECT_EQ(house.sign_in("doctor").status, 200);
}

TEST(Session, ends_when_nobody_uses_it) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    for (int i = 0; i < 4; ++i) {
        house.clock.advance(14min);
        EXPECT_EQ(house.who(cookie), 200);
    }
    // Looking whether one is signed in is no use.
    house.clock.advance(10min);
    EXPECT_EQ(house.send(Method::get, "/access/session", "", {{"cookie", cookie}}).status, 200);
    house.clock.advance(6min);
    EXPECT_EQ(house.who(cookie), 401);
}

TEST(Session, ends_after_twelve_hours_however_busy) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    for (int i = 0; i < 71; ++i) {
        house.clock.advance(10min);
        ASSERT_EQ(house.who(cookie), 200) << i;
    }
    house.clock.advance(11min);
    EXPECT_EQ(house.who(cookie), 401);
}

TEST(Session, lives_over_a_restart_within_its_limits) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    house.reopen();
    EXPECT_EQ(house.who(cookie), 200);
    house.close();
    house.clock.advance(16min);
    house.open();
    EXPECT_EQ(house.who(cookie), 401);
}

TEST(Session, use_is_remembered_over_a_restart) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    house.clock.advance(10min);
    EXPECT_EQ(house.who(cookie), 200);
    house.sessions->tick();
    house.reopen();
    house.clock.advance(10min);
    EXPECT_EQ(house.who(cookie), 200);
}

TEST(Session, signing_out_ends_it_and_empties_the_cache) {
    Door house;
    std::vector<std::string> ended;
    house.sessions->on_session_ended([&](std::string_view key) { ended.emplace_back(key); });
    const std::string cookie = house.cookie_of("doctor");
    const auto response = house.send(Method::del, "/access/session", "", {{"cookie", cookie}});
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(House::header(response, "Clear-Site-Data"), "\"cache\"");
    EXPECT_NE(House::header(response, "Set-Cookie").find("Max-Age=0"), std::string::npos);
    EXPECT_EQ(house.who(cookie), 401);
    EXPECT_EQ(ended.size(), 1U);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_session"), 0);
}

TEST(Session, revoking_a_person_ends_all_their_sessions_and_sockets_within_five_seconds) {
    Door house;
    std::atomic<int> ended{0};
    house.sessions->on_session_ended([&](std::string_view) { ++ended; });
    const std::string one = house.cookie_of("doctor");
    const std::string two = house.cookie_of("doctor");
    const std::string other = house.cookie_of("expert");
    const std::string token = house.sessions->issue_token("doctor", 2h);
    house.sessions->revoke_person(house.doctor.id);
    EXPECT_EQ(ended, 3);
    EXPECT_EQ(house.who(one), 401);
    EXPECT_EQ(house.who(two), 401);
    EXPECT_EQ(house.who_with(token), 401);
    EXPECT_EQ(house.who(other), 200);
    // A person who is ended, with nobody asking: the tick does it.
    house.directory->set_person_active(House::system(), house.expert.id, false);
    for (int i = 0; i < 50 && ended < 4; ++i) std::this_thread::sleep_for(100ms);
    EXPECT_EQ(ended, 4);
}

TEST(Session, an_expired_one_is_told_to_its_sockets) {
    Door house;
    std::atomic<int> ended{0};
    house.sessions->on_session_ended([&](std::string_view) { ++ended; });
    house.cookie_of("doctor");
    house.clock.advance(16min);
    house.sessions->tick();
    EXPECT_EQ(ended, 1);
}

TEST(Session, a_change_of_roles_is_seen_by_open_sessions) {
    Door house;
    const std::string cookie = house.cookie_of("expert");
    EXPECT_EQ(house.caller(cookie).filter.organisations, std::vector<std::int64_t>{house.hub.id});
    house.directory->add_membership(House::system(), {.person = house.expert.id, .organisation = house.clinic.id, .role = "doctor"});
    const auto caller = house.caller(cookie);
    EXPECT_EQ(caller.filter.organisations, (std::vector<std::int64_t>{house.hub.id, house.clinic.id}));
    EXPECT_EQ(caller.actor.organisation_ref, house.hub.resource) << "the oldest role is the one acted under";
    EXPECT_EQ(caller.actor.session8.size(), 16U);
    EXPECT_FALSE(caller.may_write_plain);
}

TEST(Session, tokens_of_the_wrong_kind_or_form_are_nothing) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    const std::string token = house.sessions->issue_token("doctor", 2h);
    EXPECT_EQ(house.who_with(token), 200);
    EXPECT_EQ(house.who("qiao=" + token), 401);
    EXPECT_EQ(house.who_with(cookie.substr(5)), 401);
    for (const std::string& bad : {std::string("x"), std::string(43, 'x'), std::string(65536, 'x'), token + "x", std::string()})
        EXPECT_EQ(house.who_with(bad), 401);
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"authorization", "Basic abc"}, {"cookie", cookie}}).status, 401);
    house.clock.advance(3h);
    EXPECT_EQ(house.who_with(token), 401);
    EXPECT_EQ(testing::code_of([&] { house.sessions->issue_token("nobody", 2h); }), "access.no_person");
    EXPECT_EQ(testing::code_of([&] { house.sessions->issue_token("doctor", 0h); }), "access.bad_time");
}

TEST(CrossSite, unsafe_requests_of_other_sites_are_refused) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    const auto act = [&](std::vector<http::Header> headers) {
        headers.emplace_back("cookie", cookie);
        return house.send(Method::post, "/test/act", "", std::move(headers));
    };
    EXPECT_EQ(act({{"origin", "http://qiao.example"}}).status, 204);
    EXPECT_EQ(act({{"origin", "https://QIAO.example"}, {"sec-fetch-site", "same-origin"}}).status, 204);
    for (const char* origin : {"https://evil.example", "null", "https://qiao.example.evil.example", "https://qiao.example:8443", "qiao.example"}) {
        const auto response = act({{"origin", origin}});
        EXPECT_EQ(response.status, 403) << origin;
        EXPECT_EQ(Door::error_of(response), "access.cross_site");
    }
    for (const char* site : {"cross-site", "same-site", "something"}) EXPECT_EQ(act({{"sec-fetch-site", site}}).status, 403) << site;
    EXPECT_EQ(house.sign_in("doctor", testing::kPassword, "10.1.2.3", {{"origin", "https://evil.example"}}).status, 403);
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"cookie", cookie}, {"sec-fetch-site", "cross-site"}}).status, 200) << "reading from a link is safe";
}

TEST(StepUp, opens_signing_for_five_minutes) {
    Door house;
    const std::string cookie = house.cookie_of("expert");
    const auto step = [&](const std::string& password) {
        return house.send(Method::post, "/access/step-up", R"({"password":")" + password + "\"}", {{"cookie", cookie}});
    };
    EXPECT_FALSE(house.sessions->stepped_up(house.caller(cookie).actor));
    EXPECT_EQ(step("not-the-password-1").status, 403);
    EXPECT_EQ(step("").status, 403) << "outside the demo";
    const auto response = step(std::string(testing::kPassword));
    ASSERT_EQ(response.status, 200);
    EXPECT_TRUE(parse_instant((*json::parse(response.body))["until"].text()));
    EXPECT_TRUE(house.sessions->stepped_up(house.caller(cookie).actor));
    EXPECT_FALSE(house.sessions->stepped_up(house.caller(house.cookie_of("expert")).actor)) << "another session of the same person";
    house.reopen();
    EXPECT_TRUE(house.sessions->stepped_up(house.caller(cookie).actor));
    house.clock.advance(6min);
    EXPECT_FALSE(house.sessions->stepped_up(house.caller(cookie).actor));
    for (int i = 0; i < 8; ++i) step("not-the-password-1");
    EXPECT_EQ(step("not-the-password-1").status, 429);
}

TEST(Password, a_new_one_ends_every_session) {
    Door house;
    const std::string cookie = house.cookie_of("doctor");
    const auto change = [&](const std::string& password) {
        return house.send(Method::post, "/access/password", R"({"password":")" + password + "\"}", {{"cookie", cookie}});
    };
    EXPECT_EQ(Door::error_of(change("quiet-harbour-19")), "access.step_up_needed");
    house.send(Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}", {{"cookie", cookie}});
    EXPECT_EQ(Door::error_of(change("password12")), "access.password_common");
    EXPECT_EQ(change("quiet-harbour-19").status, 204);
    EXPECT_EQ(house.who(cookie), 401);
    EXPECT_EQ(house.sign_in("doctor").status, 401);
    EXPECT_EQ(house.sign_in("doctor", "quiet-harbour-19").status, 200);
}

TEST(Demo, people_sign_in_by_name_only_in_the_demo) {
    Door real;
    EXPECT_EQ(real.send(Method::get, "/access/demo-users").body, "[]");
    EXPECT_EQ(real.send(Method::post, "/access/demo-session", R"({"login":"doctor"})").status, 404);
    Door demo(true);
    const auto users = *json::parse(demo.send(Method::get, "/access/demo-users").body);
    ASSERT_EQ(users.size(), 2U);
    EXPECT_EQ(users.at(1)["login"].text(), "expert");
    EXPECT_EQ(users.at(1)["organisation"].text(), "中心医院");
    const auto response = demo.send(Method::post, "/access/demo-session", R"({"login":"doctor"})");
    ASSERT_EQ(response.status, 200);
    EXPECT_TRUE((*json::parse(response.body))["demo"].truth());
    const std::string cookie = House::cookie_in(response);
    EXPECT_EQ(demo.who(cookie), 200);
    EXPECT_EQ(demo.send(Method::post, "/access/step-up", R"({"password":""})", {{"cookie", cookie}}).status, 200);
    EXPECT_EQ(demo.send(Method::post, "/access/demo-session", R"({"login":"nobody"})").status, 404);
    EXPECT_EQ(demo.send(Method::post, "/access/demo-session", R"({"login":"doctor"})", {{"origin", "https://evil.example"}}).status, 403);
}

}  // namespace
}  // namespace qiao::access
