#include "access/directory_tables.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

namespace qiao::access {
namespace {

std::int64_t us_of(Instant instant) { return to_us(instant); }

std::int64_t next_id(storage::Connection& connection, std::string_view sql) {
    auto rows = connection.query(sql);
    rows.next();
    return rows.integer(0) + 1;
}

}  // namespace

std::shared_ptr<const Directory::Tables> Directory::Tables::load(storage::Database& database) {
    auto tables = std::make_shared<Tables>();
    auto snapshot = database.read();
    auto& connection = snapshot->connection();
    {
        auto rows = connection.query("SELECT id, parent, kind, path, name, name_en, resource, active, office_approval FROM access_organisation");
        while (rows.next()) {
            Organisation one{rows.integer(0),           rows.integer(1),           std::string(rows.text(2)),
                             std::string(rows.text(3)), std::string(rows.text(4)), std::string(rows.text(5)),
                             std::string(rows.text(6)), rows.integer(7) != 0,      rows.integer(8) != 0};
            tables->organisation_of_resource[one.resource] = one.id;
            tables->organisations.emplace(one.id, std::move(one));
        }
    }
    tables->load_people(connection);
    tables->load_contracts(connection);
    tables->load_duties(connection);
    return tables;
}

void Directory::Tables::load_people(storage::Connection& connection) {
    {
        auto rows = connection.query("SELECT id, login, name, name_en, resource, active, licence, licence_ends_us, languages FROM access_person");
        while (rows.next()) {
            Person one{rows.integer(0),      std::string(rows.text(1)), std::string(rows.text(2)), std::string(rows.text(3)), std::string(rows.text(4)),
                       rows.integer(5) != 0, std::string(rows.text(6)), from_us(rows.integer(7)),  std::string(rows.text(8))};
            person_of_login[one.login] = one.id;
            person_of_resource[one.resource] = one.id;
            people.emplace(one.id, std::move(one));
        }
    }
    auto rows = connection.query(
        "SELECT id, person, organisation, role, specialty, rank_code, resource, starts_us, ends_us, labels FROM access_membership ORDER BY id");
    while (rows.next()) {
        memberships_of_person[rows.integer(1)].push_back(memberships.size());
        memberships_at[rows.integer(2)].push_back(memberships.size());
        memberships.push_back({rows.integer(0), rows.integer(1), rows.integer(2), std::string(rows.text(3)), std::string(rows.text(4)),
                               std::string(rows.text(5)), std::string(rows.text(6)), from_us(rows.integer(7)), from_us(rows.integer(8)), rows.integer(9)});
    }
}

namespace directory_rows {

void require_login_free(storage::Group& group, std::string_view login) {
    auto rows = group.connection().query("SELECT 1 FROM access_person WHERE login = ?", {login});
    if (rows.next()) throw Error(ErrorKind::conflict, "access.login_taken", "somebody else has this login");
}

void insert_organisation(storage::Group& group, const NewOrganisation& input, std::string_view resource) {
    auto& connection = group.connection();
    const std::int64_t id = next_id(connection, "SELECT COALESCE(MAX(id), 0) FROM access_organisation");
    std::string path;
    if (input.parent != 0) {
        auto rows = connection.query("SELECT path FROM access_organisation WHERE id = ?", {input.parent});
        if (rows.next()) path = rows.text(0);
    }
    path += fmt::format("{:08x}", id);
    connection.execute(
        "INSERT INTO access_organisation(id, parent, kind, path, name, name_en, resource, active) VALUES(?, ?, ?, ?, ?, ?, ?, 1)",
        {id, input.parent, std::string_view(input.kind), std::string_view(path), std::string_view(input.name), std::string_view(input.name_en), resource});
}

void set_office_approval(storage::Group& group, std::int64_t organisation, bool on) {
    group.connection().execute("UPDATE access_organisation SET office_approval = ? WHERE id = ?", {std::int64_t{on ? 1 : 0}, organisation});
}

void insert_person(storage::Group& group, const NewPerson& input, std::string_view resource) {
    auto& connection = group.connection();
    const std::int64_t id = next_id(connection, "SELECT COALESCE(MAX(id), 0) FROM access_person");
    connection.execute("INSERT INTO access_person(id, login, name, name_en, resource, active) VALUES(?, ?, ?, ?, ?, 1)",
                       {id, std::string_view(input.login), std::string_view(input.name), std::string_view(input.name_en), resource});
    if (!input.password_hash.empty()) {
        connection.execute("INSERT INTO access_credential(person, password_hash, changed_us) VALUES(?, ?, ?)",
                           {id, std::string_view(input.password_hash), us_of(group.now())});
    }
}

void insert_membership(storage::Group& group, const NewMembership& input, std::string_view resource, std::int64_t granted_by) {
    auto& connection = group.connection();
    const std::int64_t id = next_id(connection, "SELECT COALESCE(MAX(id), 0) FROM access_membership");
    connection.execute(
        "INSERT INTO access_membership(id, person, organisation, role, specialty, rank_code, resource, starts_us, ends_us, granted_by, labels) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {id, input.person, input.organisation, std::string_view(input.role), std::string_view(input.specialty), std::string_view(input.rank), resource,
         us_of(input.starts), us_of(input.ends), granted_by, input.labels});
}

void require_opened_labels(storage::Group& group, std::int64_t membership, std::int64_t before) {
    auto rows = group.connection().query("SELECT 1 FROM access_membership WHERE id = ? AND labels = ?", {membership, before});
    if (!rows.next()) throw Error(ErrorKind::conflict, "access.labels_changed", "somebody changed what this role opens");
}

void set_opened_labels(storage::Group& group, std::int64_t membership, std::int64_t labels) {
    group.connection().execute("UPDATE access_membership SET labels = ? WHERE id = ?", {labels, membership});
}

void end_membership(storage::Group& group, std::int64_t membership, Instant now) {
    group.connection().execute("UPDATE access_membership SET ends_us = ? WHERE id = ? AND ends_us > ?", {us_of(now), membership, us_of(now)});
}

void set_person_active(storage::Group& group, std::int64_t person, bool active) {
    group.connection().execute("UPDATE access_person SET active = ? WHERE id = ?", {std::int64_t{active ? 1 : 0}, person});
}

std::vector<std::string> roles_of(storage::Group& group, std::int64_t person, Instant now) {
    std::vector<std::string> roles;
    auto rows = group.connection().query("SELECT role FROM access_membership WHERE person = ? AND ends_us > ?", {person, us_of(now)});
    while (rows.next()) roles.emplace_back(rows.text(0));
    return roles;
}

}  // namespace directory_rows
}  // namespace qiao::access
