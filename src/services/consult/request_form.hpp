#pragma once

#include "flow/move.hpp"

#include <string>
#include <vector>

/// The form with which a consultation is asked for: its checks, and the resources that it becomes in the record. Called
/// by the verbs; one thread a move.
namespace qiao::consult {

/// What is wrong with the values of the form (docs/case-api.md part 3); that fields are there was checked before.
/// @param emergency  the consent may follow and only the question, vitals and the number to call back are asked for
void check_form(const flow::Move& move, const json::Value& patient, flow::FieldCheck& check, bool emergency);

/// The QuestionnaireResponse of the form. @return "QuestionnaireResponse/…"
std::string create_form(flow::Move& move, const json::Value& form);
/// The form as it was last signed; null before.
json::Value form_of(flow::Move& move);
/// Vitals, allergies, drugs, pregnancy and weight as resources of their own: "none" and "not asked" are said, never left out.
void extract_findings(flow::Move& move, const json::Value& form);
/// Those of a form that is replaced were written in error: what was measured stands once in the record.
void retire_findings(flow::Move& move);

}  // namespace qiao::consult
