#pragma once

#include "record/search/clause.hpp"
#include "record/search/cursor.hpp"
#include "record/search/query.hpp"

#include <optional>
#include <string>
#include <vector>

/// From clauses to one statement: the smallest clause drives, the others are probes, the access filter is in it. The
/// thread of the reader.
namespace qiao::record {

/// One key of ORDER BY, as an expression on the row `r` that is never NULL.
struct SortExpression {
    std::string sql;  ///< with "{}" for the row's alias
    bool descending = false;
    bool is_text = false;
    bool is_real = false;
    bool needs_resource = false;  ///< columns that index rows do not have
};

class Plan {
public:
    /// Looks how many rows each clause finds (at most 1,000 of each) to choose the driver.
    Plan(StoreReader& reader, TypeId type, std::vector<ClausePtr> clauses);

    void order_by(std::vector<SortExpression> keys) { keys_ = std::move(keys); }

    struct Row {
        Rid rid;
        std::vector<SortValue> values;
    };
    /// At most `limit` rows behind `after`.
    std::vector<Row> page(const std::optional<Cursor>& after, int limit);
    std::int64_t count();

private:
    void use_compartment();
    void narrow();
    void choose_driver();
    void add_window(Sql& sql, std::string_view alias);
    /// FROM … WHERE … of the matching rows. @return the alias of the candidate row
    std::string_view add_rows(Sql& sql, bool needs_resource);
    void add_behind(Sql& sql, const Cursor& after, std::string_view alias);

    StoreReader& reader_;
    TypeId type_;
    std::vector<ClausePtr> clauses_;
    std::vector<SortExpression> keys_;
    const Clause* driver_ = nullptr;
    TimeRange window_{kDistantPast_ms, kDistantFuture_ms};
};

/// Which of two rows comes first.
bool is_before(const Plan::Row& a, const Plan::Row& b, const std::vector<SortExpression>& keys);

/// Expressions of `_sort`; the default is the newest first. Error(invalid) for a parameter that cannot be sorted by.
std::vector<SortExpression> sort_expressions(StoreReader& reader, TypeId type, const std::vector<SortKey>& keys);

}  // namespace qiao::record
