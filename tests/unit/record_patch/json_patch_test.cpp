#include "base/error.hpp"
#include "record/patch/patch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace qiao::record {
namespace {

json::Value parsed(std::string_view text) {
    auto value = json::parse(text);
    EXPECT_TRUE(value) << text;
    return value ? *std::move(value) : json::Value();
}

/// The document, or the code of the error.
std::string patched(std::string_view document, std::string_view patch) {
    try {
        return apply_json_patch(parsed(document), parsed(patch)).dump();
    } catch (const Error& error) {
        return std::string(error.code());
    }
}

/// Members in one order, so that documents compare as JSON says.
json::Value sorted(const json::Value& value) {
    if (value.is_array()) {
        json::Value out = json::Value::array();
        for (const json::Value& item : value.items()) out.push(sorted(item));
        return out;
    }
    if (!value.is_object()) return value;
    std::vector<json::Value::Member> members;
    for (const auto& [name, member] : value.members()) members.emplace_back(name, sorted(member));
    std::ranges::sort(members, {}, &json::Value::Member::first);
    return json::Value::object(std::move(members));
}

TEST(JsonPatch, OfficialCases) {
    const std::filesystem::path file("../shared/testdata/fhir/patch/json-patch-tests.json");
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "no shared/testdata/fhir/patch beside the project: the official cases did not run";
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const json::Value cases = parsed(text.str());
    EXPECT_EQ(cases.size(), 16U);
    for (const json::Value& row : cases.items()) {
        const std::string result = patched(row["doc"].dump(), row["patch"].dump());
        if (row["error"].is_string()) {
            EXPECT_TRUE(result.starts_with("patch.")) << row["comment"].text() << ": " << result;
        } else if (!row["expected"].is_null()) {
            EXPECT_EQ(sorted(parsed(result)).dump(), sorted(row["expected"]).dump()) << row["comment"].text();
        } else {
            EXPECT_TRUE(result.starts_with('{')) << row["comment"].text() << ": " << result;
        }
    }
}

TEST(JsonPatch, KeepsDigitsAndOrder) {
    EXPECT_EQ(patched(R"({"b":7.10,"a":[1,2]})", R"([{"op":"replace","path":"/a/1","value":3.00}])"), R"({"b":7.10,"a":[1,3.00]})");
    EXPECT_EQ(patched(R"({"a":1.0})", R"([{"op":"test","path":"/a","value":1}])"), R"({"a":1.0})");
    EXPECT_EQ(patched(R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"},{"op":"move","from":"/c/b","path":"/a/d"}])"),
              R"({"a":{"b":1,"d":1},"c":{}})");
    EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"replace","path":"/a","value":null}])"), R"({"a":null})");
}

TEST(JsonPatch, RefusesWhatHasNoPlace) {
    constexpr std::string_view kDocument = R"({"a":[1,2],"b":{"c":1}})";
    EXPECT_EQ(patched(kDocument, R"([{"op":"remove","path":"/a/2"}])"), "patch.no_target");
    EXPECT_EQ(patched(kDocument, R"([{"op":"add","path":"/a/3","value":1}])"), "patch.no_target");
    EXPECT_EQ(patched(kDocument, R"([{"op":"add","path":"/a/01","value":1}])"), "patch.no_target");
    EXPECT_EQ(patched(kDocument, R"([{"op":"remove","path":"/a/-"}])"), "patch.no_target");
    EXPECT_EQ(patched(kDocument, R"([{"op":"replace","path":"/x","value":1}])"), "patch.no_target");
    EXPECT_EQ(patched(kDocument, R"([{"op":"test","path":"/b/c","value":2}])"), "patch.test_failed");
}

TEST(JsonPatch, RefusesWhatIsNoPatch) {
    for (const char* bad : {R"({})", R"([1])", R"([{"op":"add","path":"a","value":1}])", R"([{"op":"add","path":"/a"}])",
                            R"([{"op":"drop","path":"/a","value":1}])", R"([{"op":"add","value":1}])", R"([{"op":"move","path":"/b/c","from":"/b"}])",
                            R"([{"op":"add","path":"/~2","value":1}])", R"([{"op":"remove","path":""}])"}) {
        EXPECT_EQ(patched(R"({"a":1,"b":{"c":1}})", bad), "patch.malformed") << bad;
    }
}

TEST(JsonPatch, DoesNotGrowWithoutEnd) {
    std::string patch = "[";
    for (int i = 0; i < 40; ++i) patch += std::string(i == 0 ? "" : ",") + R"({"op":"copy","from":"","path":"/a)" + std::to_string(i) + R"("})";
    EXPECT_EQ(patched(R"({"x":"0123456789"})", patch + "]"), "patch.too_long");
}

TEST(JsonPatch, DoesNotGrowDeeperThanAResourceMayBe) {
    // Each copy of the whole into its own depth doubles the depth.
    std::string copies = "[";
    std::string inner = "/a";
    for (int i = 0; i < 7; ++i) {
        copies += std::string(i == 0 ? "" : ",") + R"({"op":"copy","from":"","path":")" + inner + R"("})";
        inner += inner;
    }
    EXPECT_EQ(patched(R"({"x":1})", copies + "]"), "patch.too_long");
    std::string deep;
    for (int i = 0; i < 61; ++i) deep += R"({"a":)";
    deep += "1" + std::string(61, '}');
    const std::string_view kDocument = R"({"x":{"z":[{"y":1}]}})";
    EXPECT_EQ(patched(kDocument, R"([{"op":"add","path":"/x/y","value":)" + deep + "}]"), R"({"x":{"z":[{"y":1}],"y":)" + deep + "}}");
    EXPECT_EQ(patched(kDocument, R"([{"op":"add","path":"/x/z/0/a","value":)" + deep + "}]"), "patch.too_long");
    EXPECT_EQ(patched(kDocument, R"([{"op":"replace","path":"/x/z/0/y","value":)" + deep + "}]"), "patch.too_long");
}

}  // namespace
}  // namespace qiao::record
