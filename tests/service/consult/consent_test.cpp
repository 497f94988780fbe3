#include "centre.hpp"

#include "access/role.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "flow/flow_store.hpp"
#include "storage/file.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace qiao::consult::testing {
namespace {

using json::Value;
using namespace std::chrono_literals;

/// Who consents and how, over HTTP.
class ConsentTest : public Centre {
protected:
    Value object(const std::string& text) { return *json::parse(text); }
    Answer submit(const std::string& id, const Value& consent) {
        Value request = form();
        request.set("consent", consent);
        step_up("doctor");
        return move("doctor", id, "submit", request);
    }
    std::int64_t evidence(const std::string& id, const std::string& kind) { return *attachment("doctor", id, kind, png_bytes())["n"].integer(); }
    bool names(const Answer& answer, const char* field) {
        const auto fields = answer.fields();
        return std::find(fields.begin(), fields.end(), field) != fields.end();
    }
    /// The Consent of a scope of the newest answer.
    Value consent_of(std::string_view scope, std::string_view status = "active") {
        const Value found = get("doctor", "/fhir/Consent?patient=" + patient_ + "&_count=50").body;
        for (const Value& entry : found["entry"].items()) {
            const Value& one = entry["resource"];
            if (one["category"].at(1)["coding"].at(0)["code"].text() == scope && one["status"].text() == status) {
                return one;
            }
        }
        return {};
    }
    bool may(const std::string& who, const std::string& id, const std::string& action) {
        const auto open = open_moves(who, id);
        return std::find(open.begin(), open.end(), action) != open.end();
    }
    bool withheld(const std::string& id) {
        const auto snapshot = database_->read();
        return flow::store::is_withheld(snapshot->connection(), id);
    }
    Value running_clock(const std::string& id, std::string_view name) {
        const Value seen = view("doctor", id);
        for (const Value& clock : seen["clocks"].items()) {
            if (clock["name"].text() == name && clock["stopped"].is_null()) {
                return clock;
            }
        }
        return {};
    }
};

TEST_F(ConsentTest, ADrawnSignatureIsSignedWithTheTextThatWasShown) {
    const std::string id = create("doctor", patient_);
    const Value shown = get("doctor", "/flow/cases/" + id + "/consent-text?lang=en&receiver=" + hub_.resource).body;
    EXPECT_NE(shown["consultation"].text().find("Hub hospital"), std::string::npos) << "it names who is asked";
    EXPECT_NE(shown["consultation"].text().find("Refusing changes nothing"), std::string::npos);
    EXPECT_EQ(shown["digest"].text(), to_hex(sha256(shown["text"].text())));
    Value consent = object(R"({"by":"patient","name":"王小明","told":true,"method":"signature","consultation":true,"recording":false,"teaching":true})");
    consent.set("signature", evidence(id, "consent_signature"));
    consent.set("language", "en");
    consent.set("text_version", shown["version"]);
    consent.set("text_digest", std::string(64, 'a'));
    EXPECT_EQ(submit(id, consent).code(), "flow.consent_text_changed");
    consent.set("text_digest", shown["digest"]);
    ASSERT_EQ(submit(id, consent).status, 200);
    const Value seen = view("coordinator", id)["consent"];
    EXPECT_EQ(seen["state"].text(), "given");
    EXPECT_EQ(seen["text"]["digest"].text(), shown["digest"].text());
    EXPECT_EQ(seen["recording"]["answer"].text(), "no");
    EXPECT_EQ(seen["teaching"]["answer"].text(), "yes");
    const Value consultation = consent_of("consultation");
    EXPECT_EQ(consultation["provision"]["type"].text(), "permit");
    EXPECT_EQ(consultation["language"].text(), "en");
    EXPECT_NE(consultation["text"]["div"].text().find("remote consultation"), std::string::npos) << "the words themselves";
    EXPECT_EQ(consent_of("recording")["provision"]["type"].text(), "deny");
    EXPECT_EQ(consent_of("teaching")["provision"]["type"].text(), "permit");
    // In the manifest of the request: each Consent and the drawn signature.
    const Value provenance = get("doctor", "/fhir/Provenance?target=Consent/" + consultation["id"].text()).body["entry"].at(0)["resource"];
    EXPECT_EQ(provenance["activity"]["coding"].at(0)["code"].text(), "request");
    const auto snapshot = database_->read();
    EXPECT_TRUE(flow::store::find_attachment(snapshot->connection(), id, 1)->signed_over);
    EXPECT_FALSE(withheld(id));
}

TEST_F(ConsentTest, WithoutAYesToTheConsultationNothingIsSent) {
    const std::string id = create("doctor", patient_);
    EXPECT_TRUE(names(submit(id, object(R"({"by":"patient","name":"王小明","told":true,"consultation":false})")), "consent.consultation"));
    EXPECT_EQ(state(id), "draft");
}

TEST_F(ConsentTest, AWordNeedsAWitnessWhoSigns) {
    const std::string id = create("doctor", patient_);
    Value consent = object(R"({"by":"patient","name":"王小明","told":true,"method":"oral"})");
    const Answer bare = submit(id, consent);
    EXPECT_EQ(bare.status, 422);
    for (const char* field : {"consent.witness.name", "consent.witness.relation", "consent.witness.signature"}) {
        EXPECT_TRUE(names(bare, field)) << field;
    }
    EXPECT_TRUE(names(submit(id, object(R"({"by":"patient","name":"王小明","told":true,"method":""})")), "consent.signature")) << "nothing said is no word";
    consent.set("witness", object(R"({"name":"林海","relation":"doctor"})"));
    consent.member("witness").set("signature", evidence(id, "consent_signature"));
    EXPECT_EQ(submit(id, consent).code(), "flow.witness_not_apart");
    EXPECT_EQ(state(id), "draft");
    consent.member("witness").set("name", "周阿姨");
    ASSERT_EQ(submit(id, consent).status, 200);
    EXPECT_EQ(view("doctor", id)["consent"]["method"].text(), "oral");
    EXPECT_NE(consent_of("consultation")["text"]["div"].text().find("witness: 周阿姨"), std::string::npos);
    const auto snapshot = database_->read();
    EXPECT_TRUE(flow::store::find_attachment(snapshot->connection(), id, 1)->signed_over);
}

TEST_F(ConsentTest, AThumbprintHasAWitnessWhoStandsApart) {
    const std::string id = create("doctor", patient_);
    Value consent = object(R"({"by":"patient","name":"王小明","told":true,"method":"thumbprint"})");
    const Answer bare = submit(id, consent);
    EXPECT_EQ(bare.status, 422);
    for (const char* field : {"consent.print", "consent.witness.name", "consent.witness.relation", "consent.witness.signature"}) {
        EXPECT_TRUE(names(bare, field)) << field;
    }
    consent.set("print", evidence(id, "consent_print"));
    consent.set("witness", object(R"({"name":"林海","relation":"doctor"})"));
    consent.member("witness").set("signature", evidence(id, "consent_signature"));
    const Answer own = submit(id, consent);
    EXPECT_EQ(own.status, 422);
    EXPECT_EQ(own.code(), "flow.witness_not_apart") << "the asking doctor witnesses nothing";
    consent.member("witness").set("name", "王小明");
    EXPECT_EQ(submit(id, consent).code(), "flow.witness_not_apart");
    consent.member("witness").set("name", "周阿姨");
    consent.member("witness").set("signature", consent["print"]);
    EXPECT_TRUE(names(submit(id, consent), "consent.witness.signature")) << "a print is no signature";
    consent.member("witness").set("signature", 2);
    ASSERT_EQ(submit(id, consent).status, 200);
    const Value seen = view("doctor", id)["consent"];
    EXPECT_EQ(seen["method"].text(), "thumbprint");
    EXPECT_EQ(seen["witness"]["name"].text(), "周阿姨");
    EXPECT_EQ(get("doctor", seen["print"].text()).status, 200);
    EXPECT_EQ(get("doctor", seen["witness"]["signature"].text()).status, 200);
    const auto snapshot = database_->read();
    for (const int n : {1, 2}) {
        EXPECT_TRUE(flow::store::find_attachment(snapshot->connection(), id, n)->signed_over) << n;
    }
}

TEST_F(ConsentTest, PaperIsPrintedSignedAndPhotographed) {
    const std::string id = create("doctor", patient_);
    const Answer sheet = get("doctor", "/flow/cases/" + id + "/consent-sheet.pdf?receiver=" + hub_.resource);
    ASSERT_EQ(sheet.status, 200) << sheet.raw;
    EXPECT_EQ(get("stranger", "/flow/cases/" + id + "/consent-sheet.pdf?receiver=" + hub_.resource).status, 404);
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/consent-sheet.pdf").status, 422) << "to whom?";
    const std::string path = folder_ + "/sheet.pdf";
    storage::write_file_durably(path, sheet.raw);
    std::string text;
    FILE* pipe = ::popen(("pdftotext -layout " + path + " -").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t count = ::fread(buffer.data(), 1, buffer.size(), pipe)) {
        text.append(buffer.data(), count);
    }
    ::pclose(pipe);
    for (const char* words :
         {"远程会诊知情同意书", "Consent to a remote consultation", "中心医院", "Hub hospital", "王小明", "□ 同意 Yes", "见证人", "consult-1"}) {
        EXPECT_NE(text.find(words), std::string::npos) << words;
    }
    EXPECT_EQ(std::count(text.begin(), text.end(), '\f'), 1) << "all of it on one page";
    Value consent = object(R"({"by":"patient","name":"王小明","told":true,"method":"paper"})");
    EXPECT_TRUE(names(submit(id, consent), "consent.paper"));
    consent.set("paper", evidence(id, "photo"));
    EXPECT_TRUE(names(submit(id, consent), "consent.paper")) << "a photo of the wound is no sheet";
    Value sheets = Value::array();
    sheets.push(evidence(id, "consent_paper"));
    sheets.push(evidence(id, "consent_paper"));
    consent.set("paper", sheets);
    ASSERT_EQ(submit(id, consent).status, 200);
    EXPECT_EQ(view("doctor", id)["consent"]["paper"].size(), 2U);
    EXPECT_EQ(consent_of("consultation")["sourceReference"]["reference"].text().substr(0, 17), "DocumentReference");
}

TEST_F(ConsentTest, AGuardianOfAnAdultNeedsTheDoctorsReason) {
    const std::string id = create("doctor", patient_);
    const Answer bare = submit(id, object(R"({"by":"guardian","name":"王父","told":true})"));
    EXPECT_TRUE(names(bare, "consent.reason"));
    EXPECT_TRUE(names(bare, "consent.relation"));
    ASSERT_EQ(
        submit(id, object(R"({"by":"guardian","name":"王父","relation":"father","id_type":"national_id","told":true,"reason":"自幼智力障碍，不能理解说明"})"))
            .status,
        200);
    EXPECT_FALSE(withheld(id)) << "a guardian's consent hides nothing";
    const std::string child = new_patient("小宝", "2022-03-01", "male", clinic_.id);
    EXPECT_TRUE(
        names(submit(create("doctor", child), object(R"({"by":"relative","name":"姨妈","relation":"aunt","told":true,"reason":"父母都不在岛上联系不上"})")),
              "consent.by"));
}

TEST_F(ConsentTest, ARelativesConsentIsReviewedAndTheCaseWithheld) {
    const std::string id = create("doctor", patient_);
    EXPECT_TRUE(names(submit(id, object(R"({"by":"relative","name":"王妻","relation":"wife","told":true,"reason":"很难"})")), "consent.reason"));
    ASSERT_EQ(submit(id, object(R"({"by":"relative","name":"王妻","relation":"wife","told":true,"reason":"告知可能加重病情，家属要求暂缓"})")).status, 200);
    EXPECT_TRUE(withheld(id));
    EXPECT_EQ(view("doctor", id)["consent"]["state"].text(), "relative");
    ASSERT_FALSE(running_clock(id, "consent_review").is_null());
    EXPECT_FALSE(may("coordinator", id, "review_consent"));
    ASSERT_EQ(move("doctor", id, "withdraw", {}, "went by boat").status, 200);
    EXPECT_TRUE(withheld(id)) << "the end of the case tells the patient nothing";
    ASSERT_FALSE(running_clock(id, "consent_review").is_null()) << "nor is it looked at never again";
    pages_.notices.clear();
    clock_.advance(31 * 24h);
    while (engine_->tick() > 0) {
    }
    EXPECT_TRUE(pages_.was_told(people_["doctor"].id, "flow.clock"));
    EXPECT_TRUE(pages_.desk_was_told("doctor", "flow.clock")) << "a colleague where the doctor has left";
    EXPECT_FALSE(pages_.desk_was_told("centre_manager", "flow.clock")) << "no affair of the hub";
    EXPECT_EQ(move("doctor", id, "review_consent", object(R"({"outcome":"continue"})")).status, 422) << "a reason";
    step_up("colleague");
    ASSERT_EQ(move("colleague", id, "review_consent", object(R"({"outcome":"continue"})"), "still in treatment, wife asks to wait").status, 200);
    EXPECT_TRUE(withheld(id));
    const Value due = running_clock(id, "consent_review");
    EXPECT_GT(*parse_instant(due["due"].text()) - clock_.now(), 29 * 24h);
    step_up("doctor");
    ASSERT_EQ(move("doctor", id, "review_consent", object(R"({"outcome":"told"})"), "told today with the wife there").status, 200);
    EXPECT_FALSE(withheld(id));
    EXPECT_TRUE(running_clock(id, "consent_review").is_null());
    EXPECT_FALSE(may("doctor", id, "review_consent"));
    EXPECT_EQ(consent_of("consultation")["verification"].size(), 2U);
}

TEST_F(ConsentTest, ThePatientsOwnConsentReplacesTheRelatives) {
    const std::string id = create("doctor", patient_);
    ASSERT_EQ(submit(id, object(R"({"by":"relative","name":"王妻","relation":"wife","told":true,"reason":"昏迷，无法告知病情和会诊"})")).status, 200);
    Value fields = object(R"({"outcome":"replace","consent":{"by":"patient","name":"王小明","told":true,"teaching":false}})");
    ASSERT_EQ(move("doctor", id, "review_consent", fields, "awake since this morning").status, 200);
    EXPECT_FALSE(withheld(id));
    EXPECT_TRUE(running_clock(id, "consent_review").is_null());
    EXPECT_EQ(view("doctor", id)["consent"]["by"].text(), "patient");
    EXPECT_EQ(consent_of("consultation", "inactive")["performer"].at(0)["display"].text(), "王妻");
    EXPECT_EQ(state(id), "material_check") << "the case goes on";
}

TEST_F(ConsentTest, ARefusalIsKeptAndNothingIsSent) {
    const std::string id = create("doctor", patient_);
    step_up("doctor");
    Value fields = object(R"({"consent":{"by":"patient","name":"王小明","reason":"想先回家商量"}})");
    EXPECT_TRUE(names(move("doctor", id, "refuse_consent", fields), "receiver"));
    fields.set("receiver", hub_.resource);
    ASSERT_EQ(move("doctor", id, "refuse_consent", fields).status, 200);
    EXPECT_EQ(state(id), "draft");
    EXPECT_EQ(view("doctor", id)["consent"]["state"].text(), "refused");
    EXPECT_EQ(consent_of("consultation")["provision"]["type"].text(), "deny");
    EXPECT_EQ(get("doctor", "/fhir/Provenance?target=Consent/" + consent_of("consultation")["id"].text()).body["entry"].size(), 1U);
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id).status, 404);
    EXPECT_EQ(move("doctor", id, "submit",
                   [&] {
                       Value f = form();
                       f.remove("consent");
                       return f;
                   }())
                  .status,
              422);
    ASSERT_EQ(submit(id, object(R"({"by":"patient","name":"王小明","told":true})")).status, 200) << "who has thought it over may say yes";
    EXPECT_EQ(view("doctor", id)["consent"]["state"].text(), "given");
    EXPECT_EQ(consent_of("consultation", "inactive")["provision"]["type"].text(), "deny");
    const std::string other = create("doctor", patient_);
    ASSERT_EQ(move("doctor", other, "refuse_consent", fields).status, 200);
    ASSERT_EQ(move("doctor", other, "discard").status, 200) << "or the draft goes";
}

