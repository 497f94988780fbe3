#include "centre.hpp"

#include "base/id.hpp"

#include <algorithm>

namespace qiao::consult::testing {
namespace {

using json::Value;

class Story : public Centre {
protected:
    std::string ask();
    void check_material(const std::string& id);
    void offer(const std::string& id);
    json::Value write_and_sign(const std::string& id);
    void close(const std::string& id, const json::Value& signed_view);
};

bool contains(const std::vector<std::string>& list, const std::string& one) { return std::find(list.begin(), list.end(), one) != list.end(); }

std::string Story::ask() {
    const std::string id = create("doctor", patient_);
    EXPECT_EQ(state(id), "draft");
    EXPECT_TRUE(contains(open_moves("doctor", id), "submit"));
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id).status, 404) << "a draft is nobody's business at the hub";

    // The draft is kept, then sent by its version.
    Value request = form();
    request.member("consent").set("signature", attachment("doctor", id, "consent_signature", png_bytes())["n"]);
    const Answer saved = call("doctor", http::Method::put, "/flow/cases/" + id + "/drafts/request", Value::object({{"version", 0}, {"body", request}}));
    EXPECT_EQ(saved.status, 200) << saved.raw;
    EXPECT_EQ(move("doctor", id, "submit", Value::object({{"draft", 1}})).code(), "access.step_up_needed");
    step_up("doctor");
    const Answer sent = move("doctor", id, "submit", Value::object({{"draft", 1}}));
    EXPECT_EQ(sent.status, 200) << sent.raw;
    EXPECT_EQ(state(id), "material_check");
    EXPECT_TRUE(view("doctor", id)["drafts"]["request"].is_null());
    EXPECT_TRUE(pages_.desk_was_told("coordinator", "flow.case_submitted"));
    return id;
}

void Story::check_material(const std::string& id) {
    const Value desk = get("coordinator", "/flow/worklists/desk").body;
    ASSERT_EQ(desk["rows"].size(), 1U);
    EXPECT_EQ(desk["rows"].at(0)["patient"]["name"].text(), "王小明");
    const Value seen = view("coordinator", id);
    EXPECT_EQ(seen["form"]["question"].text(), "Bleeding? 要不要转院?");
    EXPECT_EQ(seen["form"]["vitals"]["values"].size(), 4U);
    EXPECT_EQ(seen["consent"]["by"].text(), "patient");
    EXPECT_EQ(seen["why"]["reason"].text(), "consult.desk");
    ASSERT_EQ(move("coordinator", id, "give_back", *json::parse(R"({"missing_items":[{"code":"ecg","text":"12 leads"}]})"), "incomplete").status, 200);
    EXPECT_EQ(state(id), "returned");
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.case_returned"));
    const Value returned = view("doctor", id);
    for (const Value& clock : returned["clocks"].items()) {
        if (clock["name"].text() == "arrange") {
            EXPECT_EQ(clock["paused"].text(), "material_missing");
            EXPECT_TRUE(clock["due"].is_null());
        }
    }
    ASSERT_EQ(move("doctor", id, "proceed_without", *json::parse(R"({"not_obtainable":"ecg"})"), "no machine here").status, 200);
    EXPECT_EQ(move("coordinator", id, "give_back", *json::parse(R"({"missing_items":[{"code":"ecg"}]})"), "again").code(), "flow.item_asked_before");
}

void Story::offer(const std::string& id) {
    const std::string expert = people_["expert"].resource;
    ASSERT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", expert}, {"lead", expert}, {"mode", "written"}})).status, 200);
    EXPECT_TRUE(pages_.was_told(people_["expert"].id, "flow.case_offered"));
    const Answer shown = get("expert", "/flow/cases/" + id);
    EXPECT_EQ(shown.body["view"].text(), "offer");
    EXPECT_EQ(shown.body["purpose"].text(), "diagnosis");
    EXPECT_EQ(shown.body["patient"].dump(), R"({"sex":"female","age":"40 y"})");
    for (const char* hidden : {"王小明", "Patient/", "ID-", "C-20", "渔岛", "林海"}) {
        EXPECT_EQ(shown.raw.find(hidden), std::string::npos) << hidden;
    }
    EXPECT_EQ(get("expert", "/fhir/" + patient_).status, 404);
    EXPECT_EQ(get("expert", "/fhir/Task/" + id).status, 404);
    EXPECT_EQ(get("expert", "/fhir/Observation?patient=" + patient_).body["entry"].size(), 0U);
    EXPECT_EQ(get("expert2", "/flow/cases/" + id).status, 404) << "who is not asked knows of nothing";
}

