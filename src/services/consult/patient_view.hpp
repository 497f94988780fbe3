#pragma once

#include "flow/engine.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The patient's own view of the record, as compact JSON: cases in few words, signed opinions, consents, what was measured and
/// noted. Nothing unsigned, no draft, no staff message, no free text of the staff beside the opinion and the question. Any
/// thread.
namespace qiao::consult {

/// Who looks at whose record: everything is read through `filter`.
struct PatientEyes {
    const flow::Ground& ground;
    const record::ReadFilter& filter;
    std::string patient;  ///< "Patient/…"
};

/// Cases that were sent, newest first; none that is a draft, was entered in error, or is kept back while a relative consented
/// in the patient's place.
std::vector<flow::Case> shown_cases(const PatientEyes& eyes);
/// One of shown_cases(); Error(not_found, "flow.no_case").
flow::Case shown_case(const PatientEyes& eyes, std::string_view case_id);

json::Value patient_cases_view(const PatientEyes& eyes);
json::Value patient_case_view(const PatientEyes& eyes, const flow::Case& item);
/// Consents with their text, to whom, since when, whether they hold.
json::Value patient_consents_view(const PatientEyes& eyes);
/// Observations, allergies, drugs, studies.
json::Value patient_record_view(const PatientEyes& eyes);
/// What hangs on the patient's other cases, which are not `shown`: drafts, errors, and what is kept back.
std::set<std::string> kept_back(const PatientEyes& eyes, const std::vector<flow::Case>& shown, storage::Connection& connection);
/// What the patient asked for in a case was sent; nothing for a draft.
std::optional<Instant> sent_at(const std::vector<flow::MoveRow>& moves);

}  // namespace qiao::consult
