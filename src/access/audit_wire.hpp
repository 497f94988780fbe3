#pragma once

#include "access/audit_log.hpp"
#include "access/organisation.hpp"
#include "base/json.hpp"
#include "base/json_value.hpp"
#include "record/record.hpp"

#include <map>
#include <string>

/// Rows of the audit as the page and the exports show them: references and codes, nothing clinical. For the routes; one thread.
namespace qiao::access {

/// What a row is shown with, looked up once a page.
class AuditNames {
public:
    AuditNames(record::Reader& reader, const Directory& directory) : reader_(reader), directory_(directory) {}
    void write(JsonWriter& json, const AuditRow& row);
    /// One line of CSV (RFC 4180) with its end; header() has the names.
    std::string csv(const AuditRow& row);
    static std::string header();

private:
    const std::string& reference_of(record::Rid rid);
    const std::string& number_of(const std::string& case_id);

    record::Reader& reader_;
    const Directory& directory_;
    std::map<record::Rid, std::string> references_;
    std::map<std::string, std::string> numbers_;
};

/// From the body of a search: {from, until, person, patient, organisation, action, outcome, case, source}. A person is a
/// login, a name or "Practitioner/…"; a patient "Patient/…", its id, or one of its numbers; a case its number.
/// Error(invalid) names the field: access.bad_time, access.audit_no_person, access.audit_no_patient, access.audit_no_case.
AuditQuery audit_query(const json::Value& body, record::Reader& reader, const Directory& directory);

/// The number of a case; empty when it is unknown.
std::string number_of_case(record::Reader& reader, const std::string& case_id);

}  // namespace qiao::access
