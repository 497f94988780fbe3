#include "centre.hpp"

#include <algorithm>

namespace qiao::consult::testing {
namespace {

using namespace std::chrono_literals;
using json::Value;

/// Several experts in one case: whom to ask, who is waited for, and what each of them signs.
class Experts : public Centre {
protected:
    Experts() {
        add_person("surgeon2", "郑强", hub_, access::role::kExpert, "neurosurgery");
        add_person("heart", "何静", hub_, access::role::kExpert, "cardiology");
    }
    Value list(const std::vector<std::string>& logins) {
        Value all = Value::array();
        for (const std::string& login : logins) {
            all.push(people_[login].resource);
        }
        return all;
    }
    std::string asked(const std::vector<std::string>& logins, const std::vector<std::string>& optional = {}) {
        const std::string id = submitted();
        const Answer answer =
            move("coordinator", id, "schedule",
                 Value::object({{"experts", list(logins)}, {"optional", list(optional)}, {"lead", people_[logins.front()].resource}, {"mode", "written"}}));
        EXPECT_EQ(answer.status, 200) << answer.raw;
        return id;
    }
    /// Confirmed for in two hours.
    std::string session() {
        const std::string id = submitted();
        const Value asked = Value::object(
            {{"experts", list({"expert"})}, {"lead", people_["expert"].resource}, {"mode", "session"}, {"time", format_instant(clock_.now() + 2h)}});
        EXPECT_EQ(move("coordinator", id, "schedule", asked).status, 200);
        EXPECT_EQ(move("expert", id, "accept").status, 200);
        EXPECT_EQ(state(id), "confirmed");
        return id;
    }
    void on_duty(const std::string& login, const std::string& specialty) {
        directory_->add_duties(
            record::Actor::system("HOPERAT"),
            {{.organisation = hub_.id, .person = people_[login].id, .specialty = specialty, .starts = clock_.now(), .ends = clock_.now() + 100h}});
    }
    bool may(const std::string& who, const std::string& id, const std::string& action) {
        const auto moves = open_moves(who, id);
        return std::find(moves.begin(), moves.end(), action) != moves.end();
    }
};

TEST_F(Experts, EachRequiredSpecialtyIsWaitedForAndOptionalOnesNever) {
    const std::string id = asked({"expert", "expert2", "heart"}, {"heart"});
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    EXPECT_EQ(state(id), "scheduled") << "neurology is required";
    ASSERT_EQ(move("expert2", id, "decline", {}, "leave").status, 200);
    EXPECT_EQ(state(id), "scheduled");
    EXPECT_EQ(view("coordinator", id)["missing_specialties"].at(0).text(), "neurology");
    EXPECT_EQ(move("coordinator", id, "release_specialty", Value::object({{"specialty", "cardiology"}}), "x").status, 409);
    ASSERT_EQ(move("coordinator", id, "release_specialty", Value::object({{"specialty", "neurology"}}), "nobody until Monday").status, 200);
    EXPECT_EQ(state(id), "opinion_draft") << "the optional one never blocks";
}

TEST_F(Experts, EachSignsAPartAndTheLeadTheOpinionWithTheDissentInIt) {
    const std::string id = asked({"expert", "expert2"});
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    ASSERT_EQ(move("expert2", id, "accept").status, 200);
    ASSERT_EQ(state(id), "opinion_draft");
    EXPECT_TRUE(may("expert2", id, "contribute"));
    EXPECT_FALSE(may("expert", id, "contribute")) << "the lead writes the opinion";
    step_up("expert");
    EXPECT_EQ(move("expert", id, "sign", opinion()).code(), "flow.guard") << "a required part is not signed";
    const Value part = Value::object({{"text", "I would not operate."}, {"stance", "dissent"}});
    EXPECT_EQ(move("expert2", id, "contribute", part).code(), "access.step_up_needed");
    step_up("expert2");
    ASSERT_EQ(move("expert2", id, "contribute", part).status, 200);
    EXPECT_FALSE(may("expert2", id, "contribute")) << "once";
    EXPECT_TRUE(pages_.was_told(people_["expert"].id, "flow.part_signed"));
    EXPECT_EQ(view("expert", id)["parts"].at(0)["text"].text(), "I would not operate.");
    const Answer signature = move("expert", id, "sign", opinion());
    ASSERT_EQ(signature.status, 200) << signature.raw;
    const Value seen = view("doctor", id);
    EXPECT_EQ(seen["opinion"]["parts"].at(0)["stance"].text(), "dissent");
    EXPECT_EQ(seen["opinion"]["parts"].at(0)["by"].text(), people_["expert2"].resource);
    EXPECT_EQ(seen["opinion"]["parts"].at(0)["text"].text(), "I would not operate.");
    EXPECT_EQ(get("doctor", "/fhir/Provenance?patient=" + patient_).status, 200);
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/opinion.pdf").status, 200);
    EXPECT_EQ(view("expert2", id)["view"].text(), "full");
}

TEST_F(Experts, ADeclinedOfferGoesToTheNextOnTheRoster) {
    on_duty("surgeon2", "neurosurgery");
    const std::string id = asked({"expert"});
    ASSERT_EQ(move("expert", id, "decline", {}, "theatre").status, 200);
    EXPECT_TRUE(pages_.was_told(people_["surgeon2"].id, "flow.case_offered"));
    ASSERT_EQ(move("surgeon2", id, "accept").status, 200);
    EXPECT_EQ(state(id), "opinion_draft") << "the next one leads";
}

TEST_F(Experts, AnOfferThatNobodyAnswersLapsesAndGoesOn) {
    on_duty("surgeon2", "neurosurgery");
    const std::string id = asked({"expert"});
    clock_.advance(5h);
    engine_->tick();
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404);
    EXPECT_EQ(get("surgeon2", "/flow/cases/" + id).body["view"].text(), "offer");
    EXPECT_TRUE(pages_.desk_was_told("coordinator", "flow.offer_declined"));
}

TEST_F(Experts, SuggestionsSayWhyAndEndedLicencesComeLast) {
    on_duty("surgeon2", "neurosurgery");
    const std::string id = submitted();
    const Value before = get("coordinator", "/flow/cases/" + id + "/experts").body["experts"];
    ASSERT_EQ(before.size(), 4U);
    EXPECT_EQ(before.at(0)["name"].text(), "郑强") << "on duty goes before";
    EXPECT_EQ(before.at(0)["why"].dump(), R"(["specialty","rank","on_duty","free"])");
    EXPECT_EQ(before.at(1)["name"].text(), "赵明");
    directory_->set_licence(record::Actor::system("HOPERAT"), people_["surgeon2"].id, "1", clock_.now() + 1h, "");
    clock_.advance(2h);
    const Value after = get("coordinator", "/flow/cases/" + id + "/experts").body["experts"];
    EXPECT_EQ(after.at(0)["name"].text(), "赵明");
    EXPECT_EQ(after.at(3)["name"].text(), "郑强");
    EXPECT_FALSE(after.at(3)["able"].truth());
    const Answer refused =
        move("coordinator", id, "schedule", Value::object({{"experts", list({"surgeon2"})}, {"lead", people_["surgeon2"].resource}, {"mode", "written"}}));
    EXPECT_EQ(refused.code(), "flow.licence_ended");
}

TEST_F(Experts, ASessionBeginsWhenBothSidesAreReadyAndTheRequesterIsThere) {
    const std::string id = submitted();
    const std::string expert = people_["expert"].resource;
    const std::string at = format_instant(clock_.now() + 2h);
    ASSERT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", list({"expert"})}, {"lead", expert}, {"mode", "session"}, {"time", at}})).status,
              200);
    EXPECT_EQ(view("expert", id)["time"].text(), at) << "asked for this time";
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    EXPECT_EQ(state(id), "confirmed");
    const auto checked = [&](const std::string& who, const std::string& side) {
        return move(who, id, "device_ok", Value::object({{"side", side}, {"test_result", "sound and picture"}}));
    };
    EXPECT_EQ(checked("doctor", "expert").code(), "flow.bad_field") << "each side speaks for itself";
    ASSERT_EQ(checked("doctor", "requester").status, 200);
    EXPECT_EQ(state(id), "confirmed");
    EXPECT_EQ(move("coordinator", id, "reschedule", Value::object({{"time", "soon"}}), "x").status, 422);
    const std::string later = format_instant(clock_.now() + 3h);
    ASSERT_EQ(move("coordinator", id, "reschedule", Value::object({{"time", later}}), "theatre is late").status, 200);
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.rescheduled"));
    EXPECT_EQ(state(id), "scheduled") << "asked again for the new time";
    EXPECT_EQ(view("expert", id)["view"].text(), "offer") << "the patient opens again with the new yes";
    EXPECT_EQ(view("expert", id)["time"].text(), later);
    EXPECT_TRUE(may("expert", id, "accept"));
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    EXPECT_EQ(state(id), "confirmed");
    ASSERT_EQ(checked("doctor", "requester").status, 200) << "checked again for the new time";
    ASSERT_EQ(checked("expert", "expert").status, 200);
    EXPECT_EQ(state(id), "ready");
    const Value told = view("doctor", id)["timeline"];
    EXPECT_EQ(told.items().back()["action"].text(), "get_ready");
    EXPECT_EQ(told.items().back()["details"].size(), 0U) << "the test result is told where it was said";
    EXPECT_EQ(told.at(told.size() - 2)["details"]["test_result"].text(), "sound and picture");
    EXPECT_EQ(move("expert", id, "begin").code(), "flow.guard") << "nobody is at the other end";
    pages_.open_for.insert(people_["doctor"].id);
    ASSERT_EQ(move("expert", id, "begin").status, 200);
    ASSERT_EQ(move("expert", id, "interrupt", {}, "line down").status, 200);
    ASSERT_EQ(move("doctor", id, "resume").status, 200);
    ASSERT_EQ(move("expert", id, "conclude").status, 200);
    EXPECT_EQ(state(id), "opinion_draft");
    step_up("expert");
    EXPECT_EQ(move("expert", id, "sign", opinion()).status, 200);
}

