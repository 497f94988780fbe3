#include "centre.hpp"

#include "flow/flow_store.hpp"

namespace qiao::consult::testing {
namespace {

using json::Value;
using std::chrono::hours;
using std::chrono::minutes;

class Clocks : public Centre {
protected:
    Value clock(const std::string& id, const std::string& name) {
        const Value shown = view("doctor", id);
        for (const Value& one : shown["clocks"].items()) {
            if (one["name"].text() == name) {
                return one;
            }
        }
        return {};
    }
    /// Of this clock: another one of the case may be late as well, by the day of the week on which the test runs.
    bool was_told(std::string_view role, std::string_view name) const {
        return std::any_of(pages_.notices.begin(), pages_.notices.end(), [&](const flow::Notice& one) {
            const auto& desks = one.to.desks;
            return one.code == "flow.clock" && one.params["clock"].text() == name &&
                   std::any_of(desks.begin(), desks.end(), [&](const flow::Desk& desk) { return desk.role == role; });
        });
    }
};

TEST_F(Clocks, EscalateWhileNobodyLooks) {
    const std::string id = submitted();
    EXPECT_EQ(clock(id, "arrange")["kind"].text(), "wall");
    EXPECT_EQ(engine_->tick(), 0);
    clock_.advance(hours(24));
    EXPECT_GE(engine_->tick(), 1);
    EXPECT_EQ(clock(id, "arrange")["level"].integer(), 50);
    EXPECT_TRUE(was_told("coordinator", "arrange"));
    EXPECT_FALSE(was_told("centre_manager", "arrange"));
    // As after a night without the server: everything overdue comes once, at its highest level.
    clock_.advance(hours(40));
    engine_->tick();
    EXPECT_EQ(clock(id, "arrange")["level"].integer(), 100);
    EXPECT_TRUE(was_told("duty_lead", "arrange"));
    EXPECT_TRUE(was_told("centre_manager", "arrange"));
    EXPECT_EQ(engine_->tick(), 0) << "once";
    EXPECT_GE(get("doctor", "/fhir/Communication?subject=" + patient_).body["entry"].size(), 2U);
    EXPECT_EQ(get("coordinator", "/flow/worklists/late").body["count"].integer(), 1);
}

TEST_F(Clocks, ReadBackIsDueByHowSoonToAct) {
    const std::string now = signed_case("now");
    EXPECT_EQ(*parse_instant(clock(now, "read_back")["due"].text()) - *parse_instant(clock(now, "read_back")["started"].text()), minutes(10));
    const std::string today = signed_case("today");
    EXPECT_EQ(*parse_instant(clock(today, "read_back")["due"].text()) - *parse_instant(clock(today, "read_back")["started"].text()), hours(2));
    const std::string routine = signed_case("routine");
    EXPECT_TRUE(clock(routine, "read_back").is_null());
    ASSERT_EQ(move("doctor", now, "read_back", Value::object({{"text", "understood"}})).status, 200);
    EXPECT_EQ(clock(now, "read_back")["verdict"].text(), "on_time");
    clock_.advance(hours(2));
    engine_->tick();
    EXPECT_EQ(clock(today, "read_back")["level"].integer(), 100);
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.clock"));
}

TEST_F(Clocks, TheSystemMovesWhatNobodyMoves) {
    const std::string returned = submitted();
    ASSERT_EQ(move("coordinator", returned, "give_back", *json::parse(R"({"missing_items":[{"code":"ecg"}]})"), "x").status, 200);
    const std::string filed = signed_case();
    step_up("doctor");
    ASSERT_EQ(move("doctor", filed, "file").status, 200);
    clock_.advance(hours(24 * 7) + minutes(1));
    engine_->tick();
    EXPECT_EQ(state(filed), "feedback_due");
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.feedback_asked"));
    EXPECT_EQ(state(returned), "returned");
    clock_.advance(hours(24 * 7));
    engine_->tick();
    EXPECT_EQ(state(returned), "cancelled");
    clock_.advance(hours(24 * 17));
    engine_->tick();
    EXPECT_EQ(state(filed), "closed");
    const auto snapshot = database_->read();
    for (const flow::ClockRow& one : flow::store::clocks_of(snapshot->connection(), filed)) {
        EXPECT_TRUE(one.stopped) << one.name;
    }
}

TEST_F(Clocks, ABackDatedMoveIsALateEntryWithItsReason) {
    const std::string id = submitted();
    clock_.advance(hours(2));
    const std::string early = format_instant(clock_.now() - hours(1));
    const Value items = *json::parse(R"({"missing_items":[{"code":"ecg"}]})");
    EXPECT_EQ(move("coordinator", id, "give_back", items, "x", 0, {}, early).code(), "flow.bad_occurred");
    const Value body =
        parameters({{"action", "give_back"}, {"move_id", "0123456789abcdef"}, {"reason", "x"}, {"occurred", early}, {"occurred_reason", "no_network"}}, items);
    const Answer answer =
        call("coordinator", http::Method::post, "/fhir/Task/" + id + "/$move", body, {{"if-match", "W/\"" + std::to_string(version(id)) + "\""}});
    ASSERT_EQ(answer.status, 200) << answer.raw;
    const Value last = view("doctor", id)["timeline"].items().back();
    EXPECT_TRUE(last["late_entry"].truth());
    EXPECT_EQ(last["occurred"].text(), early);
}

TEST_F(Clocks, AVerdictThatABackDatedMoveChangesIsKeptBothWays) {
    const std::string id = signed_case("now");
    clock_.advance(minutes(30));
    const std::string early = format_instant(clock_.now() - minutes(25));
    const Value body = parameters({{"action", "read_back"}, {"move_id", "0123456789abcdee"}, {"occurred", early}, {"occurred_reason", "emergency_first"}},
                                  Value::object({{"text", "understood"}}));
    const Answer answer = call("doctor", http::Method::post, "/fhir/Task/" + id + "/$move", body, {{"if-match", "W/\"" + std::to_string(version(id)) + "\""}});
    ASSERT_EQ(answer.status, 200) << answer.raw;
    EXPECT_EQ(clock(id, "read_back")["verdict"].text(), "on_time");
    EXPECT_EQ(clock(id, "read_back")["verdict_recorded"].text(), "late");
}

}  // namespace
}  // namespace qiao::consult::testing
