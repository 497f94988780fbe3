#include "access/role.hpp"
#include "flow/flow_store.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/request_form.hpp"

namespace qiao::consult::verbs {

using json::Value;

bool leaves_by_office(const flow::Ground& ground, const flow::Case& item, std::int64_t to_org) {
    const std::optional<access::Organisation> from = ground.directory.organisation(item.from_org);
    if (!from || !from->office_approval) {
        return false;
    }
    const bool own = !ground.directory.members(from->id, access::role::kCoordinator).empty();
    // The parent is no office for what it is asked itself.
    return own || (from->parent != 0 && from->parent != to_org && !ground.directory.members(from->parent, access::role::kCoordinator).empty());
}

void submit_to_office(flow::Move& move) {
    take_form(move);
    move.item.notes.set("office", Value::object({{"state", "waiting"}}));
    for (const flow::Desk& desk : move.office().desks) {
        move.show_items(access::desk_key(desk.organisation, desk.role), "consult.office");
    }
    move.notify(move.office(), "flow.office_asked");
}

void approve(flow::Move& move) {
    move.sign_over(move.items("form").back());
    move.item.notes.set("office", Value::object({{"state", "approved"}, {"by", move.actor.person}, {"at", format_instant(move.occurred)}}));
    open_to_receiver(move);
    move.notify(move.requester(), "flow.office_approved");
}

void pass_on(flow::Move& move) {
    move.item.notes.set("office", Value::object({{"state", "not_reviewed"}, {"at", format_instant(move.occurred)}}));
    open_to_receiver(move);
    move.notify(move.requester(), "flow.office_passed");
    move.notify(move.office(), "flow.office_passed");
}

/// The signed form stays; what the requester changes begins as its copy.
void send_back(flow::Move& move) {
    move.item.notes.set("office", Value::object({{"state", "sent_back"}, {"by", move.actor.person}, {"reason", move.input.reason}}));
    for (const flow::Desk& desk : move.office().desks) {
        move.end_right(access::desk_key(desk.organisation, desk.role));
    }
    move.also([id = move.item.id, requester = move.item.requester, body = form_of(move).dump(), now = move.now](storage::Group& group) {
        const auto before = flow::store::find_draft(group.connection(), id, requester, "request");
        flow::store::put_draft(group.connection(), id, requester, "request", {before ? before->version + 1 : 1, now, body});
    });
    move.notify(move.requester(), "flow.office_sent_back");
}

}  // namespace qiao::consult::verbs
