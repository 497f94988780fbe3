#pragma once

#include "access/patient_request.hpp"
#include "services/consult/routes.hpp"

/// What patients and those who act for them read of their consultations and record: `/patient/{patient}/…` (docs/patients.md).
/// Called once at start; the handlers run on the worker pool.
namespace qiao::consult {

void add_patient_routes(http::Router& router, flow::Engine& engine, access::PatientAccounts& accounts, PrintOptions print);

}  // namespace qiao::consult
