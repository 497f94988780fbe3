#include "centre.hpp"

#include "access/role.hpp"
#include "flow/cascade.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace qiao::consult::testing {
namespace {

using namespace std::chrono_literals;
using json::Value;

/// What a death, the end of a licence or role, and the end of a contract do to live cases.
class CascadesTest : public Centre {
protected:
    CascadesTest() {
        flow::add_cascade_routes(router_, cascades_, [this](const http::Request& request) { return sessions_->caller(request); });
        add_person("surgeon2", "郑强", hub_, access::role::kExpert, "neurosurgery");
        directory_->add_duties(
            system_,
            {{.organisation = hub_.id, .person = people_["surgeon2"].id, .specialty = "neurosurgery", .starts = clock_.now(), .ends = clock_.now() + 100h}});
    }
    Answer died(const std::string& who, const std::string& when) {
        return call(who, http::Method::post, "/flow/patients/" + patient_.substr(8) + "/death", Value::object({{"occurred", when}}));
    }
    Answer undo(const std::string& who, const std::string& reason) {
        return call(who, http::Method::post, "/flow/patients/" + patient_.substr(8) + "/death/undo", Value::object({{"reason", reason}}));
    }
    record::Caller caller(const std::string& who) {
        http::Request request;
        request.headers = {{"authorization", "Bearer " + tokens_.at(who)}};
        request.peer_address = "127.0.0.1";
        return sessions_->caller(request);
    }
    int sweep() {
        cascades_.look_soon();
        return cascades_.tick();
    }
    /// Of the case itself, not of its parts.
    std::string last_reason(const std::string& who, const std::string& id) {
        std::string reason;
        const Value shown = view(who, id);
        for (const Value& entry : shown["timeline"].items()) {
            if (entry["machine"].text() == "consult") {
                reason = entry["reason"].text();
            }
        }
        return reason;
    }
    std::int64_t running_clocks(const std::string& id) {
        std::int64_t running = 0;
        const Value seen = view("doctor", id);
        for (const Value& clock : seen["clocks"].items()) {
            running += clock["stopped"].is_null() ? 1 : 0;
        }
        return running;
    }

