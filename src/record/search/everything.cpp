#include "record/search/everything.hpp"

#include "record/search/clause.hpp"
#include "record/search/cursor.hpp"
#include "record/store/fetch.hpp"
#include "record/store/sort_date.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace qiao::record {
namespace {

constexpr std::size_t kIncluded = 1000;

/// The parameter by which a resource belongs to an encounter: R4 CompartmentDefinition/encounter names `encounter` or `context`.
ParamId encounter_param(TypeId type) {
    for (const std::string_view code : {"encounter", "context"}) {
        const TypeParameter* how = find_parameter(type, code);
        if (how != nullptr && find_parameter(how->id)->kind == ParamKind::reference) return how->id;
    }
    return ParamId::none;
}

class Walk {
public:
    Walk(StoreReader& reader, const Compartment& what) : reader_(reader), what_(what), root_(reader.get(what.type + "/" + what.id)) {
        root_type_ = find_type(what.type);
        for (const std::string& name : what.types) {
            wanted_.push_back(find_type(name));
            if (wanted_.back() == TypeId::none) throw_bad_value("_type", "names no resource type");
        }
        for (const TypeId type : all_types()) {
            const bool belongs = root_type_ == TypeId::Patient || encounter_param(type) != ParamId::none;
            if (type != root_type_ && belongs && is_wanted(type)) types_.push_back(type);
        }
        start_ms_ = date("start", what.start, kDistantPast_ms).lo_ms;
        end_ms_ = date("end", what.end, kDistantFuture_ms).hi_ms;
        since_ms_ = date("_since", what.since, kDistantPast_ms).lo_ms;
    }

    SearchResult page() {
        const Budget budget(reader_.connection(), reader_.core().search_limits);
        std::optional<Cursor> after;
        const std::string& key = reader_.core().keys.cursor;
        if (!what_.cursor.empty()) after = read_cursor(what_.cursor, key, identity(), reader_.filter());
        SearchResult result;
        if (!after && is_wanted(root_type_) && to_ms(root_.updated) >= since_ms_) result.matches.push_back({root_, false});
        const std::size_t room = static_cast<std::size_t>(what_.count) - std::min<std::size_t>(result.matches.size(), static_cast<std::size_t>(what_.count));
        collect(after, room + 1);
        if (rows_.size() > room) {
            rows_.resize(room);
            // A page that the patient alone fills ends before the first row.
            const Row last = rows_.empty() ? Row{0, kNoDate, 0} : rows_.back();
            const Cursor end{after ? after->t : newest_commit(), {last.place, last.date}, last.rid};
            result.next_cursor = write_cursor(end, key, identity(), reader_.filter());
        }
        std::vector<Rid> rids;
        for (const Row& row : rows_) rids.push_back(row.rid);
        for (Stored& one : fetch_all(reader_, rids)) result.matches.push_back({std::move(one), false});
        add_supporting(result);
        return result;
    }

private:
    struct Row {
        std::int64_t place;  ///< in types_
        std::int64_t date;
        Rid rid;
    };

    [[nodiscard]] bool is_wanted(TypeId type) const { return wanted_.empty() || std::find(wanted_.begin(), wanted_.end(), type) != wanted_.end(); }

    [[nodiscard]] TimeRange date(std::string_view name, std::string_view text, std::int64_t open_ms) const {
        if (text.empty()) return {open_ms, open_ms};
        const auto range = parse_time_range(text, &reader_.core().zone);
        if (!range) throw_bad_value(name, "is no date");
        return *range;
    }

    [[nodiscard]] std::string identity() const {
        return fmt::format("$everything {}/{} {} {} {} {}", what_.type, what_.id, what_.start, what_.end, what_.since, fmt::join(what_.types, ","));
    }

    std::int64_t newest_commit() {
        auto rows = reader_.connection().query("SELECT max(t) FROM tx");
        return rows.next() ? rows.integer(0) : 0;
    }

    void collect(const std::optional<Cursor>& after, std::size_t limit) {
        const std::int64_t first = after ? std::get<std::int64_t>(after->values.at(0)) : 0;
        for (std::size_t place = static_cast<std::size_t>(std::max<std::int64_t>(first, 0)); place < types_.size() && rows_.size() < limit; ++place) {
            collect_type(place, after, limit - rows_.size());
        }
    }

