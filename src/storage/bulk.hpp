#pragma once

#include "storage/database.hpp"

#include <cstddef>
#include <string_view>

/// Many rows of one table in one go: a statement that runs for each on SQLite, one statement with an array a column on PostgreSQL.
namespace qiao::storage {

/// A table and the columns that rows are given for.
struct Columns {
    std::string_view table;
    std::string_view names;  ///< "a, b, c"
    std::size_t count = 0;
};

/// What a driver offers beside Connection.
class BulkInserter {
public:
    virtual ~BulkInserter() = default;
    virtual void insert(const Columns& into, Values rows) = 0;
};

/// Inserts rows: `rows` has their values row after row, each column of one kind in all of them and nothing NULL. As with
/// Connection::post(), a failure may come with a later statement.
void insert_rows(Connection& connection, const Columns& into, Values rows);

}  // namespace qiao::storage