TEST_F(Experts, WhoDoesNotComeIsNotedAndTheSessionGetsAnotherTimeOrEnds) {
    const std::string id = session();
    ASSERT_EQ(move("doctor", id, "device_ok", Value::object({{"side", "requester"}, {"test_result", "good"}})).status, 200);
    ASSERT_EQ(move("expert", id, "device_ok", Value::object({{"side", "expert"}, {"test_result", "good"}})).status, 200);
    ASSERT_EQ(state(id), "ready");
    EXPECT_EQ(move("doctor", id, "mark_absent", Value::object({{"absent", "expert"}}), "x").code(), "flow.not_yours");
    EXPECT_EQ(move("coordinator", id, "mark_absent", Value::object({{"absent", "nobody"}}), "x").code(), "flow.bad_field");
    ASSERT_EQ(move("coordinator", id, "mark_absent", Value::object({{"absent", "requester"}}), "line down on the island").status, 200);
    EXPECT_EQ(state(id), "no_show");
    const std::string later = format_instant(clock_.now() + 5h);
    ASSERT_EQ(move("coordinator", id, "reschedule", Value::object({{"time", later}}), "again").status, 200);
    EXPECT_EQ(view("coordinator", id)["time"].text(), later);
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    ASSERT_EQ(move("doctor", id, "device_ok", Value::object({{"side", "requester"}, {"test_result", "good"}})).status, 200);
    ASSERT_EQ(move("expert", id, "device_ok", Value::object({{"side", "expert"}, {"test_result", "good"}})).status, 200);
    ASSERT_EQ(move("coordinator", id, "mark_absent", Value::object({{"absent", "requester"}}), "again").status, 200);
    ASSERT_EQ(move("coordinator", id, "give_up", {}, "twice absent").status, 200);
    EXPECT_EQ(state(id), "cancelled");
}

