#include "access/certificate.hpp"
#include "access/signing_keys.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace qiao::access {
namespace {

constexpr std::string_view kColumns =
    "id, kind, holder, algorithm, wrapped_key, certificate, chain, authority, created_us, expires_us, revoked_us, revoked_reason";

KeyKind kind_of(std::string_view code) { return code == "seal" ? KeyKind::seal : code == "authority" ? KeyKind::authority : KeyKind::person; }

SigningKey row_of(const storage::Cursor& rows) {
    SigningKey row;
    row.id = rows.integer(0);
    row.holder = {kind_of(rows.text(1)), rows.integer(2)};
    row.algorithm = key_algorithm_of(rows.text(3)).value_or(KeyAlgorithm::p256);
    row.wrapped = rows.text(4);
    row.certificate_pem = rows.text(5);
    row.chain_pem = rows.text(6);
    row.authority = rows.integer(7);
    row.created = from_us(rows.integer(8));
    row.expires = from_us(rows.integer(9));
    row.revoked = from_us(rows.integer(10));
    row.revoked_reason = rows.text(11);
    return row;
}

std::int64_t next_id(storage::Connection& connection, std::string_view sql) {
    auto rows = connection.query(sql);
    rows.next();
    return rows.integer(0) + 1;
}

}  // namespace

std::optional<SigningKey> SigningKeys::read_key(const Holder& holder, std::optional<KeyAlgorithm> algorithm) {
    static const std::string kNewest = fmt::format(
        "SELECT {} FROM access_signing_key WHERE kind = ? AND holder = ? AND authority >= 0 AND (? = '' OR algorithm = ?) ORDER BY id DESC LIMIT 1", kColumns);
    const std::string_view wanted = algorithm ? code_of(*algorithm) : std::string_view();
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kNewest, {code_of(holder.kind), holder.id, wanted, wanted});
    return rows.next() ? std::optional(row_of(rows)) : std::nullopt;
}

std::optional<SigningKey> SigningKeys::read_asked_for(const Holder& holder) {
    static const std::string kAsked = fmt::format(
        "SELECT {} FROM access_signing_key WHERE kind = ? AND holder = ? AND authority = ? AND revoked_us = 0 AND expires_us > ? ORDER BY id DESC LIMIT 1",
        kColumns);
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kAsked, {code_of(holder.kind), holder.id, kAskedFor, to_us(clock_.now())});
    return rows.next() ? std::optional(row_of(rows)) : std::nullopt;
}

std::vector<SigningKey> SigningKeys::read_ending(Instant before) {
    static const std::string kEnding = fmt::format(
        "SELECT {} FROM access_signing_key k WHERE authority > 0 AND (revoked_us > 0 OR expires_us < ?) AND NOT EXISTS (SELECT 1 FROM access_signing_key n "
        "WHERE n.kind = k.kind AND n.holder = k.holder AND n.id > k.id AND n.authority >= 0) ORDER BY expires_us, id",
        kColumns);
    std::vector<SigningKey> keys;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kEnding, {to_us(before)});
    while (rows.next()) keys.push_back(row_of(rows));
    return keys;
}

/// A new key gives way to one that somebody else made meanwhile; a new certificate does not.
void SigningKeys::store_key(const SigningKey& row, const AuditEvent* event) {
    const std::string serial = serial_of(row.certificate_pem);
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        const std::int64_t now_us = to_us(clock_.now());
                        if (event == nullptr) {
                            auto rows = connection.query(
                                "SELECT revoked_us, expires_us FROM access_signing_key WHERE kind = ? AND holder = ? AND (authority < 0) = (? < 0) AND "
                                "(kind <> 'authority' OR algorithm = ?) ORDER BY id DESC LIMIT 1",
                                {code_of(row.holder.kind), row.holder.id, row.authority, code_of(row.algorithm)});
                            if (rows.next() && rows.integer(0) == 0 && rows.integer(1) > now_us) return;
                        }
                        const std::int64_t id = next_id(connection, "SELECT COALESCE(MAX(id), 0) FROM access_signing_key");
                        connection.execute(
                            "INSERT INTO access_signing_key(id, kind, holder, algorithm, wrapped_key, certificate, chain, authority, serial, created_us, "
                            "expires_us, revoked_us, revoked_reason) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '')",
                            {id, code_of(row.holder.kind), row.holder.id, code_of(row.algorithm), storage::Blob{row.wrapped},
                             std::string_view(row.certificate_pem), std::string_view(row.chain_pem), row.authority, std::string_view(serial), now_us,
                             to_us(row.expires)});
                        if (event != nullptr) audit_.write(group, *event);
                    }});
}

std::vector<SigningKey> SigningKeys::all() {
    static const std::string kAll = fmt::format("SELECT {} FROM access_signing_key ORDER BY id DESC", kColumns);
    std::vector<SigningKey> keys;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kAll);
    while (rows.next()) keys.push_back(row_of(rows));
    return keys;
}

std::vector<std::string> SigningKeys::read_built_in() {
    std::vector<std::string> all;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT certificate FROM access_signing_key WHERE kind = 'authority'");
    while (rows.next()) all.emplace_back(rows.text(0));
    return all;
}

