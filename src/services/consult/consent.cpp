#include "services/consult/consent.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "flow/case_view.hpp"
#include "flow/flow_store.hpp"
#include "flow/form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace qiao::consult {

namespace {

using flow::FieldCheck;
using json::Value;

constexpr int kChild_years = 14;  ///< below, a guardian consents
constexpr std::size_t kReason_letters = 8;
constexpr std::size_t kName_bytes = 200;
constexpr std::size_t kSheets = 6;

int retention_years(const flow::Pack& pack, std::string_view record_class) {
    for (const flow::RetentionRule& rule : pack.retention()) {
        if (rule.record_class == record_class) {
            return rule.days / 365;
        }
    }
    return 15;
}

std::string with_names(std::string text, std::initializer_list<std::pair<std::string_view, std::string>> names) {
    for (const auto& [mark, name] : names) {
        for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + name.size())) {
            text.replace(at, mark.size(), name);
        }
    }
    return text;
}

/// Characters of any script, without ASCII blanks: a byte that continues one (UTF-8) does not count.
std::size_t letters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        const auto code = static_cast<unsigned char>(byte);
        return code > ' ' && (code & 0xC0U) != 0x80U;
    }));
}

bool same_name(std::string_view a, std::string_view b) { return !trim(a).empty() && lower(trim(a)) == lower(trim(b)); }

void check_evidence(const flow::Move& move, const Value& n, std::string_view kind, const std::string& field, FieldCheck& check) {
    const auto snapshot = move.ground.database.read();
    const auto attachment = flow::store::find_attachment(snapshot->connection(), move.item.id, static_cast<int>(n.integer().value_or(0)));
    if (!attachment || attachment->kind != kind) {
        check.refuse("flow.bad_field", field, fmt::format("number of a {} attachment", kind));
    }
}

void check_name(const Value& consent, const char* name, const char* what, FieldCheck& check) {
    if (!flow::is_given(consent[name])) {
        check.refuse("flow.missing_field", fmt::format("consent.{}", name), what);
    } else if (consent[name].text().size() > kName_bytes) {
        check.refuse("flow.bad_field", fmt::format("consent.{}", name), fmt::format("at most {} bytes", kName_bytes));
    }
}

void check_reason(const Value& consent, const char* what, FieldCheck& check) {
    if (letters(consent["reason"].text()) < kReason_letters) {
        check.refuse("flow.missing_field", "consent.reason", fmt::format("{}, in at least {} letters", what, kReason_letters));
    } else if (consent["reason"].text().size() > flow::kReason_bytes) {
        check.refuse("flow.bad_field", "consent.reason", fmt::format("at most {} bytes", flow::kReason_bytes));
    }
}

/// A thumbprint or a word is witnessed by somebody who neither asks nor consents.
void check_witness(const flow::Move& move, const Value& consent, FieldCheck& check) {
    const Value& witness = consent["witness"];
    for (const char* name : {"name", "relation"}) {
        if (!flow::is_given(witness[name]) || witness[name].text().size() > kName_bytes) {
            check.refuse("flow.missing_field", fmt::format("consent.witness.{}", name), "who saw or heard it, and their relation");
        }
    }
    check_evidence(move, witness["signature"], "consent_signature", "consent.witness.signature", check);
    if (witness["signature"].integer() == consent["signature"].integer() && !consent["signature"].is_null()) {
        check.refuse("flow.bad_field", "consent.witness.signature", "a signature of the witness's own");
    }
    const std::optional<access::Person> doctor = move.ground.directory.person(move.actor.person);
    const std::string& name = witness["name"].text();
    if ((doctor && (same_name(name, doctor->name) || same_name(name, doctor->name_en))) || same_name(name, consent["name"].text())) {
        check.refuse("flow.witness_not_apart", "consent.witness.name", "the witness is neither who asks nor who consents");
    }
}

void check_method(const flow::Move& move, const Value& consent, FieldCheck& check) {
    const std::string_view method = method_of(consent);
    if (method == "signature") {
        check_evidence(move, consent["signature"], "consent_signature", "consent.signature", check);
    } else if (method == "thumbprint") {
        check_evidence(move, consent["print"], "consent_print", "consent.print", check);
        check_witness(move, consent, check);
    } else if (method == "paper") {
        const std::vector<Value> sheets = flow::list_of(consent, "paper");
        if (sheets.empty() || sheets.size() > kSheets) {
            check.refuse("flow.missing_field", "consent.paper", fmt::format("1 to {} sheets", kSheets));
        }
        for (const Value& sheet : sheets) {
            check_evidence(move, sheet, "consent_paper", "consent.paper", check);
        }
    } else if (method == "oral") {
        check_witness(move, consent, check);
    } else {
        check.refuse("flow.bad_field", "consent.method", "one of: signature thumbprint paper oral");
    }
}

void check_words(const flow::Move& move, const Value& consent, std::int64_t receiver, FieldCheck& check) {
    const std::string language = flow::is_given(consent["language"]) ? consent["language"].text() : "zh";
    if (!flow::has_word("zh en", language)) {
        check.refuse("flow.bad_field", "consent.language", "zh or en");
        return;
    }
    const auto words = consent_words(move.ground, receiver, move.item.from_org, language, consent["text_version"].text());
    if (!words) {
        check.refuse("flow.bad_field", "consent.text_version", "a version of the consent's text that the pack has");
    } else if (flow::is_given(consent["text_digest"]) && consent["text_digest"].text() != words->digest()) {
        check.refuse("flow.consent_text_changed", "consent.text_digest", "another text was shown than this version says for this institution");
    }
}

Value attachment_url(const flow::Case& item, const Value& n) { return n.is_null() ? Value() : fmt::format("/flow/cases/{}/attachments/{}", item.id, n.text()); }

}  // namespace

