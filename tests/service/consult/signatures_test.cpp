#include "../../unit/access/signed_house.hpp"
#include "centre.hpp"

#include <fmt/format.h>

namespace qiao::consult::testing {
namespace {

using access::testing::HospitalAuthority;
using access::testing::Openssl;
using json::Value;

/// Signatures on paper, on the public page and in the record, with seals and other authorities.
class Signatures : public Centre {
protected:
    std::string paper(const std::string& id) {
        Openssl files;
        files.write("o.pdf", get("doctor", "/flow/cases/" + id + "/opinion.pdf").raw);
        EXPECT_EQ(std::system(("cd " + files.folder.path() + " && pdftotext -layout o.pdf o.txt").c_str()), 0);
        return files.read("o.txt");
    }
    std::string file(const std::string& id, const std::string& name) { return get("doctor", "/flow/cases/" + id + "/opinion/" + name).raw; }
    Answer check(const std::string& manifest, const std::string& signature, const std::string& certificate) {
        const auto part = [](const char* name, const std::string& bytes) {
            return fmt::format("--x\r\ncontent-disposition: form-data; name=\"{}\"; filename=\"f\"\r\n\r\n{}\r\n", name, bytes);
        };
        return send_bytes("", http::Method::post, "/verify",
                          part("manifest", manifest) + part("signature", signature) + part("certificate", certificate) + "--x--\r\n",
                          {{"content-type", "multipart/form-data; boundary=x"}});
    }
    access::Holder expert() { return {access::KeyKind::person, people_["expert"].id}; }
    static record::Actor office() { return record::Actor::system("HOPERAT"); }
    static bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }
};

TEST_F(Signatures, TheSealStandsBesideTheDoctorsSignature) {
    signing_keys_->set_seal(office(), hub_.id, {"opinion"});
    const std::string id = signed_case();
    const Value seal = view("doctor", id)["opinion"]["seal"];
    EXPECT_EQ(seal["state"].text(), "valid");
    const Answer found = get("doctor", "/fhir/Provenance?target=" + view("doctor", id)["opinion"]["resource"].text());
    const Value& signatures = found.body["entry"].at(0)["resource"]["signature"];
    ASSERT_EQ(signatures.size(), 2U) << found.raw;
    EXPECT_EQ(signatures.at(1)["who"]["reference"].text(), hub_.resource);
    const std::string text = paper(id);
    EXPECT_TRUE(says(text, "Seal of the institution") && says(text, "机构印章") && says(text, "integrity only")) << text;
    const Answer page = get("", view("doctor", id)["opinion"]["verify"].text());
    EXPECT_TRUE(says(page.raw, "Seal of the institution") && says(page.raw, "中心医院") && says(page.raw, "integrity only") &&
                says(page.raw, "仅证明内容未被改动"));
    for (const char* hidden : {"王小明", "赵明", "C-20", "Practitioner"}) {
        EXPECT_FALSE(says(page.raw, hidden)) << hidden;
    }
    const Openssl reader;
    for (const char* name : {"manifest.bin", "seal.der", "seal-cert.pem", "seal-chain.pem"}) {
        reader.write(name, file(id, name));
    }
    EXPECT_TRUE(reader.run("x509 -in seal-cert.pem -pubkey -noout -out key.pem"));
    EXPECT_TRUE(reader.run("dgst -sha256 -verify key.pem -signature seal.der manifest.bin"));
    EXPECT_TRUE(reader.run("verify -CAfile seal-chain.pem seal-cert.pem"));
    EXPECT_TRUE(says(check(file(id, "manifest.bin"), file(id, "seal.der"), file(id, "seal-cert.pem")).raw, "Valid"));
    writer_->submit(
        {{}, [](storage::Group& group) { group.connection().execute("UPDATE access_signature_seal SET der = " + qiao::testing::blob_literal("3000")); }});
    EXPECT_TRUE(says(paper(id), "The seal does not verify"));
    EXPECT_TRUE(says(get("", view("doctor", id)["opinion"]["verify"].text()).raw, "not valid"));
}

TEST_F(Signatures, IntegrityOnlyUntilALicensedAuthorityVouches) {
    EXPECT_EQ(view("doctor", signed_case())["opinion"]["assurance"].text(), "internal");
    HospitalAuthority own("own");
    const auto own_id = signing_keys_->add_authority(office(), "Hospital's own CA", false, own.pem());
    const std::string own_cert = own.issue(signing_keys_->request(office(), expert()));
    signing_keys_->import_certificate(office(), expert(), own_cert);
    const std::string second = signed_case();
    EXPECT_EQ(view("doctor", second)["opinion"]["assurance"].text(), "own");
    EXPECT_TRUE(says(paper(second), "integrity only") && says(paper(second), "Hospital's own CA"));
    HospitalAuthority licensed("licensed");
    signing_keys_->add_authority(office(), "Province CA", true, licensed.pem());
    signing_keys_->import_certificate(office(), expert(), licensed.issue(signing_keys_->request(office(), expert())));
    const std::string third = signed_case();
    EXPECT_EQ(view("doctor", third)["opinion"]["assurance"].text(), "licensed");
    const std::string text = paper(third);
    EXPECT_TRUE(says(text, "Province CA") && says(text, "licensed authority")) << text;
    EXPECT_FALSE(says(text, "integrity only"));
    const std::string page = get("", view("doctor", third)["opinion"]["verify"].text()).raw;
    EXPECT_TRUE(says(page, "Province CA") && !says(page, "integrity only"));
    // The own authority withdraws its certificate after the opinion: that one stays, the key signs nothing from then on.
    clock_.advance(std::chrono::seconds(2));
    own.revoke(own_cert);
    signing_keys_->import_list(office(), own_id, own.list());
    const std::string fourth = writing();
    step_up("expert");
    const Answer refused = move("expert", fourth, "sign", opinion());
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.code(), "signing.own_certificate_revoked");
    EXPECT_TRUE(view("expert", fourth)["opinion"].is_null());
    signing_keys_->use_built_in(office(), expert());
    ASSERT_EQ(move("expert", fourth, "sign", opinion()).status, 200);
    EXPECT_EQ(view("doctor", fourth)["opinion"]["assurance"].text(), "internal");
}

