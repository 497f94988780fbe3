#pragma once

#include "access/audit_check.hpp"
#include "access/looks.hpp"
#include "access/session.hpp"
#include "base/json.hpp"
#include "http/router.hpp"

/// The HTTP face of the audit. Called once at start; the handlers run on the worker pool.
namespace qiao::access {

/// What the routes stand on.
struct AuditDesk {
    storage::Database& database;
    record::Record& record;
    Audit& audit;
    Sessions& sessions;
    Looks& looks;
    AuditCheck& check;
    std::string folder;  ///< of `audit-heads.log`
};

/// `/access/audit` and `/fhir/AuditEvent`: searching, exporting and checking the chain, for audit administrators; privacy
/// officers search what they answer for.
void add_audit_routes(http::Router& router, AuditDesk desk);

/// `GET /access/looks`: who looked at a patient, for privacy officers.
void add_looks_routes(http::Router& router, AuditDesk desk);

/// One line as `GET /access/looks` writes it. @param names  whether people are named: only for the privacy officer
void write_look(JsonWriter& json, const Directory& directory, const Look& look, bool names);

}  // namespace qiao::access
