#include "base/error.hpp"
#include "record/search/clause.hpp"
#include "record/search/either.hpp"
#include "record/search/ranges.hpp"
#include "record/search/values.hpp"
#include "record/store/sort_date.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace qiao::record {
namespace {

/// Bounds on `lo`, implied by the test: they lead the index.
template <class Bound>
void index_hint(Sql& sql, const RangeTest<Bound>& test) {
    const auto add = [&](std::string_view op, Bound bound) {
        sql.add(op);
        bind_bound(sql, bound);
    };
    switch (test.prefix) {
        case Prefix::eq:
            add(" AND lo >= ", test.lo);
            add(" AND lo < ", test.hi);
            break;
        case Prefix::gt:
        case Prefix::ge: break;
        case Prefix::lt: add(" AND lo < ", test.lo); break;
        case Prefix::le: add(" AND lo <= ", test.hi); break;
        case Prefix::sa: add(" AND lo >= ", test.hi); break;
        case Prefix::eb: add(" AND lo < ", test.lo); break;
        case Prefix::ap: add(" AND lo <= ", test.hi); break;
        case Prefix::ne: break;
    }
}

/// A time of a day at most, which is all but a few, is found by its start; the index `dt_by_end` has the longer ones only.
constexpr std::int64_t kShort_ms = 86'400'000;
constexpr std::string_view kLong = "hi > lo + 86400000";  // as the index has it

bool is_open_ended(Prefix prefix) { return prefix == Prefix::gt || prefix == Prefix::ge || prefix == Prefix::ap; }

/// What ends behind `test.lo`: by its start, and the long ones that began before.
void date_sources(Sql& sql, const RangeTest<std::int64_t>& test, std::int64_t type, std::int64_t param) {
    const std::int64_t start = test.lo < kDistantPast_ms + kShort_ms ? kDistantPast_ms : test.lo - kShort_ms;
    sql.add("SELECT rid FROM dt WHERE type = ").bind(type).add(" AND param = ").bind(param).add(" AND lo >= ").bind(start);
    index_hint(sql, test);
    sql.add(" AND ");
    range_condition(sql, test, "");
    sql.add(" UNION ALL SELECT rid FROM dt").add(indexed_by("dt_by_end")).add("WHERE type = ").bind(type).add(" AND param = ").bind(param);
    sql.add(" AND ").add(kLong).add(" AND hi >= ").bind(test.lo).add(" AND lo < ").bind(start).add(" AND ");
    range_condition(sql, test, "");
}

/// The values of `d` that a test can match, when no stored range is longer than `span_ms`. `d` is the start of the range; where
/// that is open it is the end.
TimeRange start_window(const RangeTest<std::int64_t>& test, std::int64_t span_ms) {
    const bool open = span_ms == kDistantFuture_ms;
    // A range that never ends, or a distance that has no number, bounds nothing.
    const std::int64_t from = open || test.lo < kDistantPast_ms + span_ms ? kDistantPast_ms : test.lo - span_ms;
    const auto until = [&](std::int64_t end) { return open ? kDistantFuture_ms : end; };
    switch (test.prefix) {
        case Prefix::eq: return {test.lo, test.hi};
        case Prefix::ge: return {span_ms <= test.hi - test.lo ? test.lo : from, kDistantFuture_ms};  // what began before ends within
        case Prefix::gt: return {from, kDistantFuture_ms};
        case Prefix::sa: return {test.hi, kDistantFuture_ms};
        case Prefix::lt:
        case Prefix::eb: return {kDistantPast_ms, until(test.lo)};
        case Prefix::le: return {kDistantPast_ms, until(test.hi)};
        case Prefix::ap: return {from, until(test.hi)};
        case Prefix::ne: break;
    }
    return {kDistantPast_ms, kDistantFuture_ms};
}

/// The values of `d` that a test surely matches, where `d` is the start of a range of at most `span_ms`. Empty when none is sure.
TimeRange sure_window(const RangeTest<std::int64_t>& test, std::int64_t span_ms) {
    constexpr std::int64_t kFirst = kNoDate + 1;  // resources without a date match nothing
    const bool is_bounded = test.lo > kDistantPast_ms + span_ms && test.hi < kDistantFuture_ms - span_ms;
    if (span_ms == kDistantFuture_ms || !is_bounded) return {0, 0};
    switch (test.prefix) {
        case Prefix::eq: return {test.lo, test.hi - span_ms + 1};
        case Prefix::ge: return {test.lo, kDistantFuture_ms};
        case Prefix::gt:
        case Prefix::sa: return {test.hi, kDistantFuture_ms};
        case Prefix::lt:
        case Prefix::le: return {kFirst, test.lo};
        case Prefix::eb: return {kFirst, test.lo - span_ms + 1};
        case Prefix::ne:
        case Prefix::ap: break;
    }
    return {0, 0};
}

template <class Bound>
class RangeClause : public Clause {
public:
    RangeClause(std::string_view table, TypeId type, ParamId param, std::vector<RangeTest<Bound>> tests)
        : table_(table), type_(number_of(type)), param_(number_of(param)), tests_(std::move(tests)) {}

