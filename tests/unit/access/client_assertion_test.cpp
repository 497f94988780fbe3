#include "access/client_assertion.hpp"
#include "base/digest.hpp"
#include "house.hpp"
#include "key_maker.hpp"

namespace qiao::access {
namespace {

using testing::code_of;
using testing::KeyMaker;

constexpr std::int64_t kNow_s = 1'800'000'000;
constexpr std::string_view kAudience = "https://hub.example/oauth/token";

struct System {
    KeyMaker rsa = KeyMaker::rsa(), ec = KeyMaker::p256();
    std::string jwks() const {
        const std::string point = ec.point();
        return R"({"keys":[{"kty":"RSA","kid":"r1","alg":"RS256","n":")" + to_base64url(rsa.number("n")) + R"(","e":")" + to_base64url(rsa.number("e")) +
               R"("},{"kty":"EC","kid":"e1","crv":"P-256","x":")" + to_base64url(point.substr(0, 32)) + R"(","y":")" + to_base64url(point.substr(32)) + R"("}]})";
    }
    static std::string claims(const std::string& change = "", const std::string& value = "") {
        std::vector<std::pair<std::string, std::string>> all = {{"iss", "\"client-1\""}, {"sub", "\"client-1\""}, {"aud", "\"" + std::string(kAudience) + "\""},
                                                                {"exp", std::to_string(kNow_s + 200)}, {"jti", "\"j1\""}};
        std::string text = "{";
        bool known = false;
        for (const auto& [name, plain] : all) {
            known = known || name == change;
            if (name == change && value.empty()) continue;
            text += (text.size() > 1 ? "," : "") + ("\"" + name + "\":" + (name == change ? value : plain));
        }
        if (!change.empty() && !known) text += ",\"" + change + "\":" + value;
        return text + "}";
    }
    static std::string text(const std::string& header, const std::string& payload) { return to_base64url(header) + "." + to_base64url(payload); }
    std::string rs256(const std::string& payload, const std::string& header = R"({"alg":"RS256","kid":"r1"})") const {
        return text(header, payload) + "." + to_base64url(rsa.sign(text(header, payload)));
    }
    std::string es256(const std::string& payload, const std::string& header = R"({"alg":"ES256","kid":"e1"})") const {
        return text(header, payload) + "." + to_base64url(ec.sign_raw(text(header, payload)));
    }
    bool right(const std::string& jwt) const {
        return check_client_assertion(jwt, "client-1", kAudience, read_jwks(jwks()), from_us(kNow_s * 1'000'000)).has_value();
    }
};

TEST(ClientAssertion, both_algorithms_by_the_registered_key) {
    const System system;
    EXPECT_TRUE(system.right(system.rs256(System::claims())));
    EXPECT_TRUE(system.right(system.es256(System::claims())));
    EXPECT_TRUE(system.right(system.es256(System::claims("aud", "[\"x\",\"" + std::string(kAudience) + "\"]"))));
    EXPECT_EQ(claimed_client(system.rs256(System::claims())), "client-1");
}

