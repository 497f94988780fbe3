#include "access/security_notice.hpp"

namespace qiao::access {

void SecurityNotices::write(storage::Group& group, std::int64_t person, std::string_view code, std::string_view detail, std::string_view address) {
    group.connection().execute(
        "INSERT INTO access_security_notice(id, person, at_us, code, detail, address) "
        "VALUES((SELECT COALESCE(MAX(id), 0) + 1 FROM access_security_notice), ?, ?, ?, ?, ?)",
        {person, to_us(group.now()), code, detail, address});
    group.connection().execute(
        "DELETE FROM access_security_notice WHERE person = ? AND id NOT IN (SELECT id FROM access_security_notice WHERE person = ? ORDER BY id DESC LIMIT 30)",
        {person, person});
    if (also_) also_(group, person, code);
    if (listener_) group.on_commit([this, person, code = std::string(code)] { listener_(person, code); });
}

std::vector<SecurityNotice> SecurityNotices::of(std::int64_t person) {
    std::vector<SecurityNotice> all;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT at_us, code, detail, address FROM access_security_notice WHERE person = ? ORDER BY id DESC", {person});
    while (rows.next()) all.push_back({from_us(rows.integer(0)), std::string(rows.text(1)), std::string(rows.text(2)), std::string(rows.text(3))});
    return all;
}

}  // namespace qiao::access
