#include "flow/form.hpp"
#include "services/consult/consent.hpp"
#include "services/consult/pdf.hpp"

#include <fmt/format.h>

namespace qiao::consult {

namespace {

constexpr const char* kLine = "______________________________";

void question(Pdf& pdf, const char* name, const std::string& zh, const std::string& en) {
    pdf.boxed(name, zh + "\n" + en + "\n□ 同意 Yes          □ 不同意 No");
}

}  // namespace

std::string consent_sheet(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, std::int64_t receiver) {
    const ConsentWords zh = *consent_words(ground, receiver, item.from_org, "zh");
    const ConsentWords en = *consent_words(ground, receiver, item.from_org, "en");
    const json::Value patient = reader.get(item.patient).value();
    Pdf pdf("Consent sheet " + item.number, fmt::format("{} · {} · {} {}", item.number, zh.version, zh.digest().substr(0, 12), en.digest().substr(0, 12)));
    // One sheet: what is signed stands with what it answers.
    pdf.heading("远程会诊知情同意书  Consent to a remote consultation");
    pdf.label("患者 Patient · 病例号 Case");
    pdf.text(fmt::format("{}   {}   {}", flow::name_text(patient), patient["birthDate"].text(), item.number), true);
    pdf.rule();
    question(pdf, "1  会诊 Consultation", zh.consultation, en.consultation);
    question(pdf, "2  录音录像 Recording", zh.recording, en.recording);
    question(pdf, "3  教学 Teaching", zh.teaching, en.teaching);
    pdf.rule();
    pdf.text("□ 患者本人 Patient     □ 监护人 Guardian     □ 近亲属 Near relative");
    pdf.gap();
    pdf.text(fmt::format("姓名 Name {}   与患者关系 Relation {}", kLine, "________________"));
    pdf.gap(10);
    pdf.text(fmt::format("签名或指印 Signature or thumbprint {}", kLine));
    pdf.gap(10);
    pdf.text(fmt::format("见证人（按指印时） Witness of a thumbprint {}   关系 Relation ________", "________________"));
    pdf.gap(10);
    pdf.text(fmt::format("说明的医生 Explained by {}   日期 Date ____________", kLine));
    pdf.gap();
    pdf.label("近亲属签署、或成年人由监护人签署时，医生写明原因 Doctor's reason when a relative, or an adult's guardian, signs");
    pdf.text("________________________________________________________________________");
    return pdf.finish();
}

}  // namespace qiao::consult
