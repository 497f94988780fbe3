#include "access/oidc_token.hpp"
#include "base/digest.hpp"
#include "house.hpp"
#include "key_maker.hpp"

namespace qiao::access {
namespace {

using testing::KeyMaker;

constexpr std::int64_t kNow_s = 1'800'000'000;
constexpr std::string_view kIssuer = "https://id.hospital.example";
constexpr OidcExpected kExpected{kIssuer, "qiao", "n-1"};

/// A provider with an RSA key for anything, one pinned to PS256, a P-256 key, and keys that are for something else.
struct Provider {
    KeyMaker rsa = KeyMaker::rsa(), pss = KeyMaker::rsa(), ec = KeyMaker::p256(), ed = KeyMaker::ed25519();

    static std::string rsa_jwk(const KeyMaker& key, const std::string& more) {
        return R"({"kty":"RSA","n":")" + to_base64url(key.number("n")) + R"(","e":")" + to_base64url(key.number("e")) + "\"," + more + "}";
    }
    static std::string ec_jwk(const KeyMaker& key, const std::string& more) {
        const std::string point = key.point();
        return R"({"kty":"EC","crv":"P-256","x":")" + to_base64url(point.substr(0, 32)) + R"(","y":")" + to_base64url(point.substr(32)) + "\"," + more + "}";
    }
    std::string jwks() const {
        return "{\"keys\":[" + rsa_jwk(rsa, R"("kid":"r1","use":"sig")") + "," + rsa_jwk(pss, R"("kid":"p1","alg":"PS256")") + "," + ec_jwk(ec, R"("kid":"e1")") + "," +
               rsa_jwk(pss, R"("kid":"x1","use":"enc")") + "," + R"({"kty":"OKP","crv":"Ed25519","kid":"d1","x":")" + to_base64url(ed.raw32()) + R"("},)" +
               R"({"kty":"oct","kid":"o1","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},{"kty":"EC","crv":"P-384","kid":"q1"},7]})";
    }
    static std::string text(const std::string& header, const std::string& payload) { return to_base64url(header) + "." + to_base64url(payload); }
    std::string rs256(const std::string& payload, const std::string& header = R"({"alg":"RS256","kid":"r1"})") const {
        return text(header, payload) + "." + to_base64url(rsa.sign(text(header, payload)));
    }
    std::string es256(const std::string& payload, const std::string& header = R"({"alg":"ES256","kid":"e1"})") const {
        return text(header, payload) + "." + to_base64url(ec.sign_raw(text(header, payload)));
    }
    static std::string ps256(const KeyMaker& key, const std::string& payload, const std::string& header) {
        return text(header, payload) + "." + to_base64url(key.sign_pss(text(header, payload)));
    }
    OidcVerdict look(const std::string& token, const OidcExpected& expected = kExpected) const {
        return check_id_token(token, read_oidc_keys(jwks()), expected, from_us(kNow_s * 1'000'000));
    }
};

