#include "clinical/national_id.hpp"

#include <gtest/gtest.h>

namespace qiao::clinical {
namespace {

// The worked example of GB 11643-1999, annex A: 11010519491231002X and 440524188001010014.
TEST(NationalId, examples_of_the_standard) {
    EXPECT_EQ(check_national_id("11010519491231002X"), NationalIdDefect::none);
    EXPECT_EQ(check_national_id("440524188001010014"), NationalIdDefect::none);
}

TEST(NationalId, states_birth_date_sex_and_region) {
    const auto woman = parse_national_id("11010519491231002x");
    ASSERT_TRUE(woman);
    EXPECT_EQ(woman->birth_date, "1949-12-31");
    EXPECT_FALSE(woman->male);
    EXPECT_EQ(woman->region, "110105");
    const auto man = parse_national_id("440524188001010014");
    ASSERT_TRUE(man);
    EXPECT_EQ(man->birth_date, "1880-01-01");
    EXPECT_TRUE(man->male);
}

TEST(NationalId, every_wrong_digit_is_found) {
    const std::string right = "11010519491231002X";
    for (std::size_t place = 0; place < 17; ++place) {
        for (char digit = '0'; digit <= '9'; ++digit) {
            std::string wrong = right;
            if (wrong[place] == digit) continue;
            wrong[place] = digit;
            EXPECT_NE(check_national_id(wrong), NationalIdDefect::none) << wrong;
        }
    }
}

TEST(NationalId, exchanged_neighbours_are_found) {
    const std::string right = "110105194912310186";
    std::string body = right.substr(0, 17);
    body += *national_id_check_character(body);
    for (std::size_t place = 0; place + 1 < 17; ++place) {
        std::string wrong = body;
        if (wrong[place] == wrong[place + 1]) continue;
        std::swap(wrong[place], wrong[place + 1]);
        EXPECT_NE(check_national_id(wrong), NationalIdDefect::none) << wrong;
    }
}

TEST(NationalId, names_the_defect) {
    EXPECT_EQ(check_national_id(""), NationalIdDefect::length);
    EXPECT_EQ(check_national_id("110105194912310"), NationalIdDefect::length);
    EXPECT_EQ(check_national_id("11010519491231002XX"), NationalIdDefect::length);
    EXPECT_EQ(check_national_id("1101051949123100AX"), NationalIdDefect::character);
    EXPECT_EQ(check_national_id("11010519491231002A"), NationalIdDefect::character);
    EXPECT_EQ(check_national_id("110105194913310021"), NationalIdDefect::birth_date);
    EXPECT_EQ(check_national_id("110105190002290021"), NationalIdDefect::birth_date);  // 1900 was no leap year
    EXPECT_EQ(check_national_id("110105194912310021"), NationalIdDefect::check_digit);
    EXPECT_FALSE(parse_national_id("110105194912310021"));
}

}  // namespace
}  // namespace qiao::clinical
