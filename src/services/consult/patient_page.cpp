#include "services/consult/patient_page.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "flow/case_view.hpp"
#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/pdf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qiao::consult {

namespace {

using json::Value;

constexpr std::size_t kCases = 8;  // on the one page; the newest
constexpr std::size_t kSeen = 12;
constexpr int kLookPages = 20;

struct Word {
    std::string_view code;
    std::string_view both;
};

constexpr std::array kRoles = {
    Word{"doctor", "医生 doctor"},
    Word{"expert", "专家 expert"},
    Word{"coordinator", "协调员 coordinator"},
    Word{"nurse", "护士 nurse"},
    Word{"technician", "技师 technician"},
    Word{"duty_lead", "值班组长 duty lead"},
    Word{"centre_manager", "中心负责人 manager"},
    Word{"privacy_officer", "隐私专员 privacy officer"},
    Word{"audit_admin", "审计员 auditor"},
};

constexpr std::array kReasons = {
    Word{"care", "诊疗 care"},
    Word{"case", "会诊 consultation"},
    Word{"break_glass", "紧急查看 emergency access"},
    Word{"client", "其他系统 another system"},
    Word{"oversight", "隐私与审计 privacy and audit"},
};

template <class Table>
std::string_view word_of(const Table& table, std::string_view code, std::string_view otherwise) {
    const auto at = std::find_if(table.begin(), table.end(), [&](const Word& one) { return one.code == code; });
    return at == table.end() ? otherwise : at->both;
}

std::string name_of(const flow::Ground& ground, std::int64_t organisation) {
    const auto found = ground.directory.organisation(organisation);
    if (!found) {
        return "其他系统 Another system";
    }
    return found->name_en.empty() || found->name_en == found->name ? found->name : found->name + "  " + found->name_en;
}

int years_kept(const flow::Pack& pack) {
    for (const flow::RetentionRule& rule : pack.retention()) {
        if (rule.record_class == "outpatient_record") {
            return rule.days / 365;
        }
    }
    return 15;
}

void case_lines(Pdf& pdf, const PatientEyes& eyes, storage::Connection& connection, const flow::Case& item, const record::Zone& zone) {
    const std::vector<flow::Item> items = flow::store::items_of(connection, item.id);
    const auto count = [&](std::string_view kind) {
        return std::count_if(items.begin(), items.end(), [&](const flow::Item& one) { return one.kind == kind; });
    };
    const auto sent = sent_at(flow::store::moves_of(connection, item.id));
    pdf.label(fmt::format("{} · {}", item.number, zone.text_of(sent.value_or(item.created))));
    pdf.text(fmt::format("{}  →  {}", name_of(eyes.ground, item.from_org), name_of(eyes.ground, item.to_org)), true);
    pdf.text(fmt::format("病情摘要、测量、{0} 份附件、{1} 个影像检查。 History, measurements, {0} attachments, {1} imaging studies.", count("attachment"),
                         count("study")));
    const std::string& given = item.notes["consent"]["given"].text();
    const std::string consent = given.empty() ? "没有 none" : zone.text_of(parse_instant(given).value_or(item.created));
    const std::string ends = item.ended ? fmt::format("已于 {0} 结束 ended {0}", zone.text_of(item.state_since)) : "会诊结束时 when the consultation closes";
    pdf.text(fmt::format("同意 Consent: {}    对方查看权限 Their access: {}", consent, ends));
}

}  // namespace

bool may_be_told(storage::Connection& connection, const access::Look& look) {
    return look.case_id.empty() || !flow::store::is_withheld(connection, look.case_id);
}

std::vector<SeenBy> seen_by(const PatientEyes& eyes, access::Looks& looks, record::Rid patient) {
    std::vector<SeenBy> seen;
    std::optional<access::AuditPlace> before;
    for (int page_number = 0; page_number < kLookPages; ++page_number) {
        const access::LooksPage page = looks.of({.patient = patient}, before, 500);
        const auto reader = eyes.ground.record.read(eyes.filter);
        for (const access::Look& look : page.looks) {
            if (look.role == "patient" || look.act == "refused" || !may_be_told(reader->connection(), look)) {
                continue;
            }
            const auto same = std::find_if(seen.begin(), seen.end(), [&](const SeenBy& one) {
                return one.organisation == look.organisation && one.role == look.role && one.why == look.why;
            });
            if (same == seen.end()) {
                seen.push_back({look.organisation, look.role, look.why, look.last, look.count});
            } else {
                same->last = std::max(same->last, look.last);
                same->count += look.count;
            }
        }
        if (!page.next) {
            break;
        }
        before = page.next;
    }
    std::sort(seen.begin(), seen.end(), [](const SeenBy& a, const SeenBy& b) { return a.last > b.last; });
    return seen;
}

