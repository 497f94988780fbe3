#pragma once

#include "storage/database.hpp"

#include <span>

/// The tables of this folder. Give them to storage::Database::migrate at start, after those of the record.
namespace qiao::access {

std::span<const storage::Migration> access_migrations();

}  // namespace qiao::access
