#include "centre.hpp"

#include <algorithm>

namespace qiao::consult::testing {
namespace {

using namespace std::chrono_literals;
using json::Value;

class Emergency : public Centre {
protected:
    Emergency() {
        add_person("surgeon2", "郑强", hub_, access::role::kExpert, "neurosurgery");
        add_person("surgeon3", "王磊", hub_, access::role::kExpert, "neurosurgery");
        add_person("duty", "冯刚", hub_, access::role::kDutyLead);
    }
    void on_duty(const std::vector<std::string>& logins) {
        std::vector<access::Duty> duties;
        for (const std::string& login : logins) {
            duties.push_back({.organisation = hub_.id,
                              .person = people_[login].id,
                              .specialty = "neurosurgery",
                              .place = static_cast<int>(duties.size()) + 1,
                              .starts = clock_.now(),
                              .ends = clock_.now() + 24h});
        }
        directory_->add_duties(record::Actor::system("HOPERAT"), duties);
    }
    std::string called() {
        const std::string id = create("doctor", patient_);
        step_up("doctor");
        Value call_form = form();
        call_form.remove("consent");
        call_form.set("callback", "0579-1234");
        const Answer answer = move("doctor", id, "call_emergency", call_form);
        EXPECT_EQ(answer.status, 200) << answer.raw;
        return id;
    }
    bool rings(const std::string& who) { return pages_.was_told(people_[who].id, "flow.emergency_call"); }
    int status(const std::string& who, const std::string& id) { return get(who, "/flow/cases/" + id).status; }
    bool may(const std::string& who, const std::string& id, const std::string& action) {
        const auto moves = open_moves(who, id);
        return std::find(moves.begin(), moves.end(), action) != moves.end();
    }
    void wait(std::chrono::seconds time) {
        clock_.advance(time);
        engine_->tick();
    }
};

TEST_F(Emergency, RingsTheRosterOneByOneThenTheSpecialtyThenEverybody) {
    on_duty({"surgeon2", "expert"});
    const std::string id = called();
    EXPECT_EQ(state(id), "calling");
    EXPECT_TRUE(rings("surgeon2"));
    EXPECT_FALSE(rings("expert"));
    EXPECT_EQ(status("expert", id), 404) << "who is not rung knows of nothing";
    EXPECT_TRUE(pages_.desk_was_told("duty_lead", "flow.emergency"));
    const Value offer = view("surgeon2", id);
    EXPECT_EQ(offer["view"].text(), "offer");
    EXPECT_EQ(offer["callback"].text(), "0579-1234");
    EXPECT_EQ(offer["vitals"]["values"].size(), 4U);
    EXPECT_EQ(offer["emergency"]["numbers"].at(0)["number"].text(), "112");
    wait(151s);  // 50 % of five minutes
    EXPECT_TRUE(rings("expert"));
    EXPECT_FALSE(rings("surgeon3"));
    wait(90s);  // 80 %
    EXPECT_TRUE(rings("surgeon3")) << "the roster is through: everybody of the specialty";
    EXPECT_FALSE(rings("expert2"));
    wait(60s);
    EXPECT_TRUE(rings("expert2")) << "then every expert";
    EXPECT_EQ(get("duty", "/flow/worklists/calls").body["count"].integer(), 1);
    EXPECT_EQ(get("surgeon3", "/flow/worklists/offers").body["count"].integer(), 1);
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    EXPECT_EQ(status("surgeon2", id), 404) << "answered: the others are not needed";
    EXPECT_EQ(get("surgeon3", "/flow/worklists/offers").body["count"].integer(), 0);
    EXPECT_EQ(move("surgeon2", id, "accept").status, 404);
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.emergency_answered"));
    EXPECT_EQ(view("expert", id)["view"].text(), "full");
    EXPECT_TRUE(may("expert", id, "begin"));
    EXPECT_TRUE(may("expert", id, "phone_advice"));
}

TEST_F(Emergency, ADeclineRingsTheNextAtOnceAndAHandOverBeginsAgain) {
    on_duty({"surgeon2", "expert", "surgeon3"});
    const std::string id = called();
    ASSERT_EQ(move("surgeon2", id, "decline", {}, "in theatre").status, 200);
    EXPECT_TRUE(rings("expert"));
    EXPECT_EQ(status("surgeon2", id), 404);
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    ASSERT_EQ(move("expert", id, "hand_over", {}, "called to the ward").status, 200);
    EXPECT_EQ(state(id), "calling");
    EXPECT_EQ(status("expert", id), 404) << "what was handed over is closed";
    EXPECT_EQ(get("expert", "/fhir/" + patient_).status, 404);
    EXPECT_TRUE(rings("surgeon3"));
    ASSERT_EQ(move("surgeon3", id, "accept").status, 200);
    ASSERT_EQ(move("surgeon3", id, "begin").status, 200);
    ASSERT_EQ(move("surgeon3", id, "conclude").status, 200);
    step_up("surgeon3");
    const Answer signature = move("surgeon3", id, "sign", opinion());
    EXPECT_EQ(signature.status, 200) << signature.raw;
    EXPECT_EQ(view("doctor", id)["opinion"]["state"].text(), "valid");
}

TEST_F(Emergency, WithoutARosterTheSpecialtyIsRungAndTheDutyLeadMayOpenToAll) {
    const std::string id = called();
    EXPECT_TRUE(rings("expert") && rings("surgeon2") && rings("surgeon3"));
    EXPECT_FALSE(rings("expert2"));
    EXPECT_TRUE(may("duty", id, "open_to_all"));
    ASSERT_EQ(move("duty", id, "open_to_all").status, 200);
    EXPECT_TRUE(rings("expert2"));
    EXPECT_FALSE(may("duty", id, "accept"));
}

TEST_F(Emergency, AdviceByTelephoneIsKeptReadBackAndSigned) {
    on_duty({"expert"});
    const std::string id = called();
    const std::string at = format_instant(clock_.now());
    const Value advice = *json::parse(R"({"text":"give mannitol 125 ml","read_back_text":"mannitol 125 ml now"})");
    EXPECT_EQ(move("expert", id, "phone_advice", advice).status, 422) << "when it was said is needed";
    ASSERT_EQ(move("expert", id, "phone_advice", advice, {}, 0, {}, at).status, 200) << "without accepting first";
    EXPECT_EQ(state(id), "opinion_draft");
    const Value seen = view("doctor", id);
    EXPECT_EQ(seen["emergency"]["phone_advice"]["text"].text(), "give mannitol 125 ml");
    EXPECT_EQ(seen["emergency"]["phone_advice"]["by"]["name"].text(), "赵明");
    step_up("expert");
    EXPECT_EQ(move("expert", id, "sign", opinion()).status, 200);
    // The consent may follow and blocks nothing: neither reading back nor filing waits for it.
    EXPECT_EQ(move("doctor", id, "read_back", Value::object({{"text", "mannitol"}})).status, 200);
    step_up("doctor");
    EXPECT_EQ(move("doctor", id, "file").status, 200);
    EXPECT_EQ(move("doctor", id, "add_consent", *json::parse(R"({"consent":{"by":"patient","name":"王小明","told":true}})")).status, 200);
}

TEST_F(Emergency, AnOrdinaryCaseIsUpgradedWithoutTypingAgain) {
    on_duty({"surgeon2"});
    const std::string id = submitted();
    const std::string other = people_["expert2"].resource;
    ASSERT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", other}, {"lead", other}, {"mode", "written"}})).status, 200);
    clock_.advance(6min);  // the password that signed the request is too old
    EXPECT_EQ(move("doctor", id, "upgrade", Value::object({{"callback", "1"}})).code(), "access.step_up_needed");
    step_up("doctor");
    const Answer upgraded = move("doctor", id, "upgrade", Value::object({{"callback", "0579-99"}}));
    ASSERT_EQ(upgraded.status, 200) << upgraded.raw;
    EXPECT_EQ(state(id), "calling");
    EXPECT_EQ(status("expert2", id), 404) << "the ordinary offer is over";
    EXPECT_TRUE(rings("surgeon2"));
    const Value offer = view("surgeon2", id);
    EXPECT_EQ(offer["urgency"].text(), "emergency");
    EXPECT_EQ(offer["question"].text(), "Bleeding? 要不要转院?");
    EXPECT_EQ(offer["callback"].text(), "0579-99");
    const std::string second = submitted();
    ASSERT_EQ(move("coordinator", second, "upgrade", Value::object({{"callback", "0579-98"}})).status, 200) << "a coordinator signs nothing";
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.emergency"));
}

TEST_F(Emergency, BeforeCallingTheDoctorSeesWhoIsReachable) {
    on_duty({"surgeon2"});
    const std::string path = "/flow/reachable?receiver=" + hub_.resource + "&specialty=neurosurgery";
    Value now = get("doctor", path).body;
    ASSERT_EQ(now["on_duty"].size(), 1U);
    EXPECT_FALSE(now["on_duty"].at(0)["live"].truth());
    pages_.open_for.insert(people_["surgeon2"].id);
    now = get("doctor", path).body;
    EXPECT_TRUE(now["on_duty"].at(0)["live"].truth());
    EXPECT_EQ(now["experts"].integer(), 3);
    EXPECT_EQ(now["numbers"].at(0)["number"].text(), "112");
    EXPECT_EQ(get("stranger", path).code(), "flow.no_contract");
}

}  // namespace
}  // namespace qiao::consult::testing
