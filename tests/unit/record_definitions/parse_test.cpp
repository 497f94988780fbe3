#include "record/validate/parse.hpp"

#include "base/json_value.hpp"
#include "testdata.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace qiao::record {
namespace {

constexpr ServerMeta kMeta{"p1", "3", "2026-11-21T08:30:00.123Z"};

TEST(Parse, ReadsTypeAndId) {
    const auto resource = parse_resource("\xEF\xBB\xBF { \"resourceType\" : \"Patient\", \"id\":\"p1\" }");
    ASSERT_TRUE(resource);
    EXPECT_EQ(resource->type(), TypeId::Patient);
    EXPECT_EQ(resource->id(), "p1");
    EXPECT_EQ(resource->text().front(), ' ') << "without the byte order mark";
    EXPECT_EQ(parsed(R"({"resourceType":"Nothing"})").type(), TypeId::none);
    EXPECT_EQ(parsed(R"({"resourceType":1,"id":2})").type(), TypeId::none);
}

TEST(Parse, KeepsDocumentsOfSeveralResourcesApart) {
    auto first = parsed(R"({"resourceType":"Patient","id":"a"})");
    auto second = parsed(R"({"resourceType":"Group","id":"b"})");
    const auto moved = std::move(first);
    EXPECT_EQ(moved.id(), "a");
    EXPECT_EQ(second.id(), "b");
    EXPECT_EQ(std::string_view(moved.root()["id"]), "a");
}

struct Refused {
    const char* what;
    std::string text;
};

std::string nested(int depth) {
    return R"({"a":)" + std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']') + "}";
}

TEST(Parse, RefusesWhatNoResourceMayHold) {
    std::string many = "{";
    for (int i = 0; i <= 10'000; ++i) many += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
    std::string wide = R"({"a0":1)";
    for (int i = 1; i < 40; ++i) wide += ",\"a" + std::to_string(i) + "\":1";
    const Refused cases[] = {
        {"empty", ""},
        {"blank", "  "},
        {"array", "[]"},
        {"string", R"("x")"},
        {"null", "null"},
        {"truncated", R"({"resourceType":"Patient")"},
        {"trailing", R"({"resourceType":"Patient"} x)"},
        {"comment", "{/* */}"},
        {"duplicate key", R"({"id":"a","id":"b"})"},
        {"duplicate key below", R"({"a":[{"b":{"c":1,"c":2}}]})"},
        {"duplicate key by escape", R"({"id":"a","\u0069d":"b"})"},
        {"duplicate key in a wide object", wide + R"(,"a7":2})"},
        {"invalid UTF-8", "{\"a\":\"\xC3\x28\"}"},
        {"overlong UTF-8", "{\"a\":\"\xC0\xAF\"}"},
        {"UTF-16", std::string("{\0\"\0", 4)},
        {"lone high surrogate", R"({"a":"\uD800x"})"},
        {"lone low surrogate", R"({"a":"\uDC00"})"},
        {"high surrogate twice", R"({"a":"\uD800\uD800"})"},
        {"NUL", R"({"a":"x\u0000"})"},
        {"control character", "{\"a\":\"x\ny\"}"},
        {"plus", R"({"a":+1})"},
        {"leading zero", R"({"a":01})"},
        {"NaN", R"({"a":NaN})"},
        {"infinite", R"({"a":1e999999})"},
        {"long number", R"({"a":0.)" + std::string(70, '1') + "}"},
        {"too many keys", many + "}"},
        {"too deep", nested(70)},
        {"far too deep", nested(100'000)},
        {"long content", R"({"data":")" + std::string((15U << 20U) + 1, 'x') + "\"}"},
        {"long string in data", R"({"data":{"a":")" + std::string((1U << 20U) + 1, 'x') + "\"}}"},
        {"long string", R"({"a":")" + std::string((1U << 20U) + 1, 'x') + "\"}"},
    };
    for (const Refused& row : cases) EXPECT_FALSE(parse_resource(row.text)) << row.what;
    EXPECT_FALSE(parse_resource(R"({"resourceType":"Patient"})", 10));
}

TEST(Parse, AcceptsWhatLooksSimilar) {
    for (const std::string& text : {std::string(R"({"a":"\uD83D\uDE00 \\uD800 \\u0000"})"), std::string(R"({"a":{"x":1},"b":{"x":1}})"),
                                    std::string(R"({"a":-0.10e-2,"b":"01"})"), nested(60), R"({"a":")" + std::string(1U << 20U, 'x') + "\"}"}) {
        EXPECT_TRUE(parse_resource(text)) << text.substr(0, 60);
    }
}

TEST(Parse, SaysWhere) {
    const auto broken = parse_resource(R"({"resourceType":"Patient","active":tru})");
    ASSERT_FALSE(broken);
    EXPECT_GE(broken.error().offset, 35U);
    EXPECT_LE(broken.error().offset, 39U);
    const auto twice = parse_resource(R"({"id":"a","id":"b"})");
    ASSERT_FALSE(twice);
    EXPECT_GE(twice.error().offset, 9U);
}

