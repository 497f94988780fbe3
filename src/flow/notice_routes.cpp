#include "flow/notice_routes.hpp"

#include "access/role.hpp"
#include "flow/case_view.hpp"
#include "flow/routes.hpp"

#include <algorithm>
#include <set>

namespace qiao::flow {

namespace {

using http::Request;
using http::Response;
using json::Value;

constexpr int kShown = 20;
constexpr std::size_t kUnreachableShown = 100;
constexpr std::uint64_t kReceipt_bytes = 4 * 1024;

Value instant_or_null(const std::optional<Instant>& instant) { return instant ? Value(format_instant(*instant)) : Value(); }

record::Caller require_operator(const Delivery& delivery, record::Caller caller) {
    const auto memberships = delivery.engine().ground().directory.memberships(caller.actor.person);
    const bool may = std::any_of(memberships.begin(), memberships.end(), [](const access::Membership& one) {
        const access::RoleRights* rights = access::find_role(one.role);
        return rights != nullptr && rights->keeps_nodes;
    });
    if (caller.actor.person == 0 || !may) {
        throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    }
    return caller;
}

Value steps_view(const Ground& ground, const std::vector<store::NoticeStep>& steps) {
    Value list = Value::array();
    for (const store::NoticeStep& step : steps) {
        list.push(Value::object({{"at", format_instant(step.at)},
                                 {"channel", step.channel},
                                 {"what", step.what},
                                 {"reason", step.reason},
                                 {"code", step.code},
                                 {"person", person_view(ground, step.person)}}));
    }
    return list;
}

/// People of the roles that are rung first and cannot be: neither a number nor an address.
Value unreachable_view(const Delivery& delivery) {
    const Ground& ground = delivery.engine().ground();
    Value list = Value::array();
    std::set<std::int64_t> seen;
    for (const std::string_view role : {access::role::kDutyLead, access::role::kExpert, access::role::kCoordinator, access::role::kCentreManager}) {
        for (const access::Member& member : ground.directory.members(0, role)) {
            const access::Contact contact = delivery.contacts().of(member.person.id);
            if (!contact.phone.empty() || !contact.email.empty() || !seen.insert(member.person.id).second) {
                continue;
            }
            list.push(Value::object({{"person", person_view(ground, member.person.id)},
                                     {"role", member.membership.role},
                                     {"organisation", organisation_view(ground, member.membership.organisation)}}));
        }
    }
    return list;
}

Response overview(const Delivery& delivery, const record::Caller& caller) {
    const Ground& ground = delivery.engine().ground();
    const access::Contact own = delivery.contacts().of(caller.actor.person);
    const auto snapshot = ground.database.read();
    Value channels = Value::array();
    for (const std::string_view channel : Delivery::kChannels) {
        const store::ChannelState state = store::channel_state(snapshot->connection(), channel);
        const bool failing = state.last_failed && (!state.last_ok || *state.last_failed > *state.last_ok);
        channels.push(Value::object({{"channel", channel},
                                     {"configured", delivery.notifier().has(channel)},
                                     {"host", delivery.notifier().host(channel)},
                                     {"queued", state.queued},
                                     {"oldest", instant_or_null(state.oldest)},
                                     {"last_ok", instant_or_null(state.last_ok)},
                                     {"last_failed", instant_or_null(state.last_failed)},
                                     {"reason", state.reason},
                                     {"failing", failing},
                                     {"reaches_me", Delivery::is_reachable(channel, own)}}));
    }
    Value body = Value::object({{"channels", std::move(channels)}, {"waiting", store::count_waiting(snapshot->connection())}});
    body.set("tests", steps_view(ground, store::steps_of_tests(snapshot->connection(), caller.actor.person, kShown)));
    body.set("failures", steps_view(ground, store::failed_steps(snapshot->connection(), kShown)));
    Value unreachable = unreachable_view(delivery);
    body.set("unreachable_count", static_cast<std::int64_t>(unreachable.size()));
    unreachable.mutable_items().resize(std::min(unreachable.size(), kUnreachableShown));
    body.set("unreachable", std::move(unreachable));
    return json_answer(body);
}

}  // namespace

void add_notice_routes(http::Router& router, Delivery& delivery, record::CallerOf caller_of) {
    const http::RouteOptions small{.scope = http::Scope::session, .body_limit_bytes = kReceipt_bytes};
    const http::RouteOptions open{.scope = http::Scope::open, .body_limit_bytes = kReceipt_bytes};
    router.add(http::Method::get, "/flow/notifications", small, [&delivery, caller_of](const Request& request) {
        return overview(delivery, require_operator(delivery, caller_of(request)));
    });
    router.add(http::Method::post, "/flow/notifications/test", small, [&delivery, caller_of](const Request& request) {
        const record::Caller caller = require_operator(delivery, caller_of(request));
        delivery.send_test(caller.actor, body_object(request, "channel")["channel"].text());
        return json_answer(Value::object({{"queued", true}}), 202);
    });
    router.add(http::Method::post, "/flow/cases/{id}/seen", small, [&delivery, caller_of](const Request& request) {
        delivery.seen(caller_of(request), request.param("id"));
        return Response{.status = 204};
    });
    router.add(http::Method::post, "/notify/receipt/{token}", open, [&delivery](const Request& request) {
        delivery.receipt(request.param("token"), request.header("x-qiao-timestamp"), request.header("x-qiao-signature"), request.body);
        return Response{.status = 204};
    });
}

}  // namespace qiao::flow
