#include "centre.hpp"

#include "access/role.hpp"

#include <algorithm>

namespace qiao::consult::testing {
namespace {

using namespace std::chrono_literals;
using json::Value;

/// An institution whose requests leave through its office: here the office of the township that owns the clinic.
class Office : public Centre {
protected:
    Office() {
        const record::Actor system = record::Actor::system("HOPERAT");
        town_ = directory_->create_organisation(system, {"township", "东澜镇卫生院", "Donglan township"});
        village_ = directory_->create_organisation(system, {.kind = "clinic", .name = "松坡村卫生室", .name_en = "Pine slope", .parent = town_.id});
        directory_->add_contract(system, village_.id, hub_.id, "consult");
        add_person("village", "石春", village_, access::role::kDoctor);
        add_person("office", "区珍", town_, access::role::kCoordinator);
        add_person("security", "宋楠", hub_, access::role::kSecurityAdmin);
        patient_ = new_patient("赵小芳", "1990-05-01", "female", village_.id);
    }
    Answer turn(const std::string& who, const access::Organisation& where, bool on) {
        return call(who, http::Method::put, "/access/organisations/" + std::to_string(where.id) + "/office-approval", Value::object({{"on", on}}));
    }
    std::string asked() {
        EXPECT_EQ(turn("security", village_, true).status, 204);
        const std::string id = create("village", patient_);
        step_up("village");
        const Answer sent = move("village", id, "submit_to_office", form());
        EXPECT_EQ(sent.status, 200) << sent.raw;
        return id;
    }
    std::int64_t listed(const std::string& who, const std::string& list) { return get(who, "/flow/worklists/" + list).body["count"].integer().value_or(-1); }
    std::size_t observations(const std::string& who, const std::string& status) {
        return get(who, "/fhir/Observation?patient=" + patient_ + "&status=" + status).body["entry"].size();
    }

    access::Organisation town_, village_;
};

TEST_F(Office, IsSwitchedOnByTheSecurityAdministratorWhereSomebodyCanApprove) {
    EXPECT_EQ(turn("village", village_, true).code(), "access.not_yours");
    EXPECT_EQ(turn("manager", village_, true).code(), "access.not_yours");
    EXPECT_EQ(turn("security", clinic_, true).code(), "access.no_office") << "no coordinator there and no parent";
    EXPECT_EQ(
        call("security", http::Method::put, "/access/organisations/" + std::to_string(village_.id) + "/office-approval", Value::object({{"on", 1}})).status,
        400);
    EXPECT_EQ(listed("office", "office"), -1) << "no list without the switch";
    ASSERT_EQ(turn("security", village_, true).status, 204);
    EXPECT_TRUE(directory_->organisation(village_.id)->office_approval);
    EXPECT_EQ(listed("office", "office"), 0);
    EXPECT_EQ(listed("coordinator", "office"), -1) << "the hub is nobody's office here";
    ASSERT_EQ(turn("security", village_, false).status, 204);
    EXPECT_FALSE(directory_->organisation(village_.id)->office_approval);
}

TEST_F(Office, TheOpenWayIsTheOneThatIsSwitchedOn) {
    const std::string id = create("village", patient_);
    const auto open = [&](const std::string& action) {
        const auto moves = open_moves("village", id);
        return std::find(moves.begin(), moves.end(), action) != moves.end();
    };
    EXPECT_TRUE(open("submit"));
    EXPECT_FALSE(open("submit_to_office"));
    ASSERT_EQ(turn("security", village_, true).status, 204);
    EXPECT_FALSE(open("submit"));
    EXPECT_TRUE(open("submit_to_office"));
    EXPECT_TRUE(open("call_emergency")) << "an emergency asks no office";
    step_up("village");
    EXPECT_EQ(move("village", id, "submit", form()).status, 409);
}

TEST_F(Office, OnlyTheOfficeKnowsOfTheRequestUntilItApproves) {
    const std::string id = asked();
    EXPECT_EQ(state(id), "office_check");
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id).status, 404);
    EXPECT_EQ(listed("coordinator", "desk"), 0);
    EXPECT_FALSE(pages_.desk_was_told("coordinator", "flow.case_submitted"));
    EXPECT_EQ(listed("office", "office"), 1);
    EXPECT_EQ(view("office", id)["my_roles"].at(0).text(), "requester_office");
    EXPECT_EQ(view("office", id)["office"]["state"].text(), "waiting");
    EXPECT_EQ(move("village", id, "approve").code(), "flow.not_yours");
    EXPECT_EQ(move("office", id, "approve").code(), "access.step_up_needed") << "an approval is signed";
    step_up("office");
    const Answer approved = move("office", id, "approve");
    ASSERT_EQ(approved.status, 200) << approved.raw;
    EXPECT_EQ(state(id), "material_check");
    EXPECT_EQ(listed("coordinator", "desk"), 1);
    const Value seen = view("coordinator", id);
    EXPECT_EQ(seen["office"]["state"].text(), "approved");
    EXPECT_EQ(seen["office"]["by"]["name"].text(), "区珍");
    EXPECT_TRUE(seen["timeline"].items().back()["signed"].truth());
    EXPECT_TRUE(pages_.was_told(people_["village"].id, "flow.office_approved"));
}

