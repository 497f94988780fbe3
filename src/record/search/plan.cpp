#include "record/search/plan.hpp"

#include "base/error.hpp"
#include "record/definitions/combined.hpp"
#include "record/store/sort_date.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace qiao::record {
namespace {

constexpr int kProbeRows = 1000;

std::string on(const SortExpression& key, std::string_view alias) { return fmt::format(fmt::runtime(key.sql), alias); }

SortExpression ranged(std::string_view table, const std::string& param, bool descending, bool real) {
    const std::string_view last = descending ? "-9e300" : "9e300";
    const std::string_view last_date = descending ? "-9223372036854775807" : "9223372036854775807";
    return {fmt::format("coalesce((SELECT {}(s.lo) FROM {} s{}WHERE s.rid = {{0}}.rid AND s.param {}), {})", descending ? "max" : "min", table,
                        indexed_by(std::string(table) + "_by_rid"), param, real ? last : last_date),
            descending, false, real, false};
}

SortExpression textual(std::string_view table, std::string_view column, std::uint16_t param, bool descending, std::string_view also) {
    return {fmt::format("coalesce((SELECT {}(s.{}) FROM {} s{}WHERE s.rid = {{0}}.rid AND s.param = {}{}), {})", descending ? "max" : "min", column, table,
                        indexed_by(std::string(table) + "_by_rid"), param, also, descending ? "''" : "'\xF4\x8F\xBF\xBF'"),
            descending, true, false, false};
}

SortExpression sort_expression(StoreReader& reader, TypeId type, const SortKey& key) {
    if (key.code == "_lastUpdated") return {"{0}.t", key.descending, false, false, true};
    if (key.code == "_id") return {"{0}.id", key.descending, true, false, true};
    const TypeParameter* how = reader.parameter(type, key.code);
    const Parameter* definition = how == nullptr ? nullptr : reader.definition(how->id);
    if (definition == nullptr || !definition->indexed) {
        throw Error(ErrorKind::invalid, "record.unknown_parameter", "unknown sort parameter",
                    {{"invalid", parameter_place("_sort"), fmt::format("\"{}\" cannot be sorted by", key.code)}});
    }
    require_indexed(reader, type, how->id, key.code, "_sort");
    const std::uint16_t param = number_of(how->id);
    std::string rows = fmt::format("= {}", param);
    if (is_combined(how->id)) {
        const auto parts = parts_of_combined(type, how->id);
        rows = fmt::format("IN ({}, {})", number_of(parts[0]->id), number_of(parts[1]->id));
    }
    switch (definition->kind) {
        case ParamKind::date:
            if (key.descending && how->id == sort_date_param(type)) return {"{0}.d", true, false, false, false};
            return ranged("dt", rows, key.descending, false);
        case ParamKind::number: return ranged("num", rows, key.descending, true);
        case ParamKind::quantity: return ranged("qty", rows, key.descending, true);
        case ParamKind::string: return textual("str", "norm", param, key.descending, " AND s.exact <> ''");
        case ParamKind::uri: return textual("uri", "v", param, key.descending, "");
        default:
            throw Error(
                ErrorKind::invalid, "record.unsupported_sort", "unsupported sort parameter",
                {{"not-supported", parameter_place("_sort"), fmt::format("\"{}\" is a {} and cannot be sorted by", key.code, kind_name(definition->kind))}});
    }
}

}  // namespace

std::vector<SortExpression> sort_expressions(StoreReader& reader, TypeId type, const std::vector<SortKey>& keys) {
    std::vector<SortExpression> out;
    for (const SortKey& key : keys) out.push_back(sort_expression(reader, type, key));
    if (out.empty()) out.push_back({"{0}.d", true, false, false, false});
    return out;
}

bool is_before(const Plan::Row& a, const Plan::Row& b, const std::vector<SortExpression>& keys) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (a.values[i] != b.values[i]) return keys[i].descending ? a.values[i] > b.values[i] : a.values[i] < b.values[i];
    }
    return keys.front().descending ? a.rid > b.rid : a.rid < b.rid;
}

