#include "flow/flow_store.hpp"
#include "flow/worklist.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::flow {

namespace {

using storage::Value;

constexpr std::chrono::hours kClosed{90 * 24};
constexpr std::size_t kSearchText_bytes = 100;
constexpr int kNamesMax = 500;

/// A condition on flow_case `c` and its arguments, which point into this object.
struct Condition {
    std::string sql;
    std::int64_t person = 0;
    std::string organisations;
    std::string states;
    std::int64_t since_us = 0;
    std::string machine;
    std::vector<Value> args;
};

std::string quoted_list(std::string_view words) {
    std::string list = "[";
    each_word(words, [&](std::string_view word) {
        list += (list.size() > 1 ? ",\"" : "\"") + std::string(word) + "\"";
        return true;
    });
    return list + "]";
}

/// The institutions whose requests leave through the office of `organisation`: itself and those it owns, where it is switched on.
std::vector<std::int64_t> senders_of(const access::Directory& directory, std::int64_t organisation) {
    std::vector<std::int64_t> senders;
    for (const access::Organisation& one : directory.organisations()) {
        if (one.office_approval && (one.id == organisation || one.parent == organisation)) {
            senders.push_back(one.id);
        }
    }
    return senders;
}

bool has_list(const Engine& engine, const record::Caller& caller, const Worklist& list) {
    const access::Directory& directory = engine.ground().directory;
    const auto memberships = directory.memberships(caller.actor.person);
    if (list.scope == ListScope::office) {
        return std::any_of(memberships.begin(), memberships.end(),
                           [&](const access::Membership& one) { return has_word(list.roles, one.role) && !senders_of(directory, one.organisation).empty(); });
    }
    return std::any_of(memberships.begin(), memberships.end(), [&](const access::Membership& one) { return has_word(list.roles, one.role); });
}

void fill(const Engine& engine, const record::Caller& caller, std::string_view machine, const Worklist& list, Condition& condition) {
    condition.person = caller.actor.person;
    condition.machine = machine;
    condition.states = quoted_list(list.states);
    condition.organisations = "[";
    for (const access::Membership& one : engine.ground().directory.memberships(caller.actor.person)) {
        if (!has_word(list.roles, one.role)) {
            continue;
        }
        const bool sends = list.scope == ListScope::office;
        for (const std::int64_t id : sends ? senders_of(engine.ground().directory, one.organisation) : std::vector{one.organisation}) {
            condition.organisations += (condition.organisations.size() > 1 ? "," : "") + std::to_string(id);
        }
    }
    condition.organisations += "]";
    condition.since_us = to_us(engine.ground().clock.now() - kClosed);
    condition.sql = "c.machine = ?";
    condition.args.emplace_back(std::string_view(condition.machine));
    switch (list.scope) {
        case ListScope::requester:
            condition.sql += " AND c.requester = ? AND c.ended = 0";
            condition.args.emplace_back(condition.person);
            break;
        case ListScope::office:
            condition.sql += " AND c.from_org IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND c.ended = 0";
            condition.args.emplace_back(std::string_view(condition.organisations));
            break;
        case ListScope::desk:
        case ListScope::late:
            condition.sql += " AND c.to_org IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND c.ended = 0 AND c.state NOT IN ('draft', 'office_check')";
            condition.args.emplace_back(std::string_view(condition.organisations));
            if (list.scope == ListScope::late) {
                condition.sql += " AND EXISTS (SELECT 1 FROM flow_clock k WHERE k.case_id = c.case_id AND k.stopped_us IS NULL AND k.level >= 80)";
            }
            break;
        case ListScope::offered:
        case ListScope::accepted:
            condition.sql +=
                fmt::format(" AND c.ended = 0 AND EXISTS (SELECT 1 FROM flow_party p WHERE p.case_id = c.case_id AND p.person = ? AND p.status IN ({}))",
                            list.scope == ListScope::offered ? "'offered', 'rung'" : "'accepted', 'signed'");
            condition.args.emplace_back(condition.person);
            break;
        case ListScope::closed:
            condition.sql +=
                " AND c.ended = 1 AND c.state_since_us >= ? AND (c.requester = ? OR EXISTS (SELECT 1 FROM flow_party p WHERE p.case_id = "
                "c.case_id AND p.person = ? AND p.status = 'accepted'))";
            condition.args.insert(condition.args.end(), {Value(condition.since_us), Value(condition.person), Value(condition.person)});
            break;
    }
    if (!list.states.empty()) {
        condition.sql += " AND c.state IN (SELECT value FROM json_each(?))";
        condition.args.emplace_back(std::string_view(condition.states));
    }
}

/// Patients of the caller whose name fits, as a JSON list of references.
std::string patients_named(record::Reader& reader, std::string_view text) {
    std::string list = "[";
    for (const record::Match& match : reader.search("Patient", fmt::format("name={}&_count={}", percent_encode(text), kNamesMax)).matches) {
        list += (list.size() > 1 ? ",\"" : "\"") + match.resource.reference() + "\"";
    }
    return list + "]";
}

std::string_view order_by(std::string_view sort) {
    if (sort == "waiting") {
        return "c.state_since_us, c.case_id";
    }
    if (sort == "urgency") {
        return "c.urgency_rank DESC, COALESCE((SELECT MIN(k.due_us) FROM flow_clock k WHERE k.case_id = c.case_id AND k.stopped_us IS NULL), 9e18), c.case_id";
    }
    return "COALESCE((SELECT MIN(k.due_us) FROM flow_clock k WHERE k.case_id = c.case_id AND k.stopped_us IS NULL), 9e18), c.state_since_us, c.case_id";
}

template <class Use>
void each_list(const Engine& engine, const record::Caller& caller, Use use) {
    engine.each_machine([&](const Machine& machine) {
        for (const Worklist& list : machine.worklists()) {
            if (caller.actor.person != 0 && has_list(engine, caller, list)) {
                use(machine, list);
            }
        }
    });
}

}  // namespace

