#include "access/certificate.hpp"
#include "access/signing.hpp"

namespace qiao::access {
namespace {

constexpr std::string_view kLiveKey =
    "SELECT wrapped_key, certificate FROM access_signing_key WHERE person = ? AND revoked_us = 0 AND expires_us > ? ORDER BY id DESC LIMIT 1";

std::int64_t next_id(storage::Connection& connection, std::string_view sql) {
    auto rows = connection.query(sql);
    rows.next();
    return rows.integer(0) + 1;
}

}  // namespace

std::optional<Signing::KeyRow> Signing::read_key(std::int64_t person) {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(kLiveKey, {person, to_us(clock_.now())});
    if (!rows.next()) return std::nullopt;
    return KeyRow{std::string(rows.text(0)), std::string(rows.text(1))};
}

void Signing::store_key(std::int64_t person, const KeyRow& row) {
    const std::string serial = serial_of(row.certificate_pem);
    const Instant expires = expiry_of(row.certificate_pem);
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        const std::int64_t now_us = to_us(clock_.now());
                        {
                            auto rows = connection.query(kLiveKey, {person, now_us});
                            if (rows.next()) return;
                        }
                        const std::int64_t id = next_id(connection, "SELECT COALESCE(MAX(id), 0) FROM access_signing_key");
                        connection.execute(
                            "INSERT INTO access_signing_key(id, person, wrapped_key, certificate, serial, created_us, expires_us, revoked_us, revoked_reason) "
                            "VALUES(?, ?, ?, ?, ?, ?, ?, 0, '')",
                            {id, person, storage::Blob{row.wrapped}, std::string_view(row.certificate_pem), std::string_view(serial), now_us, to_us(expires)});
                    }});
}

std::vector<std::string> Signing::read_authorities() {
    std::vector<std::string> all;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT certificate FROM access_signing_key WHERE person = 0");
    while (rows.next()) all.emplace_back(rows.text(0));
    return all;
}

std::optional<Instant> Signing::revoked_at(std::string_view serial) {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT revoked_us FROM access_signing_key WHERE serial = ? AND revoked_us > 0", {serial});
    if (!rows.next()) return std::nullopt;
    return from_us(rows.integer(0));
}

void Signing::revoke_keys(std::int64_t person, Instant at, std::string_view reason) {
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("UPDATE access_signing_key SET revoked_us = ?, revoked_reason = ? WHERE person = ? AND revoked_us = 0",
                                                   {to_us(at), reason, person});
                    }});
    const std::lock_guard lock(mutex_);
    keys_.erase(person);
}

void Signing::keep(storage::Group& group, const Signature& signature, std::span<const SignedItem> items) {
    auto& connection = group.connection();
    const std::int64_t id = next_id(connection, "SELECT COALESCE(MAX(id), 0) FROM access_signature");
    connection.execute(
        "INSERT INTO access_signature(id, reference, person, signed_us, manifest, der, jws, certificate, authority) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {id, std::string_view(signature.reference), signature.person, to_us(signature.signed_at), storage::Blob{signature.manifest},
         storage::Blob{signature.der}, std::string_view(signature.jws), std::string_view(signature.certificate_pem), std::string_view(signature.chain_pem)});
    for (const auto& item : items) {
        connection.execute("INSERT INTO access_signed_item(type, resource_id, ver, signature) VALUES(?, ?, ?, ?)",
                           {std::string_view(item.type), std::string_view(item.id), item.version, id});
    }
}

std::optional<Signature> Signing::signature_in(storage::Cursor rows) {
    if (!rows.next()) return std::nullopt;
    Signature signature;
    signature.reference = rows.text(0);
    signature.person = rows.integer(1);
    signature.signed_at = from_us(rows.integer(2));
    signature.manifest = rows.text(3);
    signature.der = rows.text(4);
    signature.jws = rows.text(5);
    signature.certificate_pem = rows.text(6);
    signature.chain_pem = rows.text(7);
    return signature;
}

std::optional<Signature> Signing::find(std::string_view reference) {
    auto snapshot = database_.read();
    return signature_in(snapshot->connection().query(
        "SELECT reference, person, signed_us, manifest, der, jws, certificate, authority FROM access_signature WHERE reference = ?", {reference}));
}

std::optional<Signature> Signing::of_resource(std::string_view type, std::string_view id) {
    auto snapshot = database_.read();
    return signature_in(snapshot->connection().query(
        "SELECT s.reference, s.person, s.signed_us, s.manifest, s.der, s.jws, s.certificate, s.authority FROM access_signed_item i "
        "JOIN access_signature s ON s.id = i.signature WHERE i.type = ? AND i.resource_id = ? ORDER BY s.id DESC LIMIT 1",
        {type, id}));
}

bool Signing::is_closed(std::string_view type, std::string_view id) {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT 1 FROM access_signed_item WHERE type = ? AND resource_id = ? LIMIT 1", {type, id});
    return rows.next();
}

}  // namespace qiao::access
