#include "imaging/instance_store.hpp"

#include "base/json_value.hpp"
#include "base/text.hpp"
#include "imaging/header_json.hpp"
#include "imaging/name_index.hpp"
#include "storage/place.hpp"

#include <fmt/format.h>

#include <set>

namespace qiao::imaging {
namespace {

using storage::Blob;
using storage::Connection;
using storage::Group;

/// Everything of an object that goes into rows, prepared before the writer's turn.
struct Prepared {
    const NewInstance* input;
    std::string study_json, series_json, instance_json;
    std::string name_norm;
    std::vector<std::string> grams;
    std::string frame_table;
    std::string request_keys;
    std::string issuer;
};

/// Members of the stored JSON objects of one level, without braces.
std::string members_of(const Walked& walked, QueryLevel level) {
    std::string members;
    for (const auto& value : walked.values) {
        const auto at = query_level(value.tag);
        if (!at || *at != level || value.json_length == 0) continue;
        if (!members.empty()) members += ',';
        members += walked.json_of(value);
    }
    return members;
}

/// `\sps=…\rp=…\` of the RequestAttributesSequence, for its two search keys.
std::string request_keys_of(const Walked& walked) {
    for (const auto& value : walked.values) {
        if (value.tag != tag::kRequestAttributes || value.json_length == 0) continue;
        const auto parsed = json::parse("{" + std::string(walked.json_of(value)) + "}");
        if (!parsed) return {};
        std::string keys = "\\";
        for (const auto& item : (*parsed)["00400275"]["Value"].items()) {
            keys += "sps=" + item["00400009"]["Value"].at(0).text() + "\\";
            keys += "rp=" + item["00401001"]["Value"].at(0).text() + "\\";
        }
        return keys;
    }
    return {};
}

Prepared prepare(const NewInstance& input) {
    const auto& walked = *input.walked;
    Prepared prepared{.input = &input};
    prepared.study_json = members_of(walked, QueryLevel::study);
    prepared.series_json = members_of(walked, QueryLevel::series);
    prepared.instance_json = members_of(walked, QueryLevel::instance);
    prepared.name_norm = normalise_name(walked.text(tag::kPatientName));
    prepared.grams = grams_of(prepared.name_norm);
    prepared.frame_table = walked.frames.pack();
    prepared.request_keys = request_keys_of(walked);
    prepared.issuer = walked.first(tag::kIssuer).empty() ? input.source.issuer : std::string(walked.first(tag::kIssuer));
    return prepared;
}

/// Of a row that was just inserted RETURNING id.
std::int64_t id_of(storage::Cursor rows) {
    rows.next();
    return rows.integer(0);
}

std::int64_t term(Connection& connection, std::string_view text) {
    {
        auto rows = connection.query("SELECT id FROM imaging_term WHERE text = ?", {text});
        if (rows.next()) return rows.integer(0);
    }
    return id_of(connection.query("INSERT INTO imaging_term(text) VALUES(?) RETURNING id", {text}));
}

storage::Value number_or_null(const Walked& walked, Tag tag) {
    constexpr auto kNone = std::numeric_limits<std::int64_t>::min();
    const auto number = walked.integer(tag, kNone);
    return number == kNone ? storage::Value() : storage::Value(number);
}

std::int64_t insert_study(Connection& connection, const Prepared& prepared) {
    const auto& walked = *prepared.input->walked;
    const auto now_us = to_us(prepared.input->received);
    const std::string study_modality = "\\" + std::string(walked.first(tag::kModality)) + "\\";
    const auto id = id_of(connection.query(
        "INSERT INTO imaging_study(uid, org_id, patient_id, issuer, name_raw, name_norm, birth, sex, date, time, accession, study_id, description, referring, "
        "modalities, station, note, n_series, n_instances, bytes, source_ae, received_at, changed_at, epoch, qido_json) "
        "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,0,0,?,?,?,0,?) RETURNING id",
        {walked.first(tag::kStudyUid),
         prepared.input->source.organisation,
         walked.first(tag::kPatientId),
         std::string_view(prepared.issuer),
         walked.text(tag::kPatientName),
         std::string_view(prepared.name_norm),
         walked.first(tag::kBirthDate),
         walked.first(tag::kSex),
         walked.first(tag::kStudyDate),
         walked.first(tag::kStudyTime),
         walked.first(tag::kAccession),
         walked.first(tag::kStudyId),
         walked.first(tag::kStudyDescription),
         walked.text(tag::kReferring),
         std::string_view(study_modality),
         walked.first(tag::kStationName),
         walked.text(tag::kImageComments),
         std::string_view(prepared.input->source.ae),
         now_us,
         now_us,
         std::string_view(prepared.study_json)}));
    for (const auto& gram : prepared.grams)
        connection.execute("INSERT INTO imaging_name_gram(gram, study_id) VALUES(?, ?) ON CONFLICT DO NOTHING", {std::string_view(gram), id});
    return id;
}

std::int64_t insert_series(Connection& connection, const Prepared& prepared, std::int64_t study) {
    const auto& walked = *prepared.input->walked;
    const auto id = id_of(connection.query(
        "INSERT INTO imaging_series(study_id, uid, modality, number, body_part, laterality, description, station, performed_date, request_keys, "
        "n_instances, qido_json) VALUES(?,?,?,?,?,?,?,?,?,?,0,?) RETURNING id",
        {study, walked.first(tag::kSeriesUid), walked.first(tag::kModality), number_or_null(walked, tag::kSeriesNumber), walked.first(tag::kBodyPart),
         walked.first(tag::kLaterality), walked.first(tag::kSeriesDescription), walked.first(tag::kStationName), walked.first(0x00400244),
         std::string_view(prepared.request_keys), std::string_view(prepared.series_json)}));
    const std::string modality = std::string(walked.first(tag::kModality)) + "\\";
    connection.execute(
        "UPDATE imaging_study SET n_series = n_series + 1, modalities = CASE WHEN instr(modalities, '\\' || ?1) > 0 THEN modalities ELSE modalities || ?1 END "
        "WHERE id = ?2",
        {std::string_view(modality), study});
    return id;
}

Stored keep_conflict(Connection& connection, const NewInstance& input, std::string_view reason) {
    connection.execute(
        "INSERT INTO imaging_conflict(uid, segment_id, byte_offset, byte_length, sha256, org_id, source_ae, reason, received_at) "
        "VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
        {input.walked->first(tag::kSopInstanceUid), std::int64_t{input.place.segment}, static_cast<std::int64_t>(input.place.offset),
         static_cast<std::int64_t>(input.place.length), Blob{input.sha256}, input.source.organisation, std::string_view(input.source.ae), reason,
         to_us(input.received)});
    return {StoreOutcome::conflict, 0};
}

void insert_instance(Connection& connection, const Prepared& prepared, std::int64_t series) {
    const auto& input = *prepared.input;
    const auto& walked = *input.walked;
    const auto class_id = term(connection, walked.first(tag::kSopClassUid));
    const auto syntax_id = term(connection, input.meta.transfer_syntax);
    connection.execute(
        "INSERT INTO imaging_instance(series_id, uid, class_id, number, syntax_id, segment_id, byte_offset, byte_length, dataset_offset, header_length, "
        "pixel_offset, pixel_length, frames, frame_table, sha256, image_rows, image_cols, site_charset, state, qido_json) "
        "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,?)",
        {series, walked.first(tag::kSopInstanceUid), class_id, number_or_null(walked, tag::kInstanceNumber), syntax_id, std::int64_t{input.place.segment},
         static_cast<std::int64_t>(input.place.offset), static_cast<std::int64_t>(input.place.length), static_cast<std::int64_t>(input.meta.dataset_offset),
         static_cast<std::int64_t>(walked.header_length), static_cast<std::int64_t>(walked.pixel_offset), static_cast<std::int64_t>(walked.pixel_length),
         std::int64_t{walked.frames.frames}, Blob{prepared.frame_table}, Blob{input.sha256}, number_or_null(walked, tag::kRows),
         number_or_null(walked, tag::kColumns), std::string_view(input.source.charset), std::string_view(prepared.instance_json)});
}

struct Found {
    std::int64_t id = 0;
    std::int64_t parent = 0;
    std::string text;
};

std::optional<Found> find(Connection& connection, std::string_view sql, std::string_view uid) {
    auto rows = connection.query(sql, {uid});
    if (!rows.next()) return std::nullopt;
    return Found{rows.integer(0), rows.integer(1), std::string(rows.text(2))};
}

Stored insert_all(Connection& connection, const Prepared& prepared) {
    const auto& input = *prepared.input;
    const auto& walked = *input.walked;
    if (const auto same = find(connection, "SELECT id, series_id, sha256 FROM imaging_instance WHERE uid = ?", walked.first(tag::kSopInstanceUid)))
        return same->text == input.sha256 ? Stored{StoreOutcome::duplicate, 0} : keep_conflict(connection, input, "other bytes under a known UID");
    auto study = find(connection, "SELECT id, org_id, patient_id FROM imaging_study WHERE uid = ?", walked.first(tag::kStudyUid));
    if (study && study->parent != input.source.organisation) return keep_conflict(connection, input, "another organisation's study");
    if (study && study->text != walked.first(tag::kPatientId)) return keep_conflict(connection, input, "another patient under a known study");
    auto series = find(connection, "SELECT id, study_id, modality FROM imaging_series WHERE uid = ?", walked.first(tag::kSeriesUid));
    if (series && (!study || series->parent != study->id)) return keep_conflict(connection, input, "another study's series");
    const auto study_id = study ? study->id : insert_study(connection, prepared);
    const auto series_id = series ? series->id : insert_series(connection, prepared, study_id);
    insert_instance(connection, prepared, series_id);
    const auto now_us = to_us(input.received);
    connection.execute("UPDATE imaging_series SET n_instances = n_instances + 1, stable_at = NULL WHERE id = ?", {series_id});
    connection.execute("UPDATE imaging_study SET n_instances = n_instances + 1, bytes = bytes + ?, changed_at = max(changed_at, ?) WHERE id = ?",
                       {static_cast<std::int64_t>(input.place.length), now_us, study_id});
    connection.execute(
        "INSERT INTO imaging_pending(study_id, changed_at) VALUES(?1, ?2) ON CONFLICT(study_id) DO UPDATE SET changed_at = max(imaging_pending.changed_at, ?2)",
        {study_id, now_us});
    return {StoreOutcome::stored, study_id};
}

}  // namespace

InstanceStore::InstanceStore(const std::string& place, const std::string& record_place, const Clock& clock, Metrics& metrics)
    : has_record_(!record_place.empty()), clock_(clock) {
    database_ = storage::open_database(place, storage::Durability::rebuildable, has_record_ ? std::vector{record_place} : std::vector<std::string>());
    database_->migrate(imaging_migrations());
    writer_ = std::make_unique<storage::Writer>(*database_, clock_, metrics);
}

InstanceStore::~InstanceStore() = default;

Stored InstanceStore::insert(const NewInstance& instance) {
    const auto prepared = prepare(instance);
    Stored stored;
    writer_->submit({.check = {}, .apply = [&](Group& group) { stored = insert_all(group.connection(), prepared); }});
    return stored;
}

std::string InstanceStore::digest_of(std::string_view sop_uid) {
    const auto snapshot = database_->read();
    auto rows = (*snapshot)->query("SELECT sha256 FROM imaging_instance WHERE uid = ?", {sop_uid});
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

bool InstanceStore::has_conflict(std::string_view sop_uid, std::string_view sha256) {
    const auto snapshot = database_->read();
    return (*snapshot)->query("SELECT 1 FROM imaging_conflict WHERE uid = ? AND sha256 = ?", {sop_uid, storage::Blob{sha256}}).next();
}

void InstanceStore::link(std::string_view study_uid, std::int64_t rid, std::string_view resource, std::string_view patient_ref) {
    writer_->submit({.check = {}, .apply = [&](Group& group) {
                         group.connection().execute("UPDATE imaging_study SET rid = ?, resource = ?, patient_ref = ?, epoch = epoch + 1 WHERE uid = ?",
                                                    {rid == 0 ? storage::Value() : storage::Value(rid), rid == 0 ? storage::Value() : storage::Value(resource),
                                                     rid == 0 ? storage::Value() : storage::Value(patient_ref), study_uid});
                     }});
    link_epoch_.fetch_add(1, std::memory_order_release);
}

void InstanceStore::put_series_meta(std::string_view series_uid, std::int64_t instances, const DeflatedRun& run) {
    writer_->submit(
        {.check = {}, .apply = [&](Group& group) {
             group.connection().execute(
                 "INSERT INTO imaging_series_meta(series_id, n_instances, blocks, crc32, text_bytes, sha256) "
                 "SELECT id, ?2, ?3, ?4, ?5, ?6 FROM imaging_series WHERE uid = ?1 ON CONFLICT(series_id) DO UPDATE SET n_instances = excluded.n_instances, "
                 "blocks = excluded.blocks, crc32 = excluded.crc32, text_bytes = excluded.text_bytes, sha256 = excluded.sha256",
                 {series_uid, instances, Blob{run.blocks}, std::int64_t{run.crc32}, static_cast<std::int64_t>(run.length), Blob{run.sha256}});
             group.connection().execute("UPDATE imaging_series SET stable_at = ? WHERE uid = ? AND n_instances = ?",
                                        {to_us(clock_.now()), series_uid, instances});
         }});
}

void InstanceStore::settled(const Pending& pending) {
    writer_->submit(
        {.check = {}, .apply = [&](Group& group) {
             group.connection().execute("DELETE FROM imaging_pending WHERE study_id = ? AND changed_at = ?", {pending.study_id, pending.changed_us});
         }});
}

void InstanceStore::set_indexed(const std::map<std::uint32_t, std::uint64_t>& ends) {
    writer_->submit({.check = {}, .apply = [&](Group& group) {
                         for (const auto& [segment, end] : ends) {
                             group.connection().execute(
                                 "INSERT INTO imaging_segment(id, path, state, synced_to) VALUES(?1, ?3, 'open', ?2) "
                                 "ON CONFLICT(id) DO UPDATE SET synced_to = max(imaging_segment.synced_to, ?2)",
                                 {std::int64_t{segment}, static_cast<std::int64_t>(end), std::string_view(fmt::format("{:08x}.pack", segment))});
                         }
                     }});
}

void InstanceStore::clear_index() {
    writer_->submit({.check = {}, .apply = [](Group& group) {
                         for (const auto* statement : {"DELETE FROM imaging_instance", "DELETE FROM imaging_series", "DELETE FROM imaging_study",
                                                       "DELETE FROM imaging_name_gram", "DELETE FROM imaging_series_meta", "DELETE FROM imaging_conflict",
                                                       "DELETE FROM imaging_pending", "DELETE FROM imaging_segment", "DELETE FROM imaging_term"})
                             group.connection().execute(statement);
                     }});
}

}  // namespace qiao::imaging
