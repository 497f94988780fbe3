#include "access/directory_tables.hpp"
#include "access/role.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qiao::access {
namespace {

constexpr std::array<std::string_view, 5> kKinds = {"hub", "county", "township", "clinic", "centre"};
constexpr std::size_t kName_bytes = 200;

bool is_login(std::string_view text) {
    return text.size() >= 2 && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; });
}

bool is_name(std::string_view text) { return !text.empty() && text.size() <= kName_bytes; }

json::Value coded(std::string_view system, std::string_view code) {
    return json::Value::object({{"coding", json::Value::array({json::Value::object({{"system", system}, {"code", code}})})}});
}

json::Value reference(std::string_view to, std::string_view display) { return json::Value::object({{"reference", to}, {"display", display}}); }

json::Value resource(std::string_view type, std::string_view id) {
    json::Value value = json::Value::object({{"resourceType", type}});
    if (!id.empty()) value.set("id", id);
    value.set("active", true);
    return value;
}

void add_phone(json::Value& value, std::string_view phone) {
    if (!phone.empty()) value.member("telecom").push(json::Value::object({{"system", "phone"}, {"value", phone}}));
}

std::string_view id_of(std::string_view reference) { return reference.substr(reference.find('/') + 1); }

}  // namespace

std::unique_ptr<record::Work> Directory::begin(const record::Actor& actor) {
    record::Actor everybodys = actor;
    everybodys.organisation = 0;  // the directory belongs to no institution, so that all see it
    return record_.begin(record::ReadFilter::system("the directory is kept by access"), everybodys);
}

void Directory::commit(record::Work& work) {
    work.commit();
    reload();
}

Organisation Directory::create_organisation(const record::Actor& actor, const NewOrganisation& input) {
    const bool known_kind = std::find(kKinds.begin(), kKinds.end(), input.kind) != kKinds.end();
    const auto parent = organisation(input.parent);
    if (!known_kind || !is_name(input.name) || input.name_en.size() > kName_bytes || (input.parent != 0 && !parent)) {
        throw Error(ErrorKind::invalid, "access.bad_organisation", "an institution needs a kind, a name, and a parent that exists");
    }
    json::Value value = resource("Organization", input.resource_id);
    value.member("type").push(coded("urn:qiao:organisation-kind", input.kind));
    value.set("name", input.name);
    if (!input.name_en.empty()) value.member("alias").push(input.name_en);
    add_phone(value, input.phone);
    if (parent) value.set("partOf", reference(parent->resource, parent->name));
    auto work = begin(actor);
    const std::string made = work->create(std::move(value));
    work->also([&](storage::Group& group, const record::Work::RidOf&) { directory_rows::insert_organisation(group, input, made); });
    commit(*work);
    return *organisation_by_resource(made);
}

void Directory::require_may_open(std::int64_t membership_id, std::int64_t before, std::int64_t labels) const {
    const auto found = membership(membership_id);
    if (!found) throw Error(ErrorKind::not_found, "access.no_membership", "no such role in force");
    const RoleRights* rights = find_role(found->role);
    if (rights == nullptr || !rights->clinical_staff || (labels & record::personal_labels()) != 0) {
        throw Error(ErrorKind::invalid, "access.bad_label", "only clinical staff of an institution open labels, and none about who the patient is");
    }
    if (found->labels != before) throw Error(ErrorKind::conflict, "access.labels_changed", "somebody changed what this role opens");
}

void Directory::set_opened_labels(const record::Actor& actor, std::int64_t membership_id, std::int64_t before, std::int64_t labels) {
    require_may_open(membership_id, before, labels);
    const std::string detail = fmt::format("membership={} person={} before={} opens={}", membership_id, membership(membership_id)->person,
                                           fmt::join(record::codes_of(before), ","), fmt::join(record::codes_of(labels), ","));
    auto work = begin(actor);
    work->check([&](storage::Group& group) { directory_rows::require_opened_labels(group, membership_id, before); });
    work->also([&](storage::Group& group, const record::Work::RidOf&) {
        directory_rows::set_opened_labels(group, membership_id, labels);
        if (audit_) audit_(group, actor, "label-rights", detail);
    });
    commit(*work);
}

void Directory::set_office_approval(const record::Actor& actor, std::int64_t organisation_id, bool on) {
    const auto where = organisation(organisation_id);
    if (!where) throw Error(ErrorKind::not_found, "access.no_organisation", "no such institution");
    const bool someone = !members(where->id, role::kCoordinator).empty() || (where->parent != 0 && !members(where->parent, role::kCoordinator).empty());
    if (on && !someone) throw Error(ErrorKind::conflict, "access.no_office", "neither the institution nor its parent has a coordinator who could approve");
    auto work = begin(actor);
    work->also([&](storage::Group& group, const record::Work::RidOf&) {
        directory_rows::set_office_approval(group, where->id, on);
        if (audit_) audit_(group, actor, "office_approval", std::string(on ? "on" : "off") + " organisation=" + std::to_string(where->id));
    });
    commit(*work);
}

