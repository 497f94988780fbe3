#include "flow/flow_store.hpp"

namespace qiao::flow::store {

namespace {

using storage::Connection;
using storage::Cursor;

constexpr const char* kAttachmentColumns =
    "SELECT n, kind, content_type, size_bytes, width, height, title, taken, added_us, added_by, sha256, resource, key_image, signed_over, seconds "
    "FROM flow_attachment WHERE case_id = ? AND removed = 0 ";

Attachment attachment_of(const Cursor& rows) {
    Attachment item;
    item.n = static_cast<int>(rows.integer(0));
    item.kind = rows.text(1);
    item.content_type = rows.text(2);
    item.size_bytes = rows.integer(3);
    item.width = static_cast<int>(rows.integer(4));
    item.height = static_cast<int>(rows.integer(5));
    item.title = rows.text(6);
    item.taken = rows.text(7);
    item.added = from_us(rows.integer(8));
    item.added_by = rows.integer(9);
    item.sha256 = rows.text(10);
    item.resource = rows.text(11);
    item.key_image = rows.text(12);
    item.signed_over = rows.integer(13) != 0;
    item.seconds = static_cast<int>(rows.integer(14));
    return item;
}

Draft draft_of(const Cursor& rows) { return {rows.integer(0), from_us(rows.integer(1)), std::string(rows.text(2))}; }

}  // namespace

std::vector<Attachment> attachments_of(Connection& connection, std::string_view case_id) {
    std::vector<Attachment> list;
    Cursor rows = connection.query(std::string(kAttachmentColumns) + "ORDER BY n", {case_id});
    while (rows.next()) {
        list.push_back(attachment_of(rows));
    }
    return list;
}

std::optional<Attachment> find_attachment(Connection& connection, std::string_view case_id, int n) {
    Cursor rows = connection.query(std::string(kAttachmentColumns) + "AND n = ?", {case_id, std::int64_t{n}});
    return rows.next() ? std::optional(attachment_of(rows)) : std::nullopt;
}

void put_attachment(Connection& connection, std::string_view case_id, const Attachment& item) {
    connection.execute("DELETE FROM flow_attachment WHERE case_id = ? AND n = ?", {case_id, std::int64_t{item.n}});
    connection.execute(
        "INSERT INTO flow_attachment (case_id, n, kind, content_type, size_bytes, width, height, title, taken, added_us, added_by, sha256, resource, "
        "key_image, signed_over, seconds, removed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        {case_id, std::int64_t{item.n}, item.kind, item.content_type, item.size_bytes, std::int64_t{item.width}, std::int64_t{item.height}, item.title,
         item.taken, to_us(item.added), item.added_by, item.sha256, item.resource, item.key_image, std::int64_t{item.signed_over}, std::int64_t{item.seconds}});
}

void remove_attachment(Connection& connection, std::string_view case_id, int n) {
    connection.execute("UPDATE flow_attachment SET removed = 1 WHERE case_id = ? AND n = ?", {case_id, std::int64_t{n}});
}

int next_attachment(Connection& connection, std::string_view case_id) {
    Cursor rows = connection.query("SELECT COALESCE(MAX(n), 0) + 1 FROM flow_attachment WHERE case_id = ?", {case_id});
    return rows.next() ? static_cast<int>(rows.integer(0)) : 1;
}

std::optional<Upload> find_upload(Connection& connection, std::string_view id) {
    Cursor rows =
        connection.query("SELECT case_id, person, request, size_bytes, offset_bytes, attachment, started_us FROM flow_upload WHERE upload_id = ?", {id});
    if (!rows.next()) {
        return std::nullopt;
    }
    return Upload{std::string(id), std::string(rows.text(0)),         rows.integer(1),         std::string(rows.text(2)), rows.integer(3),
                  rows.integer(4), static_cast<int>(rows.integer(5)), from_us(rows.integer(6))};
}

void put_upload(Connection& connection, const Upload& upload) {
    connection.execute(
        "INSERT INTO flow_upload (upload_id, case_id, person, request, size_bytes, offset_bytes, attachment, started_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (upload_id) DO UPDATE SET offset_bytes = excluded.offset_bytes, attachment = excluded.attachment",
        {upload.id, upload.case_id, upload.person, upload.request, upload.size_bytes, upload.offset_bytes, std::int64_t{upload.attachment},
         to_us(upload.started)});
}

void remove_upload(Connection& connection, std::string_view id) { connection.execute("DELETE FROM flow_upload WHERE upload_id = ?", {id}); }

std::vector<std::string> stale_uploads(Connection& connection, Instant before) {
    std::vector<std::string> list;
    Cursor rows = connection.query("SELECT upload_id FROM flow_upload WHERE started_us < ?", {to_us(before)});
    while (rows.next()) {
        list.emplace_back(rows.text(0));
    }
    return list;
}

int count_uploads(Connection& connection, std::string_view case_id) {
    Cursor rows = connection.query("SELECT COUNT(*) FROM flow_upload WHERE case_id = ? AND attachment = 0", {case_id});
    return rows.next() ? static_cast<int>(rows.integer(0)) : 0;
}

std::optional<Draft> find_draft(Connection& connection, std::string_view case_id, std::int64_t person, std::string_view name, std::int64_t version) {
    Cursor rows = connection.query(
        "SELECT version, saved_us, body FROM flow_draft WHERE case_id = ? AND person = ? AND name = ? AND (? = 0 OR version = ?) "
        "ORDER BY version DESC LIMIT 1",
        {case_id, person, name, version, version});
    return rows.next() ? std::optional(draft_of(rows)) : std::nullopt;
}

std::vector<std::pair<std::string, Draft>> drafts_of(Connection& connection, std::string_view case_id, std::int64_t person) {
    std::vector<std::pair<std::string, Draft>> list;
    Cursor rows = connection.query(
        "SELECT version, saved_us, body, name FROM flow_draft d WHERE case_id = ? AND person = ? AND version = "
        "(SELECT MAX(version) FROM flow_draft e WHERE e.case_id = d.case_id AND e.person = d.person AND e.name = d.name) ORDER BY name",
        {case_id, person});
    while (rows.next()) {
        list.emplace_back(std::string(rows.text(3)), draft_of(rows));
    }
    return list;
}

void put_draft(Connection& connection, std::string_view case_id, std::int64_t person, std::string_view name, const Draft& draft) {
    connection.execute("INSERT INTO flow_draft (case_id, person, name, version, saved_us, body) VALUES (?, ?, ?, ?, ?, ?)",
                       {case_id, person, name, draft.version, to_us(draft.saved), draft.body});
    connection.execute("DELETE FROM flow_draft WHERE case_id = ? AND person = ? AND name = ? AND version <= ?",
                       {case_id, person, name, draft.version - kDraftsKept});
}

void remove_drafts(Connection& connection, std::string_view case_id, std::int64_t person, std::string_view name) {
    connection.execute("DELETE FROM flow_draft WHERE case_id = ? AND person = ? AND name = ?", {case_id, person, name});
}

}  // namespace qiao::flow::store
