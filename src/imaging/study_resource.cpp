#include "imaging/study_resource.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "imaging/study_match.hpp"
#include "record/search/values.hpp"

namespace qiao::imaging {
namespace {

record::ReadFilter everything() { return record::ReadFilter::system("imaging: matching and upkeep of ImagingStudy"); }

std::string token(std::string_view system, std::string_view value) {
    return "identifier=" + percent_encode(record::escape(system) + "|" + record::escape(value));
}

std::string_view id_of(std::string_view reference) { return reference.substr(reference.find('/') + 1); }

}  // namespace

/// Studies that a work in progress is attaching or detaching.
struct StudyResources::Claims {
    std::mutex mutex;
    std::set<std::string, std::less<>> studies;

    /// Held by the callbacks of a Work, so that it ends with the work, committed or not.
    class Claim {
    public:
        Claim(std::shared_ptr<Claims> claims, std::string study) : claims_(std::move(claims)), study_(std::move(study)) {}
        ~Claim() { end(); }
        /// Earlier than with its work, which may outlive its commit.
        void end() {
            const std::lock_guard lock(claims_->mutex);
            if (!study_.empty()) claims_->studies.erase(study_);
            study_.clear();
        }
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;

    private:
        std::shared_ptr<Claims> claims_;
        std::string study_;
    };

    static std::shared_ptr<Claim> take(const std::shared_ptr<Claims>& claims, std::string_view study) {
        const std::lock_guard lock(claims->mutex);
        if (!claims->studies.emplace(study).second) throw Error(ErrorKind::conflict, "imaging.already_attached", "the study is being attached");
        return std::make_shared<Claim>(claims, std::string(study));
    }
};

StudyResources::StudyResources(Archive& archive, record::Record& record, Listener listener)
    : archive_(archive), record_(record), listener_(std::move(listener)), claims_(std::make_shared<Claims>()) {}

StudyResources::~StudyResources() = default;

void StudyResources::tell(std::string_view study_uid) {
    if (!listener_) return;
    if (const auto study = archive_.store().study(study_uid)) listener_(*study);
}

std::string StudyResources::attach(record::Work& work, std::string_view study_uid, std::string_view patient_ref) {
    auto claim = Claims::take(claims_, study_uid);
    const auto study = archive_.store().study(study_uid);
    if (!study) throw Error(ErrorKind::not_found, "imaging.no_study", "no such study");
    if (study->rid != 0) {
        if (study->patient_ref == patient_ref) return study->resource;
        throw Error(ErrorKind::conflict, "imaging.already_attached", "the study belongs to another patient");
    }
    const auto reference = work.create(study_resource_of(*study, archive_.store().series_of(study->id), patient_ref));
    const auto rid = std::make_shared<record::Rid>(0);
    work.also([rid, reference](storage::Group&, const record::Work::RidOf& rid_of) { *rid = rid_of(reference); });
    work.after_commit([this, claim, rid, reference, uid = study->uid, patient = std::string(patient_ref)](const record::Commit&) {
        archive_.store().link(uid, *rid, reference, patient);
        claim->end();
        tell(uid);
    });
    return reference;
}

void StudyResources::detach(record::Work& work, std::string_view study_uid) {
    auto claim = Claims::take(claims_, study_uid);
    const auto study = archive_.store().study(study_uid);
    if (!study || study->rid == 0) throw Error(ErrorKind::not_found, "imaging.no_study", "no such study of a patient");
    work.remove("ImagingStudy", id_of(study->resource));
    work.after_commit([this, claim, uid = study->uid](const record::Commit&) {
        archive_.store().link(uid, 0, {}, {});
        claim->end();
        tell(uid);
    });
}

void StudyResources::study_stable(const Study& study) {
    if (study.rid != 0) {
        update(study);
        return;
    }
    if (link_existing(study)) return;
    // A person has decided about this one before.
    const auto patient = study.epoch > 0 ? std::string() : find_patient(study);
    if (patient.empty()) {
        if (listener_) listener_(study);
        return;
    }
    auto actor = record::Actor::system("TREAT");
    actor.organisation = study.organisation;
    const auto work = record_.begin(everything(), actor);
    attach(*work, study.uid, patient);
    work->commit();
    log::info("imaging.study_matched", {{"study", study.id}});
}

/// A crash between the record's commit and the index leaves a resource without its link.
bool StudyResources::link_existing(const Study& study) {
    const auto reader = record_.read(everything());
    const auto found = reader->search("ImagingStudy", token("urn:dicom:uid", "urn:oid:" + study.uid));
    if (found.matches.empty()) return false;
    const auto& resource = found.matches.front().resource;
    const auto patient = resource.value()["subject"]["reference"].text();
    archive_.store().link(study.uid, resource.rid, resource.reference(), patient);
    tell(study.uid);
    return true;
}

void StudyResources::update(const Study& study) {
    auto actor = record::Actor::system("TREAT");
    actor.organisation = study.organisation;
    const auto work = record_.begin(everything(), actor);
    const auto stored = work->load("ImagingStudy", id_of(study.resource));
    if (stored.deleted) return;
    const auto before = stored.value();
    auto after = before;
    const auto fresh = study_resource_of(study, archive_.store().series_of(study.id), study.patient_ref);
    for (const auto& [name, value] : fresh.members()) after.set(name, value);
    if (after == before) return;
    work->update(std::move(after));
    work->commit();
    tell(study.uid);
}

std::string StudyResources::find_patient(const Study& study) {
    if (study.issuer.empty() || (study.patient_id.empty() && study.accession.empty())) return {};
    const auto reader = record_.read(everything());
    std::set<std::string> candidates;
    if (!study.patient_id.empty()) {
        for (const auto& match : reader->search("Patient", token(study.issuer, study.patient_id)).matches) candidates.insert(match.resource.reference());
    }
    if (!study.accession.empty()) {
        for (const auto& match : reader->search("ServiceRequest", token(study.issuer, study.accession)).matches)
            candidates.insert(match.resource.value()["subject"]["reference"].text());
    }
    std::string agreed;
    for (const auto& reference : candidates) {
        if (!reference.starts_with("Patient/")) continue;
        const auto patient = reader->read("Patient", id_of(reference));
        if (!patient || patient->deleted || !compare_identity(study, patient->value()).none()) continue;
        if (!agreed.empty()) return {};
        agreed = reference;
    }
    return agreed;
}

}  // namespace qiao::imaging