    const record::Actor system_ = record::Actor::system("HOPERAT");
    flow::Cascades cascades_{*engine_};
};

TEST_F(CascadesTest, ADeathClosesWhatPlansContactAndItsUndoBringsItBack) {
    const std::string asked = submitted();
    const std::string written = writing();
    const std::string owed = signed_case();
    const std::int64_t clocks = running_clocks(written);
    ASSERT_GT(clocks, 0);
    EXPECT_EQ(died("expert", format_instant(clock_.now())).code(), "flow.not_yours") << "a grant of a case is no care";
    EXPECT_EQ(died("stranger", format_instant(clock_.now())).status, 404);
    EXPECT_EQ(died("doctor", format_instant(clock_.now() + 1h)).code(), "patient.bad_death_time");
    EXPECT_EQ(died("doctor", "1980-01-01T00:00:00Z").code(), "patient.bad_death_time");
    EXPECT_EQ(undo("doctor", "x").code(), "patient.not_deceased");
    const std::string when = format_instant(clock_.now() - 1h);
    const Answer closed = died("doctor", when);
    ASSERT_EQ(closed.status, 200) << closed.raw;
    EXPECT_EQ(closed.body["closed"].integer(), 2);
    EXPECT_EQ(get("doctor", "/fhir/" + patient_).body["deceasedDateTime"].text(), when);
    EXPECT_EQ(state(asked), "cancelled");
    EXPECT_EQ(state(written), "cancelled");
    EXPECT_EQ(state(owed), "opinion_signed") << "what is owed goes on";
    EXPECT_EQ(last_reason("doctor", written), "cascade:death");
    EXPECT_EQ(get("expert", "/fhir/" + patient_).status, 200) << "the signed case still shows it";
    EXPECT_EQ(get("coordinator", "/flow/cases/" + asked).status, 404) << "the rights of a closed case ended with it";
    EXPECT_EQ(running_clocks(written), 0);
    EXPECT_EQ(died("doctor", when).code(), "patient.deceased");
    EXPECT_EQ(call("doctor", http::Method::post, "/fhir/Task/$create",
                   parameters({{"machine", "consult"}, {"create_id", "0198aaaa-0000-7000-8000-000000000001"}, {"patient", patient_}}, Value::object()))
                  .code(),
              "patient.deceased");
    EXPECT_EQ(undo("doctor", "").code(), "flow.missing_field");
    const Answer back = undo("doctor", "the wrong patient was chosen");
    ASSERT_EQ(back.status, 200) << back.raw;
    EXPECT_EQ(back.body["restored"].integer(), 2);
    EXPECT_TRUE(get("doctor", "/fhir/" + patient_).body["deceasedDateTime"].is_null());
    EXPECT_EQ(state(asked), "material_check");
    EXPECT_EQ(state(written), "opinion_draft");
    EXPECT_EQ(running_clocks(written), clocks);
    EXPECT_EQ(get("coordinator", "/flow/cases/" + asked).status, 200);
    step_up("expert");
    EXPECT_EQ(move("expert", written, "sign", opinion()).status, 200) << "it goes on where it was";
}

/// Between the look of a cascade at a case and its commit somebody moves the case.
class Meddled : public Consult {
public:
    using Consult::Consult;
    std::string_view on_fact(const flow::Ground& ground, std::string_view fact, const flow::Case& item, std::int64_t person) const override {
        const std::string_view action = Consult::on_fact(ground, fact, item, person);
        if (const auto move = std::exchange(meanwhile, nullptr)) {
            move();
        }
        return action;
    }
    mutable std::function<void()> meanwhile;
};

TEST_F(CascadesTest, ADeathThatMeetsAMovingCaseIsDecidedAnew) {
    const std::string id = writing();
    flow::Engine engine(engine_->ground());
    Meddled machine(engine);
    flow::Cascades cascades(engine);
    step_up("expert");
    machine.meanwhile = [&] { ASSERT_EQ(move("expert", id, "sign", opinion()).status, 200); };
    const record::Caller doctor = caller("doctor");
    EXPECT_EQ(cascades.death(doctor, patient_.substr(8), clock_.now()), 0) << "what is signed is owed";
    EXPECT_EQ(machine.meanwhile, nullptr);
    EXPECT_EQ(state(id), "opinion_signed");
    EXPECT_FALSE(get("doctor", "/fhir/" + patient_).body["deceasedDateTime"].is_null());
}

TEST_F(CascadesTest, ACascadeKeepsTheStateOfTheMomentOfItsCommit) {
    const std::string id = submitted();
    const std::string other = writing();
    flow::Engine engine(engine_->ground());
    Meddled machine(engine);
    flow::Cascades cascades(engine);
    machine.meanwhile = [&] { ASSERT_EQ(move("coordinator", id, "give_back", *json::parse(R"({"missing_items":[{"code":"ecg"}]})"), "x").status, 200); };
    const record::Caller doctor = caller("doctor");
    EXPECT_EQ(cascades.death(doctor, patient_.substr(8), clock_.now()), 2);
    EXPECT_EQ(state(id), "cancelled");
    const flow::Undone undone = cascades.undo_death(doctor, patient_.substr(8), "wrong patient");
    EXPECT_EQ(undone.restored, 2);
    EXPECT_TRUE(undone.left.empty());
    EXPECT_EQ(state(id), "returned") << "not as it was at the first look";
    EXPECT_EQ(state(other), "opinion_draft");
}

TEST_F(CascadesTest, WhatSomebodyMovedSinceStaysClosedAndIsNamed) {
    const std::string untouched = submitted();
    Value request = form();
    request.set("consent", *json::parse(R"({"by":"patient","name":"王小明","told":true,"recording":true,"teaching":true})"));
    const std::string id = create("doctor", patient_);
    step_up("doctor");
    ASSERT_EQ(move("doctor", id, "submit", request).status, 200);
    ASSERT_EQ(died("doctor", format_instant(clock_.now())).status, 200);
    ASSERT_EQ(move("doctor", id, "withdraw_scope", *json::parse(R"({"by":"guardian","scope":"teaching"})")).status, 200);
    const Answer back = undo("doctor", "wrong patient");
    ASSERT_EQ(back.status, 200) << back.raw;
    EXPECT_EQ(back.body["restored"].integer(), 1);
    ASSERT_EQ(back.body["not_restored"].size(), 1U) << back.raw;
    EXPECT_EQ(back.body["not_restored"].at(0)["case"].text(), id);
    EXPECT_EQ(back.body["not_restored"].at(0)["why"].text(), "moved");
    EXPECT_EQ(state(id), "cancelled");
    EXPECT_EQ(running_clocks(id), 0);
    EXPECT_EQ(state(untouched), "material_check");
}

TEST_F(CascadesTest, WhatThePatientDeniesSinceStaysClosedAndIsNamed) {
    const std::string id = submitted();
    const std::string owed = signed_case();
    ASSERT_EQ(died("doctor", format_instant(clock_.now())).status, 200);
    ASSERT_EQ(move("doctor", owed, "withdraw_consent", *json::parse(R"({"by":"guardian"})")).status, 200);
    const Answer back = undo("doctor", "wrong patient");
    ASSERT_EQ(back.status, 200) << back.raw;
    EXPECT_EQ(back.body["restored"].integer(), 0);
    EXPECT_EQ(back.body["not_restored"].at(0)["case"].text(), id);
    EXPECT_EQ(back.body["not_restored"].at(0)["why"].text(), "denied");
    EXPECT_EQ(state(id), "cancelled");
    EXPECT_TRUE(get("doctor", "/fhir/" + patient_).body["deceasedDateTime"].is_null());
}

TEST_F(CascadesTest, WhoseLicenceEndsIsReplacedFromTheRoster) {
    const std::string id = writing();
    EXPECT_EQ(sweep(), 0);
    directory_->set_licence(system_, people_["expert"].id, "1", clock_.now() + 1h, "");
    EXPECT_EQ(sweep(), 0) << "not yet";
    clock_.advance(2h);
    EXPECT_EQ(cascades_.tick(), 1) << "by its date, without anybody's change";
    EXPECT_EQ(state(id), "scheduled");
    EXPECT_EQ(last_reason("coordinator", id), "cascade:licence_end");
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404);
    EXPECT_TRUE(pages_.was_told(people_["surgeon2"].id, "flow.case_offered"));
    ASSERT_EQ(move("surgeon2", id, "accept").status, 200);
    EXPECT_EQ(state(id), "opinion_draft");
    EXPECT_EQ(sweep(), 0) << "once";
}