std::vector<OtherAuthority> SigningKeys::read_authorities() {
    std::vector<OtherAuthority> all;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(
        "SELECT id, name, licensed, certificates, added_us, list_number, list_made_us, list_next_us FROM access_other_authority ORDER BY id");
    while (rows.next()) {
        OtherAuthority one;
        one.id = rows.integer(0);
        one.name = rows.text(1);
        one.licensed = rows.integer(2) != 0;
        one.pem = rows.text(3);
        one.added = from_us(rows.integer(4));
        one.list_number = rows.text(5);
        one.list_made = from_us(rows.integer(6));
        one.list_next = from_us(rows.integer(7));
        all.push_back(std::move(one));
    }
    return all;
}

std::map<std::int64_t, std::vector<std::string>> SigningKeys::read_seals() {
    std::map<std::int64_t, std::vector<std::string>> seals;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT organisation, meanings FROM access_seal");
    while (rows.next()) {
        for (const std::string_view word : split(rows.text(1), ' ')) seals[rows.integer(0)].emplace_back(word);
    }
    return seals;
}

std::optional<Instant> SigningKeys::revoked_at(std::int64_t authority, std::string_view serial) {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(
        "SELECT MIN(at_us) FROM (SELECT revoked_us AS at_us FROM access_signing_key WHERE authority = ? AND serial = ? AND revoked_us > 0 "
        "UNION ALL SELECT at_us FROM access_revoked_certificate WHERE authority = ? AND serial = ?) known",
        {authority, serial, authority, serial});
    if (!rows.next() || rows.is_null(0)) return std::nullopt;
    return from_us(rows.integer(0));
}

std::int64_t SigningKeys::store_authority(const OtherAuthority& one, const AuditEvent& event) {
    std::int64_t id = 0;
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        // Never a number that was in use: kept signatures name it.
                        id = next_id(connection,
                                     "SELECT MAX(COALESCE((SELECT MAX(id) FROM access_other_authority), 0), "
                                     "COALESCE((SELECT MAX(authority) FROM access_signing_key), 0))");
                        connection.execute(
                            "INSERT INTO access_other_authority(id, name, licensed, certificates, added_us, list_number, list_made_us, "
                            "list_next_us) VALUES(?, ?, ?, ?, ?, '', 0, 0)",
                            {id, std::string_view(one.name), std::int64_t{one.licensed}, std::string_view(one.pem), to_us(one.added)});
                        audit_.write(group, event);
                    }});
    return id;
}

void SigningKeys::delete_authority(std::int64_t id, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("DELETE FROM access_other_authority WHERE id = ?", {id});
                        group.connection().execute("DELETE FROM access_revoked_certificate WHERE authority = ?", {id});
                        audit_.write(group, event);
                    }});
}

void SigningKeys::store_list(const OtherAuthority& one, const std::vector<std::pair<std::string, Instant>>& revoked, const AuditEvent& event) {
    writer_.submit(
        {{}, [&](storage::Group& group) {
             auto& connection = group.connection();
             connection.execute("UPDATE access_other_authority SET list_number = ?, list_made_us = ?, list_next_us = ? WHERE id = ?",
                                {std::string_view(one.list_number), to_us(one.list_made), to_us(one.list_next), one.id});
             for (const auto& [serial, at] : revoked) {
                 connection.execute(
                     "INSERT INTO access_revoked_certificate(authority, serial, at_us) VALUES(?, ?, ?) "
                     "ON CONFLICT(authority, serial) DO UPDATE SET at_us = min(access_revoked_certificate.at_us, excluded.at_us)",
                     {one.id, std::string_view(serial), to_us(at)});
             }
             // The key is given up with its certificate, so each other certificate about it ends too.
             connection.execute(
                 "UPDATE access_signing_key AS one SET revoked_reason = 'revocation list', revoked_us = (SELECT MIN(r.at_us) FROM access_signing_key k "
                 "JOIN access_revoked_certificate r ON r.authority = k.authority AND r.serial = k.serial WHERE k.wrapped_key = one.wrapped_key) "
                 "WHERE revoked_us = 0 AND wrapped_key IN (SELECT k.wrapped_key FROM access_signing_key k JOIN access_revoked_certificate r "
                 "ON r.authority = k.authority AND r.serial = k.serial WHERE k.authority = ?)",
                 {one.id});
             audit_.write(group, event);
         }});
}

void SigningKeys::store_revocation(std::int64_t key, Instant at, std::string_view reason, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        // The key itself is given up: each certificate about it ends.
                        group.connection().execute(
                            "UPDATE access_signing_key SET revoked_us = ?, revoked_reason = ? WHERE revoked_us = 0 AND wrapped_key = "
                            "(SELECT wrapped_key FROM access_signing_key WHERE id = ?)",
                            {to_us(at), reason, key});
                        audit_.write(group, event);
                    }});
}

void SigningKeys::store_seal(std::int64_t organisation, std::string_view meanings, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        connection.execute("DELETE FROM access_seal WHERE organisation = ?", {organisation});
                        if (!meanings.empty()) connection.execute("INSERT INTO access_seal(organisation, meanings) VALUES(?, ?)", {organisation, meanings});
                        audit_.write(group, event);
                    }});
}

}  // namespace qiao::access