TEST_F(Office, WhatItSendsBackIsADraftAgainAndNothingStandsTwiceInTheRecord) {
    const std::string id = asked();
    const std::size_t measured = observations("village", "final");
    ASSERT_GT(measured, 0U);
    EXPECT_EQ(move("office", id, "send_back").code(), "flow.missing_field");
    ASSERT_EQ(move("office", id, "send_back", {}, "say which hand").status, 200);
    EXPECT_EQ(state(id), "draft");
    EXPECT_EQ(get("office", "/flow/cases/" + id).status, 404);
    EXPECT_TRUE(pages_.was_told(people_["village"].id, "flow.office_sent_back"));
    const Value draft = view("village", id)["drafts"]["request"];
    EXPECT_EQ(draft["body"]["question"].text(), form()["question"].text());
    EXPECT_EQ(view("village", id)["office"]["reason"].text(), "say which hand");
    step_up("village");
    const Answer again = move("village", id, "submit_to_office", Value::object({{"draft", draft["version"]}, {"question", "Left hand: bleeding?"}}));
    ASSERT_EQ(again.status, 200) << again.raw;
    EXPECT_EQ(observations("village", "final"), measured) << "the same vitals stand once";
    EXPECT_EQ(view("office", id)["form"]["question"].text(), "Left hand: bleeding?");
    ASSERT_EQ(move("office", id, "send_back", {}, "heart rate is 69").status, 200);
    Value corrected = view("village", id)["drafts"]["request"]["body"];
    corrected.member("vitals").member("values").mutable_items().front().set("value", 69);
    ASSERT_EQ(move("village", id, "submit_to_office", corrected).status, 200);
    EXPECT_EQ(observations("village", "final"), measured);
    EXPECT_EQ(observations("village", "entered-in-error"), measured) << "what was corrected was written in error";
    EXPECT_EQ(get("village", "/fhir/Consent?patient=" + patient_).body["entry"].size(), 1U) << "the consent did not change";
}

TEST_F(Office, WithoutAnAnswerTheRequestGoesOnMarkedAsNotReviewed) {
    const std::string id = asked();
    clock_.advance(20min);
    engine_->tick();
    EXPECT_EQ(state(id), "office_check");
    EXPECT_TRUE(pages_.desk_was_told("coordinator", "flow.clock")) << "the office at 50 %";
    clock_.advance(11min);
    engine_->tick();
    EXPECT_EQ(state(id), "material_check");
    EXPECT_EQ(view("coordinator", id)["office"]["state"].text(), "not_reviewed");
    EXPECT_EQ(view("coordinator", id)["timeline"].items().back()["action"].text(), "pass_on");
    EXPECT_EQ(move("office", id, "approve").status, 409);
}

TEST_F(Office, TheCaseMayEndOrBecomeAnEmergencyWhileItWaits) {
    const std::string id = asked();
    pages_.notices.clear();
    ASSERT_EQ(move("village", id, "withdraw", {}, "went by bus").status, 200);
    const bool receiver_told = std::any_of(pages_.notices.begin(), pages_.notices.end(), [&](const flow::Notice& one) {
        return std::any_of(one.to.desks.begin(), one.to.desks.end(), [&](const flow::Desk& desk) { return desk.organisation == hub_.id; });
    });
    EXPECT_FALSE(receiver_told) << "it never knew of the case";
    const std::string other = asked();
    const Answer called = move("village", other, "upgrade", Value::object({{"callback", "000-1"}}));
    ASSERT_EQ(called.status, 200) << called.raw;
    EXPECT_EQ(state(other), "calling");
    EXPECT_EQ(view("coordinator", other)["office"]["state"].text(), "not_reviewed");
}

}  // namespace
}  // namespace qiao::consult::testing
