#include "access/sessions_end.hpp"

namespace qiao::access {

std::int64_t end_all_sessions(storage::Group& group) { return group.connection().execute("DELETE FROM access_session"); }

std::vector<std::string> open_clients(storage::Connection& connection) {
    std::vector<std::string> ids;
    auto rows = connection.query("SELECT id, name FROM access_client WHERE revoked_us = 0 ORDER BY id");
    while (rows.next()) ids.push_back(std::string(rows.text(0)) + " (" + std::string(rows.text(1)) + ")");
    return ids;
}

}  // namespace qiao::access
