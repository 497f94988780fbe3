#include "access/duplicates.hpp"
#include "base/error.hpp"
#include "record/definitions/definitions.hpp"

namespace qiao::access {
namespace {

constexpr std::int64_t kAtOnce = 50;

}  // namespace

std::int64_t Duplicates::newest_commit() const {
    const auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT t FROM tx ORDER BY t DESC LIMIT 1");
    return rows.next() ? rows.integer(0) : 0;
}

std::vector<Duplicates::Changed> Duplicates::changed() const {
    std::vector<Changed> out;
    const auto snapshot = database_.read();
    std::int64_t from = 0;
    {
        auto rows = snapshot->connection().query("SELECT t FROM access_duplicate_progress");
        if (rows.next()) from = rows.integer(0);
    }
    // Whole commits: the place to go on from is a commit.
    auto rows = snapshot->connection().query("SELECT rid, t FROM res WHERE type = ? AND t > ? AND t <= ? AND state <> 2 ORDER BY t",
                                             {std::int64_t{record::number_of(record::TypeId::Patient)}, from, rested_});
    while (rows.next()) {
        if (static_cast<std::int64_t>(out.size()) >= kAtOnce && rows.integer(1) != out.back().t) break;
        out.push_back({rows.integer(0), rows.integer(1)});
    }
    return out;
}

void Duplicates::keep(const std::vector<std::pair<record::Rid, std::vector<Pair>>>& found, std::int64_t upto) {
    writer_.submit({{}, [&](storage::Group& group) {
                        storage::Connection& connection = group.connection();
                        const std::int64_t now_us = to_us(group.now());
                        for (const auto& [rid, pairs] : found) {
                            // What a person decided stays; an open pair stands only while the two are still alike.
                            connection.execute("DELETE FROM access_duplicate WHERE state = 'open' AND (a = ? OR b = ?)", {rid, rid});
                            for (const Pair& pair : pairs) {
                                connection.execute(
                                    "INSERT INTO access_duplicate(a, b, bits, state, found_us, decided_by, decided_us) VALUES(?, ?, ?, 'open', ?, 0, 0)"
                                    " ON CONFLICT(a, b) DO NOTHING",
                                    {std::min(rid, pair.other), std::max(rid, pair.other), pair.bits, now_us});
                            }
                        }
                        connection.execute("INSERT INTO access_duplicate_progress(id, t) VALUES(1, ?) ON CONFLICT(id) DO UPDATE SET t = excluded.t", {upto});
                    }});
}

std::vector<Duplicates::Row> Duplicates::rows(const record::ReadFilter& filter, std::string_view state, std::int64_t id) {
    const record::FilterSql first(filter, "ra.acl", "ra.rid", clock_.now());
    const record::FilterSql second(filter, "rb.acl", "rb.rid", clock_.now());
    std::string sql =
        "SELECT p.id, p.a, p.b, p.state, p.found_us, p.decided_by, p.decided_us FROM access_duplicate p JOIN res ra ON ra.rid = p.a"
        " JOIN res rb ON rb.rid = p.b WHERE ra.state = 0 AND rb.state = 0 AND ";
    sql += id != 0 ? "p.id = ? AND " : "p.state = ? AND ";
    sql += first.condition() + " AND " + second.condition() + " ORDER BY p.bits DESC, p.id LIMIT ?";
    std::vector<storage::Value> args;
    if (id != 0)
        args.emplace_back(id);
    else
        args.emplace_back(state);
    first.append_to(args);
    second.append_to(args);
    args.emplace_back(kShown);
    std::vector<Row> out;
    const auto snapshot = database_.read();
    auto found = snapshot->connection().query(sql, args);
    while (found.next()) {
        out.push_back({.id = found.integer(0),
                       .a = found.integer(1),
                       .b = found.integer(2),
                       .state = std::string(found.text(3)),
                       .found = from_us(found.integer(4)),
                       .decided_by = found.integer(5),
                       .decided = from_us(found.integer(6))});
    }
    return out;
}

void Duplicates::set_state(record::Work& work, const Row& row, std::string_view state, std::int64_t person) {
    work.check([row](storage::Group& group) {
        auto rows = group.connection().query("SELECT 1 FROM access_duplicate WHERE id = ? AND state = ?", {row.id, std::string_view(row.state)});
        if (!rows.next()) throw Error(ErrorKind::conflict, "patient.pair_decided", "this pair was decided meanwhile");
    });
    work.also([row, state = std::string(state), person](storage::Group& group, const record::Work::RidOf&) {
        const bool open = state == "open";
        group.connection().execute("UPDATE access_duplicate SET state = ?, decided_by = ?, decided_us = ? WHERE id = ?",
                                   {std::string_view(state), open ? std::int64_t{0} : person, open ? std::int64_t{0} : to_us(group.now()), row.id});
    });
}

}  // namespace qiao::access
