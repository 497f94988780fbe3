#include "centre.hpp"

#include "access/role.hpp"

#include <algorithm>

namespace qiao::consult::testing {
namespace {

using json::Value;

/// A consent that is taken back, and what ends with it.
class Withdrawal : public Centre {
protected:
    Value by_patient() { return *json::parse(R"({"by":"patient"})"); }
    std::string status_of(const Value& note) { return get("doctor", "/fhir/" + note["resource"].text()).body["status"].text(); }
    bool may(const std::string& who, const std::string& id, const std::string& action) {
        const auto open = open_moves(who, id);
        return std::find(open.begin(), open.end(), action) != open.end();
    }
    Value entry(const Value& seen, std::string_view action) {
        for (const Value& one : seen["timeline"].items()) {
            if (one["action"].text() == action) {
                return one;
            }
        }
        return {};
    }
    std::string called() {
        const std::string id = create("doctor", patient_);
        step_up("doctor");
        Value fields = form();
        fields.remove("consent");
        fields.set("callback", "0579-1234");
        EXPECT_EQ(move("doctor", id, "call_emergency", fields).status, 200);
        return id;
    }
};

TEST_F(Withdrawal, EndsTheSightOfTheOtherInstitutionInTheSameCommit) {
    const std::string id = writing();
    const std::uint64_t epoch = grants_->epoch();
    EXPECT_EQ(get("expert", "/fhir/" + patient_).status, 200);
    EXPECT_FALSE(may("coordinator", id, "withdraw_consent")) << "the patient's own institution";
    EXPECT_FALSE(may("expert", id, "withdraw_consent"));
    EXPECT_EQ(move("doctor", id, "withdraw_consent").status, 422) << "who withdraws is said";
    ASSERT_EQ(move("colleague", id, "withdraw_consent", by_patient()).status, 200) << "without a reason and without a signature";
    EXPECT_EQ(state(id), "cancelled");
    for (const char* who : {"expert", "coordinator"}) {
        EXPECT_EQ(get(who, "/flow/cases/" + id).status, 404) << who;
        EXPECT_EQ(get(who, "/fhir/Task/" + id).status, 404) << who;
        EXPECT_EQ(get(who, "/fhir/" + patient_).status, 404) << who;
    }
    EXPECT_GT(grants_->epoch(), epoch) << "open pictures and sockets are looked up again";
    EXPECT_TRUE(pages_.was_told(people_["expert"].id, "flow.consent_withdrawn"));
    const Value seen = view("doctor", id);
    EXPECT_EQ(seen["consent"]["state"].text(), "withdrawn");
    EXPECT_EQ(status_of(seen["consent"]), "inactive");
    const Value last = entry(seen, "withdraw_consent");
    EXPECT_EQ(last["details"]["by"].text(), "patient");
    EXPECT_EQ(last["by"]["reference"].text(), people_["colleague"].resource);
}

TEST_F(Withdrawal, ClosesWhatOtherCasesOpenedToThatInstitutionUntilANewConsent) {
    const std::string before = signed_case();
    const std::string going_on = writing();
    const std::string withdrawn = submitted();
    const auto rows = [&](const std::string& who) { return get(who, "/fhir/Task?patient=" + patient_ + "&_summary=count").body["total"].integer(); };
    ASSERT_EQ(get("expert", "/flow/cases/" + before).status, 200);
    ASSERT_GT(rows("expert"), 0);
    const auto own = rows("doctor");
    ASSERT_EQ(move("doctor", withdrawn, "withdraw_consent", by_patient()).status, 200);
    for (const std::string& path : {"/flow/cases/" + before, "/flow/cases/" + going_on, "/fhir/" + patient_, "/fhir/Task/" + before}) {
        EXPECT_EQ(get("expert", path).status, 404) << path;
        EXPECT_EQ(get("doctor", path).status, 200) << "the own institution treats the patient: " << path;
    }
    EXPECT_EQ(get("coordinator", "/flow/cases/" + going_on).status, 404);
    EXPECT_EQ(rows("expert"), 0) << "also in what is searched and counted";
    EXPECT_EQ(rows("doctor"), own);
    EXPECT_EQ(view("doctor", going_on)["consent"]["state"].text(), "denied") << "staff see why nobody answers";
    EXPECT_EQ(view("doctor", withdrawn)["consent"]["state"].text(), "withdrawn");
    step_up("doctor");
    const std::string owed = create("doctor", patient_);
    Value emergency = form();
    emergency.remove("consent");
    emergency.set("callback", "0579-1234");
    EXPECT_EQ(move("doctor", owed, "call_emergency", emergency).code(), "access.consent_denied") << "without a consent nothing opens there";
    ASSERT_TRUE(may("doctor", going_on, "add_consent"));
    ASSERT_EQ(move("doctor", going_on, "add_consent", Value::object({{"consent", form()["consent"]}})).status, 200);
    EXPECT_EQ(view("doctor", going_on)["consent"]["state"].text(), "given");
    for (const std::string& id : {before, going_on}) {
        EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 200) << "a new consent to that institution opens again";
    }
    EXPECT_GT(rows("expert"), 0);
    EXPECT_EQ(get("coordinator", "/flow/cases/" + withdrawn).status, 404) << "what was withdrawn stays so";
}

TEST_F(Withdrawal, ASignedOpinionStaysWithTheRequester) {
    const std::string id = signed_case();
    ASSERT_EQ(move("doctor", id, "withdraw_consent", by_patient(), "no reason asked").status, 200);
    EXPECT_EQ(state(id), "opinion_signed");
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404);
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id).status, 404);
    EXPECT_EQ(view("doctor", id)["opinion"]["state"].text(), "valid");
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/opinion.pdf").status, 200);
    EXPECT_FALSE(may("doctor", id, "withdraw_consent")) << "once";
    EXPECT_FALSE(may("doctor", id, "add_consent"));
    EXPECT_EQ(move("doctor", id, "withdraw_consent", by_patient()).code(), "flow.guard");
    step_up("doctor");
    ASSERT_EQ(move("doctor", id, "read_back", Value::object({{"text", "x"}})).status, 200);
    ASSERT_EQ(move("doctor", id, "file").status, 200) << "the clinic goes on with what it has";
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404) << "filing gives nothing back";
    ASSERT_EQ(move("doctor", id, "answer", *json::parse(R"({"followed":"yes","final_diagnosis":"x","rating":4})")).status, 200);
}

