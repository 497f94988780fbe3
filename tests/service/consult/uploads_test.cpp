#include "centre.hpp"

#include "base/digest.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

namespace qiao::consult::testing {
namespace {

using json::Value;

class UploadsTest : public Centre {
protected:
    Answer open(const std::string& id, const std::string& upload, std::int64_t size, const std::string& kind = "photo", const std::string& sha256_hex = {}) {
        Value body = Value::object({{"upload_id", upload}, {"kind", kind}, {"size_bytes", size}, {"content_type", "image/png"}, {"title", "wound"}});
        if (!sha256_hex.empty()) {
            body.set("sha256", sha256_hex);
        }
        return call("doctor", http::Method::post, "/flow/cases/" + id + "/uploads", body);
    }
    Answer piece(const std::string& id, const std::string& upload, std::int64_t offset, const std::string& bytes) {
        return send_bytes("doctor", http::Method::patch, "/flow/cases/" + id + "/uploads/" + upload, bytes, {{"upload-offset", std::to_string(offset)}});
    }
};

TEST_F(UploadsTest, GoOnWhereTheLineBroke) {
    const std::string id = create("doctor", patient_);
    const std::string bytes = png_bytes();
    const auto size = static_cast<std::int64_t>(bytes.size());
    const std::string upload = new_random_uuid();
    ASSERT_EQ(open(id, upload, size, "photo", to_hex(sha256(bytes))).status, 201);
    ASSERT_EQ(piece(id, upload, 0, bytes.substr(0, 20)).body["offset"].integer(), 20);
    EXPECT_EQ(piece(id, upload, 0, bytes.substr(0, 20)).code(), "flow.upload_offset");
    const Answer where = call("doctor", http::Method::head, "/flow/cases/" + id + "/uploads/" + upload);
    EXPECT_EQ(where.header("upload-offset"), "20");
    EXPECT_EQ(open(id, upload, size).status, 200) << "the same upload again is the same upload";
    const Answer done = piece(id, upload, 20, bytes.substr(20));
    ASSERT_EQ(done.status, 200) << done.raw;
    EXPECT_EQ(done.body["attachment"]["n"].integer(), 1);
    EXPECT_EQ(done.body["attachment"]["quality"].text(), "photo");
    EXPECT_EQ(open(id, upload, size).body["attachment"]["n"].integer(), 1);
    const Answer picture = get("doctor", "/flow/cases/" + id + "/attachments/1");
    EXPECT_EQ(picture.raw, bytes);
    EXPECT_EQ(picture.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(picture.header("content-security-policy"), "sandbox; default-src 'none'");
    EXPECT_EQ(picture.header("vary"), "Cookie");
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id + "/attachments/1").status, 404);
    EXPECT_EQ(get("stranger", "/flow/cases/" + id + "/attachments/1").status, 404);
}

TEST_F(UploadsTest, RefuseWhatIsNoPicture) {
    const std::string id = create("doctor", patient_);
    const std::string svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    const std::string upload = new_random_uuid();
    ASSERT_EQ(open(id, upload, static_cast<std::int64_t>(svg.size())).status, 201);
    EXPECT_EQ(piece(id, upload, 0, svg).code(), "flow.bad_image");
    EXPECT_EQ(piece(id, upload, 0, svg).status, 404) << "it is gone";
    const std::string other = new_random_uuid();
    const std::string bytes = png_bytes();
    ASSERT_EQ(open(id, other, static_cast<std::int64_t>(bytes.size()), "photo", std::string(64, '0')).status, 201);
    EXPECT_EQ(piece(id, other, 0, bytes).code(), "flow.digest_mismatch");
    EXPECT_EQ(open(id, new_random_uuid(), 21LL << 20U).status, 413);
    EXPECT_EQ(open(id, "short", 10).status, 422);
    EXPECT_EQ(open(id, new_random_uuid(), 10, "malware").status, 422);
    EXPECT_EQ(open(id, new_random_uuid(), 10, "key_image").code(), "flow.not_yours");
    EXPECT_EQ(view("doctor", id)["items"]["attachments"].size(), 0U);
}

TEST_F(UploadsTest, TenPhotosAndNoMore) {
    const std::string id = create("doctor", patient_);
    for (int n = 0; n < 10; ++n) {
        attachment("doctor", id, n % 2 == 0 ? "photo" : "film", png_bytes());
    }
    EXPECT_EQ(open(id, new_random_uuid(), 10).code(), "flow.too_many_attachments");
    EXPECT_EQ(view("doctor", id)["items"]["attachments"].at(1)["warning"].text(), "photo_no_measuring");
    EXPECT_EQ(call("doctor", http::Method::del, "/flow/cases/" + id + "/attachments/1").status, 204);
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/attachments/1").status, 404);
    EXPECT_EQ(attachment("doctor", id, "photo", png_bytes())["n"].integer(), 11) << "a number is not used again";
}

TEST_F(UploadsTest, ShrinkWithTheExpertsRight) {
    const std::string id = create("doctor", patient_);
    attachment("doctor", id, "photo", png_bytes());
    attachment("doctor", id, "ecg", png_bytes());
    step_up("doctor");
    Value request = form();
    request.set("attachments", *json::parse(R"({"status":"given"})"));
    ASSERT_EQ(move("doctor", id, "submit", request).status, 200);
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id + "/attachments/1").status, 200);
    EXPECT_EQ(call("doctor", http::Method::del, "/flow/cases/" + id + "/attachments/1").status, 409);
    const std::string expert = people_["expert"].resource;
    ASSERT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", expert}, {"lead", expert}, {"mode", "written"}})).status, 200);
    EXPECT_EQ(get("expert", "/flow/cases/" + id + "/attachments/1").status, 404) << "an offer shows no picture";
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    EXPECT_EQ(get("expert", "/flow/cases/" + id + "/attachments/2").status, 200);
    step_up("expert");
    Value fields = opinion();
    fields.set("items_seen", "attachment/1");
    ASSERT_EQ(move("expert", id, "sign", fields).status, 200);
    step_up("doctor");
    ASSERT_EQ(move("doctor", id, "file").status, 200);
    EXPECT_EQ(get("expert", "/flow/cases/" + id + "/attachments/1").status, 200) << "the opinion rests on it";
    EXPECT_EQ(get("expert", "/flow/cases/" + id + "/attachments/2").status, 404) << "not on this one";
}

TEST_F(UploadsTest, TheClinicCardStandsBesideTheCase) {
    const std::string id = submitted();
    EXPECT_TRUE(view("coordinator", id)["clinic_card"].is_null());
    const Answer put = call("doctor", http::Method::put, "/flow/clinic-card",
                            *json::parse(R"({"drugs":["aspirin","mannitol"],"devices":["12-lead ECG"],"transport":"boat, 2 h","phone":"0579-1"})"));
    ASSERT_EQ(put.status, 200) << put.raw;
    EXPECT_EQ(view("coordinator", id)["clinic_card"]["drugs"].size(), 2U);
    EXPECT_EQ(call("doctor", http::Method::put, "/flow/clinic-card", *json::parse(R"({"drugs":[""]})")).status, 422);
    EXPECT_EQ(get("coordinator", "/flow/cases/" + id + "/experts").body["experts"].size(), 2U);
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/experts").status, 403);
    EXPECT_NE(get("doctor", "/flow/cases/" + id + "/consent-text?lang=en").body["text"].text().find("Hub hospital"), std::string::npos);
}

}  // namespace
}  // namespace qiao::consult::testing
