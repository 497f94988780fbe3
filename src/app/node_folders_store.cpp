#include "app/node_folders.hpp"

#include "base/id.hpp"
#include "storage/file.hpp"

#include <filesystem>

namespace qiao::app {
namespace {

constexpr storage::Migration kMigrations[] = {{"node_folders", 1, "CREATE TABLE app_node_folder(name TEXT PRIMARY KEY, id TEXT NOT NULL)"}};

std::string id_in(storage::Connection& connection, const std::string& name) {
    auto rows = connection.query("SELECT id FROM app_node_folder WHERE name = ?", {std::string_view(name)});
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

}  // namespace

std::span<const storage::Migration> node_folder_migrations() { return kMigrations; }

bool is_folder_of(storage::Database& database, storage::Writer& writer, const std::string& data_folder, const std::string& name) {
    if (!database.shared()) return true;
    const std::string file = data_folder + "/" + name + "/.belongs-to";
    const std::string here = std::filesystem::exists(file) ? storage::read_file(file) : std::string();
    const std::string known = id_in(database.read()->connection(), name);
    if (!known.empty()) return known == here;
    const std::string made = here.empty() ? new_random_uuid() : here;
    storage::make_folder(data_folder + "/" + name);
    if (here.empty()) storage::write_file_durably(file, made, 0400);
    writer.submit({{}, [&](storage::Group& group) {
                       group.connection().execute("INSERT INTO app_node_folder(name, id) VALUES(?, ?) ON CONFLICT(name) DO NOTHING",
                                                  {std::string_view(name), std::string_view(made)});
                   }});
    return id_in(database.read()->connection(), name) == made;  // another node may have come first
}

}  // namespace qiao::app
