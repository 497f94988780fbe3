#include "record/search/search.hpp"

#include "base/error.hpp"
#include "record/search/includes.hpp"
#include "record/search/plan.hpp"
#include "record/store/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace qiao::record {
namespace {

std::int64_t newest_commit(storage::Connection& connection) {
    auto rows = connection.query("SELECT max(t) FROM tx");
    return rows.next() ? rows.integer(0) : 0;
}

/// A search of one type, or the same of several whose rows are merged.
class Search {
public:
    Search(StoreReader& reader, const SearchPlace& place, const Query& query, const std::vector<TypeId>& types) {
        Rid patient = 0;
        if (!place.patient.empty()) {
            const auto rid = reader.rid_of("Patient", place.patient);
            if (!rid) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
            patient = *rid;
        }
        const SearchContext context{reader, 0};
        for (const TypeId type : types) {
            std::vector<ClausePtr> clauses;
            check_repeated(reader, type, query);
            for (const auto& [name, value] : query.filters) clauses.push_back(make_clause(context, type, name, value));
            if (patient == 0) refuse_scan(reader, type, clauses, query);
            if (patient != 0) clauses.push_back(make_in_patient_clause(type, patient));
            auto keys = sort_expressions(reader, type, query.sort);
            plans_.emplace_back(reader, type, std::move(clauses));
            plans_.back().order_by(keys);
            if (keys_.empty()) keys_ = std::move(keys);
        }
    }

    std::vector<Plan::Row> page(const std::optional<Cursor>& after, int limit) {
        if (plans_.size() == 1) return plans_.front().page(after, limit);
        std::vector<Plan::Row> rows;
        for (Plan& plan : plans_) {
            auto some = plan.page(after, limit);
            std::move(some.begin(), some.end(), std::back_inserter(rows));
        }
        std::sort(rows.begin(), rows.end(), [&](const Plan::Row& a, const Plan::Row& b) { return is_before(a, b, keys_); });
        if (rows.size() > static_cast<std::size_t>(limit)) rows.resize(static_cast<std::size_t>(limit));
        return rows;
    }

    std::int64_t count() {
        std::int64_t sum = 0;
        for (Plan& plan : plans_) sum += plan.count();
        return sum;
    }

private:
    /// Where no index narrows the search, each resource of the type would be looked at: of a large one that is refused before it begins.
    static void refuse_scan(StoreReader& reader, TypeId type, const std::vector<ClausePtr>& clauses, const Query& query) {
        if (clauses.empty() || std::any_of(clauses.begin(), clauses.end(), [](const ClausePtr& clause) { return clause->narrows(); })) return;
        const std::int64_t most = reader.core().search_limits.large_type;
        {
            auto rows = reader.connection().query("SELECT 1 FROM res WHERE type = ? AND state = 0 LIMIT 1 OFFSET ?", {std::int64_t{number_of(type)}, most});
            if (!rows.next()) return;
        }
        std::vector<Issue> issues;
        for (const auto& [name, value] : query.filters) {
            issues.push_back({"too-costly", parameter_place(name),
                              fmt::format("no index finds \"{}\" of this value among more than {} resources of {}: add a parameter that narrows the search", name,
                                          most, type_name(type))});
        }
        throw Error(ErrorKind::invalid, "record.too_costly", "no index narrows the search", std::move(issues));
    }

    /// A parameter of the centre may be such that it stands once in a search.
    static void check_repeated(StoreReader& reader, TypeId type, const Query& query) {
        std::set<std::string_view> seen;
        for (const auto& [name, value] : query.filters) {
            const std::string_view code = std::string_view(name).substr(0, name.find_first_of(":."));
            const TypeParameter* how = seen.insert(code).second || find_parameter(type, code) != nullptr ? nullptr : reader.parameter(type, code);
            const LocalParameter* local = how == nullptr ? nullptr : reader.local(how->id);
            if (local != nullptr && !local->takes_and) throw_bad_value(code, "is asked for once in a search");
        }
    }

    std::vector<Plan> plans_;
    std::vector<SortExpression> keys_;
};

/// The types that are searched: that of the place, those of `_type`, or all that the place can have.
std::vector<TypeId> types_of(const SearchPlace& place, const Query& query) {
    if (!place.type.empty()) return {known_type(place.type)};
    if (!query.types.empty()) return query.types;
    std::vector<TypeId> types;
    for (const TypeId type : all_types()) {
        if (place.patient.empty() || type == TypeId::Patient || !patient_compartment(type).empty()) types.push_back(type);
    }
    return types;
}

}  // namespace

SearchResult run_search(StoreReader& reader, const SearchPlace& place, std::string_view text) {
    Query query = parse_query(text, place.type.empty());
    const Budget budget(reader.connection(), reader.core().search_limits);
    find_include_parameters(reader, query);
    const std::string identity = query.identity(place.patient.empty() ? place.type : fmt::format("Patient/{}/{}", place.patient, place.type));
    std::optional<Cursor> after;
    if (!query.cursor.empty()) after = read_cursor(query.cursor, reader.core().keys.cursor, identity, reader.filter());
    Search search(reader, place, query, types_of(place, query));

    SearchResult result;
    result.applied = std::move(query.applied);
    if (query.count_only) {
        result.total = search.count();
        return result;
    }
    auto rows = search.page(after, query.count + 1);
    const bool more = rows.size() > static_cast<std::size_t>(query.count);
    if (more) {
        rows.pop_back();
        const Cursor end{after ? after->t : newest_commit(reader.connection()), rows.back().values, rows.back().rid};
        result.next_cursor = write_cursor(end, reader.core().keys.cursor, identity, reader.filter());
    }
    std::vector<Rid> rids;
    for (const Plan::Row& row : rows) rids.push_back(row.rid);
    for (Stored& one : fetch_all(reader, rids)) result.matches.push_back({std::move(one), false});
    if (query.total == Query::Total::accurate && (more || after))
        result.total = search.count();
    else if (query.total != Query::Total::none && !more && !after)
        result.total = static_cast<std::int64_t>(rows.size());
    add_includes(reader, query, result);
    return result;
}

}  // namespace qiao::record
