#pragma once

#include "record/record.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What `flow` needs of the image archive; wiring connects it to `imaging`, which depends on no case. Thread-safe.
namespace qiao::flow {

struct StudyIdentity {
    std::string name;
    std::string id;
    std::string birth_date;  ///< "2022-03-01" or empty
    std::string sex;         ///< FHIR administrative-gender or empty
};

struct Study {
    std::string study_uid;
    std::string resource;  ///< "ImagingStudy/…", empty while it is nobody's
    std::string modality;
    std::string description;
    std::string started;   ///< FHIR dateTime or empty
    std::string received;  ///< FHIR instant
    std::string station;
    std::string accession;
    std::int64_t organisation = 0;  ///< that sent it
    std::int64_t instances = 0;
    std::string quality = "lossless";  ///< lossless or preview, as it was sent
    std::string note;                  ///< to be shown in every view, e.g. "demo: side not verified"
    StudyIdentity identity;            ///< as the images say it
};

class StudyPort {
public:
    virtual ~StudyPort() = default;
    /// Studies that are attached to a patient ("Patient/…").
    virtual std::vector<Study> of_patient(std::string_view patient) = 0;
    virtual std::optional<Study> find(std::string_view study_uid) = 0;
    /// Those that this institution sent and that no patient has.
    virtual std::vector<Study> unmatched(std::int64_t organisation) = 0;
    /// Makes the study the patient's, inside `work` where it can; returns "ImagingStudy/…".
    virtual std::string attach(record::Work& work, std::string_view study_uid, std::string_view patient) = 0;
    /// Makes it nobody's again.
    virtual void detach(record::Work& work, std::string_view study_uid) = 0;
};

/// An archive without studies.
class NoStudies : public StudyPort {
public:
    std::vector<Study> of_patient(std::string_view) override { return {}; }
    std::optional<Study> find(std::string_view) override { return std::nullopt; }
    std::vector<Study> unmatched(std::int64_t) override { return {}; }
    std::string attach(record::Work&, std::string_view, std::string_view) override { return {}; }
    void detach(record::Work&, std::string_view) override {}
};

}  // namespace qiao::flow
