#include "access/role.hpp"
#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/figures_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::consult::verbs {

namespace {

using json::Value;

struct SectionTitle {
    std::string_view code;
    std::string_view title;  ///< Chinese and English, for who reads the Composition elsewhere
};

constexpr SectionTitle kSections[] = {
    {"findings", "意见 Findings"},
    {"do_now", "现在做什么 What to do now"},
    {"when_to_send", "何时、如何转送 When and how to send"},
    {"danger_signs", "危险信号 Danger signs"},
    {"call", "联系谁 Whom to call"},
    {"act_by", "何时前执行 To be acted on by"},
};

Value code_of(std::string_view code) { return Value::object({{"coding", Value::array({Value::object({{"system", "urn:qiao:opinion"}, {"code", code}})})}}); }

Value reference_to(std::string_view reference) { return Value::object({{"reference", reference}}); }

/// What an opinion may rest on: each attachment and study of the case, whether the expert opened it, and its quality.
struct SeenItem {
    std::string item;  ///< "attachment/1", "study/1.2…"
    std::string resource;
    std::string title;
    std::string quality;
    bool seen = false;
    std::int64_t instances = 0;  ///< images of a study at the time of signing; 0 = no study
};

std::vector<SeenItem> seen_items(const flow::Move& move) {
    std::vector<std::string> opened;
    for (const Value& one : flow::list_of(move.fields, "items_seen")) {
        opened.push_back(one.is_object() ? one["item"].text() : one.text());
    }
    const auto was_opened = [&](const std::string& item) { return std::find(opened.begin(), opened.end(), item) != opened.end(); };
    std::vector<SeenItem> list;
    const auto snapshot = move.ground.database.read();
    for (const flow::Attachment& one : flow::store::attachments_of(snapshot->connection(), move.item.id)) {
        if (one.kind == "key_image" || flow::is_of_consent(one.kind)) {
            continue;
        }
        const std::string item = "attachment/" + std::to_string(one.n);
        list.push_back({item, one.resource, one.title.empty() ? one.kind : one.title, std::string(one.quality()), was_opened(item)});
    }
    const std::vector<flow::Item> items = flow::store::items_of(snapshot->connection(), move.item.id);
    for (const flow::Study& study : move.ground.studies.of_patient(move.item.patient)) {
        const std::string item = "study/" + study.study_uid;
        const bool in_case = std::any_of(items.begin(), items.end(), [&](const flow::Item& one) { return one.reference == study.resource; });
        if (in_case) {
            const std::string title = fmt::format("{} {} · {} 幅 images", study.modality, study.description, study.instances);
            list.push_back({item, study.resource, title, study.quality, was_opened(item), std::int64_t{study.instances}});
        }
    }
    return list;
}

std::vector<flow::Attachment> key_images(const flow::Move& move) {
    std::vector<flow::Attachment> images;
    const auto snapshot = move.ground.database.read();
    for (const Value& n : flow::list_of(move.fields, "key_images")) {
        const auto attachment = flow::store::find_attachment(snapshot->connection(), move.item.id, static_cast<int>(n.integer().value_or(0)));
        if (attachment && attachment->kind == "key_image") {
            images.push_back(*attachment);
        }
    }
    return images;
}

Value sections_of(flow::Move& move, const std::vector<SeenItem>& seen, const std::vector<flow::Attachment>& images) {
    Value sections = Value::array();
    for (const SectionTitle& one : kSections) {
        sections.push(Value::object({{"title", one.title}, {"code", code_of(one.code)}, {"text", flow::narrative(move.fields[one.code].text())}}));
    }
    if (Value parts = part_sections(move); parts.size() > 0) {
        sections.push(Value::object({{"title", "各专家意见 Parts of the experts"}, {"code", code_of("parts")}, {"section", std::move(parts)}}));
    }
    Value items = Value::array();
    for (const SeenItem& one : seen) {
        Value section = Value::object({{"title", one.item}, {"code", code_of(one.seen ? one.quality : "not_opened")}, {"text", flow::narrative(one.title)}});
        section.set("entry", Value::array({reference_to(one.resource)}));
        items.push(std::move(section));
    }
    if (items.size() > 0) {
        sections.push(Value::object({{"title", "所见资料 Items seen"}, {"code", code_of("items_seen")}, {"section", std::move(items)}}));
    }
    Value pictures = Value::array();
    for (const flow::Attachment& one : images) {
        Value section =
            Value::object({{"title", std::to_string(one.n)}, {"code", code_of("key_image")}, {"text", flow::narrative(one.title.empty() ? "-" : one.title)}});
        section.set("entry", Value::array({reference_to(one.resource)}));
        pictures.push(std::move(section));
    }
    if (pictures.size() > 0) {
        sections.push(Value::object({{"title", "关键图像 Key images"}, {"code", code_of("key_images")}, {"section", std::move(pictures)}}));
    }
    return sections;
}

Value loinc_consult_note() {
    return Value::object({{"coding", Value::array({Value::object({{"system", "http://loinc.org"}, {"code", "11488-4"}, {"display", "Consult note"}})})}});
}

Value composition_of(const flow::Move& move, std::string_view status, Value sections) {
    Value composition = Value::object({{"resourceType", "Composition"}, {"status", status}});
    composition.set("identifier", Value::object({{"system", "urn:qiao:case"}, {"value", move.item.number}}));
    composition.set("type", loinc_consult_note());
    composition.set("subject", reference_to(move.item.patient));
    composition.set("date", format_instant(move.now));
    composition.set("author", Value::array({move.person_ref(move.actor.person)}));
    composition.set("title", "远程会诊意见 Remote consultation opinion");
    composition.set("custodian", move.organisation_ref(move.item.to_org));
    composition.set("event", Value::array({Value::object({{"detail", Value::array({reference_to(move.item.request)})}})}));
    composition.set("section", std::move(sections));
    return composition;
}

Value report_of(const flow::Move& move, std::string_view status, const std::vector<SeenItem>& seen, const std::vector<flow::Attachment>& images) {
    Value report = Value::object({{"resourceType", "DiagnosticReport"}, {"status", status}});
    report.set("basedOn", Value::array({reference_to(move.item.request)}));
    report.set("code", loinc_consult_note());
    report.set("subject", reference_to(move.item.patient));
    report.set("effectiveDateTime", format_instant(move.occurred));
    report.set("issued", format_instant(move.now));
    report.set("performer", Value::array({move.person_ref(move.actor.person), move.organisation_ref(move.item.to_org)}));
    Value studies = Value::array();
    for (const SeenItem& one : seen) {
        if (one.resource.starts_with("ImagingStudy/")) {
            studies.push(reference_to(one.resource));
        }
    }
    if (studies.size() > 0) {
        report.set("imagingStudy", std::move(studies));
    }
    Value media = Value::array();
    for (const flow::Attachment& one : images) {
        media.push(Value::object({{"link", reference_to(one.resource)}}));
    }
    if (media.size() > 0) {
        report.set("media", std::move(media));
    }
    report.set("conclusion", move.fields["findings"]);
    return report;
}

/// Composition and report in a new version, what they rest on, the signature over all of it, and the notes for the page.
void write_opinion(flow::Move& move, bool first) {
    const std::vector<SeenItem> seen = seen_items(move);
    const std::vector<flow::Attachment> images = key_images(move);
    Value composition = composition_of(move, first ? "final" : "amended", sections_of(move, seen, images));
    Value report = report_of(move, first ? "final" : "amended", seen, images);
    Value& notes = move.item.notes.member("opinion");
    if (first) {
        notes.set("resource", move.create(std::move(composition), "opinion"));
        notes.set("report", move.create(std::move(report), "report"));
        notes.set("version", 1);
    } else {
        const std::string old = notes["resource"].text();
        const std::string old_report = notes["report"].text();
        composition.set("id", old.substr(old.find('/') + 1));
        report.set("id", old_report.substr(old_report.find('/') + 1));
        move.replace(old, std::move(composition));
        move.replace(old_report, std::move(report));
        notes.set("version", notes["version"].integer().value_or(1) + 1);
    }
    move.sign_over(notes["resource"].text());
    move.sign_over(notes["report"].text());
    Value items = Value::array();
    for (const SeenItem& one : seen) {
        Value& item =
            items.push(Value::object({{"item", one.item}, {"resource", one.resource}, {"title", one.title}, {"quality", one.quality}, {"seen", one.seen}}));
        if (one.instances > 0) {
            item.set("instances", one.instances);
        }
    }
    for (const flow::Attachment& one : images) {
        move.sign_over(one);
    }
    Value pictures = Value::array();
    for (const flow::Attachment& one : images) {
        pictures.push(std::int64_t{one.n});
    }
    notes.set("items_seen", std::move(items));
    notes.set("key_images", std::move(pictures));
    notes.set("act_by", move.fields["act_by"]);
    notes.set("signer", move.actor.person);
    notes.set("signed", format_instant(move.now));
    notes.remove("flagged");
    Value& versions = notes.member("versions");
    versions.push(Value::object({{"version", notes["version"]}, {"signed", format_instant(move.now)}, {"reason", move.input.reason}}));
    move.details.set("act_by", move.fields["act_by"]);
    move.details.set("version", notes["version"]);
}

}  // namespace