std::string patient_page_pdf(const PatientEyes& eyes, const std::vector<SeenBy>& seen, std::int64_t organisation, const Printed& printed,
                             std::string_view reference) {
    const std::vector<flow::Case> cases = shown_cases(eyes);
    const auto reader = eyes.ground.record.read(eyes.filter);
    const Value patient = reader->get(eyes.patient).value();
    const std::string link = printed.base_url + "/verify/" + std::string(reference);
    Pdf pdf("Where the records went", link);
    pdf.qr(link, "扫码核验 Scan to verify");
    pdf.text(name_of(eyes.ground, organisation), true);
    pdf.heading("您的资料去了哪里，谁看过");
    pdf.heading("Where your records went, and who saw them");
    pdf.text(fmt::format("{}   {}   {}", flow::name_text(patient), patient["birthDate"].text(), printed.zone.text_of(eyes.ground.clock.now())));
    pdf.rule();
    pdf.text("一、去了哪里  1. Where they went", true);
    if (cases.empty()) {
        pdf.text("没有送往别处。 They went nowhere.");
    }
    for (std::size_t i = 0; i < std::min(cases.size(), kCases); ++i) {
        case_lines(pdf, eyes, reader->connection(), cases[i], printed.zone);
    }
    if (cases.size() > kCases) {
        pdf.text(fmt::format("另有 {0} 次较早的会诊。 And {0} earlier ones.", cases.size() - kCases));
    }
    pdf.rule();
    pdf.text("二、谁看过  2. Who saw them", true);
    for (std::size_t i = 0; i < std::min(seen.size(), kSeen); ++i) {
        const SeenBy& one = seen[i];
        pdf.text(fmt::format("{} · {} · {} · {}", name_of(eyes.ground, one.organisation), word_of(kRoles, one.role, one.role),
                             word_of(kReasons, one.why, "未记录原因 no reason on file"), printed.zone.text_of(one.last)));
    }
    if (seen.empty()) {
        pdf.text("没有人。 Nobody.");
    }
    if (seen.size() > kSeen) {
        pdf.text(fmt::format("另有 {0} 行，见患者页面。 And {0} more lines on the patient's page.", seen.size() - kSeen));
    }
    pdf.text("为保护患者而依法暂不告知的，不在此列。 What the law keeps back for a time to protect the patient is not listed.");
    pdf.rule();
    pdf.text("三、您可以  3. What you may do", true);
    const int years = years_kept(*eyes.ground.pack);
    pdf.text(fmt::format("更正、反对、导出资料，询问查看者姓名，撤回同意：在 {}/p，或请诊所代办。病历依法至少保存 {} 年。", printed.base_url, years));
    pdf.text(fmt::format(
        "Correct, object, export, ask for names, withdraw a consent: at {}/p, or through your clinic. Medical records are kept for at least {} years.",
        printed.base_url, years));
    pdf.gap();
    pdf.text("本页由机构印章签署，扫描二维码可核验。 This page carries the institution's seal; scan the code to check it.");
    return pdf.finish();
}

access::Signature sealed(const flow::Ground& ground, std::int64_t organisation, std::string_view meaning, std::string reference,
                         const std::vector<ExportFile>& files) {
    const auto place = ground.directory.organisation(organisation);
    access::Manifest manifest{.items = {}, .meaning = std::string(meaning), .occurred = ground.clock.now(), .recorded = ground.clock.now()};
    manifest.signer = manifest.organisation = place ? place->resource : "";
    manifest.signer_name = place ? place->name : "";
    for (const ExportFile& file : files) {
        manifest.attachments.push_back({file.name, file.content_type, to_hex(sha256(file.bytes))});
    }
    access::SigningKeys& keys = ground.signing.keys();
    const access::Holder holder{access::KeyKind::seal, organisation};
    const auto key = keys.key_of(holder, keys.subject_of(holder));
    access::Signature signature{.reference = std::move(reference), .manifest = access::manifest_bytes(manifest)};
    signature.der = key->key.sign(signature.manifest);
    signature.certificate_pem = key->certificate_pem;
    signature.chain_pem = key->chain_pem;
    signature.signed_at = ground.clock.now();
    signature.revocation = keys.revocation_state(*key);
    ground.writer.submit({{}, [&](storage::Group& group) { ground.signing.keep(group, signature, {}); }});
    return signature;
}

}  // namespace qiao::consult