/// The corpus: each is a right assertion with one thing wrong.
TEST(ClientAssertion, T38_corpus_of_wrong_ones) {
    const System system, stranger;
    const std::string good = System::claims();
    const std::string spki = system.rsa.spki();
    const std::string hs = System::text(R"({"alg":"HS256","kid":"r1"})", good);
    const std::string hs_as_rs = System::text(R"({"alg":"RS256","kid":"r1"})", good);
    const std::string own = stranger.ec.point();
    const std::string own_jwk = R"({"kty":"EC","crv":"P-256","x":")" + to_base64url(own.substr(0, 32)) + R"(","y":")" + to_base64url(own.substr(32)) + "\"}";
    const std::string fine = system.rs256(good);
    const std::vector<std::pair<std::string, std::string>> corpus = {
        {"alg none", System::text(R"({"alg":"none"})", good) + "."},
        {"alg none with kid", System::text(R"({"alg":"none","kid":"r1"})", good) + "."},
        {"alg NONE", System::text(R"({"alg":"NONE","kid":"r1"})", good) + ".AAAA"},
        {"no alg", System::text(R"({"kid":"r1"})", good) + "." + to_base64url(system.rsa.sign(System::text(R"({"kid":"r1"})", good)))},
        {"HMAC with the public key", hs + "." + to_base64url(hmac_sha256(spki, hs))},
        {"HMAC that says RS256", hs_as_rs + "." + to_base64url(hmac_sha256(spki, hs_as_rs))},
        {"RS384", system.rs256(good, R"({"alg":"RS384","kid":"r1"})")},
        {"PS256", system.rs256(good, R"({"alg":"PS256","kid":"r1"})")},
        {"the other key's algorithm", system.rs256(good, R"({"alg":"RS256","kid":"e1"})")},
        {"ES256 by the RSA key's id", system.es256(good, R"({"alg":"ES256","kid":"r1"})")},
        {"ES256 in DER", System::text(R"({"alg":"ES256","kid":"e1"})", good) + "." + to_base64url(system.ec.sign(System::text(R"({"alg":"ES256","kid":"e1"})", good)))},
        {"ES256 of zeros", System::text(R"({"alg":"ES256","kid":"e1"})", good) + "." + to_base64url(std::string(64, '\0'))},
        {"unknown kid", system.rs256(good, R"({"alg":"RS256","kid":"zz"})")},
        {"no kid with two keys", system.rs256(good, R"({"alg":"RS256"})")},
        {"kid is a path", system.rs256(good, R"({"alg":"RS256","kid":"../../dev/null"})")},
        {"a stranger's key", stranger.rs256(good)},
        {"a stranger's key in jwk", stranger.es256(good, R"({"alg":"ES256","kid":"e1","jwk":)" + own_jwk + "}")},
        {"a stranger's key behind jku", stranger.es256(good, R"({"alg":"ES256","kid":"e1","jku":"https://evil.example/jwks"})")},
        {"a stranger's key behind x5u", stranger.rs256(good, R"({"alg":"RS256","kid":"r1","x5u":"https://evil.example/x"})")},
        {"crit", system.rs256(good, R"({"alg":"RS256","kid":"r1","crit":["b64"],"b64":false})")},
        {"another issuer", system.rs256(System::claims("iss", "\"client-2\""))},
        {"no issuer", system.rs256(System::claims("iss"))},
        {"another subject", system.rs256(System::claims("sub", "\"client-2\""))},
        {"another audience", system.rs256(System::claims("aud", "\"https://other.example/oauth/token\""))},
        {"no audience", system.rs256(System::claims("aud"))},
        {"audience is no text", system.rs256(System::claims("aud", "true"))},
        {"expired", system.rs256(System::claims("exp", std::to_string(kNow_s)))},
        {"ten minutes", system.rs256(System::claims("exp", std::to_string(kNow_s + 600)))},
        {"no end", system.rs256(System::claims("exp"))},
        {"end as text", system.rs256(System::claims("exp", "\"" + std::to_string(kNow_s + 100) + "\""))},
        {"end as fraction", system.rs256(System::claims("exp", std::to_string(kNow_s + 100) + ".5"))},
        {"end beyond 64 bits", system.rs256(System::claims("exp", "99999999999999999999"))},
        {"not yet", system.rs256(System::claims("nbf", std::to_string(kNow_s + 100)))},
        {"made in the future", system.rs256(System::claims("iat", std::to_string(kNow_s + 100)))},
        {"no jti", system.rs256(System::claims("jti"))},
        {"jti is a number", system.rs256(System::claims("jti", "5"))},
        {"long jti", system.rs256(System::claims("jti", "\"" + std::string(200, 'x') + "\""))},
        {"a claim twice", system.rs256(good.substr(0, good.size() - 1) + ",\"iss\":\"client-1\"}")},
        {"claims are a list", system.rs256("[]")},
        {"changed claims", System::text(R"({"alg":"RS256","kid":"r1"})", System::claims("jti", "\"j2\"")) + fine.substr(fine.rfind('.'))},
        {"no signature", fine.substr(0, fine.rfind('.') + 1)},
        {"two parts", fine.substr(0, fine.rfind('.'))},
        {"four parts", fine + ".AAAA"},
        {"padding", fine + "=="},
        {"standard alphabet", fine + "/"},
        {"space", " " + fine},
        {"JWE", "eyJhbGciOiJkaXIifQ....."},
        {"empty", ""},
        {"too long", system.rs256(System::claims("note", "\"" + std::string(9000, 'x') + "\""))},
    };
    ASSERT_TRUE(system.right(fine));
    for (const auto& [name, jwt] : corpus) EXPECT_FALSE(system.right(jwt)) << name;
}

TEST(ClientAssertion, keys_are_public_named_and_strong) {
    const System system;
    EXPECT_EQ(read_jwks(system.jwks()).size(), 2U);
    const auto refused = [](const std::string& text) { return code_of([&] { static_cast<void>(read_jwks(text)); }); };
    for (const char* bad : {"", "{}", R"({"keys":[]})", R"({"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]})", R"({"keys":[{"kty":"RSA","kid":"a","n":"AAAA","e":"AQAB"}]})"}) {
        EXPECT_EQ(refused(bad), "access.bad_jwks") << bad;
    }
    std::string text = system.jwks();
    text.replace(text.find("\"e1\""), 4, "\"r1\"");
    EXPECT_EQ(refused(text), "access.bad_jwks") << "two keys of one kid";
    EXPECT_EQ(refused(R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":")" + to_base64url(KeyMaker::ed25519().raw32()) + "\"}]}"), "access.bad_jwks");
}

}  // namespace
}  // namespace qiao::access
