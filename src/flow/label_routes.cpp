#include "flow/label_routes.hpp"

#include "access/sensitive_label.hpp"
#include "base/text.hpp"
#include "flow/routes.hpp"

#include <algorithm>

namespace qiao::flow {
namespace {

bool is_staff_of(const Ground& ground, std::int64_t person, std::int64_t organisation) {
    const auto memberships = ground.directory.memberships(person);
    return std::any_of(memberships.begin(), memberships.end(), [&](const access::Membership& one) {
        const access::RoleRights* rights = access::find_role(one.role);
        return one.organisation == organisation && rights != nullptr && rights->clinical_staff;
    });
}

void label(Engine& engine, const record::Caller& caller, std::string_view id, std::int64_t labels, const std::string& reason) {
    const Visible visible = engine.open(caller, id);
    const Ground& ground = engine.ground();
    if (visible.level != Visible::Level::full) {
        throw Error(ErrorKind::not_found, "flow.no_case", "no such case");
    }
    if (!is_staff_of(ground, caller.actor.person, visible.item.from_org)) {
        throw Error(ErrorKind::forbidden, "access.not_yours", "this is for the staff of the institution that asks");
    }
    if (trim(reason).empty() || reason.size() > kReason_bytes) {
        throw Error(ErrorKind::invalid, "access.reason_needed", "say why");
    }
    record::Rid patient = 0;
    std::int64_t kept = 0;
    {
        const auto reader = ground.record.read(caller.filter);
        const record::Stored stored = reader->get(visible.item.patient);
        patient = stored.rid;
        kept = access::labels_of(stored.value());
    }
    engine.change(caller, visible, [&](Move& move) {
        move.also([&](storage::Group& group) {
            ground.grants.label_case(group, visible.item.id, labels);
            if (labels != 0) {
                for (const std::int64_t person : {caller.actor.person, visible.item.requester}) {
                    ground.grants.treat(group, patient, person, labels | kept, caller.actor.person);
                }
            }
            access::SensitiveLabels::note(group, patient, {group.now(), caller.actor.person, labels, visible.item.id, std::string(trim(reason))});
        });
    });
}

}  // namespace

void add_label_routes(http::Router& router, Engine& engine, record::CallerOf caller_of) {
    router.add(http::Method::post, "/flow/cases/{id}/labels", {}, [&engine, caller_of = std::move(caller_of)](const http::Request& request) {
        const json::Value body = body_object(request, "labels reason");
        label(engine, caller_of(request), request.param("id"), access::labels_in(body["labels"]), body["reason"].text());
        http::Response response;
        response.status = 204;
        return response;
    });
}

}  // namespace qiao::flow
