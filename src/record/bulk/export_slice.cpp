#include "record/bulk/export_slice.hpp"

#include "record/search/sql.hpp"
#include "record/store/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record::bulk {
namespace {

constexpr std::int64_t kScanned = 2'000;             // resources of the type in one snapshot, visible or not
constexpr std::size_t kSlice_bytes = 16ULL << 20U;   // of text in memory
constexpr int kSlice_ms = 30'000;                    // a snapshot is held no longer
constexpr std::string_view kFirst("\0", 1);          // before every stored id but of none

/// What was written behind the commit in question: its version of then is looked up.
struct Later {
    Rid rid;
    std::string id;
};

class TimeLimit {
public:
    explicit TimeLimit(storage::Connection& connection) : connection_(connection) { connection_.set_time_limit(kSlice_ms); }
    ~TimeLimit() { connection_.set_time_limit(0); }
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;

private:
    storage::Connection& connection_;
};

/// The stored id that ends a slice; empty = the rest of the type.
std::string end_of(storage::Connection& connection, TypeId type, std::string_view after) {
    auto rows = connection.query(fmt::format("SELECT id FROM res WHERE type = ? AND id > ? ORDER BY id LIMIT 1 OFFSET {}", kScanned - 1),
                                 {std::int64_t{number_of(type)}, storage::Blob{after}});
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

void add_patients(Sql& sql, const SliceAsk& ask) {
    if (ask.patients) {
        sql.add("a.patient_rid").in(*ask.patients);
    } else {
        sql.add("a.patient_rid <> 0");
    }
}

bool is_wanted(const SliceAsk& ask, std::int64_t t, bool deleted) {
    return t >= ask.from_t && (ask.before_t == 0 || t < ask.before_t) && (ask.deletions || !deleted);
}

/// The version of then, when it is wanted.
void add_older(Core& core, storage::Connection& connection, const ReadFilter& filter, Instant now, TypeId type, const SliceAsk& ask, const Later& later,
               std::vector<Stored>& versions) {
    Sql sql;
    sql.add("SELECT h.rid, h.ver, x.ts_ms, CASE h.op WHEN 68 THEN 1 ELSE 0 END, h.body, a.patient_rid, h.t FROM hist h"
            " CROSS JOIN aclset a ON a.id = h.acl CROSS JOIN tx x ON x.t = h.t WHERE h.rid = ")
        .bind(later.rid)
        .add(" AND h.ver = (SELECT max(n.ver) FROM hist n WHERE n.rid = ")
        .bind(later.rid)
        .add(" AND n.t <= ")
        .bind(ask.t)
        .add(") AND ")
        .visible(filter, "h", now);
    if (ask.of_patients) {
        sql.add(" AND ");
        add_patients(sql, ask);
    }
    auto rows = connection.query(sql.text(), sql.args());
    if (rows.next() && is_wanted(ask, rows.integer(6), rows.integer(3) == 1)) versions.push_back(stored_from(core, rows, type_name(type), id_text(later.id)));
}

}  // namespace

Slice read_slice(Core& core, const ReadFilter& filter, TypeId type, const SliceAsk& ask, std::string_view after) {
    if (after.empty()) after = kFirst;
    const Instant now = core.clock.now();
    Slice slice;
    auto snapshot = core.database.read();
    storage::Connection& connection = snapshot->connection();
    const TimeLimit limit(connection);
    const std::string end = end_of(connection, type, after);
    Sql sql;
    sql.add("SELECT r.rid, r.ver, x.ts_ms, r.state, r.body, a.patient_rid, r.id, r.t FROM res r").add(indexed_by("res_identity"));
    sql.add("CROSS JOIN aclset a ON a.id = r.acl CROSS JOIN tx x ON x.t = r.t WHERE r.type = ").bind(number_of(type));
    sql.add(" AND r.id > ").bind_blob(std::string(after));
    if (!end.empty()) sql.add(" AND r.id <= ").bind_blob(end);
    sql.add(" AND r.state <> 2 AND r.first_t <= ").bind(ask.t).add(" AND ").visible(filter, "r", now);
    if (ask.of_patients) {
        sql.add(" AND (r.t > ").bind(ask.t).add(" OR ");
        add_patients(sql, ask);
        sql.add(")");
    }
    sql.add(" ORDER BY r.id");
    std::vector<Later> later;
    bool cut = false;
    {
        std::size_t bytes = 0;
        auto rows = connection.query(sql.text(), sql.args());
        while (!cut && rows.next()) {
            slice.next = std::string(rows.text(6));
            if (rows.integer(7) > ask.t) {
                later.push_back({rows.integer(0), slice.next});
            } else if (is_wanted(ask, rows.integer(7), rows.integer(3) == static_cast<std::int64_t>(State::deleted))) {
                slice.versions.push_back(stored_from(core, rows, type_name(type), id_text(slice.next)));
                bytes += slice.versions.back().json.size();
            }
            cut = bytes >= kSlice_bytes;
        }
    }
    for (const Later& one : later) add_older(core, connection, filter, now, type, ask, one, slice.versions);
    slice.looked = kScanned;
    if (!cut) slice.next = end;
    return slice;
}

std::optional<Stored> read_at(Core& core, const ReadFilter& filter, TypeId type, std::string_view id, std::int64_t t) {
    const Instant now = core.clock.now();
    const SliceAsk ask{.t = t};
    auto snapshot = core.database.read();
    storage::Connection& connection = snapshot->connection();
    const TimeLimit limit(connection);
    const StoredId key(id);
    std::optional<Later> later;
    std::vector<Stored> versions;
    {
        Sql sql;
        sql.add("SELECT r.rid, r.ver, x.ts_ms, r.state, r.body, a.patient_rid, r.id, r.t FROM res r CROSS JOIN aclset a ON a.id = r.acl"
                " CROSS JOIN tx x ON x.t = r.t WHERE r.type = ")
            .bind(number_of(type))
            .add(" AND r.id = ")
            .bind_blob(std::string(key.bytes()))
            .add(" AND r.state <> 2 AND r.first_t <= ")
            .bind(t)
            .add(" AND ")
            .visible(filter, "r", now);
        auto rows = connection.query(sql.text(), sql.args());
        if (!rows.next()) return std::nullopt;
        if (rows.integer(7) > t)
            later = Later{rows.integer(0), std::string(rows.text(6))};
        else if (is_wanted(ask, rows.integer(7), rows.integer(3) == static_cast<std::int64_t>(State::deleted)))
            versions.push_back(stored_from(core, rows, type_name(type), std::string(id)));
    }
    if (later) add_older(core, connection, filter, now, type, ask, *later, versions);
    if (versions.empty()) return std::nullopt;
    return std::move(versions.front());
}

std::vector<std::pair<TypeId, std::int64_t>> count_types(Core& core) {
    std::vector<std::pair<TypeId, std::int64_t>> counts;
    auto snapshot = core.database.read();
    auto rows = snapshot->connection().query("SELECT type, count(*) FROM res GROUP BY type ORDER BY type");
    while (rows.next()) counts.emplace_back(type_of_number(static_cast<std::uint32_t>(rows.integer(0))), rows.integer(1));
    return counts;
}

bool sees_all(Core& core, const ReadFilter& filter, const std::vector<Rid>& rids) {
    std::vector<Rid> distinct = rids;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    auto snapshot = core.database.read();
    Sql sql;
    sql.add("SELECT count(*) FROM res r WHERE r.rid").in(distinct).add(" AND ").visible(filter, "r", core.clock.now());
    auto rows = snapshot->connection().query(sql.text(), sql.args());
    return rows.next() && rows.integer(0) == static_cast<std::int64_t>(distinct.size());
}

}  // namespace qiao::record::bulk
