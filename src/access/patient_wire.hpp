#pragma once

#include "access/patient_request.hpp"
#include "base/json.hpp"

/// How a patient's request stands in an answer, for both sides. Any thread.
namespace qiao::access::wire {

/// Members of one object; nothing about the officer.
void write_request(JsonWriter& json, const PatientRequest& request, Instant now);
/// The id of a request or an account in a path. Error(not_found, "patient.no_request").
std::int64_t request_number(std::string_view text);

}  // namespace qiao::access::wire