    void source(Sql& sql) const override {
        bool first = true;
        for (const auto& test : tests_) {
            if (!first) sql.add(" UNION ALL ");
            first = false;
            if constexpr (std::is_same_v<Bound, std::int64_t>) {
                if (is_open_ended(test.prefix)) {
                    date_sources(sql, test, type_, param_);
                    continue;
                }
            }
            sql.add(fmt::format("SELECT rid FROM {} WHERE type = ", table_)).bind(type_).add(" AND param = ").bind(param_);
            index_hint(sql, test);
            sql.add(" AND ");
            range_condition(sql, test, "");
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        if (sure_.lo_ms >= sure_.hi_ms) return look(sql, alias, "EXISTS (SELECT 1 FROM {} p", ")");
        sql.add(fmt::format("(({}.d >= ", alias)).bind(sure_.lo_ms).add(fmt::format(" AND {}.d < ", alias)).bind(sure_.hi_ms).add(") OR ");
        // No EXISTS: below an OR PostgreSQL may gather all rows of the table for it.
        look(sql, alias, "(SELECT 1 FROM {} p", " LIMIT 1) = 1)");
    }
    [[nodiscard]] bool can_drive() const override { return 2 * tests_.size() <= kUnionTerms; }
    [[nodiscard]] bool narrows() const override {
        return std::none_of(tests_.begin(), tests_.end(), [](const auto& test) { return test.prefix == Prefix::ne; });
    }
    [[nodiscard]] std::optional<TimeRange> window() const override { return window_; }
    [[nodiscard]] bool is_sure_within(TimeRange window) const override {
        return sure_.lo_ms < sure_.hi_ms && sure_.lo_ms <= window.lo_ms && window.hi_ms <= sure_.hi_ms;
    }
    void set_window(TimeRange window) { window_ = window; }
    void set_sure(TimeRange window) { sure_ = window; }

private:
    void look(Sql& sql, std::string_view alias, const char* start, std::string_view end) const {
        sql.add(fmt::format(fmt::runtime(start), table_)).add(indexed_by(table_ + "_by_rid")).add(fmt::format("WHERE p.rid = {}.rid AND p.param = ", alias));
        sql.bind(param_).add(" AND p.type = ").bind(type_).add(" AND (");
        Either either(sql);
        for (const auto& test : tests_) {
            either.next();
            range_condition(sql, test, "p.");
        }
        either.end();
        sql.add(")").add(end);
    }

    std::string table_;
    std::int64_t type_;
    std::int64_t param_;
    std::vector<RangeTest<Bound>> tests_;
    std::optional<TimeRange> window_;
    TimeRange sure_{0, 0};
};

struct UnitTest {
    std::vector<std::int64_t> units;  ///< any of these, as `qty` has them
    RangeTest<double> range;
};

/// The units of the rows that are in `unit`, a part of theirs; 0 is any.
std::vector<std::int64_t> units_with(storage::Connection& connection, const Named& named, std::int64_t unit) {
    std::vector<std::int64_t> units{unit};
    auto rows = connection.query("SELECT whole FROM index_part WHERE type = ? AND param = ? AND part = ?",
                                 {std::int64_t{number_of(named.type)}, std::int64_t{number_of(named.how.id)}, unit});
    while (rows.next()) units.push_back(rows.integer(0));
    return units;
}

class QuantityClause : public Clause {
public:
    QuantityClause(TypeId type, ParamId param, std::vector<UnitTest> tests) : type_(number_of(type)), param_(number_of(param)), tests_(std::move(tests)) {}