Value Story::write_and_sign(const std::string& id) {
    EXPECT_EQ(move("expert", id, "accept").status, 200);
    EXPECT_EQ(state(id), "opinion_draft") << "the written way begins by itself";
    EXPECT_TRUE(pages_.was_told(people_["expert"].id, "flow.opinion_due"));
    EXPECT_EQ(get("expert", "/fhir/" + patient_).status, 200);
    EXPECT_EQ(view("expert", id)["view"].text(), "full");
    const Answer message =
        call("expert", http::Method::post, "/flow/cases/" + id + "/messages", Value::object({{"message_id", new_random_uuid()}, {"text", "pupils?"}}));
    EXPECT_EQ(message.status, 201) << message.raw;
    EXPECT_EQ(view("doctor", id)["messages"].at(0)["text"].text(), "pupils?");
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.message"));
    EXPECT_EQ(move("expert", id, "sign", opinion()).code(), "access.step_up_needed");
    step_up("expert");
    const Answer signature = move("expert", id, "sign", opinion());
    EXPECT_EQ(signature.status, 200) << signature.raw;
    EXPECT_EQ(state(id), "opinion_signed");
    const Value signed_view = view("doctor", id);
    EXPECT_EQ(signed_view["opinion"]["state"].text(), "valid");
    EXPECT_EQ(signed_view["opinion"]["do_now"].text(), "Keep lying, check pupils every 15 min");
    EXPECT_EQ(signed_view["opinion"]["act_by"].text(), "today");
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.opinion_signed"));
    EXPECT_EQ(get("doctor", "/flow/worklists/inbox").body["count"].integer(), 1);
    return signed_view;
}

void Story::close(const std::string& id, const Value& signed_view) {
    ASSERT_EQ(move("doctor", id, "read_back", Value::object({{"text", "keep lying, pupils"}})).status, 200);
    step_up("doctor");
    ASSERT_EQ(move("doctor", id, "file").status, 200);
    EXPECT_EQ(get("expert", "/fhir/" + signed_view["opinion"]["resource"].text()).status, 200);
    EXPECT_EQ(get("expert", "/fhir/Observation?patient=" + patient_).body["entry"].size(), 0U) << "at filing only what the opinion used stays";
    EXPECT_EQ(get("doctor", "/fhir/Observation?patient=" + patient_).status, 200);
    EXPECT_EQ(move("doctor", id, "answer", *json::parse(R"({"followed":"no","final_diagnosis":"concussion","rating":2})")).status, 422) << "why not is asked";
    ASSERT_EQ(move("doctor", id, "answer", *json::parse(R"({"followed":"yes","final_diagnosis":"concussion","rating":5})")).status, 200);
    EXPECT_EQ(state(id), "closed");
    for (const char* who : {"expert", "coordinator"}) {
        EXPECT_EQ(get(who, "/flow/cases/" + id).status, 404) << who;
        EXPECT_EQ(get(who, "/fhir/" + patient_).status, 404) << who;
        EXPECT_EQ(get(who, "/flow/cases/" + id + "/opinion.pdf").status, 404) << who;
    }
    EXPECT_EQ(view("doctor", id)["feedback"]["final_diagnosis"].text(), "concussion");
    EXPECT_EQ(get("stranger", "/flow/cases/" + id).status, 404);
}

TEST_F(Story, FromTheClinicToTheExpertAndBack) {
    const std::string id = ask();
    check_material(id);
    offer(id);
    close(id, write_and_sign(id));
}

TEST_F(Story, AMessageLeavesTheGrantsAsTheyAre) {
    const std::string id = writing();
    struct Rows {
        std::vector<std::string> grants, reach, items;
    };
    const auto rows = [&] {
        const auto snapshot = database_->read();
        const auto all = [&](std::string_view sql) {
            std::vector<std::string> found;
            auto cursor = snapshot->connection().query(sql);
            while (cursor.next()) found.emplace_back(cursor.text(0));
            return found;
        };
        return Rows{all("SELECT id || ' ' || grantee || ' ' || item || ' ' || revoked_us FROM access_grant ORDER BY id"),
                    all("SELECT patient_rid || ' ' || grantee || ' ' || source || ' ' || starts_ms || ' ' || ends_ms FROM reach ORDER BY 1"),
                    all("SELECT rid || ' ' || grantee || ' ' || source || ' ' || starts_ms || ' ' || ends_ms FROM reach_item ORDER BY 1")};
    };
    const Rows before = rows();
    const auto epoch = grants_->epoch();
    const std::string message = new_random_uuid();
    ASSERT_EQ(call("expert", http::Method::post, "/flow/cases/" + id + "/messages", Value::object({{"message_id", message}, {"text", "pupils?"}})).status, 201);
    const Rows after = rows();
    EXPECT_EQ(after.reach, before.reach);
    EXPECT_EQ(grants_->epoch(), epoch) << "nobody has to be looked up again";
    ASSERT_GT(after.grants.size(), before.grants.size()) << "the message itself is a new item of the case";
    EXPECT_TRUE(std::equal(before.grants.begin(), before.grants.end(), after.grants.begin()));
    EXPECT_TRUE(std::includes(after.items.begin(), after.items.end(), before.items.begin(), before.items.end()));
    EXPECT_EQ(after.items.size() - before.items.size(), after.grants.size() - before.grants.size());
    for (const char* who : {"doctor", "expert", "coordinator"}) EXPECT_EQ(get(who, "/fhir/Communication/" + message).status, 200) << who;
}