TEST_F(Withdrawal, RecordingAndTeachingGoAlone) {
    const std::string id = create("doctor", patient_);
    Value request = form();
    request.set("consent", *json::parse(R"({"by":"patient","name":"王小明","told":true,"recording":true,"teaching":false})"));
    step_up("doctor");
    ASSERT_EQ(move("doctor", id, "submit", request).status, 200);
    EXPECT_EQ(move("doctor", id, "withdraw_scope", *json::parse(R"({"by":"patient","scope":"teaching"})")).code(), "flow.guard") << "it was not given";
    EXPECT_EQ(move("doctor", id, "withdraw_scope", *json::parse(R"({"by":"patient","scope":"consultation"})")).status, 422);
    ASSERT_EQ(move("doctor", id, "withdraw_scope", *json::parse(R"({"by":"patient","scope":"recording"})")).status, 200);
    const Value seen = view("coordinator", id);
    EXPECT_EQ(seen["state"].text(), "material_check") << "the case goes on, and its desk sees it";
    EXPECT_EQ(seen["consent"]["state"].text(), "given");
    EXPECT_FALSE(seen["consent"]["recording"]["withdrawn"].is_null());
    EXPECT_EQ(status_of(seen["consent"]["recording"]), "inactive");
    EXPECT_EQ(status_of(seen["consent"]), "active");
    EXPECT_FALSE(may("doctor", id, "withdraw_scope"));
}

TEST_F(Withdrawal, InAnEmergencyOnlyAfterItWasConfirmed) {
    const std::string id = called();
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    const Answer asked = move("doctor", id, "withdraw_consent", by_patient());
    EXPECT_EQ(asked.status, 422);
    EXPECT_EQ(asked.fields(), std::vector<std::string>{"confirmed"});
    EXPECT_EQ(state(id), "answering");
    Value fields = by_patient();
    fields.set("confirmed", true);
    ASSERT_EQ(move("doctor", id, "withdraw_consent", fields).status, 200);
    EXPECT_EQ(state(id), "cancelled");
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404);
    const Value found = get("doctor", "/fhir/Consent?patient=" + patient_).body["entry"];
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at(0)["resource"]["provision"]["type"].text(), "deny") << "a consent that was still owed: the answer is no";
}

TEST_F(Withdrawal, ThePatientMayDoItAlone) {
    record::Actor patient = record::Actor::system("PATRQT");
    const std::string emergency = called();
    EXPECT_THROW(consult_->withdraw_for_patient(patient, emergency, "consultation", false), Error) << "said twice in an emergency";
    consult_->withdraw_for_patient(patient, emergency, "consultation", true);
    EXPECT_EQ(state(emergency), "cancelled");
    const std::string id = writing();
    EXPECT_THROW(consult_->withdraw_for_patient(patient, id, "teaching", false), Error);
    consult_->withdraw_for_patient(patient, id, "consultation", false);
    EXPECT_EQ(state(id), "cancelled");
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404);
    EXPECT_EQ(entry(view("doctor", id), "withdraw_consent")["role"].text(), "patient");
    EXPECT_THROW(consult_->withdraw_for_patient(patient, id, "consultation", false), Error) << "nothing is left to withdraw";
}

}  // namespace
}  // namespace qiao::consult::testing
