#pragma once

#include "access/audit_log.hpp"
#include "access/organisation.hpp"
#include "record/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who looked at a patient, at what, and why: drawn from the audit, for the patient and the privacy officer. Any thread.
namespace qiao::access {

/// What one session did with one kind of thing of a patient, run together.
struct Look {
    Instant first{};
    Instant last{};
    std::int64_t person = 0;        ///< 0 = a program of another system, below 0 = a patient's account
    std::int64_t organisation = 0;  ///< 0 = a program of another system
    std::string role;
    std::string act;       ///< "look", "list" (was one of several in a list), "export", "print", "change", "refused"
    std::string category;  ///< "demographics", "request", "images", "opinion", "results", "medication", "consent", "documents", "audit" (who looked), "other"
    std::string why;       ///< "care", "case", "break_glass", "client", "own" (the patient, or who acts for them), "oversight" (privacy, audit), "unrecorded"
    std::string case_id;   ///< when a case was the reason, or the place
    std::string case_number;  ///< may be empty
    std::int64_t count = 0;   ///< of audit rows
    std::string session8;
};

struct LooksPage {
    std::vector<Look> looks;         ///< the last seen first
    std::optional<AuditPlace> next;  ///< nothing on the last page
};

struct LooksQuery {
    record::Rid patient = 0;
    Instant from{};
    Instant until = Instant::max();
    std::int64_t by_organisation = 0;  ///< only looks by this institution's people and those below it; 0 = by anybody
};

class Looks {
public:
    Looks(storage::Database& database, record::Record& record, Audit& audit, const Directory& directory);

    /// At most `limit` lines and some thousand audit rows a page: a session that goes on beyond a page has a line on each.
    /// What was seen up to now is in it. What the system does by itself is no look.
    [[nodiscard]] LooksPage of(const LooksQuery& query, std::optional<AuditPlace> before, std::size_t limit);
    /// Whether the patient is, or was, in care of `organisation` or one below it.
    [[nodiscard]] bool in_care(record::Rid patient, std::int64_t organisation);

private:
    storage::Database& database_;
    record::Record& record_;
    Audit& audit_;
    const Directory& directory_;
};

/// The part of a record to which a resource of this type belongs: Look::category.
std::string_view category_of(std::string_view type);

}  // namespace qiao::access
