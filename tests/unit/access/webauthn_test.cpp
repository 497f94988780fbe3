#include "access/webauthn.hpp"
#include "house.hpp"
#include "key_maker.hpp"

namespace qiao::access {
namespace {

using testing::cbor_bytes;
using testing::cbor_head;
using testing::cbor_int;
using testing::cbor_text;
using testing::code_of;
using testing::KeyMaker;
using testing::SoftKey;

const webauthn::Expected kExpected{.challenge = "q83vEjRWeJA", .host = "qiao.example:8443", .user_verified = true};
constexpr std::string_view kOrigin = "https://qiao.example:8443";
constexpr std::string_view kRpId = "qiao.example";

std::string created(std::string_view challenge = kExpected.challenge, std::string_view origin = kOrigin) {
    return SoftKey::client_data("webauthn.create", challenge, origin);
}
std::string got(std::string_view challenge = kExpected.challenge, std::string_view origin = kOrigin) {
    return SoftKey::client_data("webauthn.get", challenge, origin);
}

TEST(Cbor, reads_what_an_authenticator_writes_and_nothing_else) {
    const std::string map = cbor_head(5, 2) + cbor_int(-7) + cbor_bytes("ab") + cbor_text("k") + cbor_head(4, 2) + cbor_int(300) + std::string("\xf5");
    const auto item = cbor::parse(map + "rest");
    ASSERT_TRUE(item);
    EXPECT_EQ(item->size, map.size());
    EXPECT_EQ(item->value.bytes_at(-7), "ab");
    EXPECT_EQ(item->value.find("k")->items.at(0).number, 300);
    EXPECT_EQ(item->value.find("k")->items.at(1).number, 21);
    EXPECT_EQ(item->value.find("missing"), nullptr);
    const std::string bad[] = {"",
                               "\x9f",                                      // indefinite length
                               "\xc0\x61x",                                 // a tag
                               "\xfb",                                      // floating point
                               "\x5b\xff\xff\xff\xff\xff\xff\xff\xff",      // a length of 2^64
                               "\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",      // an array of 2^63 items
                               "\x1b\xff\xff\xff\xff\xff\xff\xff\xff",      // no 64-bit integer
                               "\x62x",                                     // cut off
                               cbor_head(5, 2) + std::string("\x01\x01\x01\x02"),  // a key twice
                               std::string(9, '\x81') + "\x01"};            // too deep
    for (const auto& one : bad) EXPECT_FALSE(cbor::parse(one)) << to_hex(one);
}

TEST(Webauthn, T33_all_three_algorithms_register_and_sign) {
    KeyMaker keys[] = {KeyMaker::p256(), KeyMaker::rsa(), KeyMaker::ed25519()};
    const std::string cose[] = {testing::cose_es256(keys[0]), testing::cose_rs256(keys[1]), testing::cose_eddsa(keys[2])};
    const SignatureAlgorithm algorithms[] = {SignatureAlgorithm::es256, SignatureAlgorithm::rs256, SignatureAlgorithm::eddsa};
    for (std::size_t i = 0; i < 3; ++i) {
        SoftKey soft{std::move(keys[i]), cose[i]};
        const auto made = webauthn::read_registration(created(), soft.attestation(kRpId), kExpected);
        EXPECT_EQ(made.id, to_base64url(soft.id));
        EXPECT_EQ(made.key.algorithm(), algorithms[i]);
        const auto again = PublicKey::from_spki(made.key.to_spki());
        ASSERT_TRUE(again);
        soft.counter = 9;
        const std::string data = soft.authenticator_data(kRpId, false);
        EXPECT_EQ(webauthn::check_assertion(*again, kRpId, got(), data, soft.sign(data, got()), kExpected), 9U);
    }
}

TEST(Webauthn, a_registration_is_for_this_question_this_page_and_somebody_verified) {
    SoftKey soft = testing::soft_key();
    const auto refused = [&](const std::string& client, const std::string& attestation, const webauthn::Expected& expected = kExpected) {
        return code_of([&] { static_cast<void>(webauthn::read_registration(client, attestation, expected)); });
    };
    const std::string fine = soft.attestation(kRpId);
    EXPECT_EQ(refused(created(), fine), "");
    EXPECT_EQ(refused(created("other"), fine), "access.bad_security_key");
    EXPECT_EQ(refused(created(kExpected.challenge, "https://evil.example"), fine), "access.bad_security_key");
    EXPECT_EQ(refused(created(kExpected.challenge, "http://qiao.example:8443"), fine), "access.bad_security_key") << "without TLS";
    EXPECT_EQ(refused(got(), fine), "access.bad_security_key") << "another ceremony";
    EXPECT_EQ(refused(created(), soft.attestation("evil.example")), "access.bad_security_key");
    EXPECT_EQ(refused(created(""), fine, {.challenge = "", .host = kExpected.host}), "access.bad_security_key") << "nothing was asked";
    EXPECT_EQ(refused("{", fine), "access.bad_security_key");
    EXPECT_EQ(refused(created(), fine.substr(0, fine.size() - 1)), "access.bad_security_key");
    EXPECT_EQ(refused(created(), fine + "x"), "access.bad_security_key");
    EXPECT_EQ(refused(created(), soft.attestation(kRpId, "tpm")), "access.attestation_not_supported");
    EXPECT_EQ(refused(created(), soft.attestation(kRpId, "packed", created())), "");
    EXPECT_EQ(refused(created(), soft.attestation(kRpId, "packed", "other bytes")), "access.bad_security_key");
    soft.flags = 0x01;
    EXPECT_EQ(refused(created(), soft.attestation(kRpId)), "access.bad_security_key") << "nobody was verified";
    for (std::size_t cut = 0; cut < fine.size(); cut += 7) EXPECT_NE(refused(created(), fine.substr(0, cut)), "") << cut;
}

TEST(Webauthn, an_assertion_with_one_thing_wrong_is_refused) {
    SoftKey soft = testing::soft_key();
    const auto key = webauthn::read_registration(created(), soft.attestation(kRpId), kExpected).key;
    const std::string data = soft.authenticator_data(kRpId, false);
    const std::string signature = soft.sign(data, got());
    const auto right = [&](std::string_view rp_id, const std::string& client, const std::string& bytes, const std::string& sig, const webauthn::Expected& expected) {
        return webauthn::check_assertion(key, rp_id, client, bytes, sig, expected).has_value();
    };
    EXPECT_TRUE(right(kRpId, got(), data, signature, kExpected));
    EXPECT_FALSE(right("other.example", got(), data, signature, kExpected));
    EXPECT_FALSE(right(kRpId, got("other"), data, soft.sign(data, got("other")), kExpected));
    EXPECT_FALSE(right(kRpId, created(), data, soft.sign(data, created()), kExpected));
    std::string flipped = signature;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    EXPECT_FALSE(right(kRpId, got(), data, flipped, kExpected));
    EXPECT_FALSE(right(kRpId, got(), data, "", kExpected));
    const SoftKey other = testing::soft_key();
    EXPECT_FALSE(right(kRpId, got(), data, other.sign(data, got()), kExpected));
    soft.flags = 0x04;
    const std::string absent = soft.authenticator_data(kRpId, false);
    EXPECT_FALSE(right(kRpId, got(), absent, soft.sign(absent, got()), kExpected)) << "nobody present";
    soft.flags = 0x01;
    const std::string unverified = soft.authenticator_data(kRpId, false);
    EXPECT_FALSE(right(kRpId, got(), unverified, soft.sign(unverified, got()), kExpected));
    EXPECT_TRUE(right(kRpId, got(), unverified, soft.sign(unverified, got()), {.challenge = kExpected.challenge, .host = kExpected.host})) << "a second factor may be";
    EXPECT_TRUE(webauthn::counter_may_follow(0, 0));
    EXPECT_TRUE(webauthn::counter_may_follow(6, 5));
    EXPECT_FALSE(webauthn::counter_may_follow(5, 5));
    EXPECT_FALSE(webauthn::counter_may_follow(0, 5));
}

/// Recorded from Chromium with a virtual authenticator on http://localhost:8080.
namespace recorded {
constexpr std::string_view kId =
    "ET1WZPW4tEFqJxXAwZ-VGrGR4w9zsmmFEg13ZWs8e1w";
constexpr std::string_view kCreated =
    "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiY21WamIzSmtaV1FnWTJoaGJHeGxibWRsSURFIiwib3JpZ2luIjoiaHR0cDovL2xvY2Fs"
    "aG9zdDo4MDgwIiwiY3Jvc3NPcmlnaW4iOmZhbHNlfQ";
constexpr std::string_view kAttestation =
    "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAQECAwQFBgcIAQIDBAUGBwgAIBE9VmT1"
    "uLRBaicVwMGflRqxkeMPc7JphRINd2VrPHtcpQECAyYgASFYIHxc47MuTzlnxymLp_mzIwjE1-"
    "PUnr0ymdqsmUoPIjRvIlggtf9zd3o7r9_faBjbmpbHguBgOvp1TNLwAE1hQNZ1cNg";
constexpr std::string_view kGot =
    "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiY21WamIzSmtaV1FnWTJoaGJHeGxibWRsSURJIiwib3JpZ2luIjoiaHR0cDovL2xvY2FsaG9z"
    "dDo4MDgwIiwiY3Jvc3NPcmlnaW4iOmZhbHNlfQ";
constexpr std::string_view kData =
    "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg";
constexpr std::string_view kSignature =
    "MEUCICkZAXNk13d2T2k-fNx27Dd1KbRedx1sHvyA83srcUJLAiEAzi15kwY6n4mST3jCP_u97dg06td6jeO_0lzYMRE8NPc";
constexpr std::string_view kFirst = "cmVjb3JkZWQgY2hhbGxlbmdlIDE";
constexpr std::string_view kSecond = "cmVjb3JkZWQgY2hhbGxlbmdlIDI";
}  // namespace recorded

TEST(Webauthn, reads_what_Chromium_sent) {
    const auto bytes = [](std::string_view text) { return *from_base64(text); };
    const webauthn::Expected first{.challenge = std::string(recorded::kFirst), .host = "localhost:8080", .user_verified = true};
    const auto made = webauthn::read_registration(bytes(recorded::kCreated), bytes(recorded::kAttestation), first);
    EXPECT_EQ(made.id, recorded::kId);
    const webauthn::Expected second{.challenge = std::string(recorded::kSecond), .host = "localhost:8080", .user_verified = true};
    const auto counter =
        webauthn::check_assertion(made.key, "localhost", bytes(recorded::kGot), bytes(recorded::kData), bytes(recorded::kSignature), second);
    ASSERT_TRUE(counter);
    EXPECT_TRUE(webauthn::counter_may_follow(*counter, made.counter));
    EXPECT_FALSE(webauthn::check_assertion(made.key, "localhost", bytes(recorded::kGot), bytes(recorded::kData), bytes(recorded::kSignature), first));
}

TEST(Webauthn, localhost_may_be_without_TLS) {
    const webauthn::Expected here{.challenge = "q83v", .host = "localhost:8080"};
    const SoftKey soft = testing::soft_key();
    EXPECT_EQ(webauthn::rp_id_of("localhost:8080"), "localhost");
    static_cast<void>(webauthn::read_registration(created("q83v", "http://localhost:8080"), soft.attestation("localhost"), here));
}

TEST(PublicKey, weak_and_foreign_ones_are_none) {
    EXPECT_FALSE(PublicKey::from_spki(KeyMaker::p384().spki()));
    EXPECT_FALSE(PublicKey::from_spki(KeyMaker::rsa(1024).spki()));
    EXPECT_FALSE(PublicKey::from_spki("noise"));
    EXPECT_FALSE(PublicKey::from_spki(KeyMaker::p256().spki() + "x"));
    // A point that is not on the curve.
    EXPECT_FALSE(PublicKey::from_jwk(*json::parse(R"({"kty":"EC","crv":"P-256","x":")" + to_base64url(std::string(32, '\1')) + R"(","y":")" + to_base64url(std::string(32, '\1')) + "\"}")));
}

}  // namespace
}  // namespace qiao::access
