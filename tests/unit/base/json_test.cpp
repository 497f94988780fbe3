#include "base/json.hpp"
#include "base/json_value.hpp"

#include <gtest/gtest.h>

namespace qiao {
namespace {

TEST(JsonValue, keeps_order_and_digits) {
    const std::string text = R"({"b":7.10,"a":[1,-0.0,1e3],"c":{"x":null,"y":true},"d":"\u4e2d\n"})";
    const auto value = json::parse(text);
    ASSERT_TRUE(value);
    EXPECT_EQ((*value).dump(), R"({"b":7.10,"a":[1,-0.0,1e3],"c":{"x":null,"y":true},"d":"中\n"})");
    EXPECT_EQ((*value)["a"].at(2).text(), "1e3");
    EXPECT_TRUE((*value)["missing"]["deeper"].is_null());
}

TEST(JsonValue, refuses_what_json_forbids) {
    for (const char* bad :
         {"", "{", "[1,]", R"({"a":1,"a":2})", R"({"a":01})", R"({"a":+1})", R"({"a":NaN})", "{} {}", "\"x\"", "{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}"}) {
        EXPECT_FALSE(json::parse(bad)) << bad;
    }
    EXPECT_FALSE(json::parse(std::string(100, '[') + std::string(100, ']')));
    EXPECT_TRUE(json::parse(std::string(64, '[') + std::string(64, ']')));
}

TEST(JsonValue, edits_in_place) {
    auto value = *json::parse(R"({"a":1,"b":2})");
    value.set("a", "x");
    value.member("list").push(3);
    value.remove("b");
    EXPECT_EQ(value.dump(), R"({"a":"x","list":[3]})");
}

TEST(JsonWriter, separates_and_escapes) {
    JsonWriter json;
    json.object([&] {
        json.field("a", "q\"\x01");
        json.array("list", [&] {
            json.number(1);
            json.string("x,");
            json.object([] {});
        });
        json.raw_field("n", "1.50");
    });
    EXPECT_EQ(json.take(), R"({"a":"q\"\u0001","list":[1,"x,",{}],"n":1.50})");
}

}  // namespace
}  // namespace qiao