    void source(Sql& sql) const override {
        bool first = true;
        for (const UnitTest& test : tests_) {
            if (!first) sql.add(" UNION ALL ");
            first = false;
            sql.add("SELECT rid FROM qty WHERE type = ").bind(type_).add(" AND param = ").bind(param_).add(" AND unit_id");
            sql.in(test.units).add(" AND ");
            range_condition(sql, test.range, "");
        }
        if (first) sql.add("SELECT rid FROM qty WHERE 1=0");
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("EXISTS (SELECT 1 FROM qty p").add(indexed_by("qty_by_rid")).add(fmt::format("WHERE p.rid = {}.rid AND p.param = ", alias)).bind(param_);
        sql.add(" AND p.type = ").bind(type_).add(" AND ");
        Either either(sql);
        for (const UnitTest& test : tests_) {
            either.next();
            sql.add("(p.unit_id").in(test.units).add(" AND ");
            range_condition(sql, test.range, "p.");
            sql.add(")");
        }
        either.end();
        sql.add(")");
    }
    [[nodiscard]] bool can_drive() const override { return tests_.size() <= kUnionTerms; }
    [[nodiscard]] bool narrows() const override {
        return std::none_of(tests_.begin(), tests_.end(), [](const UnitTest& test) { return test.range.prefix == Prefix::ne; });
    }

private:
    std::int64_t type_;
    std::int64_t param_;
    std::vector<UnitTest> tests_;
};

RangeTest<std::int64_t> date_test(const SearchContext& context, std::string_view parameter, std::string_view text) {
    RangeTest<std::int64_t> test;
    test.prefix = take_prefix(text);
    const auto range = parse_time_range(text, &context.reader.core().zone);
    if (!range) throw_bad_value(parameter, "is no date");
    test.lo = range->lo_ms;
    test.hi = range->hi_ms;
    if (test.prefix == Prefix::ap) {
        const std::int64_t now = to_ms(context.reader.now());
        const std::int64_t distance = std::max(std::abs(now - test.lo), std::abs(now - test.hi)) / 10;
        test.lo -= distance;
        test.hi += distance;
    }
    return test;
}

}  // namespace

ClausePtr make_date_clause(const SearchContext& context, const Named& named) {
    if (!named.modifier.empty()) throw_bad_modifier(named.definition.code, named.modifier);
    std::vector<RangeTest<std::int64_t>> tests;
    for (const std::string_view value : named.values) tests.push_back(date_test(context, named.definition.code, value));
    std::optional<TimeRange> window;
    TimeRange sure{0, 0};
    if (named.how.id == sort_date_param(named.type)) {
        auto rows = context.reader.connection().query("SELECT max_ms, others FROM date_span WHERE type = ?", {std::int64_t{number_of(named.type)}});
        const bool is_known = rows.next();
        const std::int64_t span = is_known ? rows.integer(0) : 0;
        if (tests.size() == 1 && !(is_known && rows.integer(1) != 0)) sure = sure_window(tests.front(), span);
        for (const auto& test : tests) {
            const TimeRange one = start_window(test, span);
            window = window ? TimeRange{std::min(window->lo_ms, one.lo_ms), std::max(window->hi_ms, one.hi_ms)} : one;
        }
    }
    auto clause = std::make_unique<RangeClause<std::int64_t>>("dt", named.type, named.how.id, std::move(tests));
    if (window) clause->set_window(*window);
    clause->set_sure(sure);
    return clause;
}

ClausePtr make_number_clause(const SearchContext& /*context*/, const Named& named) {
    if (!named.modifier.empty()) throw_bad_modifier(named.definition.code, named.modifier);
    std::vector<RangeTest<double>> tests;
    for (const std::string_view value : named.values) tests.push_back(number_test(named.definition.code, value));
    return std::make_unique<RangeClause<double>>("num", named.type, named.how.id, std::move(tests));
}

ClausePtr make_quantity_clause(const SearchContext& context, const Named& named) {
    if (!named.modifier.empty()) throw_bad_modifier(named.definition.code, named.modifier);
    std::vector<UnitTest> tests;
    for (const std::string_view value : named.values) {
        const QuantityTest asked = quantity_test(named.definition.code, value);
        std::int64_t unit = 0;
        if (!asked.unit.empty()) {
            auto rows = context.reader.connection().query("SELECT id FROM sys WHERE uri = ?", {std::string_view(asked.unit)});
            if (!rows.next()) continue;  // nothing was ever measured in it
            unit = rows.integer(0);
        }
        tests.push_back({units_with(context.reader.connection(), named, unit), asked.range});
    }
    return std::make_unique<QuantityClause>(named.type, named.how.id, std::move(tests));
}

namespace {

/// `_lastUpdated` is a range of commit numbers, since commit times rise.
class UpdatedClause : public Clause {
public:
    struct Range {
        std::int64_t from, to;  ///< t in [from, to)
        bool negated;
    };
    UpdatedClause(TypeId type, std::vector<Range> ranges) : type_(number_of(type)), ranges_(std::move(ranges)) {}

