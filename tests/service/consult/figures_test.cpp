#include "centre.hpp"

namespace qiao::consult::testing {
namespace {

using namespace std::chrono_literals;
using json::Value;

/// Boards, figures and statements: what is counted can be looked up line by line, and no patient is in any of it.
class Figures : public Centre {
protected:
    std::string query(const access::Organisation& at) {
        return "?organisation=" + at.resource + "&from=" + format_instant(start_ - 1h) + "&until=" + format_instant(clock_.now() + 1h);
    }
    Instant start_ = clock_.now();
};

TEST_F(Figures, TheBoardSaysWhatIsLateAndWhy) {
    const std::string paused = submitted();
    ASSERT_EQ(move("coordinator", paused, "give_back", *json::parse(R"({"missing_items":[{"code":"ecg"}]})"), "incomplete").status, 200);
    const std::string late = signed_case("now");
    clock_.advance(15min);
    const Answer board = get("coordinator", "/flow/board");
    ASSERT_EQ(board.status, 200) << board.raw;
    const Value& first = board.body["rows"].at(0);
    EXPECT_EQ(first["case"].text(), late);
    EXPECT_EQ(first["clock"].text(), "read_back");
    EXPECT_EQ(first["share"].integer(), 150);
    EXPECT_EQ(first["owner"].text(), "requester");
    EXPECT_EQ(first["person"]["name"].text(), "林海");
    bool said = false;
    for (const Value& row : board.body["rows"].items()) {
        said = said || (row["case"].text() == paused && row["paused"].text() == "material_missing" && row["due"].is_null());
    }
    EXPECT_TRUE(said);
    EXPECT_EQ(board.raw.find("王小明"), std::string::npos);
    EXPECT_EQ(get("doctor", "/flow/board").code(), "flow.not_yours");
    EXPECT_EQ(get("stranger", "/flow/board").status, 403);
}

TEST_F(Figures, TurnaroundIsTheMedianOfLinesThatAreShown) {
    signed_case();
    const std::string open = submitted();
    const Answer answer = get("manager", "/flow/figures" + query(hub_));
    ASSERT_EQ(answer.status, 200) << answer.raw;
    const Value& ordinary = answer.body["ordinary"];
    EXPECT_EQ(ordinary["cases"].integer(), 2);
    EXPECT_EQ(ordinary["judged"].integer(), 1) << "an open case is neither on time nor late";
    EXPECT_EQ(ordinary["on_time"].integer(), 1);
    EXPECT_EQ(ordinary["signed"]["n"].integer(), 1);
    EXPECT_FALSE(ordinary["signed"]["median_min"].is_null());
    EXPECT_EQ(answer.body["emergency"]["cases"].integer(), 0);
    EXPECT_TRUE(answer.body["emergency"]["signed"]["median_min"].is_null()) << "no value without cases";
    EXPECT_EQ(answer.body["lines"].size(), 2U);
    EXPECT_EQ(answer.raw.find("王小明"), std::string::npos);
    EXPECT_EQ(get("expert", "/flow/figures" + query(hub_)).code(), "flow.not_yours");
    EXPECT_EQ(get("manager", "/flow/figures" + query(clinic_)).code(), "flow.not_yours");
    EXPECT_EQ(get("manager", "/flow/figures?organisation=" + hub_.resource).code(), "flow.bad_query");
}

TEST_F(Figures, APriceIsDueWhenTheOpinionIsSigned) {
    directory_->add_contract(record::Actor::system("HOPERAT"), clinic_.id, hub_.id, "consult", Instant::max(), {.fee_minor = 5000});
    const std::string waiting = submitted();
    const std::string id = signed_case();
    directory_->add_contract(record::Actor::system("HOPERAT"), clinic_.id, hub_.id, "consult", Instant::max(), {.fee_minor = 9900});
    const Value statement = get("doctor", "/flow/statement" + query(clinic_)).body;
    ASSERT_EQ(statement["fees"].size(), 1U) << "nothing is owed for what is not answered";
    EXPECT_EQ(statement["fees"].at(0)["case"].text(), id);
    EXPECT_EQ(statement["fees"].at(0)["amount_minor"].integer(), 5000) << "the price of the day of the consent";
    EXPECT_EQ(statement["fees"].at(0)["state"].text(), "due");
    const auto set = [&](const std::string& who, const char* body) { return call(who, http::Method::post, "/flow/cases/" + id + "/fee", *json::parse(body)); };
    EXPECT_EQ(set("doctor", R"({"state":"paid"})").code(), "flow.no_fee") << "only who is owed it";
    EXPECT_EQ(set("manager", R"({"state":"waived"})").code(), "flow.missing_field");
    EXPECT_EQ(set("manager", R"({"state":"gone"})").status, 422);
    ASSERT_EQ(set("manager", R"({"state":"waived","reason":"hardship"})").status, 200);
    EXPECT_EQ(get("manager", "/flow/statement" + query(hub_)).body["fees"].at(0)["state"].text(), "waived");
    EXPECT_EQ(get("stranger", "/flow/statement" + query(stranger_)).body["fees"].size(), 0U);
    EXPECT_EQ(get("stranger", "/flow/statement" + query(hub_)).status, 403);
}

}  // namespace
}  // namespace qiao::consult::testing
