#pragma once

#include <string>
#include <string_view>

/// What the two engines cannot say in common. The SQL of the project is written once, in the words of SQLite; PostgreSQL gets it
/// through to_postgres(), with the functions of kPostgresFunctions in its schema. Pure; any thread.
///
/// So that one text serves both: types are the words INTEGER, REAL, TEXT, BLOB in capitals and names are small letters; a
/// sub-query in FROM has an alias; ON CONFLICT instead of OR IGNORE and OR REPLACE; a list travels as JSON and is read by
/// `SELECT CAST(value AS INTEGER) FROM json_each(?)`, of texts without the CAST; RETURNING instead of last_insert_rowid(); columns that may be
/// NULL are sorted with NULLS FIRST or LAST; `max(a, b)` of two values takes integers.
namespace qiao::storage {

std::string to_postgres(std::string_view sql);

/// To be run once in a new schema.
extern const std::string_view kPostgresFunctions;

}  // namespace qiao::storage