    void source(Sql& sql) const override {
        sql.add("SELECT u.rid, u.d, u.acl FROM res u").add(indexed_by("res_by_time")).add("WHERE u.type = ").bind(type_).add(" AND ");
        probe(sql, "u");
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("(");
        Either either(sql);
        for (const Range& range : ranges_) {
            either.next();
            if (range.negated) sql.add("NOT ");
            sql.add(fmt::format("({0}.t >= ", alias)).bind(range.from).add(fmt::format(" AND {0}.t < ", alias)).bind(range.to).add(")");
        }
        either.end();
        sql.add(")");
    }
    [[nodiscard]] bool narrows() const override {
        return std::none_of(ranges_.begin(), ranges_.end(), [](const Range& range) { return range.negated; });
    }
    [[nodiscard]] bool needs_resource() const override { return true; }

private:
    std::int64_t type_;
    std::vector<Range> ranges_;
};

}  // namespace

ClausePtr make_updated_clause(const SearchContext& context, TypeId type, const std::vector<std::string_view>& values) {
    constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
    std::vector<UpdatedClause::Range> ranges;
    for (const std::string_view value : values) {
        const auto test = date_test(context, "_lastUpdated", value);
        storage::Connection& connection = context.reader.connection();
        const std::int64_t lo = first_commit_at(connection, test.lo);
        const std::int64_t hi = first_commit_at(connection, test.hi);
        switch (test.prefix) {
            case Prefix::eq:
            case Prefix::ap: ranges.push_back({lo, hi, false}); break;
            case Prefix::ne: ranges.push_back({lo, hi, true}); break;
            case Prefix::gt:
            case Prefix::sa: ranges.push_back({hi, kEnd, false}); break;
            case Prefix::ge: ranges.push_back({lo, kEnd, false}); break;
            case Prefix::lt:
            case Prefix::eb: ranges.push_back({0, lo, false}); break;
            case Prefix::le: ranges.push_back({0, hi, false}); break;
        }
    }
    return std::make_unique<UpdatedClause>(type, std::move(ranges));
}

}  // namespace qiao::record
