#include "flow/table.hpp"

#include <gtest/gtest.h>

namespace qiao::flow {
namespace {

constexpr StateMeaning kStates[] = {{"open", Meaning::draft}, {"asked", Meaning::waiting}, {"closed", Meaning::done}};

constexpr Row kGood[] = {
    {"open", "ask", "asked", "requester", "question", {}, {}, "+answer"},
    {"asked", "answer", "closed", "expert", "text", {}, "opinion", "-answer"},
    {"any", "note", "=", "requester"},
};
static_assert(is_sound(Table("good", "open", "closed", kGood, kStates)));

constexpr Row kTwice[] = {
    {"open", "ask", "asked", "requester"},
    {"open asked", "ask", "closed", "requester"},
    {"asked", "answer", "closed", "expert"},
};
static_assert(!Table("twice", "open", "closed", kTwice, kStates).is_deterministic());

constexpr Row kIsland[] = {{"open", "close", "closed", "requester"}, {"asked", "answer", "closed", "expert"}};
static_assert(!Table("island", "open", "closed", kIsland, kStates).reaches_all("open"));

constexpr Row kTrap[] = {{"open", "ask", "asked", "requester"}, {"open", "close", "closed", "requester"}, {"any", "mark_error", "closed", "manager"}};
static_assert(!Table("trap", "open", "closed", kTrap, kStates).every_state_can_end(), "the rows of any state do not count");

constexpr Row kEndless[] = {{"open", "ask", "asked", "requester", {}, {}, {}, "+answer"},
                            {"asked", "answer", "closed", "expert"},
                            {"any", "mark_error", "closed", "manager", {}, {}, {}, "-all"}};
static_assert(!Table("endless", "open", "closed", kEndless, kStates).clocks_end(), "a clock that only an error stops");

constexpr Row kTypo[] = {{"open", "ask", "askde", "requester"}, {"asked", "answer", "closed", "expert"}};
static_assert(!Table("typo", "open", "closed", kTypo, kStates).is_closed());

constexpr Row kOutOfEnd[] = {{"open", "ask", "asked", "requester"}, {"asked", "answer", "closed", "expert"}, {"closed", "reopen", "open", "expert"}};
static_assert(!Table("out", "open", "closed", kOutOfEnd, kStates).is_closed());

constexpr Table kTable("good", "open", "closed", kGood, kStates);

TEST(Table, FindsOnlyWhatItHas) {
    ASSERT_NE(kTable.find("open", "ask"), nullptr);
    EXPECT_EQ(kTable.find("asked", "ask"), nullptr);
    EXPECT_EQ(kTable.find("closed", "note"), nullptr) << "any state is each that is no end";
    EXPECT_EQ(Table::target(*kTable.find("asked", "note"), "asked"), "asked");
    EXPECT_FALSE(kTable.has_action("reopen"));
}

TEST(Table, DrawsItself) {
    EXPECT_EQ(diagram(kTable), "stateDiagram-v2\n    [*] --> open\n    asked --> closed: answer\n    open --> asked: ask\n    closed --> [*]\n");
    EXPECT_NE(markdown(kTable).find("| asked | answer | closed | expert | text |  | opinion | -answer |"), std::string::npos);
}

}  // namespace
}  // namespace qiao::flow
