#include "centre.hpp"

#include "services/consult/pdf.hpp"
#include "storage/file.hpp"

#include <array>
#include <cstdio>

namespace qiao::consult::testing {
namespace {

using json::Value;

class Documents : public Centre {
protected:
    std::string run(const std::string& command) {
        std::string output;
        FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
        std::array<char, 4096> buffer{};
        while (const std::size_t count = ::fread(buffer.data(), 1, buffer.size(), pipe)) {
            output.append(buffer.data(), count);
        }
        ::pclose(pipe);
        return output;
    }
    std::string keep(const std::string& name, const std::string& bytes) {
        const std::string path = folder_ + "/" + name;
        storage::write_file_durably(path, bytes);
        return path;
    }
    Answer evidence(const std::string& id, const std::string& file) { return get("doctor", "/flow/cases/" + id + "/opinion/" + file); }
};

TEST_F(Documents, TheOpinionPrintsInBothLanguages) {
    const std::string id = writing();
    const Value image = attachment("expert", id, "key_image", png_bytes());
    step_up("expert");
    Value fields = opinion();
    fields.set("key_images", image["n"]);
    ASSERT_EQ(move("expert", id, "sign", fields).status, 200);
    const Answer pdf = get("doctor", "/flow/cases/" + id + "/opinion.pdf");
    ASSERT_EQ(pdf.status, 200) << pdf.raw;
    EXPECT_EQ(pdf.header("cache-control"), "private, no-store");
    const std::string text = run("pdftotext -layout " + keep("opinion.pdf", pdf.raw) + " -");
    for (const char* words :
         {"远程会诊意见", "Remote consultation opinion", "王小明", "中心医院", "Hub hospital", "赵明", "Dr expert", "Keep lying, check pupils every 15 min",
          "未见明显异常", "advice to the treating institution", "由接诊医生决定诊治", "今天 Today", "Key image", "Bleeding?", "(UTC+8, Asia/Shanghai)",
          "https://tele.example.org/verify/", "仅证明内容未被改动", "integrity only", "扫码核验"}) {
        EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
    }
    EXPECT_EQ(get("stranger", "/flow/cases/" + id + "/opinion.pdf").status, 404);
    EXPECT_EQ(get("doctor", "/flow/cases/" + id + "/opinion.pdf?version=2").status, 404);
    const std::string receipt = run("pdftotext " + keep("receipt.pdf", get("doctor", "/flow/cases/" + id + "/receipt.pdf").raw) + " -");
    EXPECT_NE(receipt.find("Receipt of a consultation request"), std::string::npos);
}

TEST_F(Documents, ALinkCanBeCopiedOutOfThePage) {
    const std::string link = "https://tele.example.org/verify/fXfVfTfWfYf7fifffl-ToAVLYfT_Ty";
    Pdf pdf("Opinion", link);
    pdf.text("Opinion");
    const std::string text = run("pdftotext -layout " + keep("link.pdf", pdf.finish()) + " -");
    EXPECT_NE(text.find(link), std::string::npos) << text;
}

TEST_F(Documents, EveryReadingIsAudited) {
    const std::string id = signed_case();
    const std::int64_t doctor = people_["doctor"].id;
    std::map<std::string, int> read;
    record_->ports().on_read = [&](const record::Actor& actor, std::string_view what, std::string_view type, std::span<const record::Rid> resources,
                                   std::span<const record::Rid> patients) {
        EXPECT_EQ(actor.person, doctor);
        EXPECT_EQ(patients.size(), 1U);
        EXPECT_EQ(resources.size(), 1U);
        ++read[std::string(what) + " " + std::string(type)];
    };
    view("doctor", id);
    get("doctor", "/flow/cases/" + id + "/opinion.pdf");
    get("doctor", "/flow/cases/" + id + "/opinion/manifest.bin");
    get("doctor", "/flow/worklists/inbox");
    EXPECT_EQ(read, (std::map<std::string, int>{{"export Composition", 2}, {"read Task", 1}, {"search Task", 1}}));
}

TEST_F(Documents, LongOpinionsBreakOverPages) {
    const std::string id = writing();
    step_up("expert");
    Value fields = opinion();
    std::string lines;
    for (int line = 0; line < 400; ++line) {
        lines += "第" + std::to_string(line) + "行 line\n";
    }
    fields.set("findings", lines + "the very last line");
    ASSERT_EQ(move("expert", id, "sign", fields).status, 200);
    const std::string path = keep("long.pdf", get("doctor", "/flow/cases/" + id + "/opinion.pdf").raw);
    EXPECT_NE(run("pdftotext " + path + " -").find("the very last line"), std::string::npos);
    EXPECT_EQ(run("pdfinfo " + path).find("Pages:           1\n"), std::string::npos);
}

TEST_F(Documents, TheSignatureVerifiesOutside) {
    const std::string id = signed_case();
    const std::string manifest = keep("manifest.bin", evidence(id, "manifest.bin").raw);
    const std::string signature = keep("signature.der", evidence(id, "signature.der").raw);
    const std::string certificate = keep("cert.pem", evidence(id, "cert.pem").raw);
    const std::string verify = "openssl x509 -in " + certificate + " -pubkey -noout > " + folder_ + "/key.pem && openssl dgst -sha256 -verify " + folder_ +
                               "/key.pem -signature " + signature + " ";
    EXPECT_NE(run(verify + manifest).find("Verified OK"), std::string::npos);
    std::string changed = evidence(id, "manifest.bin").raw;
    changed[changed.size() / 2] ^= 1;
    EXPECT_EQ(run(verify + keep("changed.bin", changed)).find("Verified OK"), std::string::npos);
    EXPECT_EQ(get("stranger", "/flow/cases/" + id + "/opinion/manifest.bin").status, 404);
    EXPECT_EQ(evidence(id, "master.key").status, 404);
}

TEST_F(Documents, TheVerificationPageSaysThreeThingsOnly) {
    const std::string id = signed_case();
    const std::string path = view("doctor", id)["opinion"]["verify"].text();
    const Answer page = get("", path);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.raw.find("Valid"), std::string::npos);
    EXPECT_NE(page.raw.find("中心医院"), std::string::npos);
    EXPECT_NE(page.header("content-security-policy").find("default-src 'none'"), std::string::npos);
    for (const char* hidden : {"王小明", "赵明", "expert", "C-20", "Keep lying", "Task", "Practitioner"}) {
        EXPECT_EQ(page.raw.find(hidden), std::string::npos) << hidden;
    }
    EXPECT_EQ(get("", "/verify/nothing").status, 404);
    EXPECT_EQ(get("", "/verify/nothing").raw.find("Valid"), std::string::npos);
    // Somebody with the database in hand changes the text: the page says so.
    const std::string reference = view("doctor", id)["opinion"]["resource"].text();
    writer_->submit({{}, [&](storage::Group& group) {
                         int changed = 0;
                         auto rows = group.connection().query("SELECT id, manifest FROM access_signature");
                         while (rows.next()) {
                             std::string text(rows.text(1));
                             const std::size_t at = text.find("opinion");
                             if (at == std::string::npos) continue;
                             text.replace(at, 7, "opiniom");
                             group.connection().execute("UPDATE access_signature SET manifest = ? WHERE id = ?", {storage::Blob{text}, rows.integer(0)});
                             ++changed;
                         }
                         EXPECT_GE(changed, 1);
                     }});
    EXPECT_EQ(get("", path).raw.find("Valid"), std::string::npos);
    const std::string paper = run("pdftotext " + keep("altered.pdf", get("doctor", "/flow/cases/" + id + "/opinion.pdf").raw) + " -");
    EXPECT_NE(paper.find("Does not verify"), std::string::npos) << paper;
}

}  // namespace
}  // namespace qiao::consult::testing
