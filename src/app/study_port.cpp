#include "app/study_port.hpp"

#include "imaging/study_match.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::app {
namespace {

/// "20260102" and "101500" as a FHIR dateTime; the day alone where there is no time. DICOM times carry no zone here, so the
/// time of day is not turned into an instant.
std::string started(const imaging::Study& study) { return imaging::fhir_date(study.date); }

std::string first_modality(std::string modalities) {
    std::replace(modalities.begin(), modalities.end(), '\\', ' ');
    return modalities;
}

flow::Study study_of(const imaging::Study& study) {
    flow::Study made;
    made.study_uid = study.uid;
    made.resource = study.resource;
    made.modality = first_modality(study.modalities);
    made.description = study.description;
    made.started = started(study);
    made.received = format_instant(study.received);
    made.station = study.station;
    made.accession = study.accession;
    made.organisation = study.organisation;
    made.instances = study.instances;
    made.note = study.note;
    made.identity = {study.name, study.patient_id, imaging::fhir_date(study.birth), imaging::fhir_gender(study.sex)};
    return made;
}

std::vector<flow::Study> studies_of(const std::vector<imaging::Study>& studies) {
    std::vector<flow::Study> made;
    for (const imaging::Study& study : studies) made.push_back(study_of(study));
    return made;
}

}  // namespace

std::vector<flow::Study> ArchiveStudies::of_patient(std::string_view patient) { return studies_of(archive_.store().studies_of_patient(patient)); }

std::optional<flow::Study> ArchiveStudies::find(std::string_view study_uid) {
    const auto study = archive_.store().study(study_uid);
    if (!study) return std::nullopt;
    return study_of(*study);
}

std::vector<flow::Study> ArchiveStudies::unmatched(std::int64_t organisation) { return studies_of(archive_.store().unmatched(organisation)); }

std::string ArchiveStudies::attach(record::Work& work, std::string_view study_uid, std::string_view patient) { return resources_.attach(work, study_uid, patient); }

void ArchiveStudies::detach(record::Work& work, std::string_view study_uid) { resources_.detach(work, study_uid); }

}  // namespace qiao::app
