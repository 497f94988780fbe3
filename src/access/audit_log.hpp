#pragma once

#include "access/audit.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Reading the audit: rows of the chain by time, person, patient and case. Any thread; each call opens one snapshot.
namespace qiao::access {

struct AuditRow {
    std::int64_t seq = 0;
    AuditEvent event;
    std::string hash = {};  ///< 32 bytes
};

/// A place between two rows in the order of time, for paging.
struct AuditPlace {
    std::int64_t recorded_us = 0;
    std::int64_t seq = 0;
    [[nodiscard]] std::string text() const;  ///< "<us>.<seq>"
    static std::optional<AuditPlace> parse(std::string_view text);
};

/// Which rows; what is empty or 0 does not matter.
struct AuditQuery {
    Instant from{};
    Instant until = Instant::max();  ///< not included
    std::int64_t person = 0;
    std::int64_t organisation = 0;
    std::int64_t patient = 0;
    std::string type = {};
    std::string action = {};
    std::string outcome = {};
    std::string case_id = {};
    std::string source = {};
    /// Not empty: only rows about patients, and of those only what these institutions answer for: their own people's doings,
    /// and everybody's with a patient who is, or was, in their care.
    std::vector<std::int64_t> answers_for = {};
    std::function<bool(const AuditRow&)> also = {};  ///< a further condition; runs inside the snapshot, so it asks no database
};

struct AuditPage {
    std::vector<AuditRow> rows;      ///< the newest first
    std::optional<AuditPlace> next;  ///< nothing on the last page
    Instant searched_to{};           ///< how far back this page looked; with few rows in it, the search goes on from there
};

/// At most this many rows are looked at for one page, so that a rare find costs a bounded time.
inline constexpr std::int64_t kSearched_rows = 50'000;

AuditPage search_audit(storage::Database& database, const AuditQuery& query, std::optional<AuditPlace> before, std::size_t limit);
/// Row `seq` of the chain.
std::optional<AuditRow> audit_row(storage::Database& database, std::int64_t seq);

}  // namespace qiao::access