TEST_F(Experts, WhoLeavesAfterTheConfirmationIsReplacedAndTheNewOneChecksAgain) {
    on_duty("surgeon2", "neurosurgery");
    const std::string id = session();
    ASSERT_EQ(move("doctor", id, "device_ok", Value::object({{"side", "requester"}, {"test_result", "good"}})).status, 200);
    EXPECT_EQ(move("expert", id, "decline").code(), "flow.missing_field") << "a refusal has a reason";
    ASSERT_EQ(move("expert", id, "decline", {}, "theatre").status, 200);
    EXPECT_EQ(state(id), "scheduled");
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404);
    ASSERT_EQ(move("surgeon2", id, "accept").status, 200);
    EXPECT_EQ(state(id), "confirmed");
    ASSERT_EQ(move("surgeon2", id, "device_ok", Value::object({{"side", "expert"}, {"test_result", "good"}})).status, 200);
    EXPECT_EQ(state(id), "ready") << "the requester's check still counts";
}

TEST_F(Experts, AnInterruptedEmergencyMayBecomeAnAppointment) {
    const std::string id = create("doctor", patient_);
    on_duty("surgeon2", "neurosurgery");
    step_up("doctor");
    Value call = form();
    call.set("callback", "000-1");
    ASSERT_EQ(move("doctor", id, "call_emergency", call).status, 200);
    ASSERT_EQ(move("surgeon2", id, "accept").status, 200);
    ASSERT_EQ(move("surgeon2", id, "begin").status, 200);
    ASSERT_EQ(move("doctor", id, "interrupt", {}, "storm").status, 200);
    ASSERT_EQ(move("coordinator", id, "reschedule", Value::object({{"time", format_instant(clock_.now() + 1h)}}), "storm").status, 200);
    EXPECT_EQ(state(id), "scheduled");
    ASSERT_EQ(move("surgeon2", id, "accept").status, 200);
    EXPECT_EQ(state(id), "confirmed");
}

TEST_F(Experts, WhatTheInstitutionsAgreedGoesBeforeThePack) {
    directory_->add_contract(record::Actor::system("HOPERAT"), clinic_.id, hub_.id, "consult", Instant::max(),
                             {.fee_minor = 5000, .deadlines = {{"arrange", 30min}}});
    const std::string id = submitted();
    const Value seen = view("doctor", id);
    for (const Value& clock : seen["clocks"].items()) {
        if (clock["name"].text() == "arrange") {
            EXPECT_EQ(clock["due"].text(), format_instant(*parse_instant(clock["started"].text()) + 30min));
        }
    }
    EXPECT_EQ(seen["fee"]["amount_minor"].integer(), 5000);
}

}  // namespace
}  // namespace qiao::consult::testing
