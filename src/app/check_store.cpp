#include "app/check_store.hpp"

#include "app/demo/network.hpp"

#include <algorithm>

namespace qiao::app {
namespace {

using storage::Connection;

bool has(Connection& connection, std::string_view folder, int version) {
    auto rows = connection.query("SELECT 1 FROM storage_schema WHERE folder = ? AND version = ?", {folder, std::int64_t{version}});
    return rows.next();
}

void read_clients(Connection& connection, CentreRows& found) {
    auto rows = connection.query(
        "SELECT c.id, c.name, c.role, c.created_us, max(c.used_us, coalesce((SELECT max(s.used_us) FROM access_session s WHERE s.client = c.id), 0)) "
        "FROM access_client c WHERE c.revoked_us = 0 ORDER BY c.created_us");
    while (rows.next()) {
        found.clients.push_back(
            {std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)), from_us(rows.integer(3)), from_us(rows.integer(4))});
    }
}

void read_devices(Connection& connection, CentreRows& found) {
    auto rows = connection.query(
        "SELECT a.title, a.address, coalesce(o.name, '') FROM imaging_ae a LEFT JOIN access_organisation o ON o.id = a.org_id AND o.active <> 0 "
        "ORDER BY a.title, a.address");
    while (rows.next()) found.devices.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2))});
}

void read_administrators(Connection& connection, Instant now, CentreRows& found) {
    auto rows = connection.query(
        "SELECT DISTINCT p.login, m.role FROM access_membership m JOIN access_person p ON p.id = m.person WHERE p.active <> 0 "
        "AND m.role IN ('system_admin', 'security_admin', 'audit_admin') AND m.starts_us <= ?1 AND m.ends_us > ?1 ORDER BY p.login, m.role",
        {to_us(now)});
    while (rows.next()) {
        if (found.administrators.empty() || found.administrators.back().login != rows.text(0)) found.administrators.push_back({std::string(rows.text(0)), {}});
        found.administrators.back().roles.emplace_back(rows.text(1));
    }
}

void read_certificates(Connection& connection, CentreRows& found) {
    auto rows = connection.query(
        "SELECT k.kind, coalesce(p.login, o.name, ''), k.expires_us, k.authority, k.revoked_us FROM access_signing_key k "
        "LEFT JOIN access_person p ON k.kind = 'person' AND p.id = k.holder LEFT JOIN access_organisation o ON k.kind = 'seal' AND o.id = k.holder "
        "WHERE k.authority >= 0 AND coalesce(p.active, o.active, 1) <> 0 AND NOT EXISTS (SELECT 1 FROM access_signing_key n WHERE n.kind = k.kind "
        "AND n.holder = k.holder AND n.id > k.id AND n.authority >= 0) ORDER BY k.expires_us");
    while (rows.next()) {
        found.certificates.push_back(
            {std::string(rows.text(0)), std::string(rows.text(1)), from_us(rows.integer(2)), rows.integer(3) != 0, rows.integer(4) != 0});
    }
    auto others = connection.query(
        "SELECT name, list_made_us, list_next_us, EXISTS (SELECT 1 FROM access_signing_key k WHERE k.authority = a.id AND k.revoked_us = 0) "
        "FROM access_other_authority a ORDER BY id");
    while (others.next()) {
        found.authorities.push_back({std::string(others.text(0)), from_us(others.integer(1)), from_us(others.integer(2)), others.integer(3) != 0});
    }
}

}  // namespace

CentreRows read_centre(storage::Database& record, Instant now) {
    CentreRows found;
    const auto snapshot = record.read();
    Connection& connection = snapshot->connection();
    if (has(connection, "access", 7)) read_clients(connection, found);
    if (has(connection, "imaging", 1) && has(connection, "access", 1)) read_devices(connection, found);
    if (has(connection, "access_authorities", 1)) read_certificates(connection, found);
    if (!has(connection, "access", 4)) return found;
    read_administrators(connection, now, found);
    {
        auto rows = connection.query(
            "SELECT seq, (SELECT recorded_us FROM access_audit WHERE chain = 1 ORDER BY seq LIMIT 1) FROM access_audit WHERE chain = 1 ORDER BY seq DESC LIMIT "
            "1");
        if (rows.next()) found.audit_rows = rows.integer(0), found.audit_began = from_us(rows.integer(1));
    }
    if (has(connection, "access_audit", 1)) {
        auto rows = connection.query("SELECT ended_us, defect_count FROM access_audit_check ORDER BY id DESC LIMIT 1");
        if (rows.next()) found.audit_checked = from_us(rows.integer(0)), found.audit_defects = rows.integer(1);
    }
    auto rows = connection.query("SELECT 1 FROM access_organisation WHERE resource = ?", {demo::kScannerOrganisation});
    found.demo = rows.next();
    return found;
}

}  // namespace qiao::app