TEST_F(ConsentTest, AnotherInstitutionIsAskedOnlyWithANewConsent) {
    const record::Actor system = record::Actor::system("HOPERAT");
    EXPECT_FALSE(may("doctor", submitted(), "reroute")) << "there is no other";
    const access::Organisation second = directory_->create_organisation(system, {"hub", "第二医院", "Second hospital"});
    directory_->add_contract(system, clinic_.id, second.id, "consult");
    add_person("coordinator2", "何静", second, access::role::kCoordinator);
    add_person("expert_there", "冯军", second, access::role::kExpert, "neurosurgery");
    const std::string id = submitted();
    const std::string there = people_["expert_there"].resource;
    const Answer asked = move("coordinator", id, "schedule", Value::object({{"experts", there}, {"lead", there}, {"mode", "written"}}));
    EXPECT_EQ(asked.status, 409);
    EXPECT_EQ(asked.code(), "flow.consent_missing");
    Value fields = Value::object({{"receiver", second.resource}});
    EXPECT_TRUE(names(move("doctor", id, "reroute", fields, "the hub has no bed"), "consent"));
    fields.set("consent", object(R"({"by":"patient","name":"王小明","told":true})"));
    Value of_hub = fields;
    of_hub.member("consent").set("text_digest", get("doctor", "/flow/cases/" + id + "/consent-text?lang=zh").body["digest"]);
    EXPECT_EQ(move("doctor", id, "reroute", of_hub, "the hub has no bed").code(), "flow.consent_text_changed") << "that text named the hub";
    ASSERT_EQ(move("doctor", id, "reroute", fields, "the hub has no bed").status, 200);
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id).status, 404) << "in the same commit";
    EXPECT_EQ(view("coordinator2", id)["state"].text(), "material_check");
    EXPECT_EQ(consent_of("consultation")["provision"]["actor"].at(0)["reference"]["reference"].text(), second.resource);
    EXPECT_EQ(consent_of("consultation", "inactive")["provision"]["actor"].at(0)["reference"]["reference"].text(), hub_.resource);
    // An emergency is not kept waiting: the consent for the other institution is owed within its clock.
    step_up("doctor");
    ASSERT_EQ(move("doctor", id, "upgrade", Value::object({{"callback", "0579-1"}, {"receiver", hub_.resource}})).status, 200);
    EXPECT_EQ(get("coordinator2", "/flow/cases/" + id).status, 404);
    EXPECT_EQ(view("doctor", id)["consent"]["state"].text(), "missing");
    EXPECT_FALSE(running_clock(id, "consent").is_null());
    ASSERT_EQ(move("doctor", id, "add_consent", Value::object({{"consent", fields["consent"]}})).status, 200);
    EXPECT_EQ(view("doctor", id)["consent"]["state"].text(), "given");
    EXPECT_TRUE(running_clock(id, "consent").is_null());
}

}  // namespace
}  // namespace qiao::consult::testing
