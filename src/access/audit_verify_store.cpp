#include "access/audit.hpp"
#include "access/audit_columns.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace qiao::access {
namespace {

constexpr std::size_t kWrong = 1000;  // beyond that, the pairs are not compared
constexpr std::int64_t kStretch_rows = 50'000;

struct Row {
    std::int64_t seq = 0;
    AuditEvent event;
    std::string prev;
    std::string hash;
};

const std::string kRows =
    "SELECT " + std::string(kAuditColumns) + ", a.prev, a.hash FROM access_audit a WHERE a.chain = 1 AND a.seq >= ? ORDER BY a.seq LIMIT ?";

Row read_row(const storage::Cursor& rows) {
    Row row;
    row.seq = rows.integer(0);
    row.event = audit_event_of(rows);
    row.prev = rows.text(17);
    row.hash = rows.text(18);
    return row;
}

/// The heads of the data folder and, when one is named, of the file that was kept elsewhere.
std::vector<HeadsFile> heads_of(const std::string& folder, const std::string& outside, AuditReport& report) {
    std::vector<HeadsFile> all;
    const std::string own_key_file = folder + "/" + std::string(kHeadKeyName);
    const std::string own_key(::access(own_key_file.c_str(), F_OK) == 0 ? trim(storage::read_file(own_key_file)) : "");
    if (::access((folder + "/" + std::string(kHeadsName)).c_str(), F_OK) == 0) {
        all.push_back(read_heads(folder + "/" + std::string(kHeadsName), own_key));
        report.heads = all.back().lines;
    }
    if (!outside.empty()) {
        const std::string key_file = (std::filesystem::path(outside).parent_path() / kHeadKeyName).string();
        const std::string key(::access(key_file.c_str(), F_OK) == 0 ? trim(storage::read_file(key_file)) : own_key);
        if (key != own_key) {
            report.defects.push_back({AuditDefect::Kind::key_differs, 0, 0, "the key of the heads is not the one that stands beside the heads outside"});
        }
        all.push_back(read_heads(outside, key));
        HeadsFile& kept = all.back();
        kept.name += " outside";
        report.heads_outside = kept.lines;
        report.last_outside_time = kept.last_time;
        if (!kept.hash_of.empty()) report.last_outside = kept.hash_of.rbegin()->first;
        else report.defects.push_back({AuditDefect::Kind::head_forged, 0, 0, "no line of " + kept.name + " has a valid signature: it vouches for nothing"});
    }
    for (const HeadsFile& file : all) {
        for (const std::int64_t line : file.forged) {
            report.defects.push_back({AuditDefect::Kind::head_forged, 0, 0, "line " + std::to_string(line) + " of " + file.name + " has no valid signature"});
        }
    }
    return all;
}

std::string rows_text(std::int64_t first, std::int64_t last) {
    return first == last ? "row " + std::to_string(first) : "rows " + std::to_string(first) + " to " + std::to_string(last);
}

/// Of the rows whose hash is wrong: two that only changed places are named so.
void name_reordered(const std::vector<Row>& wrong, AuditReport& report) {
    std::vector<bool> named(wrong.size(), false);
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        for (std::size_t j = 0; !named[i] && j < wrong.size(); ++j) {
            if (i == j || audit_hash(wrong[j].seq, wrong[i].event, wrong[j].prev) != wrong[j].hash) {
                if (i == j || audit_hash(wrong[j].seq, wrong[i].event, wrong[i].prev) != wrong[i].hash) continue;
            }
            named[i] = true;
            report.defects.push_back({AuditDefect::Kind::reordered, wrong[i].seq, wrong[i].seq,
                                      "row " + std::to_string(wrong[i].seq) + " holds what belongs to row " + std::to_string(wrong[j].seq)});
        }
        if (!named[i]) {
            report.defects.push_back({AuditDefect::Kind::altered, wrong[i].seq, wrong[i].seq, "row " + std::to_string(wrong[i].seq) + " was altered"});
        }
    }
}

