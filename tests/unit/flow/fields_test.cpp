#include "flow/fields.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace qiao::flow {
namespace {

template <class Work>
std::string code_of(Work work) {
    try {
        work();
    } catch (const Error& error) {
        return std::string(error.code());
    }
    return "";
}

TEST(Fields, PartsBecomeOneObject) {
    const MoveInput input = parse_move(R"({"resourceType":"Parameters","parameter":[
        {"name":"action","valueCode":"sign"},{"name":"move_id","valueString":"0123456789abcdef"},
        {"name":"occurred","valueInstant":"2026-11-21T08:00:00.000Z"},{"name":"reason","valueString":"because"},
        {"name":"input","part":[
            {"name":"lead","valueReference":{"reference":"Practitioner/1"}},
            {"name":"value","valueDecimal":36.70},{"name":"told","valueBoolean":true},
            {"name":"item","part":[{"name":"code","valueCode":"a"}]},{"name":"item","part":[{"name":"code","valueCode":"b"}]}]}]})");
    EXPECT_EQ(input.action, "sign");
    EXPECT_EQ(input.reason, "because");
    EXPECT_EQ(input.occurred, parse_instant("2026-11-21T08:00:00Z"));
    EXPECT_EQ(input.fields.dump(), R"({"lead":"Practitioner/1","value":36.70,"told":true,"item":[{"code":"a"},{"code":"b"}]})");
    EXPECT_EQ(list_of(input.fields, "lead").size(), 1U);
    EXPECT_EQ(list_of(input.fields, "item").size(), 2U);
    EXPECT_TRUE(list_of(input.fields, "nothing").empty());
}

TEST(Fields, RefusesWhatIsNoMove) {
    EXPECT_EQ(code_of([] { parse_move("{"); }), "record.bad_json");
    EXPECT_EQ(code_of([] { parse_move(R"({"resourceType":"Task"})"); }), "flow.bad_parameters");
    EXPECT_EQ(code_of([] { parse_move(R"({"resourceType":"Parameters","parameter":[{"name":"action","valueCode":"x"}]})"); }), "flow.bad_field");
    EXPECT_EQ(code_of([] { parse_move(R"({"resourceType":"Parameters","parameter":[{"name":"colour","valueCode":"x"}]})"); }), "flow.bad_parameters");
    EXPECT_EQ(code_of([] { parse_move(R"({"resourceType":"Parameters","parameter":[{"name":"occurred","valueInstant":"yesterday"}]})"); }),
              "flow.bad_occurred");
    EXPECT_EQ(code_of([] { parse_move(R"({"resourceType":"Parameters","parameter":[{"name":"action","valueCode":"x","valueString":"y"}]})"); }),
              "flow.bad_parameters");
    EXPECT_EQ(code_of([] {
                  parse_move(R"({"resourceType":"Parameters","parameter":[{"name":"move_id","valueString":"0123456789"},{"name":"reason","valueString":")" +
                             std::string(3000, 'x') + R"("}]})");
              }),
              "flow.too_large");
}

TEST(Fields, BlankIsNotGiven) {
    EXPECT_FALSE(is_given(json::Value()));
    EXPECT_FALSE(is_given(json::Value("  \n")));
    EXPECT_FALSE(is_given(json::Value::array()));
    EXPECT_TRUE(is_given(json::Value(false)));
    EXPECT_TRUE(is_given(json::Value(0)));
}

TEST(Fields, AllDefectsComeAtOnce) {
    FieldCheck check;
    const json::Value fields = json::Value::object({{"a", ""}, {"b", "wrong"}, {"c", "right"}});
    check.require(fields, "a");
    check.one_of(fields, "b", "left right");
    check.one_of(fields, "c", "left right");
    std::optional<Error> thrown;
    try {
        check.throw_if_any();
    } catch (const Error& error) {
        thrown = error;
    }
    ASSERT_TRUE(thrown);
    EXPECT_EQ(thrown->code(), "flow.missing_field");
    ASSERT_EQ(thrown->issues().size(), 2U);
    EXPECT_EQ(thrown->issues()[1].expression, "b");
}

}  // namespace
}  // namespace qiao::flow
