#pragma once

#include "storage/database.hpp"
#include "storage/writer.hpp"

#include <span>
#include <string>

/// Which folders of files belong to a database that several nodes share. The first node's folder gets a name of its own, in a file and
/// in the database; a folder without that name is another one, and what the database says of files is not true of it. At start, one
/// thread.
namespace qiao::app {

std::span<const storage::Migration> node_folder_migrations();

/// @param name  folder of the data folder: "blobs", "packs"   @return false when the database's is another; true for a database of one
/// process
bool is_folder_of(storage::Database& database, storage::Writer& writer, const std::string& data_folder, const std::string& name);

}  // namespace qiao::app
