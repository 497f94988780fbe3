#include "services/consult/clinic_card.hpp"

#include "flow/case_view.hpp"

#include <fmt/format.h>

namespace qiao::consult {

namespace {

using json::Value;

constexpr std::size_t kEntries = 200;
constexpr std::size_t kEntry_bytes = 200;
constexpr std::string_view kUrl = "urn:qiao:clinic-card:";

std::string id_of(const access::Organisation& organisation) { return "clinic-card-" + organisation.resource.substr(organisation.resource.find('/') + 1); }

bool may_keep(const flow::Ground& ground, const record::Actor& actor) {
    for (const access::Membership& one : ground.directory.memberships(actor.person)) {
        const access::RoleRights* rights = access::find_role(one.role);
        if (one.organisation == actor.organisation && rights != nullptr && (rights->clinical_staff || rights->stands_at_desk)) {
            return true;
        }
    }
    return false;
}

}  // namespace

Value clinic_card(const flow::Ground& ground, std::int64_t organisation_id) {
    const std::optional<access::Organisation> organisation = ground.directory.organisation(organisation_id);
    if (!organisation) {
        return {};
    }
    const auto reader = ground.record.read(record::ReadFilter::system("a clinic's card is shown to who sees its case"));
    const std::optional<record::Stored> stored = reader->read("Basic", id_of(*organisation));
    if (!stored || stored->deleted) {
        return {};
    }
    const Value basic = stored->value();
    Value card = Value::object({{"organisation", flow::organisation_view(ground, organisation_id)}, {"drugs", Value::array()}, {"devices", Value::array()}});
    for (const Value& extension : basic["extension"].items()) {
        const std::string name = extension["url"].text().substr(std::min(kUrl.size(), extension["url"].text().size()));
        if (name == "drugs" || name == "devices") {
            card.member(name).push(extension["valueString"]);
        } else {
            card.set(name, extension["valueString"]);
        }
    }
    card.set("updated", format_instant(stored->updated));
    return card;
}

void put_clinic_card(const flow::Ground& ground, const record::Caller& caller, const Value& card) {
    const std::optional<access::Organisation> organisation = ground.directory.organisation(caller.actor.organisation);
    if (!organisation || !may_keep(ground, caller.actor)) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "the clinic's own staff keep its card");
    }
    flow::FieldCheck check;
    Value extensions = Value::array();
    const auto add = [&](const std::string& name, const Value& value, std::size_t limit) {
        if (!value.is_string() || value.text().empty() || value.text().size() > limit) {
            check.refuse("flow.bad_field", name, fmt::format("a text of 1 to {} bytes", limit));
            return;
        }
        extensions.push(Value::object({{"url", std::string(kUrl) + name}, {"valueString", value}}));
    };
    for (const char* list : {"drugs", "devices"}) {
        const std::vector<Value> entries = flow::list_of(card, list);
        if (entries.size() > kEntries) {
            check.refuse("flow.bad_field", list, fmt::format("at most {} entries", kEntries));
        }
        for (const Value& entry : entries) {
            add(list, entry, kEntry_bytes);
        }
    }
    for (const char* text : {"transport", "phone"}) {
        if (flow::is_given(card[text])) {
            add(text, card[text], 2000);
        }
    }
    check.throw_if_any();
    Value basic = Value::object({{"resourceType", "Basic"}, {"id", id_of(*organisation)}});
    if (extensions.size() > 0) {
        basic.set("extension", std::move(extensions));
    }
    basic.set("code", Value::object({{"coding", Value::array({Value::object({{"system", "urn:qiao:basic"}, {"code", "clinic-card"}})})}}));
    basic.set("subject", Value::object({{"reference", organisation->resource}}));
    const auto work = ground.record.begin(record::ReadFilter::system("the card of the own institution"), caller.actor);
    work->update(std::move(basic));
    work->commit();
}

}  // namespace qiao::consult
