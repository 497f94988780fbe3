#include "record/search/search.hpp"

#include "record/search/budget.hpp"
#include "record/search/plan.hpp"

#include <fmt/format.h>

#include <unordered_set>

namespace qiao::record {
namespace {

constexpr std::size_t kIncluded = 1000;

std::int64_t newest_commit(storage::Connection& connection) {
    auto rows = connection.query("SELECT max(t) FROM tx");
    return rows.next() ? rows.integer(0) : 0;
}

/// Rows that one rule adds for one match; every one passes the filter itself.
std::vector<Rid> included_by(StoreReader& reader, const IncludeRule& rule, Rid match, std::size_t limit) {
    Sql sql;
    if (rule.reverse) {
        sql.add("SELECT n.rid FROM ref f CROSS JOIN res n ON n.rid = f.rid WHERE f.target_rid = ")
            .bind(match)
            .add(" AND f.type = ")
            .bind(number_of(rule.source));
        if (rule.code != "*") {
            sql.add(" AND f.param = ").bind(number_of(find_parameter(rule.source, rule.code)->id));
        } else {
            std::vector<std::int64_t> params;
            for (const TypeParameter& how : parameters_of(rule.source)) params.push_back(number_of(how.id));
            sql.add(" AND f.param").in(params);
        }
    } else {
        sql.add("SELECT n.rid FROM ref f").add(indexed_by("ref_by_rid")).add("CROSS JOIN res n ON n.rid = f.target_rid WHERE f.rid = ").bind(match);
        if (rule.code != "*") sql.add(" AND f.param = ").bind(number_of(find_parameter(rule.source, rule.code)->id));
        if (rule.target != TypeId::none) sql.add(" AND n.type = ").bind(number_of(rule.target));
    }
    sql.add(" AND n.state = 0 AND ").visible(reader.filter(), "n", reader.now()).add(" LIMIT ").bind(static_cast<std::int64_t>(limit));
    auto rows = reader.connection().query(sql.text(), sql.args());
    std::vector<Rid> out;
    while (rows.next()) out.push_back(rows.integer(0));
    return out;
}

void add_includes(StoreReader& reader, TypeId type, const Query& query, SearchResult& result) {
    if (query.includes.empty()) return;
    std::unordered_set<Rid> shown;
    std::vector<Rid> matches;
    for (const Match& match : result.matches) {
        shown.insert(match.resource.rid);
        matches.push_back(match.resource.rid);
    }
    std::vector<Rid> extra;
    for (const IncludeRule& rule : query.includes) {
        if (!rule.reverse && rule.source != type) continue;
        for (const Rid match : matches) {
            if (extra.size() >= kIncluded) break;
            for (const Rid rid : included_by(reader, rule, match, kIncluded - extra.size())) {
                if (shown.insert(rid).second) extra.push_back(rid);
            }
        }
    }
    for (const Rid rid : extra) result.matches.push_back({reader.fetch(rid), true});
}

}  // namespace

SearchResult run_search(StoreReader& reader, TypeId type, std::string_view text) {
    Query query = parse_query(text);
    const Budget budget(reader.connection());
    const SearchContext context{reader, 0};
    std::vector<ClausePtr> clauses;
    for (const auto& [name, value] : query.filters) clauses.push_back(make_clause(context, type, name, value));
    const std::string identity = query.identity(type);
    std::optional<Cursor> after;
    if (!query.cursor.empty()) after = read_cursor(query.cursor, reader.core().keys.cursor, identity, reader.filter());
    Plan plan(reader, type, std::move(clauses));
    plan.order_by(sort_expressions(type, query.sort));

    SearchResult result;
    result.applied = std::move(query.applied);
    if (query.count_only) {
        result.total = plan.count();
        return result;
    }
    auto rows = plan.page(after, query.count + 1);
    const bool more = rows.size() > static_cast<std::size_t>(query.count);
    if (more) {
        rows.pop_back();
        const Cursor end{after ? after->t : newest_commit(reader.connection()), rows.back().values, rows.back().rid};
        result.next_cursor = write_cursor(end, reader.core().keys.cursor, identity, reader.filter());
    }
    for (const Plan::Row& row : rows) result.matches.push_back({reader.fetch(row.rid), false});
    if (!more && !after)
        result.total = static_cast<std::int64_t>(rows.size());
    else if (query.total)
        result.total = plan.count();
    add_includes(reader, type, query, result);
    return result;
}

}  // namespace qiao::record
