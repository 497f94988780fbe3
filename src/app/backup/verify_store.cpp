#include "app/backup/verify_store.hpp"

namespace qiao::app::backup {

std::vector<NamedBlob> named_blobs(storage::Connection& record) {
    std::vector<NamedBlob> blobs;
    auto rows = record.query("SELECT case_id, sha256 FROM flow_attachment");
    while (rows.next()) blobs.push_back({std::string(rows.text(0)), std::string(rows.text(1))});
    return blobs;
}

std::vector<std::string> some_cases(storage::Connection& record, int limit) {
    std::vector<std::string> ids;
    auto rows = record.query("SELECT case_id FROM flow_case ORDER BY random() LIMIT ?", {std::int64_t{limit}});
    while (rows.next()) ids.emplace_back(rows.text(0));
    return ids;
}

std::vector<NamedImage> some_images(storage::Connection& imaging, int limit) {
    std::vector<NamedImage> images;
    auto rows = imaging.query(
        "SELECT uid, segment_id, byte_offset + dataset_offset, byte_length - dataset_offset, sha256 FROM imaging_instance"
        " WHERE id IN (SELECT id FROM imaging_instance ORDER BY random() LIMIT ?)",
        {std::int64_t{limit}});
    while (rows.next()) {
        images.push_back({std::string(rows.text(0)), static_cast<std::uint32_t>(rows.integer(1)), static_cast<std::uint64_t>(rows.integer(2)),
                          static_cast<std::uint64_t>(rows.integer(3)), std::string(rows.text(4))});
    }
    return images;
}

}  // namespace qiao::app::backup
