#pragma once

#include "storage/database.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Where a database is, as one text: the path of an SQLite file, or "postgres://…#name" for the schema `name` of a PostgreSQL
/// database. It may hold a password: never log it. Any thread.
namespace qiao::storage {

/// `<folder>/<name>.db`, or the schema `name` behind `server_url` when that is given.
std::string database_place(const std::string& folder, const std::string& server_url, const std::string& name);
/// Of a place or a URL: whether it names a server (postgres:// or postgresql://).
bool is_on_server(std::string_view place);

/// @param beside  places of other databases of the same centre, whose tables readers see as `<name>.<table>`
std::unique_ptr<Database> open_database(const std::string& place, Durability durability, const std::vector<std::string>& beside = {});

}  // namespace qiao::storage
