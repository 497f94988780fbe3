#include "access/audit_check.hpp"
#include "base/json.hpp"
#include "base/json_value.hpp"

namespace qiao::access {

std::optional<AuditFinding> AuditCheck::load() {
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(
        "SELECT started_us, ended_us, person, rows, heads, head_seq, head_hash, defect_count, defects FROM access_audit_check ORDER BY id DESC LIMIT 1");
    if (!rows.next()) return std::nullopt;
    AuditFinding found{.started = from_us(rows.integer(0)),
                       .ended = from_us(rows.integer(1)),
                       .person = rows.integer(2),
                       .rows = rows.integer(3),
                       .heads = rows.integer(4),
                       .head = {rows.integer(5), std::string(rows.text(6))},
                       .defect_count = rows.integer(7)};
    if (const auto list = json::parse(rows.text(8))) {
        for (const auto& one : list->items()) {
            found.defects.push_back({static_cast<AuditDefect::Kind>(one["kind"].integer().value_or(0)), one["first"].integer().value_or(0),
                                     one["last"].integer().value_or(0), one["text"].text()});
        }
    }
    return found;
}

void AuditCheck::store(const AuditFinding& finding) {
    JsonWriter json;
    json.array([&] {
        for (const AuditDefect& one : finding.defects) {
            json.object([&] {
                json.field("kind", static_cast<std::int64_t>(one.kind));
                json.field("first", one.seq);
                json.field("last", one.last_seq);
                json.field("text", one.text);
            });
        }
    });
    const std::string defects = json.take();
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute(
                            "INSERT INTO access_audit_check(started_us, ended_us, person, rows, heads, head_seq, head_hash, defect_count, defects) "
                            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            {to_us(finding.started), to_us(finding.ended), finding.person, finding.rows, finding.heads, finding.head.seq,
                             storage::Blob{finding.head.hash}, finding.defect_count, std::string_view(defects)});
                    }});
}

}  // namespace qiao::access
