#include "record/store/sort_date.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace qiao::record {
namespace {

/// The first choice of each type's sort date in the definitions. A resource without it may carry another date as `d`, but
/// then it has no value of this parameter either.
constexpr std::array<std::pair<TypeId, std::string_view>, 17> kSortDates = {{{TypeId::Observation, "date"},
                                                                             {TypeId::Encounter, "date"},
                                                                             {TypeId::DiagnosticReport, "date"},
                                                                             {TypeId::Procedure, "date"},
                                                                             {TypeId::Immunization, "date"},
                                                                             {TypeId::DocumentReference, "date"},
                                                                             {TypeId::Composition, "date"},
                                                                             {TypeId::MedicationRequest, "authoredon"},
                                                                             {TypeId::ServiceRequest, "authored"},
                                                                             {TypeId::Task, "authored-on"},
                                                                             {TypeId::ImagingStudy, "started"},
                                                                             {TypeId::AuditEvent, "date"},
                                                                             {TypeId::Communication, "sent"},
                                                                             {TypeId::QuestionnaireResponse, "authored"},
                                                                             {TypeId::Condition, "recorded-date"},
                                                                             {TypeId::AllergyIntolerance, "date"},
                                                                             {TypeId::Appointment, "date"}}};

}  // namespace

ParamId sort_date_param(TypeId type) {
    const auto* found = std::find_if(kSortDates.begin(), kSortDates.end(), [&](const auto& entry) { return entry.first == type; });
    if (found == kSortDates.end()) return ParamId::none;
    const TypeParameter* how = find_parameter(type, found->second);
    return how == nullptr ? ParamId::none : how->id;
}

}  // namespace qiao::record
