#include "record/path/ucum.hpp"

#include <gtest/gtest.h>

namespace qiao::record::path {
namespace {

/// `factor` of `a` in units of `b`; "different" when they measure different things.
std::string ratio(std::string_view a, std::string_view b) {
    const auto x = parse_unit(a);
    const auto y = parse_unit(b);
    if (!x || !y) return "nothing";
    const auto value = converted(Decimal(1), *x, *y);
    return value ? value->text() : "different";
}

TEST(Ucum, ConvertsClinicalUnits) {
    EXPECT_EQ(ratio("g", "mg"), "1000");
    EXPECT_EQ(ratio("mg/dL", "g/L"), "0.01");
    EXPECT_EQ(ratio("10*9/L", "10*3/uL"), "1");
    EXPECT_EQ(ratio("mm[Hg]", "Pa"), "133.322");
    EXPECT_EQ(ratio("m[H2O]", "kPa"), "9.80665");
    EXPECT_EQ(ratio("ug/kg/min", "mg/kg/h"), "0.06");
    EXPECT_EQ(ratio("mmol/L", "mol/m3"), "1");
    EXPECT_EQ(ratio("kat", "U"), "60000000");
    EXPECT_EQ(ratio("/min", "Hz"), "0.0166666666666666666666666666666667");
    EXPECT_EQ(ratio("{beats}/min", "/min"), "1");
    EXPECT_EQ(ratio("[lb_av]", "g"), "453.59237");
    EXPECT_EQ(ratio("mL/(min.{1.73_m2})", "mL/min"), "1");
    EXPECT_EQ(ratio("wk", "d"), "7");
    EXPECT_EQ(ratio("%", "1"), "0.01");
}

TEST(Ucum, KeepsWhatIsDifferentApart) {
    EXPECT_EQ(ratio("mg", "mL"), "different");
    EXPECT_EQ(ratio("[IU]", "mg"), "different");
    EXPECT_EQ(ratio("[IU]", "[IU]"), "1");
    EXPECT_EQ(ratio("[IU]/L", "[IU]/mL"), "0.001");
    EXPECT_EQ(parse_unit("Cel")->dimensions, parse_unit("[degF]")->dimensions);
}

TEST(Ucum, RefusesWhatIsNoUnit) {
    for (const char* bad : {"", "m//s", "(m", "m)", "m.", "{open", "[open", "m-"}) EXPECT_FALSE(parse_unit(bad)) << bad;
    EXPECT_FALSE(parse_unit(std::string(200, 'm')));
    EXPECT_FALSE(parse_unit("Ym9.Ym9"));
}

}  // namespace
}  // namespace qiao::record::path
