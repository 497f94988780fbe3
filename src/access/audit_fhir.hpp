#pragma once

#include "access/audit_log.hpp"
#include "access/organisation.hpp"
#include "record/record.hpp"

#include <string>

/// Rows of the audit as FHIR R4 AuditEvent in the shape of IHE BALP (Basic Audit Log Patterns 1.1.3): rendered when read,
/// never stored. Any thread.
namespace qiao::access {

/// @param reader  with a system filter: finds references by number   @param id  "<chain>-<row>"
std::string audit_event_json(const AuditRow& row, record::Reader& reader, const Directory& directory);

}  // namespace qiao::access
