#include "access/audit.hpp"
#include "storage/bulk.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace qiao::access {

Audit::Head stored_head(storage::Connection& connection) {
    auto rows = connection.query("SELECT seq, hash FROM access_audit WHERE chain = 1 ORDER BY seq DESC LIMIT 1");
    return rows.next() ? Audit::Head{rows.integer(0), std::string(rows.text(1))} : Audit::Head{};
}

/// The head is read from the table inside the transaction, so a group that is undone leaves none behind.
void Audit::chain(storage::Group& group, std::span<const AuditEvent> events) {
    if (events.empty()) return;
    auto& connection = group.connection();
    Head head = stored_head(connection);
    std::vector<std::array<std::int64_t, 3>> of_patients;
    for (const AuditEvent& event : events) {
        const std::int64_t seq = head.seq + 1;
        const std::string hash = audit_hash(seq, event, head.hash);
        connection.post(
            "INSERT INTO access_audit(chain, seq, recorded_us, occurred_us, person, organisation, role, session8, action, outcome, purpose, patient, type, "
            "rid, ver, case_id, source, detail, prev, hash) VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {seq, event.recorded_us, event.occurred_us, event.person, event.organisation, std::string_view(event.role), std::string_view(event.session8),
             std::string_view(event.action), std::string_view(event.outcome), std::string_view(event.purpose), event.patient, std::string_view(event.type),
             event.rid, event.version, std::string_view(event.case_id), std::string_view(event.source), std::string_view(event.detail),
             storage::Blob{head.hash}, storage::Blob{hash}});
        for (const std::int64_t patient : patients_of(event)) of_patients.push_back({patient, event.recorded_us, seq});
        head = {seq, hash};
    }
    // In the order of their keys: those of one search lie all over the table, those of many often side by side.
    std::sort(of_patients.begin(), of_patients.end());
    of_patients.erase(std::unique(of_patients.begin(), of_patients.end()), of_patients.end());
    std::vector<storage::Value> values;
    values.reserve(of_patients.size() * 3);
    for (const auto& row : of_patients) values.insert(values.end(), row.begin(), row.end());
    storage::insert_rows(connection, {"access_audit_patient", "patient, recorded_us, seq", 3}, values);
    group.on_commit([this, head] {
        const std::lock_guard lock(mutex_);
        committed_ = head;
    });
}

void Audit::load_positions() {
    const auto files = journal_.files();
    const std::int64_t current = journal_.current();
    {
        auto snapshot = database_.read();
        auto rows = snapshot->connection().query("SELECT file, position FROM access_audit_journal");
        while (rows.next()) {
            const std::int64_t file = rows.integer(0);
            if (file != current && std::binary_search(files.begin(), files.end(), file)) positions_[file] = static_cast<std::uint64_t>(rows.integer(1));
        }
    }
    {
        auto snapshot = database_.read();
        committed_ = stored_head(snapshot->connection());
    }
    // A number whose file is gone may be given again: its old position must not hide the new file's first events.
    writer_.submit({{}, [&](storage::Group& group) {
                        forget_position(group, current);
                        if (database_.shared()) return;  // the others are those of other nodes
                        group.connection().execute("DELETE FROM access_audit_journal");
                        for (const auto& [file, position] : positions_) store_position(group, file, position);
                    }});
}

void Audit::store_position(storage::Group& group, std::int64_t file, std::uint64_t position) {
    group.connection().execute("INSERT INTO access_audit_journal(file, position) VALUES(?, ?) ON CONFLICT(file) DO UPDATE SET position = excluded.position",
                               {file, static_cast<std::int64_t>(position)});
}

std::uint64_t Audit::stored_position(storage::Group& group, std::int64_t file) {
    auto rows = group.connection().query("SELECT position FROM access_audit_journal WHERE file = ?", {file});
    return rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

void Audit::forget_position(storage::Group& group, std::int64_t file) {
    group.connection().execute("DELETE FROM access_audit_journal WHERE file = ?", {file});
}

}  // namespace qiao::access
