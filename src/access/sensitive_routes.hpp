#pragma once

#include "access/break_glass.hpp"
#include "access/sensitive_label.hpp"
#include "access/session.hpp"
#include "http/router.hpp"

/// `/access/break-glass`, `/access/patients/{id}/rights` and `…/labels`: why somebody sees a patient, and the ways around and
/// above that. Called once at start.
namespace qiao::access {

struct Sensitive {
    Sensitive(storage::Database& database, storage::Writer& writer, record::Record& record_in, Grants& grants_in, const Directory& directory_in, Audit& audit,
              SecurityNotices& notices, const Clock& clock)
        : record(record_in),
          grants(grants_in),
          directory(directory_in),
          glass(database, writer, record, grants, directory, audit, notices, clock),
          labels(database, record, grants, directory, clock) {}

    record::Record& record;
    Grants& grants;
    const Directory& directory;
    BreakGlass glass;
    SensitiveLabels labels;
};

void add_sensitive_routes(http::Router& router, Sessions& sessions, Sensitive& sensitive);

}  // namespace qiao::access