/// The fields of a row as canonical_fields() writes them, straight from the columns: the bulk of the work is here.
void append_fields(std::string& out, const storage::Cursor& rows) {
    const auto put = [&out](std::uint64_t value, int bytes) {
        char text[8];
        for (int i = 0; i < bytes; ++i) text[i] = static_cast<char>((value >> (8 * i)) & 0xFFU);
        out.append(text, static_cast<std::size_t>(bytes));
    };
    for (int column = 1; column <= 16; ++column) {
        const bool is_number = column <= 4 || column == 10 || column == 12 || column == 13;
        if (is_number) {
            put(static_cast<std::uint64_t>(rows.integer(column)), 8);
        } else {
            const std::string_view text = rows.text(column);
            put(text.size(), 4);
            out += text;
        }
    }
}

class ChainCheck {
public:
    ChainCheck(const std::vector<HeadsFile>& heads, std::int64_t from_seq, AuditReport& report)
        : heads_(heads), from_seq_(from_seq), last_seq_(from_seq - 1), report_(report) {}

    [[nodiscard]] std::int64_t next_seq() const { return last_seq_ + 1; }

    void take(const storage::Cursor& rows) {
        const std::int64_t seq = rows.integer(0);
        const std::string_view prev = rows.text(17);
        const std::string_view hash = rows.text(18);
        ++report_.rows;
        const bool first_of_part = report_.rows == 1 && from_seq_ > 1;
        if (seq != last_seq_ + 1) {
            report_.defects.push_back({AuditDefect::Kind::missing, last_seq_ + 1, seq - 1, rows_text(last_seq_ + 1, seq - 1) + " are missing"});
        } else if (!first_of_part && prev != last_hash_) {
            report_.defects.push_back({AuditDefect::Kind::altered, seq, seq, "row " + std::to_string(seq) + " does not follow the one before it"});
        }
        if (hash_of(rows, seq, prev) != hash && wrong_.size() < kWrong) wrong_.push_back(read_row(rows));
        for (const HeadsFile& file : heads_) {
            const auto head = file.hash_of.find(seq);
            if (head == file.hash_of.end() || head->second == to_hex(hash)) continue;
            report_.defects.push_back({AuditDefect::Kind::head_differs, seq, seq, "row " + std::to_string(seq) + " is not the one in " + file.name});
        }
        last_seq_ = seq;
        last_hash_ = hash;
    }

    void finish() {
        report_.head = {last_seq_, last_hash_};
        name_reordered(wrong_, report_);
        std::int64_t known = 0;
        for (const HeadsFile& file : heads_) known = std::max(known, file.hash_of.empty() ? 0 : file.hash_of.rbegin()->first);
        if (known > last_seq_) {
            report_.defects.push_back({AuditDefect::Kind::cut_off, last_seq_ + 1, known, rows_text(last_seq_ + 1, known) + " at the end are missing"});
        }
    }

private:
    std::string hash_of(const storage::Cursor& rows, std::int64_t seq, std::string_view prev) {
        bytes_ = "qiao-audit-1\n1\n";
        bytes_ += std::to_string(seq);
        bytes_ += '\n';
        append_fields(bytes_, rows);
        bytes_ += prev;
        digest_.restart();
        digest_.update(bytes_);
        return digest_.finish();
    }

    const std::vector<HeadsFile>& heads_;
    const std::int64_t from_seq_;
    std::int64_t last_seq_;
    std::string last_hash_;
    std::vector<Row> wrong_;
    std::string bytes_;
    Sha256 digest_;
    AuditReport& report_;
};

}  // namespace

AuditReport verify_audit(storage::Database& database, const std::string& folder, std::int64_t from_seq,
                         const std::function<bool(std::int64_t rows)>& progress, const std::string& outside) {
    if (sodium_init() < 0) throw Error(ErrorKind::internal, "access.sodium", "libsodium does not start");
    AuditReport report;
    const auto heads = heads_of(folder, outside, report);
    ChainCheck check(heads, from_seq, report);
    for (bool more = true; more;) {
        // A new snapshot each stretch: what is chained does not change, and a long one would stop checkpoints.
        auto snapshot = database.read();
        auto rows = snapshot->connection().query(kRows, {check.next_seq(), kStretch_rows});
        more = false;
        while (rows.next()) {
            check.take(rows);
            more = true;
        }
        if (more && progress && !progress(report.rows)) return report;
    }
    check.finish();
    return report;
}

}  // namespace qiao::access
