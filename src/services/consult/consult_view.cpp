#include "flow/case_view.hpp"
#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/clinic_card.hpp"
#include "services/consult/consent.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/consult_table.hpp"
#include "services/consult/expert_ranking.hpp"
#include "services/consult/verification.hpp"

#include <fmt/format.h>

namespace qiao::consult {

namespace {

using json::Value;

std::string newest_form(storage::Connection& connection, const flow::Case& item) {
    std::string form;
    for (const flow::Item& one : flow::store::items_of(connection, item.id)) {
        form = one.kind == "form" ? one.reference : form;
    }
    return form;
}

Value attachment_url(const flow::Case& item, const Value& n) { return fmt::format("/flow/cases/{}/attachments/{}", item.id, n.text()); }

Value opinion_view(const flow::Ground& ground, record::Reader& reader, const flow::Case& item) {
    const Value& note = item.notes["opinion"];
    const std::optional<Value> composition = flow::find_resource(reader, note["resource"].text());
    if (!composition) {
        return {};
    }
    Value view = verbs::opinion_fields(*composition);
    verbs::mark_later_images(ground, item, view);
    view.set("resource", note["resource"]);
    view.set("report", note["report"]);
    view.set("version", note["version"]);
    const std::optional<access::Signature> signature = ground.signing.find(note["signature"].text());
    view.set("state", signature ? std::string(code_of(state_of(ground, *signature))) : "altered");
    if (signature) {
        const access::Origin origin = ground.signing.check(*signature).origin;
        view.set("assurance", origin.licensed ? "licensed" : origin.authority != 0 ? "own" : "internal");
        view.set("authority", origin.name);
        if (signature->seal) {
            view.set("seal", Value::object({{"organisation", flow::organisation_view(ground, signature->seal->organisation)},
                                            {"state", std::string(access::code_of(ground.signing.check_seal(*signature).verdict))}}));
        }
    }
    view.set("flagged", note["flagged"]);
    view.set("signed", note["signed"]);
    view.set("signer", flow::person_view(ground, note["signer"].integer().value_or(0)));
    Value images = Value::array();
    for (const Value& n : note["key_images"].items()) {
        images.push(attachment_url(item, n));
    }
    view.set("key_images", std::move(images));
    if (view["items_seen"].is_null()) {
        view.set("items_seen", Value::array());
    }
    view.set("pdf", fmt::format("/flow/cases/{}/opinion.pdf", item.id));
    view.set("verify", "/verify/" + note["signature"].text());
    view.set("versions", note["versions"]);
    return view;
}

Value parts_view(const flow::Ground& ground, record::Reader& reader, const flow::Case& item) {
    Value list = Value::array();
    for (const Value& one : item.notes["parts"].items()) {
        const std::optional<Value> part = flow::find_resource(reader, one["resource"].text());
        Value view = Value::object({{"by", flow::person_view(ground, one["person"].integer().value_or(0))}, {"specialty", one["specialty"]}});
        view.set("stance", one["stance"]);
        view.set("signed", one["signed"]);
        view.set("text", part ? Value(flow::plain_text((*part)["section"].at(0)["text"])) : Value());
        list.push(std::move(view));
    }
    return list;
}

Value missing_view(const flow::Case& item) {
    Value list = Value::array();
    for (const std::string& one : verbs::missing_specialties(item)) {
        list.push(one);
    }
    return list;
}

/// From the first second: whom to telephone while nobody has answered, and who is being rung.
Value emergency_view(const flow::Ground& ground, const flow::Case& item) {
    if (item.urgency != "emergency") {
        return {};
    }
    Value advice = item.notes["phone_advice"];
    if (advice.is_object()) {
        advice.set("by", flow::person_view(ground, advice["by"].integer().value_or(0)));
    }
    return Value::object({{"hub_phone", telephone_of(ground, item.to_org)}, {"numbers", emergency_numbers(ground)}, {"phone_advice", std::move(advice)}});
}

Value office_view(const flow::Ground& ground, const flow::Case& item) {
    Value view = item.notes["office"];
    if (!view["by"].is_null()) {
        view.set("by", flow::person_view(ground, view["by"].integer().value_or(0)));
    }
    return view;
}

}  // namespace

std::span<const flow::Worklist> Consult::worklists() const { return kConsultLists; }

void Consult::describe(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, Value& view) {
    const std::string form = newest_form(reader.connection(), item);
    const std::optional<Value> response = flow::find_resource(reader, form);
    view.set("form", response ? flow::form_of_items((*response)["item"]) : Value());
    view.set("form_resource", response ? Value(form) : Value());
    view.set("mode", item.notes["mode"]);
    view.set("time", item.notes["time"]);
    view.set("missing_items", item.notes["missing_items"].is_array() ? item.notes["missing_items"] : Value::array());
    view.set("not_obtainable", item.notes["not_obtainable"].is_array() ? item.notes["not_obtainable"] : Value::array());
    view.set("consent", consent_view(ground, item));
    view.set("opinion", opinion_view(ground, reader, item));
    view.set("clinic_card", clinic_card(ground, item.from_org));
    view.set("feedback", item.notes["feedback"]);
    view.set("parts", parts_view(ground, reader, item));
    view.set("missing_specialties", missing_view(item));
    view.set("emergency", emergency_view(ground, item));
    view.set("fee", item.notes["fee"]);
    view.set("office", office_view(ground, item));
}

void Consult::describe_offer(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, Value& view) {
    const std::optional<Value> response = flow::find_resource(reader, newest_form(reader.connection(), item));
    const Value form = response ? flow::form_of_items((*response)["item"]) : Value::object();
    for (const char* name : {"purpose", "summary", "question", "specialty", "rank"}) {
        view.set(name, form[name]);
    }
    view.set("time", item.notes["time"]);
    if (item.urgency == "emergency") {  // whoever is rung may call back before taking the case
        view.set("from", flow::organisation_view(ground, item.from_org));
        view.set("callback", form["callback"]);
        view.set("vitals", form["vitals"]);
        view.set("emergency", emergency_view(ground, item));
    }
}

}  // namespace qiao::consult
