#include "access/recovery_code.hpp"
#include "access/totp.hpp"
#include "access/user_agent.hpp"

#include <gtest/gtest.h>

#include <set>

namespace qiao::access {
namespace {

/// RFC 6238 appendix B, the SHA-1 column: the seed is the ASCII text, the codes have 8 digits.
TEST(Totp, T33_codes_of_the_RFC) {
    const std::string seed = "12345678901234567890";
    const struct {
        std::int64_t seconds;
        const char* code;
    } rows[] = {{59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
                {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
    for (const auto& row : rows) {
        const Instant now = from_us(row.seconds * 1'000'000);
        EXPECT_EQ(totp::code_at(seed, totp::step_of(now), 8), row.code);
        EXPECT_EQ(totp::matching_step(seed, std::string(row.code).substr(2), now, 0), totp::step_of(now));
    }
}

TEST(Totp, one_step_early_or_late_counts_and_a_used_one_does_not) {
    const std::string secret = totp::new_secret();
    const Instant now = from_us(1'800'000'015'000'000);
    const std::int64_t step = totp::step_of(now);
    for (const std::int64_t off : {-1, 0, 1}) EXPECT_EQ(totp::matching_step(secret, totp::code_at(secret, step + off), now, 0), step + off);
    for (const std::int64_t off : {-3, 3}) EXPECT_FALSE(totp::matching_step(secret, totp::code_at(secret, step + off), now, 0));
    EXPECT_FALSE(totp::matching_step(secret, totp::code_at(secret, step), now, step)) << "used already";
    EXPECT_FALSE(totp::matching_step(secret, totp::code_at(secret, step - 1), now, step)) << "older than the used one";
    for (const char* bad : {"", "12345", "1234567", "12345a", "-12345"}) EXPECT_FALSE(totp::matching_step(secret, bad, now, 0)) << bad;
}

/// RFC 4648 section 10, without the padding.
TEST(Totp, the_QR_code_says_it_as_authenticator_programs_read_it) {
    EXPECT_EQ(totp::to_base32("foobar"), "MZXW6YTBOI");
    EXPECT_EQ(totp::to_base32("fooba"), "MZXW6YTB");
    EXPECT_EQ(totp::to_base32("f"), "MY");
    EXPECT_EQ(totp::uri("12345678901234567890", "Qiao", "li.na"),
              "otpauth://totp/Qiao:li.na?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Qiao&algorithm=SHA1&digits=6&period=30");
    EXPECT_EQ(totp::new_secret().size(), 20U);
}

TEST(RecoveryCode, ten_different_ones_that_forgive_how_they_are_typed) {
    const auto codes = recovery::new_codes();
    EXPECT_EQ(std::set<std::string>(codes.begin(), codes.end()).size(), 10U);
    for (const auto& code : codes) EXPECT_EQ(code.size(), 14U) << code;
    EXPECT_EQ(recovery::normal(" 7kqm-2xht 9pwr "), "7KQM2XHT9PWR");
    EXPECT_EQ(recovery::normal("oIl0"), "0110");
    EXPECT_EQ(recovery::normal("7KQM_2"), "");
    EXPECT_NE(recovery::kept("key", 1, "7KQM2XHT9PWR"), recovery::kept("key", 2, "7KQM2XHT9PWR"));
    EXPECT_NE(recovery::kept("key", 1, "7KQM2XHT9PWR"), recovery::kept("other", 1, "7KQM2XHT9PWR"));
}

TEST(UserAgent, says_the_family_and_nothing_that_identifies) {
    EXPECT_EQ(agent_family("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"), "Chrome · Windows");
    EXPECT_EQ(agent_family("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36 Edg/138.0"), "Edge · Windows");
    EXPECT_EQ(agent_family("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"), "Safari · iOS");
    EXPECT_EQ(agent_family("Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0.50"), "WeChat · Android");
    EXPECT_EQ(agent_family("<script>"), "");
}

}  // namespace
}  // namespace qiao::access
