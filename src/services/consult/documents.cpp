#include "services/consult/documents.hpp"

#include "access/certificate.hpp"
#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/pdf.hpp"
#include "services/consult/verification.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::consult {

namespace {

using json::Value;

std::string both(const std::string& zh, const std::string& en) { return en.empty() || en == zh ? zh : zh + "  " + en; }

std::string organisation_name(const flow::Ground& ground, std::int64_t id) {
    const std::optional<access::Organisation> found = ground.directory.organisation(id);
    return found ? both(found->name, found->name_en) : "";
}

std::string person_name(const flow::Ground& ground, std::int64_t id) {
    const std::optional<access::Person> found = ground.directory.person(id);
    return found ? both(found->name, found->name_en) : "";
}

std::string sex_text(const std::string& gender) {
    return gender == "male" ? "男 male" : gender == "female" ? "女 female" : gender == "other" ? "其他 other" : "未知 unknown";
}

std::string act_by_text(const std::string& code) { return code == "now" ? "立即 Now" : code == "today" ? "今天 Today" : "常规 Routine"; }

std::string quality_text(const std::string& code) {
    return code == "lossless"  ? "无损 lossless"
           : code == "preview" ? "预览 preview"
                               : "照片：不可测量、不能排除疾病 photo: no measuring, no exclusion of disease";
}

std::string local_time(const record::Zone& zone, const std::string& instant) {
    const std::optional<Instant> parsed = parse_instant(instant);
    return parsed ? zone.text_of(*parsed) : instant;
}

/// "46 y" of the compact views in both languages.
std::string age_both(const std::string& age) {
    const std::size_t blank = age.find(' ');
    const std::string_view unit = blank == std::string::npos ? std::string_view() : std::string_view(age).substr(blank + 1);
    const char* zh = unit == "y" ? "岁" : unit == "mo" ? "个月" : unit == "w" ? "周" : unit == "d" ? "天" : nullptr;
    return zh == nullptr ? age : fmt::format("{}{} {}", age.substr(0, blank), zh, age);
}

/// What the signature is, and whether it holds now: paper that was made from altered text must say so itself.
void signature_lines(Pdf& pdf, const flow::Ground& ground, const std::string& reference) {
    const auto signature = ground.signing.find(reference);
    pdf.label("电子签名 Signature");
    const OpinionState state = signature ? state_of(ground, *signature) : OpinionState::altered;
    if (!is_good(state)) {
        pdf.text(state == OpinionState::unknown_signer
                     ? "核验失败：签名人的证书不受信任，请勿采用。 Does not verify: no trusted authority knows the signer. Do not use."
                 : state == OpinionState::revoked_before
                     ? "核验失败：签署前证书已被吊销，请勿采用。 Does not verify: the certificate was revoked before signing. Do not use."
                     : "核验失败：内容不是所签署的内容，请勿采用。 Does not verify: this is not what was signed. Do not use.",
                 true);
        return;
    }
    const auto vouched = [&](const access::Checked& checked, const std::string& certificate_pem) {
        const Words worth = worth_of(checked.origin);
        pdf.text(fmt::format("证书序列号 Certificate {}", access::serial_of(certificate_pem)));
        pdf.text(worth.zh);
        pdf.text(worth.en);
    };
    vouched(ground.signing.check(*signature), signature->certificate_pem);
    if (signature->seal) {
        pdf.label("机构印章 Seal of the institution");
        pdf.text(organisation_name(ground, signature->seal->organisation), true);
        const access::Checked seal = ground.signing.check_seal(*signature);
        if (access::is_good(seal.verdict)) {
            vouched(seal, signature->seal->certificate_pem);
        } else {
            pdf.text("印章核验失败。 The seal does not verify.", true);
        }
    }
}

Value patient_of(record::Reader& reader, const flow::Case& item) { return reader.get(item.patient).value(); }

void patient_lines(Pdf& pdf, const flow::Ground& ground, const flow::Case& item, const Value& patient, const std::string& at) {
    const Instant when = parse_instant(at).value_or(ground.clock.now());
    pdf.label("患者 Patient");
    pdf.text(fmt::format("{}   {}   {}   {}", flow::name_text(patient), sex_text(patient["gender"].text()),
                         age_both(flow::age_text(patient["birthDate"].text(), when)), patient["birthDate"].text()),
             true);
    pdf.label("病例号 Case · 申请机构 From");
    pdf.text(item.number + "   " + organisation_name(ground, item.from_org));
}

Value form_of(record::Reader& reader, const flow::Case& item) {
    std::string reference;
    for (const flow::Item& one : flow::store::items_of(reader.connection(), item.id)) {
        reference = one.kind == "form" ? one.reference : reference;
    }
    return reference.empty() ? Value::object() : flow::form_of_items(reader.get(reference).value()["item"]);
}

void key_images(Pdf& pdf, const flow::Ground& ground, record::Reader& reader, const flow::Case& item, const Value& fields) {
    for (const Value& one : fields["key_images"].items()) {
        const auto attachment = flow::store::find_attachment(reader.connection(), item.id, std::atoi(one["n"].text().c_str()));
        if (attachment && attachment->content_type == "image/png") {
            const std::string& title = one["title"].text();
            const bool named = !title.empty() && title != "-";  // FHIR wants a text where there is none
            pdf.png(ground.blobs.get(attachment->sha256), fmt::format("关键图像 Key image {}{}{}", attachment->n, named ? ": " : "", named ? title : ""));
        }
    }
}

/// What each of several experts wrote; a dissent is printed as one.
void parts(Pdf& pdf, const Value& fields) {
    for (const Value& one : fields["parts"].items()) {
        const bool dissent = one["stance"].text() == "dissent";
        pdf.boxed(fmt::format("{}  {}", one["name"].text(), dissent ? "不同意见 DISSENT" : "同意 Agrees"), one["text"].text());
    }
}

}  // namespace