void check_opinion(const flow::Move& move, flow::FieldCheck& check) {
    check.one_of(move.fields, "act_by", "now today routine");
    for (const SectionTitle& one : kSections) {
        check.text_limit(move.fields, one.code, flow::kText_bytes);
    }
    if (key_images(move).size() != flow::list_of(move.fields, "key_images").size()) {
        check.refuse("flow.bad_field", "key_images", "numbers of key_image attachments of this case");
    }
    const std::vector<SeenItem> items = seen_items(move);
    for (const Value& one : flow::list_of(move.fields, "items_seen")) {
        const std::string& item = one.is_object() ? one["item"].text() : one.text();
        if (std::none_of(items.begin(), items.end(), [&](const SeenItem& known) { return known.item == item; })) {
            check.refuse("flow.bad_field", "items_seen", "no such item in this case");
        }
    }
}

void sign_opinion(flow::Move& move) {
    write_opinion(move, true);
    if (const Value& fee = move.item.notes["fee"]; fee.is_object()) {
        move.also([due = store::Fee{move.item.id, move.item.number, move.item.from_org, move.item.to_org, fee["amount_minor"].integer().value_or(0),
                                    fee["currency"].text(), "due", move.now, move.actor.person, ""}](storage::Group& group) {
            store::insert_fee(group.connection(), due);
        });
    }
    const Value params = Value::object({{"act_by", move.fields["act_by"]}});
    move.notify(move.requester(), "flow.opinion_signed", params);
    move.notify(move.desk(), "flow.opinion_signed", params);
}

