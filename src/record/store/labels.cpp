#include "record/store/labels.hpp"

#include "base/error.hpp"
#include "record/store/work.hpp"

namespace qiao::record {

std::int64_t aclset_of(Core& core, storage::Group& group, const AclKey& key) {
    if (const auto known = core.aclsets.find(key); known != core.aclsets.end()) return known->second;
    if (core.aclsets.size() >= Core::kRemembered) core.aclsets.clear();
    storage::Connection& connection = group.connection();
    {
        auto rows = connection.query("SELECT id FROM aclset WHERE patient_rid = ? AND org = ? AND confidentiality = 0 AND label_bits = ?",
                                     {key.patient, key.organisation, key.label_bits});
        if (rows.next()) return core.aclsets.emplace(key, rows.integer(0)).first->second;
    }
    auto rows = connection.query(
        "INSERT INTO aclset(patient_rid, org, confidentiality, label_bits, labels) VALUES(?, ?, 0, ?, ? | COALESCE("
        "(SELECT a.label_bits FROM res r JOIN aclset a ON a.id = r.acl WHERE r.rid = ?), 0)) RETURNING id",
        {key.patient, key.organisation, key.label_bits, key.label_bits, key.patient});
    rows.next();
    group.on_rollback([known = &core.aclsets] { known->clear(); });
    return core.aclsets.emplace(key, rows.integer(0)).first->second;
}

void label_patient(storage::Connection& connection, Rid patient, std::int64_t labels) {
    connection.post("UPDATE aclset SET labels = label_bits | ? WHERE patient_rid = ? AND labels <> label_bits | ?", {labels, patient, labels});
}

std::int64_t added_labels(storage::Connection& connection, Rid rid) {
    if (rid == 0) return 0;
    auto rows = connection.query("SELECT label_bits FROM res_label WHERE rid = ?", {rid});
    return rows.next() ? rows.integer(0) : 0;
}

namespace {

/// The past too: what a resource was may have been about another patient, to whom the caller has another right than to this one.
void label_past(Core& core, storage::Group& group, Rid rid, std::int64_t labels) {
    struct Version {
        std::int64_t number, acl, patient, organisation, own;
    };
    std::vector<Version> versions;
    storage::Connection& connection = group.connection();
    {
        auto rows = connection.query(
            "SELECT h.ver, h.acl, a.patient_rid, a.org, h.type, h.body FROM hist h JOIN aclset a ON a.id = h.acl WHERE h.rid = ? ORDER BY h.ver", {rid});
        std::int64_t own = 0;  // a version that says that it was deleted has those of the one before
        while (rows.next()) {
            const TypeId type = type_of_number(static_cast<std::uint32_t>(rows.integer(4)));
            if (!rows.is_null(5)) own = core.index_packed(rows.text(5), type, "", *core.local_parameters.now()).labels;
            versions.push_back({rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3), own});
        }
    }
    for (const Version& one : versions) {
        const std::int64_t acl = aclset_of(core, group, {one.patient, one.organisation, one.own | labels});
        if (acl != one.acl) connection.post("UPDATE hist SET acl = ? WHERE rid = ? AND ver = ?", {acl, rid, one.number});
    }
}

}  // namespace

void set_added_labels(Core& core, storage::Group& group, Rid rid, std::int64_t labels) {
    storage::Connection& connection = group.connection();
    if (added_labels(connection, rid) == labels) return;
    connection.execute("INSERT INTO res_label(rid, label_bits) VALUES(?, ?) ON CONFLICT(rid) DO UPDATE SET label_bits = excluded.label_bits", {rid, labels});
    label_past(core, group, rid, labels);
    Place old_place, place;
    Indexed index;
    std::int64_t organisation = 0;
    bool live = false;
    {
        // Of a deleted one by its last text: its past is shown, and closed, by what the resource is now.
        auto rows = connection.query(
            "SELECT r.type, r.id, r.d, r.acl, a.patient_rid, a.org, coalesce(r.body, (SELECT h.body FROM hist h WHERE h.rid = r.rid AND h.ver = r.ver - 1)),"
            " r.state FROM res r JOIN aclset a ON a.id = r.acl WHERE r.rid = ? AND r.state <> 2",
            {rid});
        if (!rows.next()) return;  // a later version brings them in
        live = static_cast<State>(rows.integer(7)) == State::live;
        const TypeId type = type_of_number(static_cast<std::uint32_t>(rows.integer(0)));
        old_place = {type, rid, rows.integer(2), rows.integer(3), rows.integer(4)};
        organisation = rows.integer(5);
        index = core.index_packed(rows.text(6), type, id_text(rows.text(1)), *core.local_parameters.now());
    }
    place = old_place;
    place.acl = aclset_of(core, group, {old_place.patient_rid, organisation, index.labels | labels});
    if (place.acl == old_place.acl) return;
    connection.execute("UPDATE res SET acl = ? WHERE rid = ?", {place.acl, rid});
    if (!live) return;
    RowWriter writer(core, group, [&](const Target& target) -> std::int64_t {
        const StoredId key(target.id);
        auto rows = connection.query("SELECT rid FROM res WHERE type = ? AND id = ?", {std::int64_t{number_of(target.type)}, storage::Blob{key.bytes()}});
        if (!rows.next()) throw Error(ErrorKind::internal, "record.index_damaged", "a reference has no row");
        return rows.integer(0);
    });
    writer.replace(old_place, index.rows, place, index.rows);
    writer.flush();
}

}  // namespace qiao::record
