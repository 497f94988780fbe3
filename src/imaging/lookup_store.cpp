// The reading half of InstanceStore.
#include "base/text.hpp"
#include "imaging/instance_store.hpp"

namespace qiao::imaging {
namespace {

constexpr std::string_view kStudyColumns =
    "SELECT id, uid, rid, resource, patient_ref, org_id, patient_id, issuer, name_raw, birth, sex, date, time, accession, description, station, modalities, "
    "note, "
    "source_ae, n_series, n_instances, bytes, received_at, changed_at, epoch FROM imaging_study ";

Study read_study(const storage::Cursor& rows) {
    Study study;
    study.id = rows.integer(0);
    study.uid = rows.text(1);
    study.rid = rows.integer(2);
    study.resource = rows.text(3);
    study.patient_ref = rows.text(4);
    study.organisation = rows.integer(5);
    int column = 6;
    for (auto* field : {&study.patient_id, &study.issuer, &study.name, &study.birth, &study.sex, &study.date, &study.time, &study.accession, &study.description,
                        &study.station, &study.modalities, &study.note, &study.source_ae})
        *field = rows.text(column++);
    // Kept with a separator at both ends, for searches.
    if (study.modalities.size() >= 2) study.modalities = study.modalities.substr(1, study.modalities.size() - 2);
    study.series = rows.integer(19);
    study.instances = rows.integer(20);
    study.bytes = rows.integer(21);
    study.received = from_us(rows.integer(22));
    study.changed = from_us(rows.integer(23));
    study.epoch = rows.integer(24);
    return study;
}

std::vector<Study> studies_where(storage::Database& database, std::string_view condition, storage::Values args) {
    const auto snapshot = database.read();
    auto rows = (*snapshot)->query(std::string(kStudyColumns) + std::string(condition), args);
    std::vector<Study> found;
    while (rows.next()) found.push_back(read_study(rows));
    return found;
}

std::optional<Study> one_study(storage::Database& database, std::string_view condition, storage::Value arg) {
    auto found = studies_where(database, condition, storage::Values(&arg, 1));
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

}  // namespace

std::optional<Study> InstanceStore::study(std::string_view uid) { return one_study(*database_, "WHERE uid = ?", uid); }
std::optional<Study> InstanceStore::study_by_id(std::int64_t id) { return one_study(*database_, "WHERE id = ?", id); }

std::vector<Study> InstanceStore::studies_of_patient(std::string_view patient_ref) {
    const storage::Value arg = patient_ref;
    return studies_where(*database_, "WHERE patient_ref = ? ORDER BY date DESC, id DESC LIMIT 1000", storage::Values(&arg, 1));
}

std::vector<Study> InstanceStore::unmatched(std::int64_t organisation) {
    if (organisation == 0) return studies_where(*database_, "WHERE rid IS NULL ORDER BY received_at DESC LIMIT 1000", {});
    const storage::Value arg = organisation;
    return studies_where(*database_, "WHERE rid IS NULL AND org_id = ? ORDER BY received_at DESC LIMIT 1000", storage::Values(&arg, 1));
}

std::vector<Series> InstanceStore::series_of(std::int64_t study_id) {
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query(
        "SELECT id, uid, modality, description, body_part, number, n_instances FROM imaging_series WHERE study_id = ? ORDER BY number NULLS FIRST, id",
        {study_id});
    std::vector<Series> found;
    while (rows.next()) {
        Series series{.id = rows.integer(0),
                      .uid = std::string(rows.text(1)),
                      .modality = std::string(rows.text(2)),
                      .description = std::string(rows.text(3)),
                      .body_part = std::string(rows.text(4)),
                      .number = {},
                      .instances = rows.integer(6)};
        if (!rows.is_null(5)) series.number = rows.integer(5);
        found.push_back(std::move(series));
    }
    return found;
}

std::vector<Instance> InstanceStore::instances(std::string_view study_uid, std::string_view series_uid, std::string_view sop_uid) {
    std::string sql =
        "SELECT i.id, i.series_id, i.uid, s.uid, c.text, x.text, i.segment_id, i.byte_offset, i.byte_length, i.dataset_offset, i.header_length, "
        "i.pixel_offset, "
        "i.pixel_length, i.frames, i.frame_table, i.sha256, i.site_charset, i.number FROM ";
    std::vector<storage::Value> args;
    const std::string_view joins =
        " JOIN imaging_study t ON t.id = s.study_id JOIN imaging_term c ON c.id = i.class_id JOIN imaging_term x ON x.id = i.syntax_id ";
    if (!sop_uid.empty()) {
        sql += "imaging_instance i JOIN imaging_series s ON s.id = i.series_id" + std::string(joins) + "WHERE i.uid = ? AND t.uid = ?";
        args = {sop_uid, study_uid};
        if (!series_uid.empty()) {
            sql += " AND s.uid = ?";
            args.emplace_back(series_uid);
        }
    } else if (!series_uid.empty()) {
        sql += "imaging_series s JOIN imaging_instance i ON i.series_id = s.id" + std::string(joins) +
               "WHERE s.uid = ? AND t.uid = ? ORDER BY i.number NULLS FIRST, i.id";
        args = {series_uid, study_uid};
    } else {
        sql += "imaging_series s JOIN imaging_instance i ON i.series_id = s.id" + std::string(joins) +
               "WHERE t.uid = ? ORDER BY s.number NULLS FIRST, s.id, i.number NULLS FIRST, i.id";
        args = {study_uid};
    }
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query(sql, args);
    std::vector<Instance> found;
    while (rows.next()) {
        Instance instance;
        instance.id = rows.integer(0);
        instance.series_id = rows.integer(1);
        instance.uid = rows.text(2);
        instance.series_uid = rows.text(3);
        instance.study_uid = study_uid;
        instance.sop_class = rows.text(4);
        instance.syntax = rows.text(5);
        instance.segment = static_cast<std::uint32_t>(rows.integer(6));
        int column = 7;
        for (auto* field :
             {&instance.byte_offset, &instance.byte_length, &instance.dataset_offset, &instance.header_length, &instance.pixel_offset, &instance.pixel_length})
            *field = static_cast<std::uint64_t>(rows.integer(column++));
        instance.frames = rows.integer(13);
        instance.frame_table = rows.text(14);
        instance.sha256 = rows.text(15);
        instance.site_charset = rows.text(16);
        instance.number = rows.integer(17);
        found.push_back(std::move(instance));
    }
    return found;
}

std::vector<InstanceStore::SeriesMeta> InstanceStore::series_meta(std::int64_t study_id, std::string_view series_uid) {
    const auto snapshot = database_->read();
    const std::string_view sql =
        "SELECT s.uid, s.n_instances, m.series_id, m.blocks, m.crc32, m.text_bytes, m.sha256 FROM imaging_series s "
        "LEFT JOIN imaging_series_meta m ON m.series_id = s.id AND m.n_instances = s.n_instances "
        "WHERE s.study_id = ?1 AND (?2 = '' OR s.uid = ?2) ORDER BY s.number NULLS FIRST, s.id";
    auto rows = (*snapshot)->query(sql, {study_id, series_uid});
    std::vector<SeriesMeta> found;
    while (rows.next()) {
        SeriesMeta& series = found.emplace_back(SeriesMeta{std::string(rows.text(0)), rows.integer(1), {}});
        if (rows.is_null(2)) continue;
        series.run = DeflatedRun{std::string(rows.text(3)), static_cast<std::uint32_t>(rows.integer(4)), static_cast<std::uint64_t>(rows.integer(5)),
                                 std::string(rows.text(6))};
    }
    return found;
}

std::vector<InstanceStore::Pending> InstanceStore::pending() {
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query("SELECT study_id, changed_at FROM imaging_pending ORDER BY changed_at");
    std::vector<Pending> found;
    while (rows.next()) found.push_back({rows.integer(0), rows.integer(1)});
    return found;
}

std::map<std::uint32_t, std::uint64_t> InstanceStore::indexed_segments() {
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query("SELECT id, synced_to FROM imaging_segment");
    std::map<std::uint32_t, std::uint64_t> found;
    while (rows.next()) found[static_cast<std::uint32_t>(rows.integer(0))] = static_cast<std::uint64_t>(rows.integer(1));
    return found;
}

}  // namespace qiao::imaging
