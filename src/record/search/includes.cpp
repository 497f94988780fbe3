#include "record/search/includes.hpp"

#include "record/search/clause.hpp"
#include "record/search/sql.hpp"
#include "record/store/fetch.hpp"

#include <algorithm>
#include <unordered_set>

namespace qiao::record {
namespace {

constexpr std::size_t kIncluded = 1000;
constexpr int kRounds = 5;

struct Found {
    Rid rid;
    TypeId type;
};

/// Rows that one rule adds for some resources, each once; every one passes the filter itself.
std::vector<Found> included_by(StoreReader& reader, const IncludeRule& rule, std::span<const Rid> from, std::size_t limit) {
    Sql sql;
    if (rule.reverse) {
        sql.add("SELECT DISTINCT n.rid, n.type FROM ref f CROSS JOIN res n ON n.rid = f.rid WHERE f.target_rid").in({from.begin(), from.end()});
        sql.add(" AND f.type = ").bind(number_of(rule.source)).add(" AND f.param");
        std::vector<std::int64_t> params;
        if (rule.param != ParamId::none) {
            params.push_back(number_of(rule.param));
        } else {
            for (const ParamId param : reader.reference_parameters(rule.source)) params.push_back(number_of(param));
        }
        sql.in(params);
    } else {
        sql.add("SELECT DISTINCT n.rid, n.type FROM ref f").add(indexed_by("ref_by_rid")).add("CROSS JOIN res n ON n.rid = f.target_rid WHERE f.rid");
        sql.in({from.begin(), from.end()});
        if (rule.param != ParamId::none) sql.add(" AND f.param = ").bind(number_of(rule.param));
        if (rule.target != TypeId::none) sql.add(" AND n.type = ").bind(number_of(rule.target));
    }
    sql.add(" AND n.state = 0 AND ").visible(reader.filter(), "n", reader.now()).add(" LIMIT ").bind(static_cast<std::int64_t>(limit));
    auto rows = reader.connection().query(sql.text(), sql.args());
    std::vector<Found> out;
    while (rows.next()) out.push_back({rows.integer(0), type_of_number(static_cast<std::uint32_t>(rows.integer(1)))});
    return out;
}

bool starts_at(const IncludeRule& rule, TypeId type) { return rule.reverse || rule.source == TypeId::none || rule.source == type; }

/// What one page gathers.
class Gathering {
public:
    Gathering(StoreReader& reader, const Query& query) : reader_(reader), query_(query) {}

    /// @return what these add for the first time
    std::vector<Found> round(const std::vector<Found>& from, bool first) {
        std::vector<Found> fresh;
        for (const IncludeRule& rule : query_.includes) {
            if (!first && !rule.iterate) continue;
            std::vector<Rid> starts;
            for (const Found& one : from) {
                if (starts_at(rule, one.type)) starts.push_back(one.rid);
            }
            for (std::span<const Rid> left = starts; !left.empty() && !cut_; left = left.subspan(std::min(left.size(), kFetchedAtOnce)))
                follow(rule, left.first(std::min(left.size(), kFetchedAtOnce)), fresh);
        }
        return fresh;
    }
    void show(Rid rid) { shown_.insert(rid); }
    [[nodiscard]] bool cut() const { return cut_; }

private:
    void follow(const IncludeRule& rule, std::span<const Rid> from, std::vector<Found>& fresh) {
        // Those already shown may stand before the new ones.
        for (const Found& found : included_by(reader_, rule, from, shown_.size() + kIncluded - count_ + 1)) {
            if (shown_.contains(found.rid)) continue;
            if (count_ == kIncluded) {
                cut_ = true;
                return;
            }
            shown_.insert(found.rid);
            ++count_;
            fresh.push_back(found);
        }
    }

    StoreReader& reader_;
    const Query& query_;
    std::unordered_set<Rid> shown_;
    std::size_t count_ = 0;
    bool cut_ = false;
};

}  // namespace

void find_include_parameters(StoreReader& reader, Query& query) {
    for (IncludeRule& rule : query.includes) {
        if (rule.code == "*") continue;
        const TypeParameter* how = reader.parameter(rule.source, rule.code);
        if (how == nullptr || reader.definition(how->id)->kind != ParamKind::reference)
            throw_bad_value(rule.reverse ? "_revinclude" : "_include", "names no reference parameter");
        rule.param = how->id;
    }
}

void add_includes(StoreReader& reader, const Query& query, SearchResult& result) {
    if (query.includes.empty()) return;
    Gathering gathering(reader, query);
    std::vector<Found> from;
    for (const Match& match : result.matches) {
        gathering.show(match.resource.rid);
        from.push_back({match.resource.rid, find_type(match.resource.type)});
    }
    for (int round = 0; round < kRounds && !from.empty(); ++round) {
        from = gathering.round(from, round == 0);
        std::vector<Rid> rids;
        for (const Found& found : from) rids.push_back(found.rid);
        for (Stored& one : fetch_all(reader, rids)) result.matches.push_back({std::move(one), true});
    }
    result.includes_cut = gathering.cut();
}

}  // namespace qiao::record
