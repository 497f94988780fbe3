#pragma once

#include "base/json_value.hpp"
#include "imaging/rows.hpp"

#include <string>
#include <string_view>

/// Whether images are a patient's: pure comparisons of what the images say with what the record says. Any thread.
namespace qiao::imaging {

/// What is different; all false = the identities agree. Something missing on either side does not agree.
struct IdentityDifference {
    bool name = false;
    bool birth_date = false;
    bool sex = false;
    [[nodiscard]] bool none() const { return !name && !birth_date && !sex; }
};

/// @param patient  a FHIR Patient. Names agree when one group of the DICOM name has the letters of one of the patient's
/// names, in either order of family and given name, or those of its pinyin.
IdentityDifference compare_identity(const Study& study, const json::Value& patient);

/// "19700203" as "1970-02-03"; empty when it is no date.
std::string fhir_date(std::string_view dicom_date);
/// "M" as "male"; empty when unknown.
std::string fhir_gender(std::string_view dicom_sex);

/// The FHIR ImagingStudy of a study.
json::Value study_resource_of(const Study& study, const std::vector<Series>& series, std::string_view patient_ref);

}  // namespace qiao::imaging