Plan::Plan(StoreReader& reader, TypeId type, std::vector<ClausePtr> clauses) : reader_(reader), type_(type), clauses_(std::move(clauses)) {
    use_compartment();
    narrow();
    choose_driver();
}

/// `patient=…&code=…` is one range of `pat`.
void Plan::use_compartment() {
    const auto patient = std::find_if(clauses_.begin(), clauses_.end(), [](const ClausePtr& clause) { return clause->patient() != 0; });
    const auto coded = std::find_if(clauses_.begin(), clauses_.end(), [](const ClausePtr& clause) { return clause->compartment_key() != 0; });
    if (patient == clauses_.end() || coded == clauses_.end()) return;
    *patient = make_compartment_clause(type_, (*patient)->patient(), (*coded)->compartment_key());
    clauses_.erase(coded);
}

/// What the date clauses together say of `d`.
void Plan::narrow() {
    for (const ClausePtr& clause : clauses_) {
        const auto one = clause->window();
        if (!one) continue;
        window_.lo_ms = std::max(window_.lo_ms, one->lo_ms);
        window_.hi_ms = std::min(window_.hi_ms, one->hi_ms);
    }
}

void Plan::choose_driver() {
    const bool bounded = window_.lo_ms != kDistantPast_ms && window_.hi_ms != kDistantFuture_ms;
    const bool only_dates = std::all_of(clauses_.begin(), clauses_.end(), [](const ClausePtr& clause) { return clause->window().has_value(); });
    if (bounded && only_dates) return;  // the resources themselves, by their date
    std::vector<const Clause*> able;
    for (const ClausePtr& clause : clauses_) {
        if (clause->can_drive() && clause->narrows()) able.push_back(clause.get());
    }
    // Looking how many rows they find would cost as much as the search.
    for (const ClausePtr& clause : clauses_) {
        if (able.empty() && clause->can_drive()) able.push_back(clause.get());
    }
    // Rows that carry `d` are read within the window alone: never more of them than the dates by themselves would find.
    if (std::any_of(able.begin(), able.end(), [](const Clause* clause) { return clause->carries(); })) {
        std::erase_if(able, [](const Clause* clause) { return clause->window().has_value(); });
    }
    if (able.size() == 1) driver_ = able.front();
    std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
    for (const Clause* clause : able) {
        if (able.size() == 1) break;
        Sql sql;
        sql.add("SELECT count(*) FROM (SELECT 1 FROM (");
        clause->source(sql);
        sql.add(") y LIMIT ").bind(std::int64_t{kProbeRows}).add(") z");
        auto rows = reader_.connection().query(sql.text(), sql.args());
        rows.next();
        // Rows that carry date and labels spare a look at the resource.
        const std::int64_t cost = rows.integer(0) * 2 - (clause->carries() ? 1 : 0);
        if (cost < fewest) {
            fewest = cost;
            driver_ = clause;
        }
    }
}

std::string_view Plan::add_rows(Sql& sql, bool needs_resource) {
    for (const ClausePtr& clause : clauses_) needs_resource = needs_resource || clause->needs_resource();
    std::string_view alias = "r";
    if (driver_ == nullptr) {
        sql.add(" FROM res r").add(indexed_by("res_by_date")).add("WHERE r.type = ").bind(number_of(type_)).add(" AND r.state = 0");
    } else if (driver_->carries() && !needs_resource) {
        alias = "k";
        sql.add(" FROM (");
        driver_->source(sql);
        sql.add(") k WHERE 1=1");
    } else {
        sql.add(driver_->carries() ? " FROM (" : " FROM (SELECT DISTINCT y.rid FROM (");
        driver_->source(sql);
        sql.add(driver_->carries() ? ") k" : ") y) k");
        // The sum keeps PostgreSQL from reading all of the type for each row found, as it does where its statistics are of a small table.
        sql.add(" CROSS JOIN res r ON r.rid = k.rid WHERE r.type + 0 = ").bind(number_of(type_)).add(" AND r.state = 0");
    }
    for (const ClausePtr& clause : clauses_) {
        if (clause.get() == driver_ || clause->is_sure_within(window_)) continue;
        sql.add(" AND ");
        clause->probe(sql, alias);
    }
    add_window(sql, driver_ != nullptr && driver_->carries() ? "k" : alias);
    sql.add(" AND ").visible(reader_.filter(), alias, reader_.now());
    return alias;
}