TEST(Parse, WorksOnManyThreadsAndSizes) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
            for (int i = 0; i < 200; ++i) {
                const std::string id = "t" + std::to_string(t) + "-" + std::to_string(i);
                const std::string padding(static_cast<std::size_t>(i % 10 == 0 ? 2'000'00 : i), 'x');
                EXPECT_EQ(parsed(R"({"resourceType":"Basic","id":")" + id + R"(","x":")" + padding + "\"}").id(), id);
            }
        });
    }
}

TEST(StoredBody, DropsIdAndServerMetaAndBlanks) {
    EXPECT_EQ(stored_body(R"({ "resourceType" : "Patient",
        "id" : "x", "meta" : { "versionId":"7", "lastUpdated" : "2020-01-01T00:00:00Z", "profile" : [ "http://a b" ] },
        "active" : true, "z" : [ 7.10 , -0.50, 1e3 ], "name":[{"text":" a \" b { "}] })"),
              R"({"resourceType":"Patient","meta":{"profile":["http://a b"]},"active":true,"z":[7.10,-0.50,1e3],"name":[{"text":" a \" b { "}]})");
}

TEST(StoredBody, HandlesOddOrders) {
    EXPECT_EQ(stored_body(R"({"resourceType":"Patient"})"), R"({"resourceType":"Patient"})");
    EXPECT_EQ(stored_body(R"({"resourceType":"Patient","meta":{"versionId":"1"}})"), R"({"resourceType":"Patient"})");
    EXPECT_EQ(stored_body(R"({"active":true,"meta":{"source":"s"},"id":"1","resourceType":"Patient"})"),
              R"({"meta":{"source":"s"},"active":true,"resourceType":"Patient"})");
    EXPECT_EQ(stored_body(R"({"resourceType":"Patient","\u0069d":"1","m\u0065ta":{"version\u0049d":"1"}})"), R"({"resourceType":"Patient"})");
    EXPECT_EQ(stored_body(R"({"resourceType":"Patient","contained":[{"resourceType":"Group","id":"g","meta":{"versionId":"1"}}]})"),
              R"({"resourceType":"Patient","contained":[{"resourceType":"Group","id":"g","meta":{"versionId":"1"}}]})")
        << "only the resource's own";
}

TEST(StoredBody, IsSplicedBack) {
    EXPECT_EQ(spliced(R"({"resourceType":"Patient"})", kMeta),
              R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"3","lastUpdated":"2026-11-21T08:30:00.123Z"}})");
    EXPECT_EQ(spliced(R"({"resourceType":"Patient","active":true})", kMeta),
              R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"3","lastUpdated":"2026-11-21T08:30:00.123Z"},"active":true})");
    EXPECT_EQ(spliced(R"({"resourceType":"Patient","meta":{"source":"s"},"active":true})", kMeta),
              R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"3","lastUpdated":"2026-11-21T08:30:00.123Z","source":"s"},"active":true})");
    EXPECT_EQ(spliced(R"({"active":true,"resourceType":"Patient"})", kMeta),
              R"({"id":"p1","meta":{"versionId":"3","lastUpdated":"2026-11-21T08:30:00.123Z"},"active":true,"resourceType":"Patient"})");
    EXPECT_EQ(spliced("{}", kMeta), R"({"id":"p1","meta":{"versionId":"3","lastUpdated":"2026-11-21T08:30:00.123Z"}})");
}

TEST(StoredBody, RoundTripsAllExamples) {
    QIAO_NEED_TESTDATA();
    for (const auto& file : example_files()) {
        const std::string text = read_file(file);
        const auto resource = parsed(text);
        const std::string body = stored_body(resource);
        const std::string read = spliced(body, kMeta);
        EXPECT_EQ(stored_body(parsed(read)), body) << file;
        // The same members but for id and meta, numbers to the digit.
        auto sent = *json::parse(text);
        auto back = *json::parse(read);
        EXPECT_EQ(back["id"].text(), "p1");
        EXPECT_EQ(back["meta"]["versionId"].text(), "3");
        EXPECT_EQ(back["meta"]["profile"], sent["meta"]["profile"]);
        for (auto* value : {&sent, &back}) {
            value->remove("id");
            value->remove("meta");
        }
        EXPECT_EQ(back, sent) << file;
    }
}

TEST(RawJson, TakesPiecesAsTheyWereWritten) {
    const std::string_view bundle = R"( {"resourceType":"Bundle", "entry" : [ {"resource":{"v": 7.10}} , {"x":"]"},[1,2] , 3 ] , "z":{} } )";
    const auto entries = raw_member(bundle, "entry");
    ASSERT_TRUE(entries);
    const auto items = raw_items(*entries);
    ASSERT_EQ(items.size(), 4U);
    EXPECT_EQ(raw_member(items[0], "resource"), R"({"v": 7.10})");
    EXPECT_EQ(items[1], R"({"x":"]"})");
    EXPECT_EQ(items[3], "3");
    EXPECT_FALSE(raw_member(items[2], "x"));
    EXPECT_FALSE(raw_member(bundle, "none"));
    EXPECT_TRUE(raw_items(bundle).empty());
    EXPECT_TRUE(raw_items("[ ]").empty());
}

}  // namespace
}  // namespace qiao::record