TEST_F(Story, WhatWasAskedIsInTheRecordAndNothingIsBlank) {
    const std::string id = submitted();
    const auto count = [&](const std::string& query) { return get("doctor", "/fhir/" + query).body["entry"].size(); };
    EXPECT_EQ(count("Observation?patient=" + patient_ + "&code=8867-4"), 1U);
    EXPECT_EQ(count("Observation?patient=" + patient_ + "&code=85354-9"), 1U);
    EXPECT_EQ(count("Observation?patient=" + patient_ + "&code=82810-3"), 1U) << "pregnancy: not asked is said";
    EXPECT_EQ(count("AllergyIntolerance?patient=" + patient_), 1U);
    const Value drugs = get("doctor", "/fhir/MedicationStatement?patient=" + patient_).body["entry"].at(0)["resource"];
    EXPECT_EQ(drugs["medicationCodeableConcept"]["coding"].at(0)["code"].text(), "no-known-medications");
    const Value consents = get("doctor", "/fhir/Consent?patient=" + patient_).body["entry"].at(0)["resource"];
    EXPECT_EQ(consents["provision"]["actor"].at(0)["reference"]["reference"].text(), hub_.resource);
    EXPECT_NE(consents["text"]["div"].text().find("中心医院"), std::string::npos);
    const Value task = get("doctor", "/fhir/Task/" + id).body;
    EXPECT_EQ(task["status"].text(), "received");
    EXPECT_EQ(task["businessStatus"]["coding"].at(0)["code"].text(), "material_check");
    EXPECT_EQ(get("doctor", "/fhir/" + task["focus"]["reference"].text()).body["status"].text(), "active");
}

TEST_F(Story, TheSameAttemptGivesTheFirstAnswer) {
    const std::string create_id = new_random_uuid();
    const std::string id = create("doctor", patient_, create_id);
    EXPECT_EQ(create("doctor", patient_, create_id), id);
    step_up("doctor");
    const std::string move_id = new_random_uuid();
    const std::int64_t at = version(id);
    ASSERT_EQ(move("doctor", id, "submit", form(), {}, at, move_id).status, 200);
    const std::int64_t after = version(id);
    const Answer again = move("doctor", id, "submit", form(), {}, at, move_id);
    EXPECT_EQ(again.status, 200) << again.raw;
    EXPECT_EQ(again.header("x-qiao-repeated"), "1");
    EXPECT_EQ(version(id), after);
    EXPECT_EQ(move("doctor", id, "withdraw", {}, "changed my mind", after, move_id).code(), "flow.move_id_reused");
}

TEST_F(Story, DeclinedThenAnotherExpert) {
    const std::string id = submitted();
    const std::string first = people_["expert"].resource;
    const std::string second = people_["expert2"].resource;
    ASSERT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", first}, {"lead", first}, {"mode", "written"}})).status, 200);
    EXPECT_EQ(move("expert", id, "decline").fields(), std::vector<std::string>{"reason"});
    ASSERT_EQ(move("expert", id, "decline", {}, "in theatre").status, 200);
    EXPECT_TRUE(pages_.desk_was_told("coordinator", "flow.offer_declined"));
    EXPECT_EQ(get("expert", "/flow/cases/" + id).status, 404) << "who declined sees nothing more";
    ASSERT_EQ(move("coordinator", id, "add_expert", Value::object({{"experts", second}, {"lead", second}})).status, 200);
    ASSERT_EQ(move("expert2", id, "accept").status, 200);
    EXPECT_EQ(state(id), "opinion_draft");
    ASSERT_EQ(move("expert2", id, "hand_back", {}, "shift ends").status, 200);
    EXPECT_EQ(state(id), "scheduled");
    EXPECT_EQ(get("expert2", "/fhir/" + patient_).status, 404) << "a part that leaves takes its right along";
}

