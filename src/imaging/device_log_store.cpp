// The part of InstanceStore about what devices did and what was refused: kept beside the index, lost with it.
#include "imaging/instance_store.hpp"

namespace qiao::imaging {

using storage::Group;

void InstanceStore::note_association(std::int64_t ae, Instant at) {
    writer_->submit({.check = {}, .apply = [&](Group& group) {
                         group.connection().execute(
                             "INSERT INTO imaging_ae_use(ae, associated_at, stored_at, objects) VALUES(?1, ?2, 0, 0) "
                             "ON CONFLICT(ae) DO UPDATE SET associated_at = ?2",
                             {ae, to_us(at)});
                     }});
}

void InstanceStore::note_objects(std::int64_t ae, std::int64_t count, Instant last) {
    writer_->submit({.check = {}, .apply = [&](Group& group) {
                         group.connection().execute(
                             "INSERT INTO imaging_ae_use(ae, associated_at, stored_at, objects) VALUES(?1, ?2, ?2, ?3) "
                             "ON CONFLICT(ae) DO UPDATE SET stored_at = ?2, objects = imaging_ae_use.objects + ?3",
                             {ae, to_us(last), count});
                     }});
}

std::map<std::int64_t, AeUse> InstanceStore::uses() {
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query("SELECT ae, associated_at, stored_at, objects FROM imaging_ae_use");
    std::map<std::int64_t, AeUse> found;
    while (rows.next()) found[rows.integer(0)] = {rows.integer(0), from_us(rows.integer(1)), from_us(rows.integer(2)), rows.integer(3)};
    return found;
}

void InstanceStore::add_refusal(const Refusal& refusal) {
    writer_->submit({.check = {}, .apply = [&](Group& group) {
                         auto& connection = group.connection();
                         connection.execute(
                             "INSERT INTO imaging_refusal(at, calling, called, address, kind, reason, sop_uid) VALUES(?,?,?,?,?,?,?)",
                             {to_us(refusal.at), std::string_view(refusal.calling), std::string_view(refusal.called), std::string_view(refusal.address),
                              std::string_view(refusal.kind), std::string_view(refusal.reason), std::string_view(refusal.sop_uid)});
                         connection.execute("DELETE FROM imaging_refusal WHERE id <= (SELECT max(id) FROM imaging_refusal) - 10000");
                     }});
}

std::vector<Refusal> InstanceStore::refusals(int limit) {
    const auto snapshot = database_->read();
    auto rows =
        (*snapshot)->query("SELECT at, calling, called, address, kind, reason, sop_uid FROM imaging_refusal ORDER BY id DESC LIMIT ?", {std::int64_t{limit}});
    std::vector<Refusal> found;
    while (rows.next())
        found.push_back({from_us(rows.integer(0)), std::string(rows.text(1)), std::string(rows.text(2)), std::string(rows.text(3)), std::string(rows.text(4)),
                         std::string(rows.text(5)), std::string(rows.text(6))});
    return found;
}

std::vector<RefusalGroup> InstanceStore::refusal_groups(std::string_view kind, int limit) {
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query(
        "SELECT max(at), calling, called, address, kind, reason, count(*) FROM imaging_refusal WHERE kind = ? "
        "GROUP BY kind, calling, called, address, reason ORDER BY max(at) DESC LIMIT ?",
        {kind, std::int64_t{limit}});
    std::vector<RefusalGroup> found;
    while (rows.next())
        found.push_back({{from_us(rows.integer(0)), std::string(rows.text(1)), std::string(rows.text(2)), std::string(rows.text(3)), std::string(rows.text(4)),
                          std::string(rows.text(5))},
                         rows.integer(6)});
    return found;
}

void InstanceStore::put_gateway(std::int64_t gateway, const GatewayRow& row) {
    writer_->submit({.check = {}, .apply = [&](Group& group) {
                         group.connection().execute(
                             "INSERT INTO imaging_gateway_use(gateway, at, clock_offset_ms, body) VALUES(?,?,?,?) ON CONFLICT(gateway) DO UPDATE"
                             " SET at = excluded.at, clock_offset_ms = excluded.clock_offset_ms, body = excluded.body",
                             {gateway, to_us(row.at), row.clock_offset_ms, std::string_view(row.body)});
                     }});
}

InstanceStore::GatewayRow InstanceStore::gateway(std::int64_t gateway) {
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query("SELECT at, clock_offset_ms, body FROM imaging_gateway_use WHERE gateway = ?", {gateway});
    if (!rows.next()) return {};
    return {from_us(rows.integer(0)), rows.integer(1), std::string(rows.text(2))};
}

}  // namespace qiao::imaging