TEST_F(Signatures, TheExportedFilesAreCheckedInTheBrowserToo) {
    const std::string id = signed_case();
    EXPECT_TRUE(says(get("", "/verify").raw, "manifest.bin"));
    const std::string manifest = file(id, "manifest.bin"), signature = file(id, "signature.der"), certificate = file(id, "cert.pem");
    const Answer good = check(manifest, signature, certificate);
    EXPECT_EQ(good.status, 200);
    EXPECT_TRUE(says(good.raw, "Valid") && says(good.raw, "中心医院"));
    EXPECT_FALSE(says(good.raw, "赵明") || says(good.raw, "Practitioner"));
    EXPECT_TRUE(says(check(manifest + " ", signature, certificate).raw, "Altered"));
    EXPECT_TRUE(says(check(manifest, "nonsense", certificate).raw, "Altered"));
    EXPECT_TRUE(says(check(manifest, signature, "nonsense").raw, "Altered"));
    const access::Key key = access::Key::make();
    const std::string stranger =
        access::make_certificate(key, {"Dr expert", "", ""}, key, {}, "41", clock_.now() - std::chrono::hours(1), clock_.now() + std::chrono::hours(1));
    EXPECT_TRUE(says(check(manifest, key.sign(manifest), stranger).raw, "no trusted authority"));
    EXPECT_EQ(check(manifest, signature, std::string(70 * 1024, 'x')).status, 400);
    EXPECT_EQ(send_bytes("", http::Method::post, "/verify", "x", {{"content-type", "text/plain"}}).status, 400);
    // Valid by itself, but never kept here: the page says that the day is the file's word.
    const auto live = signing_keys_->key_of(expert(), signing_keys_->subject_of(expert()));
    const std::string other = R"({"meaning":"opinion","recorded":")" + format_instant(clock_.now()) + "\"}";
    EXPECT_TRUE(says(check(other, live->key.sign(other), certificate).raw, "does not keep this signature"));
    clock_.advance(std::chrono::hours(1));
    signing_keys_->revoke(office(), signing_keys_->all().front().holder == expert() ? signing_keys_->all().front().id : 2, clock_.now(), "stolen");
    EXPECT_TRUE(says(check(other, live->key.sign(other), certificate).raw, "revoked before signing")) << "nobody proves its time";
    EXPECT_TRUE(says(check(manifest, signature, certificate).raw, "Valid")) << "this centre kept it before the revocation";
}

TEST_F(Signatures, OneNetworkDoesNotTryReferencesWithoutEnd) {
    int answered = 0;
    while (answered < 200 && get("", "/verify/guess" + std::to_string(answered)).status == 404) {
        ++answered;
    }
    EXPECT_EQ(answered, 60);
    EXPECT_EQ(get("", "/verify/guess").status, 429);
    clock_.advance(std::chrono::minutes(2));
    EXPECT_EQ(get("", "/verify/guess").status, 404);
}

}  // namespace
}  // namespace qiao::consult::testing
