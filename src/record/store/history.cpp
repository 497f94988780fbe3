#include "base/error.hpp"
#include "base/id.hpp"
#include "record/search/clause.hpp"
#include "record/search/cursor.hpp"
#include "record/store/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>

/// Histories: `res` holds what is current, `hist` what was before; both are walked from their newest commit down.
namespace qiao::record {

std::int64_t first_commit_at(storage::Connection& connection, std::int64_t ms) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    {
        auto rows = connection.query("SELECT max(t) FROM tx");
        if (rows.next()) high = rows.integer(0) + 1;
    }
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        auto rows = connection.query("SELECT ts_ms FROM tx WHERE t >= ? ORDER BY t LIMIT 1", {middle});
        if (rows.next() && rows.integer(0) < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

namespace {

/// Where a version stands in the history: commit, resource, version.
struct Line {
    std::int64_t t = 0;
    Rid rid = 0;
    std::int64_t version = 0;
    bool current = false;  ///< in `res`
    auto operator<=>(const Line&) const = default;
};

/// The ask in numbers of commits.
struct Bounds {
    std::int64_t from = 0;       ///< t at least this
    std::int64_t before = 0;     ///< t below this; 0 = no bound
    std::int64_t replaced = -1;  ///< the next version came at this t or later; -1 = no bound
    std::optional<Line> after;   ///< last one of the page before
    Rid rid = 0;                 ///< of one resource; 0 = of all
};

TimeRange time_of(StoreReader& reader, std::string_view name, std::string_view text) {
    const auto range = parse_time_range(text, &reader.core().zone);
    if (!range) throw_bad_value(name, "is no date");
    return *range;
}

Bounds bounds_of(StoreReader& reader, const HistoryAsk& ask) {
    storage::Connection& connection = reader.connection();
    Bounds bounds;
    if (!ask.since.empty()) bounds.from = first_commit_at(connection, time_of(reader, "_since", ask.since).lo_ms);
    if (!ask.at.empty()) {
        const TimeRange at = time_of(reader, "_at", ask.at);
        bounds.before = first_commit_at(connection, at.hi_ms);
        bounds.replaced = first_commit_at(connection, at.lo_ms + 1);
    }
    return bounds;
}

void add_bounds(Sql& sql, const Bounds& bounds, std::string_view alias) {
    if (bounds.rid != 0) sql.add(fmt::format(" AND {}.rid = ", alias)).bind(bounds.rid);
    if (bounds.from > 0) sql.add(fmt::format(" AND {}.t >= ", alias)).bind(bounds.from);
    if (bounds.before > 0) sql.add(fmt::format(" AND {}.t < ", alias)).bind(bounds.before);
    if (!bounds.after) return;
    sql.add(fmt::format(" AND {}.t <= ", alias)).bind(bounds.after->t);
    sql.add(fmt::format(" AND ({}.t < ", alias)).bind(bounds.after->t);
    sql.add(fmt::format(" OR {}.rid < ", alias)).bind(bounds.after->rid);
    sql.add(fmt::format(" OR ({}.rid = ", alias)).bind(bounds.after->rid);
    sql.add(fmt::format(" AND {}.ver < ", alias)).bind(bounds.after->version).add("))");
}

void run(StoreReader& reader, Sql& sql, std::string_view alias, int limit, bool current, std::vector<Line>& lines) {
    sql.add(fmt::format(" ORDER BY {0}.t DESC, {0}.rid DESC, {0}.ver DESC LIMIT ", alias)).bind(limit);
    auto rows = reader.connection().query(sql.text(), sql.args());
    while (rows.next()) lines.push_back({rows.integer(0), rows.integer(1), rows.integer(2), current});
}

void add_current(StoreReader& reader, const Bounds& bounds, TypeId type, int limit, std::vector<Line>& lines) {
    Sql sql;
    sql.add("SELECT r.t, r.rid, r.ver FROM res r").add(bounds.rid == 0 ? indexed_by("res_by_time") : " ");
    sql.add("WHERE r.type = ").bind(number_of(type)).add(" AND r.state <> 2");
    add_bounds(sql, bounds, "r");
    sql.add(" AND ").visible(reader.filter(), "r", reader.now());
    run(reader, sql, "r", limit, true, lines);
}

/// @param type  none = all
void add_older(StoreReader& reader, const Bounds& bounds, TypeId type, int limit, std::vector<Line>& lines) {
    Sql sql;
    sql.add("SELECT h.t, h.rid, h.ver FROM hist h");
    if (bounds.rid == 0) sql.add(indexed_by(type == TypeId::none ? "hist_by_t" : "hist_by_time"));
    sql.add(" CROSS JOIN res r ON r.rid = h.rid WHERE 1=1");
    if (type != TypeId::none) sql.add(" AND h.type = ").bind(number_of(type));
    add_bounds(sql, bounds, "h");
    if (bounds.replaced >= 0) {
        sql.add(" AND coalesce((SELECT n.t FROM hist n WHERE n.rid = h.rid AND n.ver = h.ver + 1), r.t) >= ").bind(bounds.replaced);
    }
    sql.add(" AND ").visible(reader.filter(), "h", reader.now());
    sql.add(" AND ").visible(reader.filter(), "r", reader.now());
    run(reader, sql, "h", limit, false, lines);
}

std::vector<Line> newest(StoreReader& reader, const Bounds& bounds, TypeId type, int limit) {
    std::vector<Line> lines;
    // `res` is ordered by time within a type only: the newest of each type, of which the newest are taken.
    if (type != TypeId::none) {
        add_current(reader, bounds, type, limit, lines);
    } else {
        for (const TypeId one : all_types()) add_current(reader, bounds, one, limit, lines);
    }
    add_older(reader, bounds, type, limit, lines);
    std::sort(lines.begin(), lines.end(), std::greater<>());
    if (lines.size() > static_cast<std::size_t>(limit)) lines.resize(static_cast<std::size_t>(limit));
    return lines;
}

}  // namespace

HistoryPage StoreReader::history(const HistoryAsk& ask) {
    HistoryPage page;
    const TypeId type = ask.type.empty() ? TypeId::none : known_type(ask.type);
    const Budget budget(connection(), core_.search_limits);
    const std::string identity = fmt::format("_history {}/{} {} {}", ask.type, ask.id, ask.since, ask.at);
    Bounds bounds = bounds_of(*this, ask);
    if (!ask.id.empty()) {
        const auto rid = rid_of(ask.type, ask.id);
        if (!rid) return page;
        bounds.rid = *rid;
    }
    if (!ask.cursor.empty()) {
        const Cursor cursor = read_cursor(ask.cursor, core_.keys.cursor, identity, filter_);
        bounds.after = Line{cursor.t, cursor.rid, std::get<std::int64_t>(cursor.values.at(0)), false};
    }
    if (ask.count <= 0) return page;
    std::vector<Line> lines = newest(*this, bounds, type, ask.count + 1);
    if (lines.size() > static_cast<std::size_t>(ask.count)) {
        lines.pop_back();
        page.next_cursor = write_cursor({lines.back().t, {lines.back().version}, lines.back().rid}, core_.keys.cursor, identity, filter_);
    }
    for (const Line& line : lines) page.versions.push_back(line.current ? fetch(line.rid) : fetch_version(line.rid, line.version));
    return page;
}

}  // namespace qiao::record
