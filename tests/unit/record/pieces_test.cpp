#include "base/error.hpp"
#include "record/search/values.hpp"
#include "record/store/bodies.hpp"
#include "record/store/keys.hpp"
#include "record/transact/rewrite.hpp"

#include <gtest/gtest.h>

#include <set>

namespace qiao::record {
namespace {

TEST(StoredId, every_form_comes_back) {
    for (const std::string id :
         {"1", "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnopq", "61ebe359-bfdc-4613-8bf2-c5e300945f0a", "61EBE359-bfdc-4613-8bf2-c5e300945f0a",
          "61ebe359bfdc46138bf2c5e300945f0a", "0123456789012345678901234567890123456789012345678901234567890123"}) {
        EXPECT_EQ(id_text(StoredId(id).bytes()), id);
    }
    EXPECT_EQ(StoredId("61ebe359-bfdc-4613-8bf2-c5e300945f0a").bytes().size(), 16U);
    EXPECT_NE(StoredId("abcdefghijklmnop").bytes().size(), 16U);
}

TEST(Body, packs_and_unpacks) {
    const Bodies bodies;
    for (const std::string& text : {std::string(), std::string("{}"), std::string(5000, 'x'), std::string("{\"resourceType\":\"Patient\"}")}) {
        std::string back = "before";
        bodies.unpack(bodies.pack(text), back);
        EXPECT_EQ(back, text);
    }
    EXPECT_LT(bodies.pack(std::string(5000, 'x')).size(), 100U);
    std::string out;
    for (const std::string_view damaged : {std::string_view(), std::string_view("\x01garbage"), std::string_view("\x07{}")})
        EXPECT_THROW(bodies.unpack(damaged, out), Error);
    std::string cut = bodies.pack(std::string(5000, 'x') + std::string(5000, 'y'));
    cut.resize(cut.size() - 5);
    EXPECT_THROW(bodies.unpack(cut, out), Error);
}

TEST(TokenHash, forms_differ_and_are_never_zero) {
    const TokenHash hash("0123456789abcdef");
    std::set<std::int64_t> seen = {
        hash.coded("s", "c"),       hash.code_only("c"),         hash.without_system("c"), hash.system_only("s"), hash.identifier("s", "c"),
        hash.identifier_value("c"), hash.of_type("s", "t", "c"), hash.coded("sc", ""),     hash.coded("", "sc"),  hash.coded("s", std::string(1000, 'c'))};
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_FALSE(seen.contains(0));
    EXPECT_NE(TokenHash("fedcba9876543210").coded("s", "c"), hash.coded("s", "c"));
}

TEST(SearchValues, splits_where_nothing_escapes) {
    EXPECT_EQ(split_escaped("a,b\\,c,", ',').size(), 3U);
    EXPECT_EQ(unescape(split_escaped("a,b\\,c,", ',')[1]), "b,c");
    EXPECT_EQ(unescape("a\\|b\\\\c\\$d\\n"), "a|b\\c$d\\n");
    EXPECT_EQ(split_escaped("\\", ',').size(), 1U);
}

TEST(SearchValues, numbers_have_the_width_of_their_last_digit) {
    EXPECT_DOUBLE_EQ(parse_number("5.4")->lo, 5.35);
    EXPECT_DOUBLE_EQ(parse_number("5.4")->hi, 5.45);
    EXPECT_DOUBLE_EQ(parse_number("100")->lo, 99.5);
    EXPECT_DOUBLE_EQ(parse_number("1e2")->hi, 150);
    EXPECT_DOUBLE_EQ(parse_number("-0.50")->value, -0.5);
    for (const char* bad : {"", "x", "1.", "+1", "01", "1e999", "NaN", "0x10"}) EXPECT_FALSE(parse_number(bad)) << bad;
    EXPECT_FALSE(parse_number(std::string(100, '9')));
}

TEST(SearchValues, prefixes) {
    std::string_view text = "ge2026";
    EXPECT_EQ(take_prefix(text), Prefix::ge);
    EXPECT_EQ(text, "2026");
    EXPECT_EQ(take_prefix(text), Prefix::eq);
    EXPECT_EQ(text, "2026");
}

TEST(Rewrite, replaces_names_but_not_identifier_values) {
    const Renamed names = {{"urn:uuid:1-a", "Patient/x"}, {"http://elsewhere/Patient/1", "Patient/y"}};
    EXPECT_EQ(
        rewrite_links(
            R"({"reference":"urn:uuid:1-a","value":"urn:uuid:1-a","url":"http://elsewhere/Patient/1","a":"urn:uuid:1-ab","b":"see http://elsewhere/Patient/1"})",
            names),
        R"({"reference":"Patient/x","value":"urn:uuid:1-a","url":"Patient/y","a":"urn:uuid:1-ab","b":"see http://elsewhere/Patient/1"})");
    EXPECT_EQ(rewrite_links(R"({"div":"<a href=\"urn:uuid:1-a\">urn:uuid:1-a</a> \\"})", names), R"({"div":"<a href=\"Patient/x\">Patient/x</a> \\"})");
    EXPECT_EQ(rewrite_links(R"({"a":["urn:uuid:1-a" , "urn:uuid:2"]})", names), R"({"a":["Patient/x" , "urn:uuid:2"]})");
}

TEST(Rewrite, asks_for_conditional_references_only) {
    std::string asked;
    const auto resolve = [&](std::string_view text) {
        asked += std::string(text) + ";";
        return std::string("Patient/found");
    };
    EXPECT_EQ(resolve_conditional_references(R"({"reference":"Patient?name=a\u0026b","x":"Patient?name=c","y":{"reference":"http://x/Patient?y"}})", resolve),
              R"({"reference":"Patient/found","x":"Patient?name=c","y":{"reference":"http://x/Patient?y"}})");
    EXPECT_EQ(asked, "Patient?name=a&b;");
}

}  // namespace
}  // namespace qiao::record
