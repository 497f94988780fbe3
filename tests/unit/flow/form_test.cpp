#include "flow/form.hpp"

#include "flow/identity.hpp"

#include <gtest/gtest.h>

namespace qiao::flow {
namespace {

json::Value parsed(const char* text) { return *json::parse(text); }

TEST(Form, ComesBackAsItWas) {
    const json::Value form = parsed(R"({"question":"why?","told":true,"vitals":{"status":"given","values":[{"code":"heart_rate","value":96}]},
        "drugs":{"status":"given","items":[{"text":"a"},{"text":"b"}]}})");
    EXPECT_EQ(form_of_items(items_of_form(form)), form);
}

TEST(Form, NarrativeKeepsEveryCharacter) {
    const std::string text = "RR < 90 & \"pale\"\nO'Brien > 5 &amp; 头痛";
    const json::Value narrated = narrative(text);
    EXPECT_EQ(narrated["div"].text().find("<script"), std::string::npos);
    EXPECT_EQ(plain_text(narrated), text);
    EXPECT_EQ(plain_text(narrative("<script>alert(1)</script>")), "<script>alert(1)</script>");
}

TEST(Form, AgesAtTheEdges) {
    const Instant now = *parse_instant("2026-11-21T12:00:00Z");
    EXPECT_EQ(age_text("2026-11-21", now), "0 d");
    EXPECT_EQ(age_text("2026-09-21", now), "2 mo");
    EXPECT_EQ(age_text("2026-09-22", now), "60 d");
    EXPECT_EQ(age_text("2023-11-22", now), "35 mo");
    EXPECT_EQ(age_text("2023-11-21", now), "3 y");
    EXPECT_EQ(age_text("1950", now), "76 y");
    EXPECT_EQ(age_text("2027-01-01", now), "");
    EXPECT_EQ(age_text("soon", now), "");
    EXPECT_EQ(age_at("2012-11-21", now)->years, 14);
    EXPECT_EQ(age_at("2012-11-22", now)->years, 13);
}

TEST(Identity, SeesWhatDiffers) {
    const json::Value patient = parsed(R"({"name":[{"text":"王小明","family":"王","given":["小明"]}],"gender":"male","birthDate":"2022-03-01",
        "identifier":[{"value":"P1"}]})");
    EXPECT_TRUE(identity_differences({"WANG^XIAOMING", "P1", "2022-03-01", "male"}, patient).empty());
    EXPECT_TRUE(identity_differences({"Wang^Xiao Ming=王^小明", "P1", "2022-03-01", "male"}, patient).empty());
    EXPECT_EQ(identity_differences({"WANG^XIAOHUA", "P2", "2022-03-10", "female"}, patient), (std::vector<std::string>{"name", "id", "birth_date", "sex"}));
    EXPECT_EQ(identity_differences({"王小明", "P1", "", "male"}, patient), std::vector<std::string>{"birth_date"});
}

}  // namespace
}  // namespace qiao::flow
