#pragma once

#include "services/consult/documents.hpp"
#include "services/consult/patient_view.hpp"

#include <string>
#include <vector>

/// What a patient takes along: the record as one FHIR Bundle, the opinions as PDF, and a list of the files with their SHA-256.
/// Any thread.
namespace qiao::consult {

struct ExportFile {
    std::string name;
    std::string content_type;
    std::string bytes;
};

/// `record.json` (Bundle, type collection) and `opinion-<number>.pdf` of each signed opinion: what the patient is shown, nothing
/// else. Error(too_large, "patient.export_too_large") over 10,000 resources.
std::vector<ExportFile> patient_export(const PatientEyes& eyes, const Printed& printed);

/// The files in one zip. Error(internal, "patient.zip").
std::string zipped(const std::vector<ExportFile>& files, Instant now);

}  // namespace qiao::consult
