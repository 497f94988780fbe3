#pragma once

#include "access/grant.hpp"
#include "access/organisation.hpp"
#include "record/rest/rest.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Sensitivity labels of a whole record: the codes of Patient.meta.security that record::label_codes() lists. Clinical staff of an
/// institution that has the patient in care set and remove them, with a reason, and name the treating people who go on seeing the
/// record; who labels is always one of them. Thread-safe; durable, audited as a change of the Patient.
namespace qiao::access {

struct LabelChange {
    Instant at{};
    std::int64_t person = 0;
    std::int64_t labels = 0;  ///< from then on
    std::string case_id;      ///< of one case only; empty = of the record
    std::string reason;
};

class SensitiveLabels {
public:
    SensitiveLabels(storage::Database& database, record::Record& record, Grants& grants, const Directory& directory, const Clock& clock);

    struct Wanted {
        std::int64_t labels = 0;
        std::string reason;
        std::vector<std::int64_t> people;  ///< who treats, besides the caller; replaces those of before
    };
    /// Error(not_found): not visible. Error(forbidden, "access.not_yours"): not in care of an institution where the caller is clinical
    /// staff. Error(invalid): access.reason_needed; access.not_treating (somebody who is not of such an institution).
    void set(const record::Caller& caller, std::string_view patient_id, const Wanted& wanted);
    /// Whether set() would be allowed.
    [[nodiscard]] bool may_label(const record::Caller& caller, record::Rid patient);
    [[nodiscard]] std::vector<LabelChange> changes(record::Rid patient);
    [[nodiscard]] std::vector<std::int64_t> treating(record::Rid patient);
    /// Labels on anything of this patient, of those that the caller's roles or name open.
    [[nodiscard]] std::int64_t present(const record::Caller& caller, record::Rid patient);

    /// For labels of a case, which `flow` sets: the change in the list, and who labelled and who asked go on seeing it.
    static void note(storage::Group& group, record::Rid patient, const LabelChange& change);

private:
    /// Institutions that have the patient in care, with those that own them.
    std::vector<std::int64_t> in_care_of(record::Rid patient);
    [[nodiscard]] bool is_staff_of(std::int64_t person, const std::vector<std::int64_t>& organisations) const;

    storage::Database& database_;
    record::Record& record_;
    Grants& grants_;
    const Directory& directory_;
    const Clock& clock_;
};

/// Of a resource's own meta.security.
std::int64_t labels_of(const json::Value& resource);
/// The bits of codes in a body; Error(invalid, "access.bad_label") for one that is none.
std::int64_t labels_in(const json::Value& codes);

}  // namespace qiao::access