void amend_opinion(flow::Move& move) {
    write_opinion(move, false);
    const Value params = Value::object({{"act_by", move.fields["act_by"]}});
    move.notify(move.requester(), "flow.opinion_amended", params);
    move.notify(move.desk(), "flow.opinion_amended", params);
}

void mark_later_images(const flow::Ground& ground, const flow::Case& item, Value& fields) {
    for (const Value& noted : item.notes["opinion"]["items_seen"].items()) {
        const std::int64_t then = noted["instances"].integer().value_or(0);
        const std::string& name = noted["item"].text();
        const std::optional<flow::Study> study = then == 0 ? std::nullopt : ground.studies.find(std::string_view(name).substr(name.find('/') + 1));
        if (!study || study->instances <= then) {
            continue;
        }
        Value list = Value::array();
        for (Value one : fields["items_seen"].items()) {
            if (one["item"].text() == name) {
                one.set("later_images", study->instances - then);
            }
            list.push(std::move(one));
        }
        fields.set("items_seen", std::move(list));
    }
}

Value opinion_fields(const Value& composition) {
    Value fields = Value::object();
    for (const Value& section : composition["section"].items()) {
        const std::string& code = section["code"]["coding"].at(0)["code"].text();
        if (code != "items_seen" && code != "key_images" && code != "parts") {
            fields.set(code, flow::plain_text(section["text"]));
            continue;
        }
        Value list = Value::array();
        if (code == "parts") {
            for (const Value& one : section["section"].items()) {
                list.push(Value::object({{"by", one["author"].at(0)["reference"]},
                                         {"name", one["title"]},
                                         {"stance", one["code"]["coding"].at(0)["code"]},
                                         {"text", flow::plain_text(one["text"])}}));
            }
            fields.set(code, std::move(list));
            continue;
        }
        for (const Value& one : section["section"].items()) {
            const std::string& mark = one["code"]["coding"].at(0)["code"].text();
            list.push(Value::object({{code == "key_images" ? "n" : "item", one["title"]},
                                     {"title", flow::plain_text(one["text"])},
                                     {"quality", mark == "not_opened" ? "" : mark},
                                     {"seen", mark != "not_opened"},
                                     {"resource", one["entry"].at(0)["reference"]}}));
        }
        fields.set(code, std::move(list));
    }
    return fields;
}

void read_back(flow::Move& move) {
    move.details.set("text", move.fields["text"]);
    move.notify(move.lead(), "flow.read_back_done");
}

void file(flow::Move& move) {
    const Value opinion = move.item.notes["opinion"];  // a copy: the notes grow below
    move.sign_over(opinion["resource"].text());
    if (flow::is_given(move.fields["document_reference"])) {
        move.details.set("document_reference", move.fields["document_reference"]);
    }
    move.item.notes.set("filed", format_instant(move.now));
    std::vector<std::string> used = {"Task/" + move.item.id, move.item.request, move.item.patient, opinion["resource"].text(), opinion["report"].text()};
    for (const std::string& form : move.items("form")) {
        used.push_back(form);
    }
    for (const Value& one : opinion["items_seen"].items()) {
        if (one["seen"].truth()) {
            used.push_back(one["resource"].text());
        }
    }
    for (const Value& n : opinion["key_images"].items()) {
        const auto image = flow::store::find_attachment(move.work.reader().connection(), move.item.id, static_cast<int>(n.integer().value_or(0)));
        if (image) {
            used.push_back(image->resource);
        }
    }
    for (const flow::Party& party : move.item.parties) {
        if (party.status == "accepted" || party.status == "signed") {
            move.shrink(access::person_key(party.person), used);
        }
    }
    move.notify(move.lead(), "flow.filed");
    move.notify(move.desk(), "flow.filed");
}

void answer(flow::Move& move) {
    Value feedback = Value::object();
    for (const char* name : {"followed", "final_diagnosis", "rating"}) {
        feedback.set(name, move.fields[name]);
    }
    if (move.fields["followed"].text() != "yes") {
        feedback.set("not_followed", move.fields["not_followed"]);
    }
    move.details = feedback;
    move.item.notes.set("feedback", std::move(feedback));
    move.end_all_rights();
}

}  // namespace qiao::consult::verbs
