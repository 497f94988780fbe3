#include "../../unit/access/house.hpp"
#include "../../unit/access/key_maker.hpp"
#include "base/text.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::code_of;
using testing::House;
using testing::KeyMaker;

constexpr std::string_view kAudience = "https://hub.example/oauth/token";

struct Systems : House {
    KeyMaker key = KeyMaker::p256();
    std::string id;

    Systems() {
        const std::string point = key.point();
        const std::string jwks = R"({"keys":[{"kty":"EC","kid":"a","crv":"P-256","x":")" + to_base64url(point.substr(0, 32)) + R"(","y":")" +
                                 to_base64url(point.substr(32)) + R"("}]})";
        const auto made = sessions->add_client("laboratory", role::kIntegration, jwks, kAudience);
        EXPECT_EQ(made.secret, "");
        id = made.id;
    }
    std::string jwt(const std::string& jti, std::chrono::seconds valid = 200s) {
        const std::int64_t until = to_us(clock.now() + valid) / 1'000'000;
        const std::string text = to_base64url(R"({"alg":"ES256","kid":"a"})") + "." +
                                 to_base64url(R"({"iss":")" + id + R"(","sub":")" + id + R"(","aud":")" + std::string(kAudience) + R"(","exp":)" + std::to_string(until) +
                                              R"(,"jti":")" + jti + "\"}");
        return text + "." + to_base64url(key.sign_raw(text));
    }
    http::Response token(const std::string& assertion) {
        return send(Method::post, "/oauth/token",
                    "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" + assertion);
    }
};

TEST(PrivateKeyJwt, T38_gives_a_token_once_also_after_a_restart) {
    Systems house;
    const std::string assertion = house.jwt("one");
    const auto answer = house.token(assertion);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const std::string token = (*json::parse(answer.body))["access_token"].text();
    EXPECT_EQ(house.send(Method::get, "/test/who", "", {{"authorization", "Bearer " + token}}).status, 200);
    EXPECT_EQ(house.token(assertion).status, 401) << "its jti is used";
    house.reopen();
    EXPECT_EQ(house.token(assertion).status, 401);
    EXPECT_EQ(house.token(house.jwt("two")).status, 200);
    EXPECT_EQ(house.token(house.jwt("three", 600s)).status, 401);
    EXPECT_EQ(house.token("eyJhbGciOiJub25lIn0.e30.").status, 401);
}

TEST(PrivateKeyJwt, such_a_client_has_no_secret_and_a_revoked_one_no_key) {
    Systems house;
    for (const char* secret : {"", "x"}) {
        EXPECT_EQ(house.send(Method::post, "/oauth/token", "grant_type=client_credentials&client_id=" + house.id + "&client_secret=" + secret).status, 401);
    }
    house.sessions->revoke_client(house.id);
    EXPECT_EQ(house.token(house.jwt("four")).status, 401);
    EXPECT_EQ(code_of([&] { house.sessions->add_client("x", role::kIntegration, "{}", kAudience); }), "access.bad_jwks");
    EXPECT_EQ(code_of([&] { house.sessions->add_client("x", role::kIntegration, R"({"keys":[]})", ""); }), "access.bad_jwks");
}

}  // namespace
}  // namespace qiao::access
