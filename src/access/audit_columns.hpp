#pragma once

#include "access/audit_journal.hpp"
#include "storage/database.hpp"

#include <string_view>

/// The columns of a row of the audit in one order, for every statement that reads them (as `access_audit a`). Any thread.
namespace qiao::access {

/// 17 columns: the row's number and its event.
inline constexpr std::string_view kAuditColumns =
    "a.seq, a.recorded_us, a.occurred_us, a.person, a.organisation, a.role, a.session8, a.action, a.outcome, a.purpose, a.patient, a.type, a.rid, a.ver, "
    "a.case_id, a.source, a.detail";

/// The event of a row that was read by kAuditColumns, which stand first.
inline AuditEvent audit_event_of(const storage::Cursor& rows) {
    AuditEvent event;
    event.recorded_us = rows.integer(1), event.occurred_us = rows.integer(2), event.person = rows.integer(3), event.organisation = rows.integer(4);
    event.role = rows.text(5), event.session8 = rows.text(6), event.action = rows.text(7), event.outcome = rows.text(8), event.purpose = rows.text(9);
    event.patient = rows.integer(10), event.type = rows.text(11), event.rid = rows.integer(12), event.version = rows.integer(13);
    event.case_id = rows.text(14), event.source = rows.text(15), event.detail = rows.text(16);
    return event;
}

}  // namespace qiao::access
