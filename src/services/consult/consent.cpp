#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/request_form.hpp"

#include <fmt/format.h>

namespace qiao::consult {

namespace {

using json::Value;

Value coding(std::string_view system, std::string_view code) {
    return Value::object({{"coding", Value::array({Value::object({{"system", system}, {"code", code}})})}});
}

int retention_years(const flow::Pack& pack, std::string_view record_class) {
    for (const flow::RetentionRule& rule : pack.retention()) {
        if (rule.record_class == record_class) {
            return rule.days / 365;
        }
    }
    return 15;
}

}  // namespace

std::string consent_text(const flow::Ground& ground, std::int64_t to_org, std::int64_t from_org, std::string_view language) {
    const bool chinese = language == "zh";
    const auto name = [&](std::int64_t id) {
        const std::optional<access::Organisation> organisation = ground.directory.organisation(id);
        return !organisation ? std::string("?") : chinese || organisation->name_en.empty() ? organisation->name : organisation->name_en;
    };
    const int years = retention_years(*ground.pack, "outpatient_record");
    if (chinese) {
        return fmt::format(
            "{0}的医生请{1}的专家为患者远程会诊。为此将向{1}提供：姓名、性别、年龄、身份信息、病史摘要、生命体征、过敏史、用药、照片及影像检查。"
            "会诊意见供{0}的接诊医生参考并由其决定诊治。会诊资料按病历保存至少{2}年。会诊意见签署前可随时向{0}撤回同意，已提供的资料仍按规定保存，但{1}"
            "不再可见。",
            name(from_org), name(to_org), years);
    }
    return fmt::format(
        "The doctor at {0} asks experts of {1} for a remote consultation. For this {1} is given: name, sex, age, identity papers, summary of the history, "
        "vital signs, allergies, drugs, photos and imaging studies. The opinion is advice to the treating doctor at {0}, who decides. The documents are kept "
        "with the medical record for at least {2} years. Consent may be withdrawn at {0} at any time before the opinion is signed; what was given is "
        "kept as the law demands, but {1} no longer sees it.",
        name(from_org), name(to_org), years);
}

std::string create_consent(flow::Move& move, const Value& consent) {
    const std::string& by = consent["by"].text();
    const std::string text =
        consent_text(move.ground, move.item.to_org, move.item.from_org, "zh") + "\n" + consent_text(move.ground, move.item.to_org, move.item.from_org, "en") +
        fmt::format("\n{}: {}{}{}", by, consent["name"].text(), flow::is_given(consent["relation"]) ? ", " + consent["relation"].text() : "",
                    flow::is_given(consent["reason"]) ? ", " + consent["reason"].text() : "");
    Value resource = Value::object({{"resourceType", "Consent"}, {"text", flow::narrative(text)}, {"status", "active"}});
    resource.set("scope", coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"));
    resource.set("category", Value::array({coding("http://loinc.org", "59284-0")}));
    resource.set("patient", Value::object({{"reference", move.item.patient}}));
    resource.set("dateTime", format_instant(move.occurred));
    resource.set("performer", Value::array({by == "patient" ? Value::object({{"reference", move.item.patient}, {"display", consent["name"]}})
                                                            : Value::object({{"display", consent["name"]}})}));
    resource.set("organization", Value::array({move.organisation_ref(move.item.from_org)}));
    if (const std::optional<std::int64_t> n = consent["signature"].integer()) {
        const auto attachment = flow::store::find_attachment(move.work.reader().connection(), move.item.id, static_cast<int>(*n));
        resource.set("sourceReference", Value::object({{"reference", attachment->resource}}));
        move.sign_over(*attachment);
    }
    resource.set("policyRule", coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"));
    Value actor = Value::object(
        {{"role", coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")}, {"reference", move.organisation_ref(move.item.to_org)}});
    Value data = Value::object({{"meaning", "related"}, {"reference", Value::object({{"reference", move.item.request}})}});
    Value purpose = Value::object({{"system", "http://terminology.hl7.org/CodeSystem/v3-ActReason"}, {"code", "TREAT"}});
    resource.set("provision", Value::object({{"type", "permit"},
                                             {"actor", Value::array({std::move(actor)})},
                                             {"purpose", Value::array({std::move(purpose)})},
                                             {"data", Value::array({std::move(data)})}}));
    const std::string reference = move.create(std::move(resource), "consent");
    Value note = Value::object(
        {{"resource", reference}, {"by", by}, {"name", consent["name"]}, {"receiver", move.item.to_org}, {"given", format_instant(move.occurred)}});
    if (flow::is_given(consent["relation"])) {
        note.set("relation", consent["relation"]);
    }
    if (!consent["signature"].is_null()) {
        note.set("signature", consent["signature"]);
    }
    move.item.notes.set("consent", std::move(note));
    move.sign_over(reference);
    return reference;
}

}  // namespace qiao::consult
