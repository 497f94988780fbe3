#pragma once

#include "record/search/sql.hpp"
#include "record/search/values.hpp"

#include <string>
#include <string_view>
#include <type_traits>

/// What is asked of stored ranges, and its SQL. Pure; any thread.
namespace qiao::record {

/// What is asked of a stored range [lo, hi]: each side at least and below a bound.
template <class Bound>
struct RangeTest {
    Prefix prefix = Prefix::eq;
    Bound lo{};
    Bound hi{};
};

inline void bind_bound(Sql& sql, std::int64_t value) { sql.bind(value); }
inline void bind_bound(Sql& sql, double value) { sql.bind_real(value); }

/// Dates are half-open; a stored number is a point (hi = lo), so "inside [lo, hi)" asks for hi < hi of the search.
template <class Bound>
void range_condition(Sql& sql, const RangeTest<Bound>& test, std::string_view prefix) {
    constexpr bool kHalfOpen = std::is_same_v<Bound, std::int64_t>;
    const std::string lo = std::string(prefix) + "lo";
    const std::string hi = std::string(prefix) + "hi";
    const auto compare = [&](const std::string& column, std::string_view op, Bound bound) {
        sql.add(column).add(op);
        bind_bound(sql, bound);
    };
    const auto inside = [&] {
        compare(lo, " >= ", test.lo);
        sql.add(" AND ");
        compare(hi, kHalfOpen ? " <= " : " < ", test.hi);
    };
    sql.add("(");
    switch (test.prefix) {
        case Prefix::eq: inside(); break;
        case Prefix::ne:
            sql.add("NOT (");
            inside();
            sql.add(")");
            break;
        case Prefix::gt: compare(hi, " > ", test.hi); break;
        case Prefix::lt: compare(lo, " < ", test.lo); break;
        case Prefix::ge:
            if constexpr (!kHalfOpen) return compare(hi, " >= ", test.lo), void(sql.add(")"));
            compare(hi, " > ", test.hi);
            sql.add(" OR (");
            inside();
            sql.add(")");
            break;
        case Prefix::le:
            if constexpr (!kHalfOpen) return compare(lo, " <= ", test.hi), void(sql.add(")"));
            compare(lo, " < ", test.lo);
            sql.add(" OR (");
            inside();
            sql.add(")");
            break;
        case Prefix::sa: compare(lo, kHalfOpen ? " >= " : " > ", test.hi); break;
        case Prefix::eb: compare(hi, kHalfOpen ? " <= " : " < ", test.lo); break;
        case Prefix::ap:
            compare(lo, kHalfOpen ? " < " : " <= ", test.hi);
            sql.add(" AND ");
            compare(hi, kHalfOpen ? " > " : " >= ", test.lo);
            break;
    }
    sql.add(")");
}

/// `prefix` and number. Throws Error(invalid) naming `parameter`.
RangeTest<double> number_test(std::string_view parameter, std::string_view text);

struct QuantityTest {
    RangeTest<double> range;
    std::string unit;  ///< as unit_key() writes it; empty = any
};
/// number, or number|system|code. Throws Error(invalid) naming `parameter`.
QuantityTest quantity_test(std::string_view parameter, std::string_view text);

}  // namespace qiao::record