/// Right claims with one changed, or left out by an empty value.
std::string claims(const std::string& change = "", const std::string& value = "") {
    const std::vector<std::pair<std::string, std::string>> all = {
        {"iss", "\"" + std::string(kIssuer) + "\""}, {"sub", "\"s-77\""}, {"aud", "\"qiao\""}, {"exp", std::to_string(kNow_s + 300)}, {"iat", std::to_string(kNow_s)}, {"nonce", "\"n-1\""}};
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

TEST(OidcToken, each_allowed_algorithm_by_the_provider_s_key) {
    const Provider provider;
    EXPECT_EQ(read_oidc_keys(provider.jwks()).size(), 3U);
    for (const auto& token : {provider.rs256(claims()), provider.es256(claims()), Provider::ps256(provider.rsa, claims(), R"({"alg":"PS256","kid":"r1"})"),
                              Provider::ps256(provider.pss, claims(), R"({"alg":"PS256","kid":"p1"})"), provider.es256(claims(), R"({"alg":"ES256"})")}) {
        const auto verdict = provider.look(token);
        EXPECT_EQ(verdict.refused, "") << token;
        ASSERT_TRUE(verdict.identity);
        EXPECT_EQ(verdict.identity->subject, "s-77");
    }
    const auto strong = provider.look(provider.rs256(claims("amr", R"(["pwd","hwk"],"acr":"loa3")")));
    ASSERT_TRUE(strong.identity);
    EXPECT_EQ(strong.identity->amr, (std::vector<std::string>{"pwd", "hwk"}));
    EXPECT_EQ(strong.identity->acr, "loa3");
}

TEST(OidcToken, audience_and_authorized_party) {
    const Provider provider;
    EXPECT_EQ(provider.look(provider.rs256(claims("aud", R"(["qiao"])"))).refused, "");
    EXPECT_EQ(provider.look(provider.rs256(claims("aud", R"(["qiao","other"],"azp":"qiao")"))).refused, "");
    EXPECT_EQ(provider.look(provider.rs256(claims("aud", R"(["qiao","other"])"))).refused, "azp");
    EXPECT_EQ(provider.look(provider.rs256(claims("azp", "\"other\""))).refused, "azp");
    EXPECT_EQ(provider.look(provider.rs256(claims("azp", "7"))).refused, "azp");
}

/// Each is a right token with one thing wrong.
TEST(OidcToken, T38_corpus_of_wrong_ones) {
    const Provider provider, stranger;
    const std::string good = claims();
    const std::string hs = Provider::text(R"({"alg":"HS256","kid":"r1"})", good);
    const std::string hs_oct = Provider::text(R"({"alg":"HS256","kid":"o1"})", good);
    const std::string hs_as_rs = Provider::text(R"({"alg":"RS256","kid":"r1"})", good);
    const std::string own_jwk = Provider::ec_jwk(stranger.ec, R"("kid":"e1")");
    const std::string ed = Provider::text(R"({"alg":"EdDSA","kid":"d1"})", good);
    const std::string fine = provider.rs256(good);
    const std::string now = std::to_string(kNow_s), later = std::to_string(kNow_s + 120), many(256, 's');
    const std::vector<std::pair<std::string, std::string>> corpus = {
        {"algorithm", Provider::text(R"({"alg":"none"})", good) + "."},
        {"algorithm", Provider::text(R"({"alg":"none","kid":"r1"})", good) + ".AAAA"},
        {"algorithm", Provider::text(R"({"kid":"r1"})", good) + "." + to_base64url(provider.rsa.sign(Provider::text(R"({"kid":"r1"})", good)))},
        {"algorithm", provider.rs256(good, R"({"alg":["RS256"],"kid":"r1"})")},
        {"algorithm", hs + "." + to_base64url(hmac_sha256(provider.rsa.spki(), hs))},
        {"algorithm", hs_oct + "." + to_base64url(hmac_sha256("secretsecretsecretsecret", hs_oct))},
        {"algorithm", provider.rs256(good, R"({"alg":"RS384","kid":"r1"})")},
        {"algorithm", ed + "." + to_base64url(provider.ed.sign(ed))},
        {"signature", hs_as_rs + "." + to_base64url(hmac_sha256(provider.rsa.spki(), hs_as_rs))},
        {"signature", provider.rs256(good, R"({"alg":"PS256","kid":"r1"})")},
        {"signature", Provider::ps256(provider.rsa, good, R"({"alg":"RS256","kid":"r1"})")},
        {"signature", provider.es256(good, R"({"alg":"RS256","kid":"r1"})")},
        {"signature", stranger.rs256(good)},
        {"signature", stranger.es256(good, R"({"alg":"ES256","kid":"e1","jwk":)" + own_jwk + "}")},
        {"signature", stranger.es256(good, R"({"alg":"ES256","kid":"e1","jku":"https://evil.example/keys"})")},
        {"signature", Provider::text(R"({"alg":"ES256","kid":"e1"})", good) + "." + to_base64url(std::string(64, '\0'))},
        {"signature", Provider::text(R"({"alg":"RS256","kid":"r1"})", good) + "."},
        {"key", provider.rs256(good, R"({"alg":"RS256","kid":"e1"})")},
        {"key", Provider::ps256(provider.pss, good, R"({"alg":"RS256","kid":"p1"})")},
        {"key", provider.es256(good, R"({"alg":"ES256","kid":"r1"})")},
        {"key", provider.rs256(good, R"({"alg":"RS256","kid":"zz"})")},
        {"key", provider.rs256(good, R"({"alg":"RS256","kid":"x1"})")},
        {"key", provider.rs256(good, R"({"alg":"RS256","kid":7})")},
        {"form", provider.rs256(good, R"({"alg":"RS256","kid":"r1","crit":["x"]})")},
        {"form", provider.rs256(good, R"({"alg":"none","alg":"RS256","kid":"r1"})")},
        {"form", fine + "="},
        {"form", fine + ".AAAA"},
        {"form", fine.substr(0, fine.rfind('.'))},
        {"form", std::string(17 * 1024, 'A')},
        {"issuer", provider.rs256(claims("iss", "\"https://id.hospital.example/\""))},
        {"issuer", provider.rs256(claims("iss"))},
        {"issuer", provider.rs256(claims("iss", "[\"https://id.hospital.example\"]"))},
        {"audience", provider.rs256(claims("aud", "\"other\""))},
        {"audience", provider.rs256(claims("aud", "[\"other\"]"))},
        {"audience", provider.rs256(claims("aud"))},
        {"audience", provider.rs256(claims("aud", "{\"qiao\":1}"))},
        {"time", provider.rs256(claims("exp", now))},
        {"time", provider.rs256(claims("exp"))},
        {"time", provider.rs256(claims("exp", "\"9999999999\""))},
        {"time", provider.rs256(claims("iat", later))},
        {"time", provider.rs256(claims("iat"))},
        {"time", provider.rs256(claims("nbf", later))},
        {"time", provider.rs256(claims("nbf", "true"))},
        {"nonce", provider.rs256(claims("nonce", "\"n-2\""))},
        {"nonce", provider.rs256(claims("nonce"))},
        {"nonce", provider.rs256(claims("nonce", "[\"n-1\"]"))},
        {"subject", provider.rs256(claims("sub", "\"\""))},
        {"subject", provider.rs256(claims("sub", "77"))},
        {"subject", provider.rs256(claims("sub", "\"" + many + "\""))},
    };
    for (const auto& [why, token] : corpus) {
        const auto verdict = provider.look(token);
        EXPECT_EQ(verdict.refused, why) << token.substr(0, 80);
        EXPECT_FALSE(verdict.identity) << token.substr(0, 80);
    }
    EXPECT_EQ(provider.look(fine).refused, "");
    EXPECT_EQ(provider.look(fine, {kIssuer, "qiao", ""}).refused, "nonce");
    EXPECT_EQ(provider.look(provider.rs256(claims("aud", "\"\"")), {kIssuer, "", "n-1"}).refused, "audience");
}

TEST(OidcToken, one_key_of_its_kind_needs_no_name_two_do) {
    const Provider provider;
    EXPECT_EQ(provider.look(provider.rs256(claims(), R"({"alg":"RS256"})")).refused, "");
    const KeyMaker other = KeyMaker::rsa();
    const std::string two = "{\"keys\":[" + Provider::rsa_jwk(provider.rsa, R"("kid":"r1")") + "," + Provider::rsa_jwk(other, R"("kid":"r2")") + "]}";
    EXPECT_EQ(check_id_token(provider.rs256(claims(), R"({"alg":"RS256"})"), read_oidc_keys(two), kExpected, from_us(kNow_s * 1'000'000)).refused, "key");
    EXPECT_TRUE(read_oidc_keys("no json").empty());
    EXPECT_TRUE(read_oidc_keys(R"({"keys":{}})").empty());
}

TEST(OidcToken, metadata_is_the_configured_provider_s_or_nothing) {
    const auto with = [](const std::string& change, const std::string& value) {
        std::string text = "{\"issuer\":\"https://id.hospital.example\"";
        for (const std::string& name : {std::string("authorization_endpoint"), std::string("token_endpoint"), std::string("jwks_uri")}) {
            text += ",\"" + name + "\":" + (name == change ? value : "\"https://id.hospital.example/" + name + "\"");
        }
        if (change.ends_with("supported") || change == "end_session_endpoint") text += ",\"" + change + "\":" + value;
        return text + "}";
    };
    const auto plain = read_oidc_provider(with("", ""), kIssuer);
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->secret_in_body);
    EXPECT_FALSE(plain->names_itself);
    EXPECT_FALSE(read_oidc_provider(with("", ""), "https://id.hospital.example/"));
    EXPECT_FALSE(read_oidc_provider(with("token_endpoint", "\"http://id.hospital.example/t\""), kIssuer));
    EXPECT_FALSE(read_oidc_provider(with("jwks_uri", "\"file:///etc/passwd\""), kIssuer));
    EXPECT_FALSE(read_oidc_provider(with("authorization_endpoint", "\"javascript:alert(1)\""), kIssuer));
    EXPECT_FALSE(read_oidc_provider(with("authorization_endpoint", "7"), kIssuer));
    EXPECT_FALSE(read_oidc_provider(with("response_types_supported", "[\"id_token\"]"), kIssuer));
    EXPECT_FALSE(read_oidc_provider(with("code_challenge_methods_supported", "[\"plain\"]"), kIssuer));
    EXPECT_FALSE(read_oidc_provider(with("token_endpoint_auth_methods_supported", "[\"none\"]"), kIssuer));
    EXPECT_TRUE(read_oidc_provider(with("token_endpoint_auth_methods_supported", "[\"client_secret_post\"]"), kIssuer)->secret_in_body);
    EXPECT_TRUE(read_oidc_provider(with("authorization_response_iss_parameter_supported", "true"), kIssuer)->names_itself);
    EXPECT_FALSE(read_oidc_provider("[]", kIssuer));
    constexpr bool kByKey = true;
    EXPECT_FALSE(read_oidc_provider(with("", ""), kIssuer, kByKey)) << "it does not say that it takes keys";
    EXPECT_TRUE(read_oidc_provider(with("token_endpoint_auth_methods_supported", "[\"private_key_jwt\"]"), kIssuer, kByKey));
    EXPECT_FALSE(read_oidc_provider(with("token_endpoint_auth_methods_supported", "[\"private_key_jwt\"]"), kIssuer)) << "a secret is no key";
    EXPECT_FALSE(read_oidc_provider(with("token_endpoint_auth_methods_supported", "[\"private_key_jwt\"],\"token_endpoint_auth_signing_alg_values_supported\":[\"RS256\"]"), kIssuer, kByKey));
    EXPECT_EQ(read_oidc_provider(with("end_session_endpoint", "\"https://id.hospital.example/out\""), kIssuer)->end_session_endpoint, "https://id.hospital.example/out");
    EXPECT_EQ(read_oidc_provider(with("end_session_endpoint", "\"javascript:alert(1)\""), kIssuer)->end_session_endpoint, "");
}

TEST(OidcToken, addresses_are_https_or_this_machine) {
    for (const char* url : {"https://id.example", "https://id.example:8443/x?y=z", "http://127.0.0.1:9000/x"}) EXPECT_TRUE(is_safe_oidc_url(url)) << url;
    for (const char* url : {"", "id.example", "http://id.example", "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example/", "https://user:pw@id.example", "https://id.example/#f",
                            "https://", "ftp://id.example", "https://id example", "http://localhost:9000"}) {
        EXPECT_FALSE(is_safe_oidc_url(url)) << url;
    }
}

}  // namespace
}  // namespace qiao::access
