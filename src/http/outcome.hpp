#pragma once

#include "http/message.hpp"

#include <span>
#include <string_view>

/// Errors as HTTP answers with a FHIR OperationOutcome; the one table from Error code and kind to status and issue type.
namespace qiao::http {

struct ErrorStatus {
    int status;
    std::string_view issue_code;  ///< http://hl7.org/fhir/R4/valueset-issue-type.html
};

/// By code first, then by kind.
ErrorStatus status_of(const Error& error);
/// 503 carries Retry-After. `details.coding` = {system "urn:qiao:error", code}; internal errors say nothing of themselves.
Response outcome(const Error& error);

/// For a `catch (...)` at a boundary: the answer to the exception in flight. Logs what is our own fault.
Response outcome_of_current_exception(std::string_view route);

/// The rows by code, for the test that each has a legal issue type and a status that fits its kind.
struct CodeStatus {
    std::string_view code;
    ErrorStatus status;
};
std::span<const CodeStatus> refined_codes();

}  // namespace qiao::http
