#include "centre.hpp"

#include "base/id.hpp"

#include <algorithm>

namespace qiao::consult::testing {
namespace {

using json::Value;

using BadInput = Centre;

bool contains(const std::vector<std::string>& list, const std::string& one) { return std::find(list.begin(), list.end(), one) != list.end(); }

TEST_F(BadInput, MovesAreRefusedByRule) {
    const std::string id = submitted();
    const auto post = [&](const Value& body, std::vector<http::Header> headers) {
        return call("coordinator", http::Method::post, "/fhir/Task/" + id + "/$move", body, std::move(headers));
    };
    const Value fine =
        parameters({{"action", "give_back"}, {"move_id", new_random_uuid()}, {"reason", "x"}}, *json::parse(R"({"missing_items":[{"code":"ecg"}]})"));
    EXPECT_EQ(post(fine, {}).status, 428);
    const Answer stale = post(fine, {{"if-match", "W/\"1\""}});
    EXPECT_EQ(stale.status, 412);
    EXPECT_EQ(stale.code(), "flow.version_stale");
    EXPECT_NE(stale.raw.find("state=material_check"), std::string::npos);
    EXPECT_EQ(move("coordinator", id, "fly").status, 422);
    EXPECT_EQ(move("coordinator", id, "fly").code(), "flow.unknown_action");
    EXPECT_EQ(move("coordinator", id, "sign").code(), "flow.not_open");
    EXPECT_EQ(move("colleague", id, "withdraw", {}, "x").code(), "flow.not_yours");
    EXPECT_EQ(move("stranger", id, "withdraw", {}, "x").status, 404);
    const Answer missing = move("coordinator", id, "give_back");
    EXPECT_EQ(missing.status, 422);
    EXPECT_EQ(missing.fields(), (std::vector<std::string>{"reason", "missing_items"}));
    EXPECT_EQ(move("coordinator", id, "give_back", *json::parse(R"({"missing_items":[{"code":"ecg"}]})"), "x", 0, {}, "2099-01-01T00:00:00Z").code(),
              "flow.bad_occurred");
    EXPECT_EQ(move("coordinator", id, "give_back", *json::parse(R"({"missing_items":[{"code":"ecg"}]})"), "x", 0, {}, "2001-01-01T00:00:00Z").code(),
              "flow.bad_occurred");
    EXPECT_EQ(move("coordinator", id, "reject", *json::parse(R"({"reason_code":"bored"})"), "x").status, 422);
    EXPECT_EQ(state(id), "material_check");
    EXPECT_EQ(get("doctor", "/fhir/Task/none/$moves").status, 404);
    EXPECT_EQ(send_bytes("doctor", http::Method::post, "/fhir/Task/" + id + "/$move", "{\"a\":", {{"if-match", "W/\"1\""}}).status, 400);
    EXPECT_EQ(post(*json::parse(R"({"resourceType":"Task"})"), {{"if-match", "W/\"2\""}}).status, 400);
}

TEST_F(BadInput, EveryMissingFieldOfARequestIsNamed) {
    const std::string id = create("doctor", patient_);
    const Answer empty = move("doctor", id, "submit");
    EXPECT_EQ(empty.status, 422);
    for (const char* field : {"purpose", "summary", "question", "specialty", "urgency", "vitals", "allergies", "drugs", "attachments", "consent"}) {
        EXPECT_TRUE(contains(empty.fields(), field)) << field;
    }
    const auto with = [&](const char* name, const char* value) {
        Value changed = form();
        changed.set(name, *json::parse(value));
        return move("doctor", id, "submit", changed);
    };
    EXPECT_TRUE(contains(with("allergies", R"({"status":"given"})").fields(), "allergies.items"));
    EXPECT_TRUE(contains(with("drugs", R"({"status":"perhaps"})").fields(), "drugs.status"));
    EXPECT_EQ(with("vitals", R"({"status":"given","taken":"2026-11-21T00:00:00Z","values":[{"code":"heart_rate","value":960}]})").code(),
              "flow.value_impossible");
    EXPECT_TRUE(contains(with("vitals", R"({"status":"given","values":[{"code":"heart_rate","value":96}]})").fields(), "vitals.taken"));
    EXPECT_TRUE(contains(with("pregnancy", R"({"status":"given"})").fields(), "pregnancy.value"));
    EXPECT_TRUE(contains(with("attachments", R"({"status":"given"})").fields(), "attachments"));
    EXPECT_TRUE(contains(with("specialty", R"({"code":"alchemy"})").fields(), "specialty"));
    EXPECT_TRUE(contains(with("consent", R"({"by":"relative","name":"x","told":true})").fields(), "consent.reason"));
    EXPECT_TRUE(contains(with("consent", R"({"by":"patient","name":"x","told":false})").fields(), "consent.told"));
    EXPECT_TRUE(contains(with("consent", R"({"by":"patient","name":"x","told":true,"signature":99})").fields(), "consent.signature"));
    Value no_consent = form();
    no_consent.remove("consent");
    EXPECT_EQ(move("doctor", id, "submit", no_consent).fields(), std::vector<std::string>{"consent"});
    EXPECT_EQ(state(id), "draft");
}

TEST_F(BadInput, AChildNeedsAGuardianAndItsWeight) {
    const std::string child = new_patient("小宝", "2022-03-01", "male", clinic_.id);
    const std::string id = create("doctor", child);
    step_up("doctor");
    Value request = form();
    const Answer refused = move("doctor", id, "submit", request);
    EXPECT_TRUE(contains(refused.fields(), "weight.status"));
    EXPECT_TRUE(contains(refused.fields(), "consent.by"));
    EXPECT_FALSE(contains(refused.fields(), "pregnancy.status"));
    request.remove("pregnancy");
    request.set("weight", *json::parse(R"({"status":"given","value_kg":14.20})"));
    request.set("consent", *json::parse(R"({"by":"guardian","name":"母亲","relation":"mother","told":true})"));
    ASSERT_EQ(move("doctor", id, "submit", request).status, 200);
    const Value weight = get("doctor", "/fhir/Observation?patient=" + child + "&code=29463-7").body["entry"].at(0)["resource"];
    EXPECT_EQ(weight["valueQuantity"]["value"].text(), "14.20");
}

TEST_F(BadInput, OnlyAContractOpensACase) {
    const std::string foreign = new_patient("外人", "1990-01-01", "male", stranger_.id);
    const Answer none = call("stranger", http::Method::post, "/fhir/Task/$create",
                             parameters({{"machine", "consult"}, {"create_id", new_random_uuid()}, {"patient", foreign}}, Value::object()));
    EXPECT_EQ(none.status, 403);
    EXPECT_EQ(none.code(), "flow.no_contract");
    const Answer hidden = call("doctor", http::Method::post, "/fhir/Task/$create",
                               parameters({{"machine", "consult"}, {"create_id", new_random_uuid()}, {"patient", foreign}}, Value::object()));
    EXPECT_EQ(hidden.status, 404);
    const Answer unknown = call("doctor", http::Method::post, "/fhir/Task/$create",
                                parameters({{"machine", "astrology"}, {"create_id", new_random_uuid()}, {"patient", patient_}}, Value::object()));
    EXPECT_EQ(unknown.status, 422);
    EXPECT_EQ(unknown.code(), "flow.unknown_machine");
    const std::string id = create("doctor", patient_);
    Value elsewhere = form();
    elsewhere.set("receiver", stranger_.resource);
    EXPECT_EQ(move("doctor", id, "submit", elsewhere).code(), "flow.no_contract");
}

TEST_F(BadInput, ExpertsElsewhereNeedANewConsent) {
    const std::string id = submitted();
    const std::string other = people_["stranger"].resource;
    EXPECT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", other}, {"lead", other}, {"mode", "written"}})).code(), "flow.consent_missing");
    const std::string expert = people_["expert"].resource;
    EXPECT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", expert}, {"lead", other}, {"mode", "written"}})).code(), "flow.no_expert");
    EXPECT_TRUE(contains(move("coordinator", id, "schedule", Value::object({{"experts", expert}, {"lead", expert}, {"mode", "session"}})).fields(), "time"));
}

TEST_F(BadInput, DraftsOfTwoTabsMeet) {
    const std::string id = create("doctor", patient_);
    const auto save = [&](int at, const char* text) {
        return call("doctor", http::Method::put, "/flow/cases/" + id + "/drafts/request",
                    Value::object({{"version", at}, {"body", Value::object({{"summary", text}})}}));
    };
    EXPECT_EQ(save(0, "one").body["version"].integer(), 1);
    EXPECT_EQ(save(1, "two").body["version"].integer(), 2);
    const Answer stale = save(1, "three");
    EXPECT_EQ(stale.status, 412);
    EXPECT_EQ(stale.code(), "flow.draft_stale");
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/drafts/request").body["body"]["summary"].text(), "two");
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/drafts/request?version=1").body["body"]["summary"].text(), "one");
    EXPECT_EQ(get("colleague", "/flow/cases/" + id + "/drafts/request").status, 404) << "a draft is its writer's";
    EXPECT_EQ(move("doctor", id, "submit", Value::object({{"draft", 1}})).code(), "flow.draft_stale");
    for (int at = 2; at < 30; ++at) {
        ASSERT_EQ(save(at, "more").status, 200);
    }
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/drafts/request?version=3").status, 404) << "the last twenty are kept";
    EXPECT_EQ(call("doctor", http::Method::put, "/flow/cases/" + id + "/drafts/request", *json::parse(R"({"version":30,"body":"text"})")).status, 422);
    EXPECT_EQ(call("doctor", http::Method::put, "/flow/cases/" + id + "/drafts/request", *json::parse(R"({"version":30,"body":{},"colour":1})")).status, 422);
}

TEST_F(BadInput, DeadlinesAreThoseOfThePack) {
    const Answer answer = get("doctor", "/flow/packs/deadlines?machine=consult");
    ASSERT_EQ(answer.status, 200) << answer.raw;
    const flow::Pack& pack = *engine_->ground().pack;
    EXPECT_EQ(answer.body["pack"].text(), pack.name());
    EXPECT_EQ(answer.body["working_day_minutes"].integer(), pack.calendar().day_length().count());
    std::size_t known = 0;
    for (const json::Value& clock : answer.body["clocks"].items()) {
        const flow::ClockRule* rule = pack.clock("consult", clock["name"].text());
        ASSERT_NE(rule, nullptr) << clock["name"].text();
        EXPECT_EQ(std::chrono::minutes(*clock["minutes"].integer()), rule->budget);
        EXPECT_EQ(clock["kind"].text(), rule->kind == flow::ClockKind::wall ? "wall" : "working");
        known += flow::has_word("check arrange done read_back read_back_now", clock["name"].text()) ? 1 : 0;
    }
    EXPECT_EQ(known, 5U) << "what the request and the opinion say in words";
    EXPECT_EQ(get("doctor", "/flow/packs/deadlines?machine=astrology").code(), "flow.unknown_machine");
    EXPECT_EQ(get("doctor", "/flow/packs/deadlines").code(), "flow.unknown_machine");
    EXPECT_EQ(get("doctor", "/flow/packs/deadlines?machine=consult&colour=red").status, 400);
    EXPECT_EQ(get("", "/flow/packs/deadlines?machine=consult").status, 401);
}

TEST_F(BadInput, ListsAreForWhoHasThem) {
    submitted();
    EXPECT_EQ(get("doctor", "/flow/worklists/desk").status, 404);
    EXPECT_EQ(get("coordinator", "/flow/worklists/desk?count=1000").status, 400);
    EXPECT_EQ(get("coordinator", "/flow/worklists/desk?colour=red").status, 400);
    EXPECT_EQ(get("coordinator", "/flow/worklists/desk?q=wangxiaoming").body["rows"].size(), 1U) << "pinyin finds the name";
    EXPECT_EQ(get("coordinator", "/flow/worklists/desk?q=nobody").body["rows"].size(), 0U);
    EXPECT_EQ(get("", "/flow/worklists").status, 401);
    for (const char* sort : {"due", "waiting", "urgency"}) {
        EXPECT_EQ(get("coordinator", std::string("/flow/worklists/desk?sort=") + sort).body["rows"].size(), 1U);
    }
}

}  // namespace
}  // namespace qiao::consult::testing