std::string ConsentWords::digest() const { return to_hex(sha256(whole())); }

std::optional<ConsentWords> consent_words(const flow::Ground& ground, std::int64_t to_org, std::int64_t from_org, std::string_view language,
                                          std::string_view version) {
    const flow::ConsentText* text = ground.pack->consent_text(language, version);
    if (text == nullptr) {
        return std::nullopt;
    }
    const auto name = [&](std::int64_t id) {
        const std::optional<access::Organisation> organisation = ground.directory.organisation(id);
        return !organisation ? std::string("?") : language == "zh" || organisation->name_en.empty() ? organisation->name : organisation->name_en;
    };
    const auto filled = [&](const std::string& words) {
        return with_names(
            words, {{"{from}", name(from_org)}, {"{to}", name(to_org)}, {"{years}", std::to_string(retention_years(*ground.pack, "outpatient_record"))}});
    };
    return ConsentWords{text->version, text->language, filled(text->consultation), filled(text->recording), filled(text->teaching)};
}

std::string_view method_of(const Value& consent) { return flow::is_given(consent["method"]) ? consent["method"].text() : std::string_view("signature"); }

void check_consent(const flow::Move& move, const Value& patient, const Value& consent, std::int64_t receiver, FieldCheck& check) {
    if (!consent.is_object()) {
        check.refuse("flow.missing_field", "consent", "required");
        return;
    }
    const std::string& by = consent["by"].text();
    const std::optional<flow::Age> age = flow::age_at(patient["birthDate"].text(), move.now);
    const bool child = age && age->years < kChild_years;
    if (!flow::has_word("patient guardian relative", by)) {
        check.refuse("flow.missing_field", "consent.by", "one of: patient guardian relative");
    } else if (child && by != "guardian") {
        check.refuse("flow.bad_field", "consent.by", fmt::format("a guardian's under {} years", kChild_years));
    }
    if (!consent["consultation"].is_null() && !consent["consultation"].truth()) {
        check.refuse("flow.bad_field", "consent.consultation", "without this yes nothing is sent: refuse_consent records a no");
    }
    check_name(consent, "name", "who consents", check);
    if (flow::has_word("guardian relative", by)) {
        check_name(consent, "relation", "relation to the patient", check);
    }
    if (by == "relative") {
        check_reason(consent, "why the patient cannot be told", check);
    } else if (by == "guardian" && !child) {
        check_reason(consent, "why the patient has no capacity", check);
    }
    check.one_of(consent, "id_type", "national_id passport residence_permit other");
    if (!consent["told"].truth()) {
        check.refuse("flow.missing_field", "consent.told", "the text must have been shown");
    }
    check_method(move, consent, check);
    if (receiver != 0) {
        check_words(move, consent, receiver, check);
    }
}

void check_refusal(const flow::Move& move, const Value& consent, FieldCheck& check) {
    if (!flow::has_word("patient guardian relative", consent["by"].text())) {
        check.refuse("flow.missing_field", "consent.by", "one of: patient guardian relative");
    }
    check_name(consent, "name", "who refuses", check);
    check.text_limit(consent, "reason", flow::kReason_bytes);
    if (!consent["signature"].is_null()) {  // nobody has to sign that they do not want something
        check_evidence(move, consent["signature"], "consent_signature", "consent.signature", check);
    }
}

bool consents_to(const flow::Case& item, std::string_view scope) {
    const Value& note = item.notes["consent"];
    const Value& answer = scope == "consultation" ? note : note[scope];
    return answer.is_object() && !answer["resource"].is_null() && answer["withdrawn"].is_null() && note["refused"].is_null() && answer["answer"].text() != "no";
}

bool has_answer(const flow::Case& item) {
    const Value& note = item.notes["consent"];
    return note["refused"].is_null() && note["receiver"].integer() == item.to_org;
}

bool is_denied(const flow::Ground& ground, const flow::Case& item) {
    const auto reader = ground.record.read(record::ReadFilter::system("denials of the patient of a case"));
    const auto rid = reader->rid_of("Patient", std::string_view(item.patient).substr(item.patient.find('/') + 1));
    return rid && access::Grants::is_denied(reader->connection(), *rid, item.to_org);
}

std::string_view consent_state(const flow::Case& item) {
    const Value& note = item.notes["consent"];
    if (!note.is_object()) {
        return item.state == "draft" ? "" : "missing";
    }
    if (!note["refused"].is_null()) {
        return "refused";
    }
    if (!note["withdrawn"].is_null()) {
        return "withdrawn";
    }
    if (item.state != "draft" && !has_answer(item)) {
        return "missing";
    }
    return note["by"].text() == "relative" ? "relative" : "given";
}

Value consent_view(const flow::Ground& ground, const flow::Case& item) {
    std::string_view state = consent_state(item);
    if (state.empty()) {
        return {};
    }
    if (flow::has_word("given relative", state) && is_denied(ground, item)) {
        state = "denied";
    }
    const Value& note = item.notes["consent"];
    Value view = note.is_object() ? note : Value::object();
    view.set("state", state);
    view.set("receiver", flow::organisation_view(ground, note["receiver"].integer().value_or(0)));
    for (const char* one : {"signature", "print"}) {
        view.set(one, attachment_url(item, note[one]));
    }
    Value sheets = Value::array();
    for (const Value& n : note["paper"].items()) {
        sheets.push(attachment_url(item, n));
    }
    view.set("paper", std::move(sheets));
    if (note["witness"].is_object()) {
        view.member("witness").set("signature", attachment_url(item, note["witness"]["signature"]));
    }
    view.set("withdrawn", note["withdrawn"]);
    view.set("withheld", item.withheld);
    return view;
}

}  // namespace qiao::consult
