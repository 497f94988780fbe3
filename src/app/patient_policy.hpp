#pragma once

#include "access/patient_account.hpp"
#include "app/options.hpp"

/// `patient.toml` of the country pack: how long patients wait for answers, until when somebody acts for another, and the words
/// of the SMS. Called at start.
namespace qiao::app {

/// Error(invalid, "app.bad_pack") for a row that is not understood.
access::PatientPolicy patient_policy(const Options& options);

}  // namespace qiao::app