Person Directory::create_person(const record::Actor& actor, const NewPerson& input) {
    if (!is_login(input.login) || !is_name(input.name) || input.name_en.size() > kName_bytes) {
        throw Error(ErrorKind::invalid, "access.bad_person", "a person needs a name and a login of 2 to 64 letters a-z, digits, dots and dashes");
    }
    json::Value value = resource("Practitioner", input.resource_id);
    value.member("name").push(json::Value::object({{"use", "official"}, {"text", input.name}}));
    if (!input.name_en.empty()) value.member("name").push(json::Value::object({{"use", "usual"}, {"text", input.name_en}}));
    if (!input.gender.empty()) value.set("gender", input.gender);
    add_phone(value, input.phone);
    auto work = begin(actor);
    const std::string made = work->create(std::move(value));
    work->check([&](storage::Group& group) { directory_rows::require_login_free(group, input.login); });
    work->also([&](storage::Group& group, const record::Work::RidOf&) { directory_rows::insert_person(group, input, made); });
    commit(*work);
    return *person_by_resource(made);
}

std::string Directory::phone_of(const Person& person) const {
    const auto reader = record_.read(record::ReadFilter::system("the directory is kept by access"));
    const auto stored = reader->read("Practitioner", id_of(person.resource));
    if (!stored || stored->deleted) return {};
    const json::Value practitioner = stored->value();
    for (const auto& one : practitioner["telecom"].items()) {
        if (one["system"].text() == "phone") return one["value"].text();
    }
    return {};
}

void Directory::require_admins_apart(storage::Group& group, const NewMembership& input) const {
    if (separation_ == AdminSeparation::off || !find_role(input.role)->administrator) return;
    for (const std::string& held : directory_rows::roles_of(group, input.person, clock_.now())) {
        const RoleRights* row = find_role(held);
        if (row == nullptr || !row->administrator || held == input.role) continue;
        const bool one_is_audit = held == role::kAuditAdmin || input.role == role::kAuditAdmin;
        if (separation_ == AdminSeparation::small_site && !one_is_audit) continue;
        throw Error(ErrorKind::conflict, "access.admin_roles_apart", "one person may not hold these two administrator roles");
    }
}

void Directory::require_may_give(const NewMembership& input) const {
    const RoleRights* rights = find_role(input.role);
    const bool for_people = rights != nullptr && !rights->whole_record && input.role != role::kOperator && input.role != role::kMetrics;
    const Instant starts = input.starts == Instant{} ? clock_.now() : input.starts;
    if (!for_people || !person(input.person) || !organisation(input.organisation) || input.ends <= starts) {
        throw Error(ErrorKind::invalid, "access.bad_role", "a role needs a person, an institution, a known role and an end after its start");
    }
}

Membership Directory::add_membership(const record::Actor& actor, const NewMembership& input) {
    require_may_give(input);
    const auto who = person(input.person);
    const auto where = organisation(input.organisation);
    NewMembership kept = input;
    if (kept.starts == Instant{}) kept.starts = clock_.now();
    json::Value value = resource("PractitionerRole", {});
    json::Value period = json::Value::object({{"start", format_instant(kept.starts)}});
    if (kept.ends != Instant::max()) period.set("end", format_instant(kept.ends));
    value.set("period", std::move(period));
    value.set("practitioner", reference(who->resource, who->name));
    value.set("organization", reference(where->resource, where->name));
    value.member("code").push(coded("urn:qiao:role", kept.role));
    if (!kept.rank.empty()) value.member("code").push(coded("urn:qiao:rank", kept.rank));
    if (!kept.specialty.empty()) value.member("specialty").push(coded("urn:qiao:specialty", kept.specialty));
    auto work = begin(actor);
    const std::string made = work->create(std::move(value));
    work->check([&](storage::Group& group) { require_admins_apart(group, kept); });
    work->also([&](storage::Group& group, const record::Work::RidOf&) { directory_rows::insert_membership(group, kept, made, actor.person); });
    commit(*work);
    const auto all = memberships(input.person);
    const auto at = std::find_if(all.begin(), all.end(), [&](const Membership& one) { return one.resource == made; });
    if (at != all.end()) return *at;
    return {0, kept.person, kept.organisation, kept.role, kept.specialty, kept.rank, made, kept.starts, kept.ends, kept.labels};  // begins later
}

void Directory::end_membership(const record::Actor& actor, std::int64_t membership) {
    const auto now_tables = tables();
    const auto at = std::find_if(now_tables->memberships.begin(), now_tables->memberships.end(), [&](const Membership& one) { return one.id == membership; });
    if (at == now_tables->memberships.end()) throw Error(ErrorKind::not_found, "access.no_membership", "no such role");
    const Instant now = clock_.now();
    auto work = begin(actor);
    json::Value value = work->load("PractitionerRole", id_of(at->resource)).value();
    value.set("active", false);
    value.member("period").set("end", format_instant(now));
    work->update(std::move(value));
    work->also([&](storage::Group& group, const record::Work::RidOf&) { directory_rows::end_membership(group, membership, now); });
    commit(*work);
}

void Directory::set_person_active(const record::Actor& actor, std::int64_t person_id, bool active) {
    const auto who = person(person_id);
    if (!who) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    auto work = begin(actor);
    json::Value value = work->load("Practitioner", id_of(who->resource)).value();
    value.set("active", active);
    work->update(std::move(value));
    work->also([&](storage::Group& group, const record::Work::RidOf&) { directory_rows::set_person_active(group, person_id, active); });
    commit(*work);
}

}  // namespace qiao::access