void Plan::add_window(Sql& sql, std::string_view alias) {
    if (window_.lo_ms != kDistantPast_ms) sql.add(" AND ").add(alias).add(".d >= ").bind(window_.lo_ms);
    if (window_.hi_ms != kDistantFuture_ms) sql.add(" AND ").add(alias).add(".d < ").bind(window_.hi_ms);
}

/// Keyset paging: (k1, k2, …, rid) behind the cursor's, each key in its own direction; rid goes with the first key.
void Plan::add_behind(Sql& sql, const Cursor& after, std::string_view alias) {
    const auto bind = [&](const SortExpression& key, const SortValue& value) {
        if (const auto* integer = std::get_if<std::int64_t>(&value))
            sql.bind(*integer);
        else if (const auto* real = std::get_if<double>(&value))
            sql.bind_real(*real);
        else if (key.needs_resource)
            sql.bind_blob(std::get<std::string>(value));
        else
            sql.bind(std::get<std::string>(value));
    };
    sql.add(" AND ").add(alias).add(".rid IN (SELECT z.rid FROM res z WHERE z.rid = ").add(alias).add(".rid AND z.first_t <= ").bind(after.t).add(") AND (");
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        sql.add(on(keys_[i], alias)).add(keys_[i].descending ? " < " : " > ");
        bind(keys_[i], after.values[i]);
        sql.add(" OR (").add(on(keys_[i], alias)).add(" = ");
        bind(keys_[i], after.values[i]);
        sql.add(" AND (");
    }
    sql.add(alias).add(keys_.front().descending ? ".rid < " : ".rid > ").bind(after.rid);
    for (std::size_t i = 0; i < keys_.size(); ++i) sql.add("))");
    sql.add(")");
}

std::vector<Plan::Row> Plan::page(const std::optional<Cursor>& after, int limit) {
    const bool needs_resource = std::any_of(keys_.begin(), keys_.end(), [](const SortExpression& key) { return key.needs_resource; });
    // Which alias the candidate row gets is known only with its FROM; the columns come first in the text.
    Sql rows_part;
    const std::string_view alias = add_rows(rows_part, needs_resource);
    if (after) add_behind(rows_part, *after, alias);
    std::string columns = fmt::format("SELECT {}.rid", alias);
    std::string order = " ORDER BY ";
    for (const SortExpression& key : keys_) {
        columns += ", ";
        columns += on(key, alias);
        order += on(key, alias) + (key.descending ? " DESC, " : ", ");
    }
    order += fmt::format("{}.rid{} LIMIT ", alias, keys_.front().descending ? " DESC" : "");
    rows_part.add(order).bind(limit);
    auto cursor = reader_.connection().query(columns + rows_part.text(), rows_part.args());
    std::vector<Row> out;
    while (cursor.next()) {
        Row row{cursor.integer(0), {}};
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            const int column = static_cast<int>(i) + 1;
            if (keys_[i].is_text)
                row.values.emplace_back(std::string(cursor.text(column)));
            else if (keys_[i].is_real)
                row.values.emplace_back(cursor.real(column));
            else
                row.values.emplace_back(cursor.integer(column));
        }
        out.push_back(std::move(row));
    }
    return out;
}

std::int64_t Plan::count() {
    const std::int64_t most = reader_.core().search_limits.counted_rows;
    Sql sql;
    add_rows(sql, false);
    sql.add(" LIMIT ").bind(most + 1).add(") y");
    auto rows = reader_.connection().query("SELECT count(*) FROM (SELECT 1" + sql.text(), sql.args());
    rows.next();
    if (rows.integer(0) > most) throw Error(ErrorKind::unavailable, "record.budget", "the search finds more than may be counted");
    return rows.integer(0);
}

}  // namespace qiao::record
