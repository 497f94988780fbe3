#include "access/node_changes.hpp"

#include <utility>

namespace qiao::access {
namespace {

std::int64_t number_of(storage::Database& database, std::string_view name) {
    if (!database.shared()) return 0;
    auto snapshot = database.read();
    auto rows = snapshot->connection().query("SELECT number FROM access_node_change WHERE name = ?", {name});
    return rows.next() ? rows.integer(0) : 0;
}

}  // namespace

void note_change(storage::Group& group, const storage::Database& database, std::string_view name) {
    if (database.shared()) group.connection().execute("UPDATE access_node_change SET number = number + 1 WHERE name = ?", {name});
}

ChangeWatch::ChangeWatch(storage::Database& database, std::string_view name) : database_(database), name_(name), seen_(number_of(database, name)) {}

bool ChangeWatch::changed() {
    const std::int64_t now = number_of(database_, name_);
    return std::exchange(seen_, now) != now;
}

}  // namespace qiao::access
