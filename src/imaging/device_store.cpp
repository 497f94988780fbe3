#include "base/error.hpp"
#include "imaging/devices.hpp"

#include <array>

namespace qiao::imaging {
namespace {

using storage::Group;

constexpr std::int64_t kDevices = 1'000;

// Numbers are never given twice: the counts of use in the index go by them.
constexpr std::string_view kTable = R"sql(
CREATE TABLE imaging_ae(
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, address TEXT NOT NULL, port INTEGER NOT NULL, org_id INTEGER NOT NULL,
  issuer TEXT NOT NULL, default_charset TEXT NOT NULL, may_store INTEGER NOT NULL, UNIQUE(title, address));
)sql";

// The same title and address may stand behind several gateways: each hospital's network counts for itself.
constexpr std::string_view kGateways = R"sql(
CREATE TABLE imaging_gateway(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, org_id INTEGER NOT NULL, code_hash TEXT NOT NULL, code_until_us INTEGER NOT NULL,
  client TEXT NOT NULL, created_us INTEGER NOT NULL, enrolled_us INTEGER NOT NULL, ended_us INTEGER NOT NULL);
CREATE INDEX imaging_gateway_by_client ON imaging_gateway(client);
CREATE INDEX imaging_gateway_by_code ON imaging_gateway(code_hash);
CREATE TABLE imaging_ae_next(
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, address TEXT NOT NULL, port INTEGER NOT NULL, org_id INTEGER NOT NULL,
  issuer TEXT NOT NULL, default_charset TEXT NOT NULL, may_store INTEGER NOT NULL, gateway INTEGER NOT NULL, goes_first INTEGER NOT NULL,
  UNIQUE(gateway, title, address));
INSERT INTO imaging_ae_next SELECT id, title, address, port, org_id, issuer, default_charset, may_store, 0, 0 FROM imaging_ae;
DROP TABLE imaging_ae;
ALTER TABLE imaging_ae_next RENAME TO imaging_ae;
)sql";

constexpr std::array kMigrations = {storage::Migration{"imaging", 1, kTable}, storage::Migration{"imaging", 2, kGateways}};

constexpr std::string_view kAll =
    "SELECT id, title, address, port, org_id, issuer, default_charset, may_store, gateway, goes_first FROM imaging_ae ORDER BY gateway, title, address";
constexpr std::string_view kById =
    "SELECT id, title, address, port, org_id, issuer, default_charset, may_store, gateway, goes_first FROM imaging_ae WHERE id = ?";
constexpr std::string_view kByTitle =
    "SELECT id, title, address, port, org_id, issuer, default_charset, may_store, gateway, goes_first FROM imaging_ae WHERE gateway = ? AND title = ? AND "
    "address = ?";
constexpr std::string_view kOfGateway =
    "SELECT id, title, address, port, org_id, issuer, default_charset, may_store, gateway, goes_first FROM imaging_ae WHERE gateway = ? ORDER BY title, "
    "address";

Ae ae_of(const storage::Cursor& rows) {
    return {.id = rows.integer(0),
            .title = std::string(rows.text(1)),
            .address = std::string(rows.text(2)),
            .port = static_cast<std::uint16_t>(rows.integer(3)),
            .organisation = rows.integer(4),
            .issuer = std::string(rows.text(5)),
            .default_charset = std::string(rows.text(6)),
            .may_store = rows.integer(7) != 0,
            .gateway = rows.integer(8),
            .goes_first = rows.integer(9) != 0};
}

std::optional<Ae> first_of(storage::Cursor rows) {
    if (!rows.next()) return std::nullopt;
    return ae_of(rows);
}

std::int64_t number(storage::Cursor rows) { return rows.next() ? rows.integer(0) : 0; }

[[noreturn]] void no_device() { throw Error(ErrorKind::not_found, "imaging.no_device", "no such device"); }

}  // namespace

std::span<const storage::Migration> device_migrations() { return kMigrations; }

std::vector<Ae> Devices::all() const {
    const auto snapshot = database_.read();
    auto rows = (*snapshot)->query(kAll);
    std::vector<Ae> found;
    while (rows.next()) found.push_back(ae_of(rows));
    return found;
}

