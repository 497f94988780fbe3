#include "base/digest.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

#include <gtest/gtest.h>

namespace qiao {
namespace {

TEST(Text, encodings_round_trip_and_match_rfc_4648) {
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64("fo"), "Zm8=");
    EXPECT_EQ(to_base64url("\xff\xfe"), "__4");
    EXPECT_EQ(from_base64("Zm8="), "fo");
    EXPECT_FALSE(from_base64("Zm 8"));
    EXPECT_EQ(from_hex("00ff"), std::string("\0\xff", 2));
    EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
    EXPECT_FALSE(percent_decode("%2"));
    EXPECT_FALSE(percent_decode("%zz"));
}

TEST(Time, round_trips_fhir_instants) {
    const auto instant = parse_instant("2026-11-21T08:30:00.123+08:00");
    ASSERT_TRUE(instant);
    EXPECT_EQ(format_instant(*instant), "2026-11-21T00:30:00.123Z");
    EXPECT_EQ(format_http_date(*instant), "Sat, 21 Nov 2026 00:30:00 GMT");
    for (const char* text : {"1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z", "2024-02-29T09:08:07.006Z", "9999-12-31T23:59:59.999Z"}) {
        EXPECT_EQ(format_instant(*parse_instant(text)), text);
    }
    EXPECT_EQ(format_instant(*parse_instant("9999-12-31T23:59:59.5-10:00")), "10000-01-01T09:59:59.500Z");
    for (const char* bad :
         {"2026-02-30T00:00:00Z", "2026-11-21", "2026-11-21T24:00:00Z", "2026-11-21T08:30:00", "2026-11-21T08:30:00.Z", "2026-11-21T08:30:00+15:00"}) {
        EXPECT_FALSE(parse_instant(bad)) << bad;
    }
}

TEST(Id, uuids_sort_by_time_and_are_fhir_ids) {
    const std::string early = new_uuid(from_us(1'000'000'000));
    const std::string late = new_uuid(from_us(2'000'000'000));
    EXPECT_LT(early, late);
    EXPECT_EQ(early[14], '7');
    EXPECT_TRUE(is_fhir_id(early));
    EXPECT_FALSE(is_fhir_id("a/b"));
    EXPECT_FALSE(is_fhir_id(std::string(65, 'a')));
    EXPECT_NE(new_secret(), new_secret());
}

TEST(Digest, known_answers) {
    EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4 example
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);                                                           // RFC 3720 B.4
    EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xE3069283U);
}

}  // namespace
}  // namespace qiao
