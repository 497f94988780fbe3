#include "access/odd_looks.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, week_us, kind, person, organisation, patient, first_us, last_us, count, explained_us, explained_by, explanation FROM access_odd_look ";

OddLook row_of(const storage::Cursor& rows) {
    return {.id = rows.integer(0),
            .week = from_us(rows.integer(1)),
            .kind = std::string(rows.text(2)),
            .person = rows.integer(3),
            .organisation = rows.integer(4),
            .patient = rows.integer(5),
            .first = from_us(rows.integer(6)),
            .last = from_us(rows.integer(7)),
            .count = rows.integer(8),
            .explained = from_us(rows.integer(9)),
            .explained_by = rows.integer(10),
            .explanation = std::string(rows.text(11))};
}

}  // namespace

void OddLooks::store(const std::vector<OddLook>& found) {
    if (found.empty()) return;
    writer_.submit(
        {{}, [&](storage::Group& group) {
             for (const OddLook& one : found) {
                 group.connection().execute(
                     "INSERT INTO access_odd_look(week_us, kind, person, organisation, patient, first_us, last_us, count, explained_us, explained_by, "
                     "explanation) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '') ON CONFLICT(week_us, kind, person, patient) DO UPDATE SET "
                     "first_us = excluded.first_us, last_us = excluded.last_us, count = excluded.count",
                     {to_us(one.week), std::string_view(one.kind), one.person, one.organisation, one.patient, to_us(one.first), to_us(one.last), one.count});
             }
         }});
}

bool OddLooks::answers_for(storage::Connection& connection, const OddLook& one, const std::vector<std::int64_t>& organisations) const {
    const auto own = [&](std::int64_t id) { return std::find(organisations.begin(), organisations.end(), id) != organisations.end(); };
    if (own(one.organisation)) return true;
    if (one.patient == 0) return false;
    auto rows = connection.query("SELECT organisation FROM access_care_relation WHERE patient = ?", {one.patient});
    while (rows.next()) {
        if (own(rows.integer(0))) return true;
    }
    return false;
}

std::vector<OddLook> OddLooks::of_week(Instant week, const std::vector<std::int64_t>& organisations) {
    constexpr std::size_t kShown = 500;
    std::vector<OddLook> shown;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(std::string(kColumns) + "WHERE week_us = ? ORDER BY explained_us > 0, last_us DESC", {to_us(week)});
    while (shown.size() < kShown && rows.next()) {
        OddLook one = row_of(rows);
        if (answers_for(snapshot->connection(), one, organisations)) shown.push_back(std::move(one));
    }
    return shown;
}

std::vector<Instant> OddLooks::weeks(const std::vector<std::int64_t>& organisations) {
    std::vector<Instant> weeks;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(std::string(kColumns) + "ORDER BY week_us DESC");
    while (weeks.size() < 60 && rows.next()) {
        const OddLook one = row_of(rows);
        const bool known = !weeks.empty() && weeks.back() == one.week;
        if (!known && answers_for(snapshot->connection(), one, organisations)) weeks.push_back(one.week);
    }
    return weeks;
}

void OddLooks::explain(const record::Actor& actor, std::int64_t id, std::string_view text, const std::vector<std::int64_t>& organisations) {
    OddLook line;
    {
        auto snapshot = database_.read();
        auto rows = snapshot->connection().query(std::string(kColumns) + "WHERE id = ?", {id});
        if (rows.next()) line = row_of(rows);
        if (line.id == 0 || !answers_for(snapshot->connection(), line, organisations)) throw Error(ErrorKind::not_found, "access.no_odd_look", "no such line");
    }
    AuditEvent event = audit_.event_of(actor, "explain");
    event.type = "AuditEvent";
    event.patient = line.patient;
    event.detail = "line=" + std::to_string(id);
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("UPDATE access_odd_look SET explained_us = ?, explained_by = ?, explanation = ? WHERE id = ?",
                                                   {to_us(clock_.now()), actor.person, text, id});
                        audit_.write(group, event);
                    }});
}

}  // namespace qiao::access
