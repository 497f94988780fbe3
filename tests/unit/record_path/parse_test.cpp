#include "record/path/expression.hpp"

#include <gtest/gtest.h>

#include <string>

namespace qiao::record::path {
namespace {

std::size_t offset_of_error(std::string_view text) {
    const auto result = Expression::parse(text);
    EXPECT_FALSE(result) << text;
    return result ? 0 : result.error().offset;
}

std::string repeated(std::string_view part, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += part;
    return out;
}

TEST(FhirPathParse, SaysWhereItStopped) {
    EXPECT_EQ(offset_of_error("name.given ="), 12U);
    EXPECT_EQ(offset_of_error("name.foo()"), 5U);
    EXPECT_EQ(offset_of_error("name.where()"), 5U);
    EXPECT_EQ(offset_of_error("(1 + 2"), 6U);
    EXPECT_EQ(offset_of_error("1 + #"), 4U);
    EXPECT_EQ(offset_of_error("@2026-02-30"), 0U);
    for (const char* bad : {"", "a b", "a.", "'open", "`open", "/* open", "'\\q'", "'\\ud800'", "$that", "%", "1 2", "a..b", "[0]", "is Patient", "2147483649",
                            "a.is()", "a.is(1)"}) {
        EXPECT_FALSE(Expression::parse(bad)) << bad;
    }
}

TEST(FhirPathParse, TakesKeyWordsAsNames) {
    for (const char* good : {"contains", "a.as", "expansion.contains.code", "a.is.in", "`div`.`and`", "day", "year + 1", "text.div"})
        EXPECT_TRUE(Expression::parse(good)) << good;
    EXPECT_FALSE(Expression::parse("div"));
}

TEST(FhirPathParse, HasLimits) {
    EXPECT_TRUE(Expression::parse(repeated("(", 100) + "1" + repeated(")", 100)));
    EXPECT_FALSE(Expression::parse(repeated("(", 5000) + "1" + repeated(")", 5000)));
    EXPECT_FALSE(Expression::parse(repeated("-", 5000) + "1"));
    EXPECT_FALSE(Expression::parse("1" + repeated("+1", 5000)));
    EXPECT_FALSE(Expression::parse("a" + repeated(".b", 5000)));
    EXPECT_FALSE(Expression::parse(repeated("iif(", 3000)));
    EXPECT_FALSE(Expression::parse(std::string(20'000, ' ') + "1"));
}

}  // namespace
}  // namespace qiao::record::path
