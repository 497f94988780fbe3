#include "access/signing.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace qiao::access {
namespace {

std::int64_t next_id(storage::Connection& connection) {
    auto rows = connection.query("SELECT COALESCE(MAX(id), 0) FROM access_signature");
    rows.next();
    return rows.integer(0) + 1;
}

constexpr std::string_view kSelect =
    "SELECT s.reference, s.person, s.signed_us, s.manifest, s.der, s.jws, s.certificate, s.authority, s.revocation, e.organisation, e.der, e.certificate, "
    "e.chain FROM access_signature s LEFT JOIN access_signature_seal e ON e.signature = s.id";

}  // namespace

void Signing::keep(storage::Group& group, const Signature& signature, std::span<const SignedItem> items) {
    auto& connection = group.connection();
    const std::int64_t id = next_id(connection);
    connection.execute(
        "INSERT INTO access_signature(id, reference, person, signed_us, manifest, der, jws, certificate, authority, revocation) VALUES(?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?)",
        {id, std::string_view(signature.reference), signature.person, to_us(signature.signed_at), storage::Blob{signature.manifest},
         storage::Blob{signature.der}, std::string_view(signature.jws), std::string_view(signature.certificate_pem), std::string_view(signature.chain_pem),
         std::string_view(signature.revocation)});
    if (const auto& seal = signature.seal) {
        connection.execute("INSERT INTO access_signature_seal(signature, organisation, der, certificate, chain) VALUES(?, ?, ?, ?, ?)",
                           {id, seal->organisation, storage::Blob{seal->der}, std::string_view(seal->certificate_pem), std::string_view(seal->chain_pem)});
    }
    for (const auto& item : items) {
        connection.execute("INSERT INTO access_signed_item(type, resource_id, ver, signature) VALUES(?, ?, ?, ?)",
                           {std::string_view(item.type), std::string_view(item.id), item.version, id});
    }
}

std::optional<Signature> Signing::signature_of(std::string_view condition, storage::Values args) {
    const std::string sql = fmt::format("{} {}", kSelect, condition);
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(sql, args);
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
    signature.revocation = rows.text(8);
    if (!rows.is_null(9)) signature.seal = Seal{rows.integer(9), std::string(rows.text(10)), std::string(rows.text(11)), std::string(rows.text(12))};
    return signature;
}

std::optional<Signature> Signing::find(std::string_view reference) {
    const storage::Value args[] = {reference};
    return signature_of("WHERE s.reference = ?", args);
}

std::optional<Signature> Signing::find_der(std::string_view der) {
    const storage::Value args[] = {storage::Blob{der}, storage::Blob{der}};
    return signature_of("WHERE s.id IN (SELECT id FROM access_signature WHERE der = ? UNION SELECT signature FROM access_signature_seal WHERE der = ?) LIMIT 1",
                        args);
}

std::optional<Signature> Signing::of_resource(std::string_view type, std::string_view id) {
    const storage::Value args[] = {type, id};
    return signature_of("JOIN access_signed_item i ON i.signature = s.id WHERE i.type = ? AND i.resource_id = ? ORDER BY s.id DESC LIMIT 1", args);
}

namespace {

bool is_signed(storage::Connection& connection, std::string_view reference) {
    const std::size_t slash = reference.find('/');
    auto rows = connection.query("SELECT 1 FROM access_signed_item WHERE type = ? AND resource_id = ? LIMIT 1",
                                 {reference.substr(0, slash), reference.substr(slash + 1)});
    return rows.next();
}

}  // namespace

void Signing::require_open(storage::Connection& connection, const std::string& resource) {
    if (is_signed(connection, resource)) throw Error(ErrorKind::conflict, "signing.closed", "it is signed: a change is a new, signed version");
}

void Signing::require_open_targets(storage::Connection& connection, const std::string& resource, std::span<const std::string> refers) {
    for (const std::string& one : refers) {
        if (!is_signed(connection, one)) continue;
        throw Error(ErrorKind::conflict, "signing.closed_to_children",
                    "it refers to something signed, which takes nothing further: refer to the case's request", {{"conflict", resource, one + " is signed"}});
    }
}

}  // namespace qiao::access