    void add_source(Sql& sql, TypeId type) const {
        if (root_type_ == TypeId::Patient) {
            sql.add("SELECT rid, d, acl FROM pat WHERE patient_rid = ").bind(root_.rid).add(" AND type = ").bind(number_of(type)).add(" AND h = 0");
            return;
        }
        sql.add("SELECT rid, d, acl FROM ref WHERE param = ").bind(number_of(encounter_param(type)));
        sql.add(" AND target_rid = ").bind(root_.rid).add(" AND type = ").bind(number_of(type));
    }

    void collect_type(std::size_t place, const std::optional<Cursor>& after, std::size_t limit) {
        const TypeId type = types_[place];
        Sql sql;
        sql.add("SELECT k.d, k.rid FROM (");
        add_source(sql, type);
        sql.add(") k CROSS JOIN res r ON r.rid = k.rid CROSS JOIN tx x ON x.t = r.t WHERE r.state = 0");
        if (after) {
            // What was made after the first page is left out, as in a search.
            sql.add(" AND r.first_t <= ").bind(after->t);
            if (std::get<std::int64_t>(after->values.at(0)) == static_cast<std::int64_t>(place)) {
                const std::int64_t date = std::get<std::int64_t>(after->values.at(1));
                sql.add(" AND (k.d > ").bind(date).add(" OR (k.d = ").bind(date).add(" AND k.rid > ").bind(after->rid).add("))");
            }
        }
        if (since_ms_ != kDistantPast_ms) sql.add(" AND x.ts_ms >= ").bind(since_ms_);
        // A finding without a date (an allergy of unknown onset) is never lost by a range of dates.
        if (end_ms_ != kDistantFuture_ms) sql.add(" AND k.d < ").bind(end_ms_);
        if (start_ms_ != kDistantPast_ms) {
            sql.add(" AND (k.d >= ").bind(start_ms_).add(" OR k.d = ").bind(kNoDate).add(" OR EXISTS (SELECT 1 FROM dt z").add(indexed_by("dt_by_rid"));
            sql.add("WHERE z.rid = k.rid AND z.param = ").bind(number_of(sort_date_param(type))).add(" AND z.hi > ").bind(start_ms_).add("))");
        }
        sql.add(" AND ").visible(reader_.filter(), "k", reader_.now());
        sql.add(" ORDER BY k.d, k.rid LIMIT ").bind(static_cast<std::int64_t>(limit));
        auto rows = reader_.connection().query(sql.text(), sql.args());
        while (rows.next()) rows_.push_back({static_cast<std::int64_t>(place), rows.integer(0), rows.integer(1)});
    }

    /// What the page refers to and belongs to no patient (people, institutions, places, medications); of an encounter also what
    /// belongs to its own patient. Never another patient's: who may see both asks for both.
    void add_supporting(SearchResult& result) {
        std::unordered_set<Rid> shown;
        std::vector<Rid> matches;
        for (const Match& match : result.matches) {
            shown.insert(match.resource.rid);
            matches.push_back(match.resource.rid);
        }
        std::vector<Rid> extra;
        for (const Rid match : matches) {
            if (extra.size() >= kIncluded) break;
            Sql sql;
            sql.add("SELECT n.rid, n.type FROM ref f").add(indexed_by("ref_by_rid"));
            sql.add("CROSS JOIN res n ON n.rid = f.target_rid CROSS JOIN aclset a ON a.id = n.acl WHERE f.rid = ").bind(match);
            sql.add(" AND n.state = 0 AND (a.patient_rid = 0");
            if (root_type_ != TypeId::Patient) sql.add(" OR a.patient_rid = ").bind(root_.patient);
            sql.add(") AND ").visible(reader_.filter(), "n", reader_.now()).add(" LIMIT ").bind(static_cast<std::int64_t>(kIncluded));
            auto rows = reader_.connection().query(sql.text(), sql.args());
            while (rows.next() && extra.size() < kIncluded) {
                if (!is_wanted(type_of_number(static_cast<std::uint32_t>(rows.integer(1))))) continue;
                if (shown.insert(rows.integer(0)).second) extra.push_back(rows.integer(0));
            }
        }
        for (Stored& one : fetch_all(reader_, extra)) result.matches.push_back({std::move(one), true});
    }

    StoreReader& reader_;
    const Compartment& what_;
    Stored root_;
    TypeId root_type_ = TypeId::none;
    std::vector<TypeId> wanted_;
    std::vector<TypeId> types_;
    std::int64_t start_ms_ = 0;
    std::int64_t end_ms_ = 0;
    std::int64_t since_ms_ = 0;
    std::vector<Row> rows_;
};

}  // namespace

SearchResult read_everything(StoreReader& reader, const Compartment& what) { return Walk(reader, what).page(); }

}  // namespace qiao::record
