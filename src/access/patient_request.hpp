#pragma once

#include "access/audit.hpp"
#include "access/grant.hpp"
#include "access/organisation.hpp"
#include "access/patient_account.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a patient asks of those who keep the record: an objection, a correction, deletion, the names behind looks. Each has a
/// number, a time by which it is answered (the country pack's), a state and an answer; the privacy officer works them off. What is
/// not answered yet, and a denial that came of an objection, the patient can take back.
/// Thread-safe; what changes something blocks until durable and is audited.
namespace qiao::access {

namespace request_kind {
inline constexpr std::string_view kObjection = "objection";
inline constexpr std::string_view kCorrection = "correction";
inline constexpr std::string_view kDeletion = "deletion";
inline constexpr std::string_view kNames = "names";
}  // namespace request_kind
inline constexpr std::array kRequestKinds = {request_kind::kObjection, request_kind::kCorrection, request_kind::kDeletion, request_kind::kNames};

struct PatientRequest {
    std::int64_t id = 0;
    std::string number;  ///< "P-20261128-0003"
    std::int64_t account = 0;
    record::Rid rid = 0;
    std::string patient;  ///< "Patient/…"
    std::string kind;
    std::string item;  ///< what it is about: "Observation/…", "Organization/…", a case; may be empty
    std::string text;
    std::string state;    ///< open, taken, answered
    std::string outcome;  ///< done, partly, refused; withdrawn by the patient; empty before the answer
    std::string answer;
    Instant created{};
    Instant due{};
    std::int64_t officer = 0;  ///< who took or answered it
    Instant taken{};
    Instant answered{};
};

class PatientRequests {
public:
    PatientRequests(storage::Database& database, storage::Writer& writer, Audit& audit, const Directory& directory, Grants& grants, const Clock& clock,
                    const PatientPolicy& policy);

    /// Error(invalid): patient.bad_request_kind, patient.bad_request_text, patient.too_many_requests (20 open ones).
    PatientRequest ask(const PatientCaller& caller, const PatientTie& tie, std::string_view kind, std::string_view item, std::string_view text);
    [[nodiscard]] std::vector<PatientRequest> of_patient(record::Rid patient);
    /// Taken back by who asked, before there is an answer: `answered` with the outcome `withdrawn`.
    /// Error(not_found, "patient.no_request"), Error(conflict, "patient.request_answered").
    void withdraw(const PatientCaller& caller, const PatientTie& tie, std::int64_t id);
    /// The patient takes back the denial that a granted objection made: the institution ("Organization/…") sees again what it has a
    /// right to otherwise. Error(conflict, "patient.no_denial"): there is none, or it came from a withdrawn consent, which only a new
    /// consent in its own words ends.
    void lift(const PatientCaller& caller, const PatientTie& tie, std::string_view organisation);
    [[nodiscard]] const Directory& directory() const { return directory_; }

    /// The officer's list: open ones first, by the time they are due; then the last 200 answered ones.
    [[nodiscard]] std::vector<PatientRequest> all();
    [[nodiscard]] std::optional<PatientRequest> find(std::int64_t id);
    /// Error(conflict, "patient.request_answered").
    void take(const record::Actor& officer, std::int64_t id);
    /// An objection that is granted (done, partly) against the institution `against` ("Organization/…"; empty = none) denies it the
    /// record in the same commit (Grants::deny).
    /// @param outcome  done, partly, refused   Error(invalid): patient.bad_outcome, patient.bad_request_text, patient.bad_institution
    /// Error(conflict): patient.request_answered; patient.institution_treats (it treats the patient and keeps what the law makes it keep).
    void answer(const record::Actor& officer, std::int64_t id, std::string_view outcome, std::string_view text, std::string_view against);
    /// Whether the officer has answered a request for names with `done` for this patient: then the patient's looks show them.
    [[nodiscard]] bool names_given(record::Rid patient);

private:
    std::optional<Organisation> denied_by(const PatientRequest& request, std::string_view against) const;

    // patient_request_store.cpp
    std::vector<PatientRequest> read_all(std::string_view condition, std::int64_t value);
    std::int64_t insert(storage::Group& group, PatientRequest& request);
    std::int64_t count_open(storage::Group& group, std::int64_t account);
    void change(storage::Group& group, const PatientRequest& request);
    static void require_open(storage::Group& group, std::int64_t id);

    storage::Database& database_;
    storage::Writer& writer_;
    Audit& audit_;
    const Directory& directory_;
    Grants& grants_;
    const Clock& clock_;
    const PatientPolicy& policy_;
};

}  // namespace qiao::access
