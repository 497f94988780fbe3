#include "centre.hpp"

namespace qiao::consult::testing {
namespace {

using json::Value;

class Studies : public Centre {
protected:
    Studies() {
        archive_.studies["1.2.3"] = {.study_uid = "1.2.3",
                                     .modality = "CT",
                                     .description = "head",
                                     .received = "2026-11-21T08:00:00.000Z",
                                     .organisation = clinic_.id,
                                     .instances = 180,
                                     .identity = {"WANG^XIAOMING", "X1", "1986-03-02", "female"}};
    }
};

TEST_F(Studies, AreAttachedByAPersonWhoSawBothIdentities) {
    const std::string id = create("doctor", patient_);
    EXPECT_EQ(get("doctor", "/flow/unmatched-studies").body["studies"].size(), 1U);
    EXPECT_EQ(get("stranger", "/flow/unmatched-studies").body["studies"].size(), 0U);
    const Value identity = get("doctor", "/flow/cases/" + id + "/identity?study_uid=1.2.3").body;
    EXPECT_EQ(identity["differences"].dump(), R"(["id","birth_date"])");
    EXPECT_EQ(move("doctor", id, "attach_study", *json::parse(R"({"study_uid":"1.2.3","confirmed":false,"differences":["id","birth_date"]})")).status, 422);
    EXPECT_EQ(move("doctor", id, "attach_study", *json::parse(R"({"study_uid":"1.2.3","confirmed":true,"differences":["id"]})")).code(),
              "flow.identity_changed");
    EXPECT_EQ(move("doctor", id, "attach_study", *json::parse(R"({"study_uid":"9","confirmed":true})")).status, 404);
    const Answer attached = move("doctor", id, "attach_study", *json::parse(R"({"study_uid":"1.2.3","confirmed":true,"differences":["id","birth_date"]})"));
    ASSERT_EQ(attached.status, 200) << attached.raw;
    const Value study = view("doctor", id)["items"]["studies"].at(0);
    EXPECT_EQ(study["confirmed"]["by"]["name"].text(), "林海");
    EXPECT_EQ(study["identity"]["differences"].size(), 2U);
}

TEST_F(Studies, DetachingFlagsTheOpinionThatNamesOne) {
    const std::string id = create("doctor", patient_);
    ASSERT_EQ(move("doctor", id, "attach_study", *json::parse(R"({"study_uid":"1.2.3","confirmed":true,"differences":["id","birth_date"]})")).status, 200);
    step_up("doctor");
    Value request = form();
    request.set("attachments", *json::parse(R"({"status":"given"})"));
    ASSERT_EQ(move("doctor", id, "submit", request).status, 200);
    const std::string study = archive_.studies.at("1.2.3").resource;
    EXPECT_EQ(get("coordinator", "/fhir/" + study).status, 200);
    const std::string expert = people_["expert"].resource;
    ASSERT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", expert}, {"lead", expert}, {"mode", "written"}})).status, 200);
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    step_up("expert");
    Value fields = opinion();
    fields.set("items_seen", "study/9.9");
    EXPECT_EQ(move("expert", id, "sign", fields).fields(), std::vector<std::string>{"items_seen"});
    fields.set("items_seen", "study/1.2.3");
    ASSERT_EQ(move("expert", id, "sign", fields).status, 200);
    EXPECT_EQ(view("doctor", id)["opinion"]["items_seen"].at(0)["quality"].text(), "lossless");
    EXPECT_TRUE(view("doctor", id)["opinion"]["items_seen"].at(0)["later_images"].is_null());
    archive_.studies.at("1.2.3").instances = 183;  // a later series: kept, and said to be none of what was signed
    EXPECT_EQ(view("doctor", id)["opinion"]["items_seen"].at(0)["later_images"].integer(), 3);
    EXPECT_NE(view("doctor", id)["opinion"]["items_seen"].at(0)["title"].text().find("180"), std::string::npos) << "the number that was signed";
    EXPECT_EQ(view("doctor", id)["opinion"]["state"].text(), "valid");
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/opinion.pdf").status, 200);
    EXPECT_EQ(move("expert", id, "amend", fields, "the later series is read too").status, 200);
    EXPECT_TRUE(view("doctor", id)["opinion"]["items_seen"].at(0)["later_images"].is_null());
    ASSERT_EQ(move("doctor", id, "detach_study", Value::object({{"study_uid", "1.2.3"}}), "another patient's").status, 200);
    EXPECT_EQ(view("doctor", id)["opinion"]["flagged"]["reason"].text(), "study_detached");
    EXPECT_TRUE(pages_.was_told(people_["expert"].id, "flow.opinion_flagged"));
    EXPECT_EQ(view("doctor", id)["items"]["studies"].size(), 0U);
    EXPECT_EQ(get("", view("doctor", id)["opinion"]["verify"].text()).raw.find("Altered"), std::string::npos) << "what was signed is still what was signed";
}

TEST_F(Studies, OneThatArrivesJoinsTheOpenCase) {
    const std::string id = writing();
    {
        const auto work = record_->begin(record::ReadFilter::system("test"), record::Actor::system("TREAT"));
        archive_.attach(*work, "1.2.3", patient_);
        work->commit();
    }
    consult_->study_attached(patient_, "1.2.3");
    EXPECT_EQ(view("coordinator", id)["items"]["studies"].size(), 1U);
    EXPECT_TRUE(pages_.was_told(people_["expert"].id, "flow.study_attached"));
}

}  // namespace
}  // namespace qiao::consult::testing