TEST_F(CascadesTest, ADoctorWhoLeavesHandsTheCasesToAColleague) {
    const std::string id = submitted();
    const std::string other = signed_case();
    directory_->set_person_active(system_, people_["doctor"].id, false);
    EXPECT_EQ(sweep(), 2);
    EXPECT_TRUE(pages_.was_told(people_["colleague"].id, "flow.case_yours"));
    const auto moves = open_moves("colleague", other);
    EXPECT_NE(std::find(moves.begin(), moves.end(), "file"), moves.end()) << "the opinion is not orphaned";
    EXPECT_EQ(move("colleague", id, "withdraw", {}, "went by bus").status, 200);
    directory_->set_person_active(system_, people_["colleague"].id, false);
    EXPECT_EQ(sweep(), 0) << "nobody is left there: the case stays as it is";
}

TEST_F(CascadesTest, TheEndOfAContractClosesWhatNobodyHasAccepted) {
    const std::string asked = submitted();
    const std::string written = writing();
    directory_->end_contract(system_, directory_->contract(clinic_.id, hub_.id, "consult")->id);
    EXPECT_EQ(sweep(), 1);
    EXPECT_EQ(state(asked), "cancelled");
    EXPECT_EQ(last_reason("doctor", asked), "cascade:contract_end");
    EXPECT_EQ(state(written), "opinion_draft");
    step_up("expert");
    EXPECT_EQ(move("expert", written, "sign", opinion()).status, 200);
}

}  // namespace
}  // namespace qiao::consult::testing
