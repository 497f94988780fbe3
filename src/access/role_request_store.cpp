#include "access/role_request.hpp"
#include "base/error.hpp"

namespace qiao::access {

std::vector<RoleRequest> RoleRequests::open() {
    std::vector<RoleRequest> all;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(
        "SELECT id, person, organisation, role, specialty, rank_code, ends_us, asked_by, asked_us, membership, labels, labels_before FROM access_role_request "
        "WHERE ended_us = 0 ORDER BY id DESC "
        "LIMIT 200");
    while (rows.next()) {
        RoleRequest one;
        one.id = rows.integer(0);
        one.role = {.person = rows.integer(1),
                    .organisation = rows.integer(2),
                    .role = std::string(rows.text(3)),
                    .specialty = std::string(rows.text(4)),
                    .rank = std::string(rows.text(5)),
                    .ends = from_us(rows.integer(6)),
                    .labels = rows.integer(10)};
        one.membership = rows.integer(9);
        one.before = rows.integer(11);
        one.asked_by = rows.integer(7);
        one.asked = from_us(rows.integer(8));
        if (clock_.now() < one.confirm_until() && clock_.now() >= one.asked) all.push_back(std::move(one));
    }
    return all;
}

void RoleRequests::insert(RoleRequest& request, const AuditEvent& event, const std::vector<std::int64_t>& told) {
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        {
                            auto rows = connection.query("SELECT COALESCE(MAX(id), 0) + 1 FROM access_role_request");
                            rows.next();
                            request.id = rows.integer(0);
                        }
                        const NewMembership& role = request.role;
                        connection.execute(
                            "INSERT INTO access_role_request(id, person, organisation, role, specialty, rank_code, ends_us, asked_by, asked_us, ended_us, "
                            "membership, labels, labels_before) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
                            {request.id, role.person, role.organisation, std::string_view(role.role), std::string_view(role.specialty),
                             std::string_view(role.rank), to_us(role.ends), request.asked_by, to_us(request.asked), request.membership, role.labels,
                             request.before});
                        for (const std::int64_t person : told) notices_.write(group, person, "role_requested", {}, event.source);
                        audit_.write(group, event);
                    }});
}

void RoleRequests::end(const RoleRequest& request, const AuditEvent& event, std::string_view notice) {
    writer_.submit({{}, [&](storage::Group& group) {
                        const bool mine = group.connection().execute("UPDATE access_role_request SET ended_us = ? WHERE id = ? AND ended_us = 0",
                                                                     {to_us(group.now()), request.id}) == 1;
                        if (!mine) throw Error(ErrorKind::not_found, "access.no_request", "there is no such request, or its time is over");
                        notices_.write(group, request.asked_by, notice, {}, event.source);
                        audit_.write(group, event);
                    }});
}

}  // namespace qiao::access
