#include "app/setup/routes.hpp"

#include "access/role.hpp"
#include "access/wire.hpp"
#include "app/setup/facts_store.hpp"
#include "app/setup/steps.hpp"
#include "base/json.hpp"
#include "flow/delivery.hpp"

#include <algorithm>
#include <set>

namespace qiao::app::setup {
namespace {

namespace role = access::role;

constexpr std::size_t kNamed = 5;  ///< of those who may do a step

/// Those on both sides of a consultation whom no telephone reaches.
std::vector<std::int64_t> unreachable(const Sources& from) {
    std::set<std::int64_t> found;
    for (const std::string_view one : {role::kExpert, role::kCoordinator, role::kDutyLead, role::kDoctor}) {
        for (const access::Member& member : from.directory.members(0, one)) {
            if (from.contacts.of(member.person.id).phone.empty()) found.insert(member.person.id);
        }
    }
    return {found.begin(), found.end()};
}

Instant instant_in(const json::Value& value, const char* object, const char* field) {
    const std::string_view text = value[object][field].text();
    const auto at = text.empty() ? std::nullopt : parse_instant(text);
    return at.value_or(Instant{});
}

Facts facts_of(const Sources& from) {
    const json::Value backups = from.backups.status();
    const bool notices = std::any_of(std::begin(flow::Delivery::kChannels), std::end(flow::Delivery::kChannels),
                                     [&](std::string_view channel) { return from.notifier.has(channel); });
    return {.reachable = !from.options.certificate_file.empty() || !from.options.public_url.empty(),
            .notices = notices,
            .device = device_listed(from.record),
            .recovery_key = !backups["key"].is_null(),
            .backup = instant_in(backups, "last", "taken"),
            .restored = instant_in(backups, "verified", "at"),
            .opinion_signed = opinion_signed(from.record),
            .unreachable = unreachable(from)};
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
    json.array(name, [&] {
        for (const std::string& one : texts) json.string(one);
    });
}

void write_step(JsonWriter& json, const Step& step, const access::Directory& directory) {
    json.object([&] {
        json.field("step", step.name);
        json.field("needed", step.needed);
        json.field("done", step.done);
        json.field("by", step.by);
        write_texts(json, "missing", step.missing);
        write_texts(json, "people", step.people);
        std::vector<std::string> doers;
        for (const access::Member& member : directory.members(0, step.by)) {
            if (doers.size() < kNamed) doers.push_back(member.person.name);
        }
        write_texts(json, "doers", doers);
    });
}

}  // namespace

void add_routes(http::Router& router, const Sources& sources) {
    router.add(http::Method::get, "/operations/setup", {.scope = http::Scope::session, .body_limit_bytes = 1024}, [sources](const http::Request& request) {
        access::wire::require_right(sources.sessions, request,
                                    {&access::RoleRights::keeps_people, &access::RoleRights::keeps_nodes, &access::RoleRights::keeps_contracts});
        const auto all = steps(sources.directory, facts_of(sources), sources.clock.now());
        JsonWriter json;
        json.object([&] {
            json.field("finished", finished(all));
            json.array("steps", [&] {
                for (const Step& step : all) write_step(json, step, sources.directory);
            });
        });
        return http::Response{.content_type = "application/json; charset=utf-8", .body = json.take()};
    });
}

}  // namespace qiao::app::setup
