#pragma once

#include "imaging/archive.hpp"
#include "record/record.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Keeps the `ImagingStudy` of the record in step with the archive and ties studies to patients: by themselves where
/// issuer and id or the accession number match and name, sex and birth date agree, otherwise by a person's decision.
/// A study without a patient has no resource. Thread-safe.
namespace qiao::imaging {

class StudyResources : public StudySink {
public:
    /// Told after a study was attached, detached, or joined the unmatched ones: for live pages.
    using Listener = std::function<void(const Study&)>;

    StudyResources(Archive& archive, record::Record& record, Listener listener = {});
    ~StudyResources() override;

    void study_stable(const Study& study) override;
    /// Goes through the unmatched studies again, in the background: after a request with an accession number or a patient
    /// with an identifier was committed, and at start.
    void match_again() { archive_.offer_unmatched(); }

    /// Makes the study the patient's inside `work`; returns "ImagingStudy/…". Error(not_found, "imaging.no_study"),
    /// Error(conflict, "imaging.already_attached") when it is another patient's or is being attached.
    std::string attach(record::Work& work, std::string_view study_uid, std::string_view patient_ref);
    /// Makes it nobody's again inside `work`; it is never matched by itself after that.
    void detach(record::Work& work, std::string_view study_uid);

private:
    struct Claims;
    void update(const Study& study);
    bool link_existing(const Study& study);
    /// The one patient that the images name and whose identity agrees; empty when there is none or more than one.
    std::string find_patient(const Study& study);
    void tell(std::string_view study_uid);

    Archive& archive_;
    record::Record& record_;
    const Listener listener_;
    std::shared_ptr<Claims> claims_;
};

}  // namespace qiao::imaging
