#pragma once

#include "flow/study_port.hpp"
#include "imaging/study_resource.hpp"

/// Fulfils the port by which cases reach the image archive. Thread-safe.
namespace qiao::app {

class ArchiveStudies : public flow::StudyPort {
public:
    ArchiveStudies(imaging::Archive& archive, imaging::StudyResources& resources) : archive_(archive), resources_(resources) {}

    std::vector<flow::Study> of_patient(std::string_view patient) override;
    std::optional<flow::Study> find(std::string_view study_uid) override;
    std::vector<flow::Study> unmatched(std::int64_t organisation) override;
    std::string attach(record::Work& work, std::string_view study_uid, std::string_view patient) override;
    void detach(record::Work& work, std::string_view study_uid) override;

private:
    imaging::Archive& archive_;
    imaging::StudyResources& resources_;
};

}  // namespace qiao::app
