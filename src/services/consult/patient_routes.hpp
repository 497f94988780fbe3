#pragma once

#include "access/looks.hpp"
#include "access/patient_request.hpp"
#include "services/consult/consult.hpp"
#include "services/consult/routes.hpp"

/// What patients and those who act for them read of their consultations and record: `/patient/{patient}/…` (docs/patients.md).
/// Called once at start; the handlers run on the worker pool.
namespace qiao::consult {

/// What the routes stand on.
struct PatientDesk {
    flow::Engine& engine;
    Consult& consult;
    access::PatientAccounts& accounts;
    access::PatientRequests& requests;
    access::Looks& looks;
    record::CallerOf staff;  ///< who prints for a patient without a phone
};

void add_patient_routes(http::Router& router, const PatientDesk& desk, PrintOptions print);

}  // namespace qiao::consult
