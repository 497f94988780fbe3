#pragma once

#include "access/grant.hpp"
#include "access/organisation.hpp"
#include "base/json_value.hpp"
#include "record/match/person.hpp"
#include "record/rest/rest.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Registration of a patient by an institution: checks the identity papers, shows likely duplicates of the institution's own
/// patients and of no others, and opens the care relation in the same commit. A temporary identity gets its papers later, or
/// is joined to the record that the patient has already: a link of both, which can be undone; no content moves. Thread-safe.
namespace qiao::record {
class Repeatable;
}

namespace qiao::access {

inline constexpr std::string_view kNationalIdSystem = record::kNationalIdSystem;
inline constexpr std::string_view kTemporarySystem = record::kTemporaryIdSystem;
inline constexpr std::string_view kOtherDocumentSystem = "urn:qiao:document:";  ///< + passport, hkmt_permit, military, birth, other

struct Registration {
    json::Value patient;            ///< a FHIR Patient: name, gender, birthDate, identifier, telecom …
    std::string no_id_reason = {};  ///< not_at_hand, newborn, unconscious, refused, none_issued; empty = has an identifier
    bool confirmed = false;         ///< the caller has seen the likely duplicates and means another person
    std::int64_t organisation = 0;  ///< one of the caller's; 0 = the one the session acts for
};

/// Of a request of `$register` or `$identify`. Error(invalid, "patient.bad_json").
Registration registration_in(const http::Request& request, const Directory& directory);

class Patients {
public:
    Patients(record::Record& record, Grants& grants, const Directory& directory, const Clock& clock);

    /// @return "Patient/…". Error(invalid): patient.name_missing, patient.birth_date_missing, patient.sex_missing,
    /// patient.national_id_wrong, patient.national_id_birth_date, patient.national_id_sex, patient.no_identity,
    /// patient.bad_identifier.
    /// Error(conflict, "patient.likely_duplicate"): see likely_duplicates(). Error(forbidden, "patient.may_not_register").
    std::string register_patient(const record::Caller& caller, const Registration& registration);

    /// Patients in care of `organisation` (or below) who are probably this person, by the rule of `Patient/$match`
    /// (record/match). The most likely first, at most 10.
    [[nodiscard]] std::vector<record::Stored> likely_duplicates(const json::Value& patient, std::int64_t organisation);

    /// The papers of a patient who was registered without; the temporary number stays, marked as old. Errors as in
    /// register_patient(), and Error(conflict, "patient.not_temporary").
    void identify(const record::Caller& caller, std::string_view id, const Registration& registration);
    /// The temporary record `id` was of somebody who has the record `other`, both in care of one of the caller's institutions.
    /// Error(conflict): patient.not_temporary, patient.cannot_join (the same record, or one that is joined itself).
    void join(const record::Caller& caller, std::string_view id, std::string_view other);
    /// Undoes join(). Error(conflict, "patient.not_joined").
    void part(const record::Caller& caller, std::string_view id);

    /// `POST /fhir/Patient/{id}/$identify` (as $register), `$join` (Parameters with `other`), `$part`; and
    /// `POST /fhir/Patient/$register`: body a Patient (query `confirmed`, `noIdReason`, `organisation`) or Parameters with
    /// `patient`, `confirmed`, `noIdReason`, `organisation`. 201 with the Patient; 409 with the candidates as `contained`. With an
    /// `X-Request-Id` the same request sent again within seven days makes nobody and gets the first answer.
    void add_operation(record::Rest& rest);

private:
    /// The patient as it will be kept: papers checked, temporary identity added, under the institution's management.
    struct Checked {
        json::Value patient;
        std::int64_t organisation = 0;
    };
    [[nodiscard]] Checked check(const record::Caller& caller, const Registration& registration) const;
    [[nodiscard]] std::int64_t registering_organisation(const record::Caller& caller, std::int64_t wanted) const;
    /// @param repeatable  keeps the answer in the same commit, or null. @return empty: the same request was kept meanwhile
    std::string keep(const record::Caller& caller, Checked checked, record::Repeatable* repeatable);
    [[nodiscard]] record::ReadFilter own_patients(std::int64_t organisation) const;
    /// The patient, when it is in care of one of the caller's registering institutions; Error(not_found) else.
    [[nodiscard]] json::Value own_patient(const record::Caller& caller, std::string_view id) const;
    http::Response answer_identify(const http::Request& request, const record::Caller& caller, std::string_view id);
    http::Response answer_register(const http::Request& request, const record::Caller& caller);
    static http::Response answer_registered(const std::string& reference, const record::Stored& made);
    [[nodiscard]] http::Response answer_duplicates(const record::Caller& caller, const std::vector<record::Stored>& candidates) const;

    record::Record& record_;
    Grants& grants_;
    const Directory& directory_;
    const Clock& clock_;
};

}  // namespace qiao::access
