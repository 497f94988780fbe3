#include "access/audit_columns.hpp"
#include "access/audit_log.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

namespace qiao::access {
namespace {

AuditRow row_of(const storage::Cursor& rows) {
    AuditRow row;
    row.seq = rows.integer(0);
    row.event = audit_event_of(rows);
    row.hash = rows.text(17);
    return row;
}

/// The index that leads to the fewest rows decides; the other conditions are looked at row by row.
std::string sql_of(const AuditQuery& query) {
    const std::string columns = "SELECT " + std::string(kAuditColumns) + ", a.hash";
    if (query.patient != 0) {
        return columns +
               " FROM access_audit_patient p CROSS JOIN access_audit a ON a.chain = 1 AND a.seq = p.seq WHERE p.patient = ? AND p.recorded_us >= ?"
               " AND (p.recorded_us, p.seq) < (?, ?) ORDER BY p.recorded_us DESC, p.seq DESC LIMIT ?";
    }
    const std::string_view table = !query.case_id.empty() ? "access_audit_by_case WHERE a.case_id = ? AND a.case_id <> ''"
                                   : query.person != 0    ? "access_audit_by_person WHERE a.person = ?"
                                                          : "access_audit_by_time WHERE a.chain = ?";
    return columns + " FROM access_audit a INDEXED BY " + std::string(table) +
           " AND a.recorded_us >= ? AND (a.recorded_us, a.seq) < (?, ?) ORDER BY a.recorded_us DESC, a.seq DESC LIMIT ?";
}

bool fits(const AuditQuery& query, const AuditRow& row) {
    const AuditEvent& event = row.event;
    const auto same = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
    return (query.person == 0 || query.person == event.person) && (query.organisation == 0 || query.organisation == event.organisation) &&
           same(query.type, event.type) && same(query.action, event.action) && same(query.outcome, event.outcome) && same(query.case_id, event.case_id) &&
           same(query.source, event.source) && (!query.also || query.also(row));
}

class AnswersFor {
public:
    AnswersFor(storage::Connection& connection, const std::vector<std::int64_t>& organisations)
        : connection_(connection), own_(organisations.begin(), organisations.end()) {}

    bool operator()(const AuditEvent& event) {
        if (own_.empty()) return true;
        const auto patients = patients_of(event);
        if (patients.empty()) return false;
        if (own_.contains(event.organisation)) return true;
        return std::any_of(patients.begin(), patients.end(), [&](std::int64_t one) { return cares_for(one); });
    }

private:
    bool cares_for(std::int64_t patient) {
        const auto [known, fresh] = known_.try_emplace(patient, false);
        if (fresh) {
            auto rows = connection_.query("SELECT organisation FROM access_care_relation WHERE patient = ?", {patient});
            while (rows.next()) known->second = known->second || own_.contains(rows.integer(0));
        }
        return known->second;
    }

    storage::Connection& connection_;
    std::set<std::int64_t> own_;
    std::map<std::int64_t, bool> known_;
};

}  // namespace

std::string AuditPlace::text() const { return std::to_string(recorded_us) + "." + std::to_string(seq); }

std::optional<AuditPlace> AuditPlace::parse(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    AuditPlace place;
    const auto read = [](std::string_view part, std::int64_t& number) {
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        return error == std::errc() && end == part.data() + part.size();
    };
    if (!read(text.substr(0, dot), place.recorded_us) || !read(text.substr(dot + 1), place.seq)) return std::nullopt;
    return place;
}

AuditPage search_audit(storage::Database& database, const AuditQuery& query, std::optional<AuditPlace> before, std::size_t limit) {
    AuditPage page;
    AuditPlace place{query.until == Instant::max() ? std::numeric_limits<std::int64_t>::max() : to_us(query.until), 0};
    if (before && before->recorded_us < place.recorded_us) place = *before;
    const storage::Value driver = query.patient != 0       ? storage::Value(query.patient)
                                  : !query.case_id.empty() ? storage::Value(std::string_view(query.case_id))
                                  : query.person != 0      ? storage::Value(query.person)
                                                           : storage::Value(std::int64_t{1});
    auto snapshot = database.read();
    auto rows = snapshot->connection().query(sql_of(query), {driver, to_us(query.from), place.recorded_us, place.seq, kSearched_rows});
    AnswersFor answers_for(snapshot->connection(), query.answers_for);
    std::int64_t looked_at = 0;
    while (page.rows.size() < limit && rows.next()) {
        ++looked_at;
        AuditRow row = row_of(rows);
        place = {row.event.recorded_us, row.seq};
        if (fits(query, row) && answers_for(row.event)) page.rows.push_back(std::move(row));
    }
    page.searched_to = looked_at > 0 ? from_us(place.recorded_us) : query.from;
    if (looked_at == kSearched_rows || (page.rows.size() == limit && rows.next())) page.next = place;
    return page;
}

std::optional<AuditRow> audit_row(storage::Database& database, std::int64_t seq) {
    auto snapshot = database.read();
    auto rows =
        snapshot->connection().query("SELECT " + std::string(kAuditColumns) + ", a.hash" + " FROM access_audit a WHERE a.chain = 1 AND a.seq = ?", {seq});
    if (!rows.next()) return std::nullopt;
    return row_of(rows);
}

}  // namespace qiao::access