std::string opinion_pdf(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, std::int64_t version, const Printed& printed) {
    const auto& [zone, base_url] = printed;
    const Value& note = item.notes["opinion"];
    const std::int64_t newest = note["version"].integer().value_or(0);
    version = version == 0 ? newest : version;
    const std::string id = note["resource"].text().substr(std::min(note["resource"].text().size(), note["resource"].text().find('/') + 1));
    const std::optional<record::Stored> stored = newest == 0 ? std::nullopt : reader.read_version("Composition", id, version);
    if (!stored) {
        throw Error(ErrorKind::not_found, "flow.no_opinion", "no such opinion");
    }
    const Value composition = stored->value();
    Value fields = verbs::opinion_fields(composition);
    verbs::mark_later_images(ground, item, fields);
    const std::string signature = signature_of_version(item, version);
    Pdf pdf("Consultation opinion " + item.number, fmt::format("{} · v{} · {}{}", item.number, version, base_url, "/verify/" + signature));
    pdf.qr(base_url + "/verify/" + signature, "扫码核验 Scan to verify");
    pdf.text(organisation_name(ground, item.to_org), true);
    pdf.heading("远程会诊意见");
    pdf.heading("Remote consultation opinion");
    patient_lines(pdf, ground, item, patient_of(reader, item), composition["date"].text());
    pdf.rule();
    const Value form = form_of(reader, item);
    pdf.label("会诊问题 Question");
    pdf.text(form["question"].text());
    pdf.gap();
    pdf.label("意见 Findings");
    pdf.text(fields["findings"].text());
    pdf.gap();
    pdf.boxed("1  现在做什么 What to do now", fields["do_now"].text());
    pdf.boxed("2  何时、如何转送 When and how to send the patient", fields["when_to_send"].text());
    pdf.boxed("3  危险信号 Danger signs", fields["danger_signs"].text());
    pdf.boxed("4  联系谁 Whom to call", fields["call"].text());
    pdf.label("何时前执行 To be acted on by");
    pdf.text(act_by_text(fields["act_by"].text()), true);
    pdf.gap();
    parts(pdf, fields);
    pdf.label("所见资料 Items seen");
    for (const Value& one : fields["items_seen"].items()) {
        pdf.text(fmt::format("{}  {}", one["title"].text(), one["seen"].truth() ? quality_text(one["quality"].text()) : "未查看 not opened"));
        if (!one["later_images"].is_null()) {
            pdf.text(fmt::format("      签署后又收到 {0} 幅，不属于本意见  {0} more images came after the signature and are no part of it",
                                 one["later_images"].text()),
                     true);
        }
    }
    if (fields["items_seen"].size() == 0) {
        pdf.text("无 none");
    }
    pdf.gap();
    key_images(pdf, ground, reader, item, fields);
    pdf.rule();
    pdf.label("专家 Expert");
    const auto signer = ground.directory.person_by_resource(composition["author"].at(0)["reference"].text());
    pdf.text((signer ? both(signer->name, signer->name_en) : "") + "   " + organisation_name(ground, item.to_org), true);
    pdf.label("签署时间 Signed · 版本 Version");
    pdf.text(fmt::format("{}   v{}{}", local_time(zone, composition["date"].text()), version,
                         version < newest ? "   已修订，另有新版本 amended, a newer version exists" : ""));
    signature_lines(pdf, ground, signature);
    pdf.gap();
    pdf.text("本意见供申请机构参考，由接诊医生决定诊治。扫描二维码可核验本意见是否有效。");
    pdf.text("This opinion is advice to the treating institution, which decides. Scan the code to check whether it is valid.");
    return pdf.finish();
}

std::string receipt_pdf(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, const record::Zone& zone) {
    const Value form = form_of(reader, item);
    Pdf pdf("Consultation receipt " + item.number, item.number);
    pdf.text(organisation_name(ground, item.from_org), true);
    pdf.heading("远程会诊申请回执");
    pdf.heading("Receipt of a consultation request");
    patient_lines(pdf, ground, item, patient_of(reader, item), format_instant(item.created));
    pdf.rule();
    pdf.label("受邀机构 To");
    pdf.text(organisation_name(ground, item.to_org));
    pdf.label("申请医生 Requested by");
    pdf.text(person_name(ground, item.requester));
    pdf.label("申请时间 Requested");
    pdf.text(local_time(zone, format_instant(item.created)));
    pdf.label("会诊问题 Question");
    pdf.text(form["question"].text());
    const Value& consent = item.notes["consent"];
    if (consent.is_object()) {
        pdf.label("知情同意 Consent");
        pdf.text(fmt::format("{}   {}", consent["name"].text(), local_time(zone, consent["given"].text())));
    }
    return pdf.finish();
}

}  // namespace qiao::consult