std::optional<Ae> Devices::find(std::int64_t id) const {
    const auto snapshot = database_.read();
    return first_of((*snapshot)->query(kById, {id}));
}

std::optional<Ae> Devices::find(std::string_view title, std::string_view address) const {
    const auto snapshot = database_.read();
    return first_of((*snapshot)->query(kByTitle, {std::int64_t{0}, title, address}));
}

std::vector<Ae> Devices::of_gateway(std::int64_t gateway) const {
    const auto snapshot = database_.read();
    auto rows = (*snapshot)->query(kOfGateway, {gateway});
    std::vector<Ae> found;
    while (rows.next()) found.push_back(ae_of(rows));
    return found;
}

void Devices::require_free(Group& group, const Ae& ae) const {
    auto& connection = group.connection();
    if (ae.gateway != 0 &&
        number(connection.query("SELECT count(*) FROM imaging_gateway WHERE id = ? AND org_id = ? AND ended_us = 0", {ae.gateway, ae.organisation})) == 0)
        throw Error(ErrorKind::invalid, "imaging.bad_gateway", "no such gateway at this institution");
    const auto same = number(connection.query("SELECT id FROM imaging_ae WHERE gateway = ? AND title = ? AND address = ?",
                                              {ae.gateway, std::string_view(ae.title), std::string_view(ae.address)}));
    if (same != 0 && same != ae.id) throw Error(ErrorKind::conflict, "imaging.ae_taken", "this title from this address is listed already");
}

Ae Devices::add(const record::Actor& actor, Ae ae) {
    ae.id = 0;
    ae = checked(std::move(ae));
    writer_.submit(
        {.check =
             [&](Group& group) {
                 require_free(group, ae);
                 if (number(group.connection().query("SELECT count(*) FROM imaging_ae")) >= kDevices)
                     throw Error(ErrorKind::conflict, "imaging.too_many_devices", "1000 devices are listed");
             },
         .apply =
             [&](Group& group) {
                 auto& connection = group.connection();
                 ae.id = number(connection.query(
                     "INSERT INTO imaging_ae(title, address, port, org_id, issuer, default_charset, may_store, gateway, goes_first) VALUES(?,?,?,?,?,?,?,?,?)"
                     " RETURNING id",
                     {std::string_view(ae.title), std::string_view(ae.address), std::int64_t{ae.port}, ae.organisation, std::string_view(ae.issuer),
                      std::string_view(ae.default_charset), std::int64_t{ae.may_store ? 1 : 0}, ae.gateway, std::int64_t{ae.goes_first ? 1 : 0}}));
                 audit_.write(group, event_of(actor, "create", ae));
             }});
    return ae;
}

Ae Devices::change(const record::Actor& actor, Ae ae) {
    ae = checked(std::move(ae));
    writer_.submit(
        {.check =
             [&](Group& group) {
                 if (number(group.connection().query("SELECT id FROM imaging_ae WHERE id = ?", {ae.id})) == 0) no_device();
                 require_free(group, ae);
             },
         .apply =
             [&](Group& group) {
                 group.connection().execute(
                     "UPDATE imaging_ae SET title = ?, address = ?, port = ?, org_id = ?, issuer = ?, default_charset = ?, may_store = ?, gateway = ?, "
                     "goes_first = ? WHERE id = ?",
                     {std::string_view(ae.title), std::string_view(ae.address), std::int64_t{ae.port}, ae.organisation, std::string_view(ae.issuer),
                      std::string_view(ae.default_charset), std::int64_t{ae.may_store ? 1 : 0}, ae.gateway, std::int64_t{ae.goes_first ? 1 : 0}, ae.id});
                 audit_.write(group, event_of(actor, "update", ae));
             }});
    return ae;
}

void Devices::remove(const record::Actor& actor, std::int64_t id) {
    std::optional<Ae> ae;
    writer_.submit({.check =
                        [&](Group& group) {
                            ae = first_of(group.connection().query(kById, {id}));
                            if (!ae) no_device();
                        },
                    .apply =
                        [&](Group& group) {
                            group.connection().execute("DELETE FROM imaging_ae WHERE id = ?", {id});
                            audit_.write(group, event_of(actor, "delete", *ae));
                        }});
}

}  // namespace qiao::imaging
