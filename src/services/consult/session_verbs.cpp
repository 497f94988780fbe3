#include "access/role.hpp"
#include "flow/form.hpp"
#include "services/consult/consult.hpp"

namespace qiao::consult::verbs {

using json::Value;

namespace {

/// Whoever said yes said it to the old time.
void ask_again(flow::Move& move, flow::Party& party) {
    if (party.status == "accepted") {
        move.end_right(access::person_key(party.person));
    }
    party.status = "offered";
    party.since = move.now;
    if (party.part.empty()) {  // came by a call: from now on one of the asked
        party.role = "expert";
        party.part = move.open_part(party);
    } else {
        move.move_part(party.part, "ask_again", "offered", flow::Meaning::offered, false);
    }
    move.notify({{party.person}, {}}, "flow.case_offered");
}

}  // namespace

/// Another time: the experts are asked again and both sides check their devices again.
void reschedule(flow::Move& move) {
    for (flow::Party& party : move.item.parties) {
        if (party.status == "offered" || party.status == "accepted") {
            ask_again(move, party);
        }
    }
    move.item.notes.set("time", move.fields["time"]);
    move.item.notes.remove("device_ok");
    move.request.set("occurrenceDateTime", move.fields["time"]);
    move.details.set("time", move.fields["time"]);
    move.notify(move.requester(), "flow.rescheduled", Value::object({{"time", move.fields["time"]}}));
    move.notify(move.desk(), "flow.rescheduled", Value::object({{"time", move.fields["time"]}}));
}

void device_ok(flow::Move& move) {
    const std::string& side = move.fields["side"].text();
    move.item.notes.member("device_ok").set(side, move.actor.person);
    move.details.set("side", side);
    move.details.set("test_result", move.fields["test_result"]);
}

void check_session(const flow::Move& move, flow::FieldCheck& fields) {
    const std::string& action = move.input.action;
    if (action == "reschedule" && !parse_instant(move.fields["time"].text())) {
        fields.refuse("flow.missing_field", "time", "when the session begins");
    }
    if (action == "mark_absent") {
        fields.one_of(move.fields, "absent", "requester expert both");
    }
    if (action == "device_ok") {
        fields.one_of(move.fields, "side", "requester expert");
        fields.text_limit(move.fields, "test_result", 2048);
        if (move.fields["side"].text() != move.role) {
            fields.refuse("flow.bad_field", "side", "each side speaks for itself");
        }
    }
}

std::optional<flow::Refusal> session_guard(std::string_view name, const flow::GuardContext& context) {
    const auto refuse = [](const char* text) { return std::optional(flow::Refusal{ErrorKind::conflict, "flow.guard", text}); };
    const Value& checked = context.item.notes["device_ok"];
    if (name == "both_sides_ok") {
        return !checked["requester"].is_null() && !checked["expert"].is_null() ? std::nullopt : refuse("both sides check their devices first");
    }
    if (name == "requester_present") {
        return context.ground.events.has_page(context.item.requester) ? std::nullopt : refuse("the requester has no page open");
    }
    return refuse("not met");
}

}  // namespace qiao::consult::verbs