std::vector<ListCount> worklists(const Engine& engine, const record::Caller& caller) {
    std::vector<ListCount> counts;
    const auto snapshot = engine.ground().database.read();
    each_list(engine, caller, [&](const Machine& machine, const Worklist& list) {
        Condition condition;
        fill(engine, caller, machine.table().name(), list, condition);
        storage::Cursor rows = snapshot->connection().query(
            "SELECT COUNT(*), COUNT(CASE WHEN c.urgency_rank > 0 THEN 1 END) FROM flow_case c WHERE " + condition.sql, storage::Values(condition.args));
        rows.next();
        counts.push_back({&list, rows.integer(0), rows.integer(1)});
    });
    return counts;
}

ListPage worklist(const Engine& engine, const record::Caller& caller, std::string_view name, const ListQuery& query) {
    if (query.text.size() > kSearchText_bytes) {
        throw Error(ErrorKind::invalid, "flow.bad_query", "the search text is at most 100 bytes");
    }
    ListPage page;
    Condition condition;
    each_list(engine, caller, [&](const Machine& machine, const Worklist& list) {
        if (list.name == name && page.list == nullptr) {
            page.list = &list;
            fill(engine, caller, machine.table().name(), list, condition);
        }
    });
    if (page.list == nullptr) {
        throw Error(ErrorKind::not_found, "flow.no_list", "no such list");
    }
    std::string patients;
    std::string number;
    if (!query.text.empty()) {
        patients = patients_named(*engine.ground().record.read(caller.filter), query.text);
        number = query.text;
        condition.sql += " AND (c.number = ? OR c.patient IN (SELECT value FROM json_each(?)))";
        condition.args.insert(condition.args.end(), {Value(std::string_view(number)), Value(std::string_view(patients))});
    }
    const auto snapshot = engine.ground().database.read();
    storage::Connection& connection = snapshot->connection();
    {
        storage::Cursor rows = connection.query("SELECT COUNT(*) FROM flow_case c WHERE " + condition.sql, storage::Values(condition.args));
        rows.next();
        page.count = rows.integer(0);
    }
    std::vector<std::string> ids;
    {
        condition.args.emplace_back(std::int64_t{query.count});
        condition.args.emplace_back(query.offset);
        storage::Cursor rows =
            connection.query(fmt::format("SELECT c.case_id FROM flow_case c WHERE {} ORDER BY {} LIMIT ? OFFSET ?", condition.sql, order_by(query.sort)),
                             storage::Values(condition.args));
        while (rows.next()) {
            ids.emplace_back(rows.text(0));
        }
    }
    for (const std::string& id : ids) {
        page.rows.push_back(*store::find_case(connection, id));
    }
    const std::int64_t end = query.offset + static_cast<std::int64_t>(ids.size());
    page.next_offset = end < page.count ? end : 0;
    return page;
}

Load load_of(const Ground& ground, std::int64_t person) {
    const Instant week_ago = ground.clock.now() - std::chrono::hours(24 * 7);
    const auto snapshot = ground.database.read();
    storage::Cursor rows = snapshot->connection().query(
        "SELECT COUNT(CASE WHEN p.status IN ('offered', 'rung', 'accepted') AND c.ended = 0 AND c.state NOT IN ('opinion_signed', 'filed', 'feedback_due') "
        "THEN 1 END),"
        " COUNT(CASE WHEN p.since_us >= ? THEN 1 END), COALESCE(MAX(p.since_us), 0)"
        " FROM flow_party p JOIN flow_case c ON c.case_id = p.case_id WHERE p.person = ? AND c.machine <> 'part'",
        {to_us(week_ago), person});
    rows.next();
    return {rows.integer(0), rows.integer(1), from_us(rows.integer(2))};
}

std::vector<std::string> worklist_names(const Engine& engine) {
    std::vector<std::string> names;
    engine.each_machine([&](const Machine& machine) {
        for (const Worklist& list : machine.worklists()) {
            names.emplace_back(list.name);
        }
    });
    return names;
}

}  // namespace qiao::flow
