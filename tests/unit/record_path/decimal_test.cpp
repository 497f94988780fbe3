#include "record/path/decimal.hpp"

#include <gtest/gtest.h>

namespace qiao::record::path {
namespace {

Decimal number(std::string_view text) {
    const auto value = Decimal::parse(text);
    EXPECT_TRUE(value) << text;
    return value.value_or(Decimal());
}
std::string text(const std::optional<Decimal>& value) { return value ? value->text() : "nothing"; }

TEST(Decimal, KeepsItsDigits) {
    EXPECT_EQ(number("7.10").text(), "7.10");
    EXPECT_EQ(number("-0.50").text(), "-0.50");
    EXPECT_EQ(number("0012").text(), "12");
    EXPECT_EQ(number("1.5e3").text(), "1500");
    EXPECT_EQ(number("1.5E-3").text(), "0.0015");
    EXPECT_EQ(number("-0").text(), "0");
    for (const char* bad : {"", "-", ".5", "5.", "1..2", "1e", "1e999", "a", "1 ", "0x1"}) EXPECT_FALSE(Decimal::parse(bad)) << bad;
}

TEST(Decimal, AddsAndMultipliesExactly) {
    EXPECT_EQ(text(add(number("0.1"), number("0.2"))), "0.3");
    EXPECT_EQ(text(subtract(number("1.0"), number("1.05"))), "-0.05");
    EXPECT_EQ(text(multiply(number("1.2"), number("1.8"))), "2.16");
    EXPECT_EQ(text(multiply(number("-12345678901234567"), number("98765432109876543"))), "-1219326311370217861743636654061881");
    EXPECT_EQ(text(add(number("9999999999999999999999999999999999"), Decimal(1))), "nothing");
    EXPECT_EQ(text(add(number("0.0000000000000000000000000001"), number("100000"))), "100000.0000000000000000000000000001");
}

TEST(Decimal, DividesToThirtyFourDigits) {
    EXPECT_EQ(text(divide(Decimal(1), Decimal(8))), "0.125");
    EXPECT_EQ(text(divide(Decimal(4), number("0.02"))), "200");
    EXPECT_EQ(text(divide(Decimal(2), Decimal(3))), "0.6666666666666666666666666666666667");
    EXPECT_EQ(text(divide(Decimal(1), Decimal(0))), "nothing");
}

TEST(Decimal, RoundsEachWay) {
    using Rounding = Decimal::Rounding;
    EXPECT_EQ(text(number("-1.5875").rounded(2, Rounding::down)), "-1.59");
    EXPECT_EQ(text(number("-1.5875").rounded(2, Rounding::up)), "-1.58");
    EXPECT_EQ(text(number("2.5").rounded(0, Rounding::nearest)), "3");
    EXPECT_EQ(text(number("2.9").rounded(0, Rounding::to_zero)), "2");
    EXPECT_EQ(text(number("1.5").rounded(4, Rounding::up)), "1.5000");
    EXPECT_EQ(text(number("1").rounded(40, Rounding::up)), "nothing");
}

TEST(Decimal, ComparesByValue) {
    EXPECT_EQ(number("1.50"), number("1.5"));
    EXPECT_LT(number("-2"), number("-1.99"));
    EXPECT_EQ(number("-0.0"), number("0"));
    EXPECT_GT(number("9999999999999999999999999999999999"), number("0.0000000000000000000000000000000001"));
}

}  // namespace
}  // namespace qiao::record::path