TEST_F(Story, AmendedOpinionsKeepTheOldVersion) {
    const std::string id = signed_case();
    Value changed = opinion();
    changed.set("do_now", "Send at once");
    changed.set("act_by", "now");
    const std::string first = view("doctor", id)["opinion"]["verify"].text();
    ASSERT_EQ(move("expert", id, "amend", changed, "CT arrived").status, 200);
    const Value opinion_view = view("doctor", id)["opinion"];
    EXPECT_EQ(opinion_view["version"].integer(), 2);
    EXPECT_EQ(opinion_view["do_now"].text(), "Send at once");
    EXPECT_NE(opinion_view["verify"].text(), first);
    EXPECT_NE(get("", first).raw.find("Amended"), std::string::npos);
    EXPECT_NE(get("", opinion_view["verify"].text()).raw.find("Valid"), std::string::npos);
    EXPECT_EQ(get("doctor", "/fhir/" + opinion_view["resource"].text() + "/_history/1").body["status"].text(), "final");
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.opinion_amended"));
}

TEST_F(Story, WithdrawnCasesEndEverythingTheyOpened) {
    const std::string id = writing();
    EXPECT_EQ(move("doctor", id, "withdraw", {}, "x").code(), "flow.not_open") << "who writes is not cut off";
    const std::string other = submitted();
    ASSERT_EQ(move("doctor", other, "withdraw", {}, "patient left").status, 200);
    EXPECT_EQ(state(other), "cancelled");
    EXPECT_EQ(get("coordinator", "/flow/cases/" + other).status, 404);
    EXPECT_EQ(get("manager", "/flow/cases/" + other).body["view"].text(), "moves");
    ASSERT_EQ(move("manager", other, "mark_error", {}, "wrong patient").status, 200);
    EXPECT_EQ(get("doctor", "/fhir/Task/" + other).body["status"].text(), "entered-in-error");
}

TEST_F(Story, EmergencyByTelephone) {
    const std::string id = create("doctor", patient_);
    step_up("doctor");
    Value call_form = form();
    call_form.remove("consent");
    call_form.set("callback", "0579-1234");
    const Answer called = move("doctor", id, "call_emergency", call_form);
    ASSERT_EQ(called.status, 200) << called.raw;
    EXPECT_EQ(get("expert", "/flow/cases/" + id).body["view"].text(), "offer");
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    EXPECT_EQ(state(id), "answering");
    const std::string now = format_instant(clock_.now());
    ASSERT_EQ(move("expert", id, "phone_advice", *json::parse(R"({"text":"give aspirin","read_back_text":"aspirin given"})"), {}, 0, {}, now).status, 200);
    EXPECT_EQ(state(id), "opinion_draft");
    const auto owed = [&] {
        const json::Value shown = view("doctor", id);
        const auto& clocks = shown["clocks"].items();
        return std::any_of(clocks.begin(), clocks.end(),
                           [](const json::Value& clock) { return clock["name"].text() == "consent" && clock["stopped"].is_null(); });
    };
    const auto offers = [&] {
        const std::vector<std::string> open = open_moves("doctor", id);
        return std::find(open.begin(), open.end(), "add_consent") != open.end();
    };
    const json::Value consent = *json::parse(R"({"consent":{"by":"patient","name":"王小明","told":true}})");
    EXPECT_TRUE(owed());
    EXPECT_TRUE(offers());
    EXPECT_EQ(move("doctor", id, "add_consent", consent).status, 200);
    EXPECT_FALSE(owed());
    EXPECT_FALSE(offers()) << "it is there";
    EXPECT_EQ(move("doctor", id, "add_consent", consent).code(), "flow.guard");
}

TEST_F(Story, ConsentIsAskedForOnlyWhereItIsMissing) {
    const std::string id = create("doctor", patient_);
    const auto open = open_moves("doctor", id);
    EXPECT_EQ(std::count(open.begin(), open.end(), "add_consent"), 0) << "a draft has it in its form";
    step_up("doctor");
    json::Value call_form = form();
    call_form.set("callback", "0579-1234");
    ASSERT_EQ(move("doctor", id, "call_emergency", call_form).status, 200);
    const json::Value shown = view("doctor", id);
    for (const json::Value& clock : shown["clocks"].items()) {
        EXPECT_NE(clock["name"].text(), "consent") << "it came with the call";
    }
    const auto later = open_moves("doctor", id);
    EXPECT_EQ(std::count(later.begin(), later.end(), "add_consent"), 0);
}

}  // namespace
}  // namespace qiao::consult::testing
