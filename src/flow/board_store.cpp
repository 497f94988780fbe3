#include "flow/board.hpp"

#include "access/role.hpp"
#include "flow/case_view.hpp"
#include "flow/flow_store.hpp"
#include "flow/routes.hpp"

#include <algorithm>

namespace qiao::flow {

namespace {

using json::Value;

constexpr int kRows = 500;

/// Institutions at which the caller answers for deadlines.
std::vector<std::int64_t> organisations_of(const Ground& ground, const record::Actor& actor) {
    std::vector<std::int64_t> list;
    for (const access::Membership& one : ground.directory.memberships(actor.person)) {
        if (has_word("coordinator duty_lead centre_manager", one.role)) {
            list.push_back(one.organisation);
        }
    }
    return list;
}

/// The person whose turn it is; 0 where a desk is meant.
std::int64_t person_of(const Case& item, std::string_view owner) {
    if (owner == "requester") {
        return item.requester;
    }
    const Party* lead = item.lead();
    return owner == "expert" && lead != nullptr ? lead->person : owner == "expert" && !item.parties.empty() ? item.parties.front().person : 0;
}

Value row_of(const Ground& ground, const Case& item, const ClockRow& clock, Instant now) {
    const std::string_view owner = owner_of(item, clock.name);
    Value row = Value::object({{"case", item.lead_case.empty() ? item.id : item.lead_case}, {"number", item.number}, {"machine", item.machine}});
    row.set("state_title", item.machine + ".state." + item.state);
    row.set("urgency", item.urgency);
    row.set("clock", clock.name);
    row.set("share", used_share(ground.pack->calendar(), clock, now));
    row.set("due", clock.due ? Value(format_instant(*clock.due)) : Value());
    row.set("paused", clock.pause_reason.empty() ? Value() : Value(clock.pause_reason));
    row.set("paused_at", clock.paused_at ? Value(format_instant(*clock.paused_at)) : Value());
    row.set("runs_on_at", !clock.pause_reason.empty() && clock.next ? Value(format_instant(*clock.next)) : Value());
    row.set("owner", owner);
    row.set("person", person_view(ground, person_of(item, owner)));
    row.set("from", organisation_view(ground, item.from_org));
    row.set("to", organisation_view(ground, item.to_org));
    return row;
}

}  // namespace

std::string_view owner_of(const Case& item, std::string_view clock) {
    if (has_word("file read_back feedback consent consent_review", clock)) {
        return "requester";
    }
    if (clock == "office") {
        return "office";
    }
    const bool writes = item.lead() != nullptr && has_word("opinion opinion_emergency", clock);
    return writes || item.machine == "part" ? "expert" : "desk";
}

std::vector<std::pair<Case, ClockRow>> board(const Ground& ground, const std::vector<std::int64_t>& organisations, int limit) {
    std::string list = "[";
    for (const std::int64_t one : organisations) {
        list += (list.size() > 1 ? "," : "") + std::to_string(one);
    }
    list += "]";
    std::vector<std::pair<Case, ClockRow>> rows;
    const auto snapshot = ground.database.read();
    storage::Connection& connection = snapshot->connection();
    std::vector<std::string> ids;
    {
        storage::Cursor cursor = connection.query(
            "SELECT c.case_id FROM flow_case c JOIN flow_clock k ON k.case_id = c.case_id WHERE k.stopped_us IS NULL AND c.ended = 0 AND"
            " ((c.to_org IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND c.state <> 'office_check') OR c.from_org IN (SELECT CAST(value AS INTEGER) "
            "FROM json_each(?))) AND c.state <> "
            "'draft'"
            " GROUP BY c.case_id ORDER BY MIN(COALESCE(k.due_us, 9e18)) LIMIT ?",
            {std::string_view(list), std::string_view(list), std::int64_t{limit}});
        while (cursor.next()) {
            ids.emplace_back(cursor.text(0));
        }
    }
    for (const std::string& id : ids) {
        const std::optional<Case> item = store::find_case(connection, id);
        for (const ClockRow& clock : store::clocks_of(connection, id)) {
            if (!clock.stopped && rows.size() < static_cast<std::size_t>(limit)) {
                rows.emplace_back(*item, clock);
            }
        }
    }
    const Instant now = ground.clock.now();
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
        return used_share(ground.pack->calendar(), a.second, now) > used_share(ground.pack->calendar(), b.second, now);
    });
    return rows;
}

void add_board_route(http::Router& router, Engine& engine, const record::CallerOf& caller_of) {
    router.add(http::Method::get, "/flow/board", {}, [&engine, caller_of](const http::Request& request) {
        const record::Caller caller = caller_of(request);
        const Ground& ground = engine.ground();
        const std::vector<std::int64_t> organisations = organisations_of(ground, caller.actor);
        if (organisations.empty()) {
            throw Error(ErrorKind::forbidden, "flow.not_yours", "the board is for who answers for deadlines");
        }
        const Instant now = ground.clock.now();
        Value rows = Value::array();
        for (const auto& [item, clock] : board(ground, organisations, kRows)) {
            rows.push(row_of(ground, item, clock, now));
        }
        return json_answer(Value::object({{"now", format_instant(now)}, {"limit", kRows}, {"rows", std::move(rows)}}));
    });
}

}  // namespace qiao::flow
