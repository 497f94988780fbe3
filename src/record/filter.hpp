#pragma once

#include "base/time.hpp"
#include "storage/database.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Who may see what, as plain values that `access` fills and every statement that reads binds. There is no function of
/// the record that reads without a filter. Values; any thread.
namespace qiao::record {

/// Who acts: for the audit row, the owning institution of what is written, and Provenance. Built by `access`.
struct Actor {
    std::int64_t person = 0;        ///< access_person.id, 0 = the system
    std::int64_t organisation = 0;  ///< access_organisation.id in whose name, 0 = none
    std::string practitioner;       ///< "Practitioner/…", empty for clients and the system
    std::string organisation_ref;   ///< "Organization/…"
    std::string name;               ///< display name, for the record itself, never for logs
    std::string role;               ///< membership role code, e.g. "doctor"
    std::string session8;           ///< first 8 bytes of the session's hash
    std::string purpose;            ///< v3 PurposeOfUse: TREAT, HOPERAT, …
    std::string source;             ///< peer address
    std::string request_id;         ///< X-Request-Id, may be empty
    std::string case_id = {};       ///< id of the case in which this is done, for the audit row; may be empty
    static Actor system(std::string_view purpose);
    [[nodiscard]] Actor in_case(std::string_view id) const;
};

/// Sensitivity labels as bits: HL7 v3 ActCode, InformationSensitivityPolicy (terminology.hl7.org/CodeSystem-v3-ActCode), in the
/// order of label_codes(), and the two confidentiality levels above normal of v3-Confidentiality.
inline constexpr std::int64_t kEveryLabel = -1;
/// Code of a bit; the place never changes: it is stored. "PSY" psychiatry, "HIV", "GDIS" genetic disease, "ETH" and "SUD"
/// substance use, "SEX", "STD", "SDV" domestic violence, "CEL" a widely known person, "EMP" a member of the staff as patient,
/// "R" and "V" restricted and very restricted.
std::span<const std::string_view> label_codes();
/// 0 for a code that is none.
std::int64_t label_bit(std::string_view code);
std::vector<std::string_view> codes_of(std::int64_t labels);
/// Those about who the patient is: no role opens them, only a right to this patient by name.
std::int64_t personal_labels();
inline constexpr std::string_view kSensitivitySystem = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
inline constexpr std::string_view kConfidentialitySystem = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

/// Which rows a caller may see. `grantee` keys are made by `access` (person, organisation, desk = role at an
/// organisation); the record only compares them with the tables `reach` (whole patient) and `reach_item` (one resource).
struct ReadFilter {
    enum class Scope : std::uint8_t { nothing, standing, everything };
    Scope scope = Scope::nothing;
    std::vector<std::int64_t> grantees;       ///< keys under which the caller stands in reach and reach_item
    std::vector<std::int64_t> organisations;  ///< own and subordinate: resources without a patient
    std::int64_t labels = 0;                  ///< sensitivity labels that the caller's own roles open in patients in care

    static ReadFilter system(std::string_view reason);  ///< everything; `reason` is a literal for the reader of the code
};

/// Whose a resource is that is about no patient, was written by no institution and is not open to all (is_open()): nobody sees it but
/// those who see everything. Not -1, which stands for "no key" in the lists that are bound.
inline constexpr std::int64_t kNobody = -2;

/// The filter as one SQL condition and its arguments, in the order of their `?`.
/// A row with acl `a` is visible when
///   it has no patient, belongs to no organisation or to one of the caller's, and the caller's roles open its labels, or
///   a live row of `reach` names its patient and one of the caller's keys, or
///   a live row of `reach_item` names the resource itself and one of the caller's keys.
/// A row of reach opens the labels that it names itself, and, where it says so, those of the caller's roles. It opens nothing
/// of a patient who denied it to that key (`reach_denied`), unless it says that it beats a denial.
/// @param acl  SQL expression of the row's aclset id, e.g. "res.acl"   @param rid  of its resource id, e.g. "res.rid"
/// @param schema  prefix of the record's tables: "" in its own file, "record." where it is attached
class FilterSql {
public:
    FilterSql(const ReadFilter& filter, std::string_view acl, std::string_view rid, Instant now, std::string_view schema = "");
    [[nodiscard]] const std::string& condition() const { return condition_; }
    /// Appends the arguments; they point into this object, which must outlive the cursor.
    void append_to(std::vector<storage::Value>& args) const;

private:
    std::string condition_;
    std::vector<std::int64_t> grantees_;
    std::vector<std::int64_t> organisations_;
    std::string grantees_json_;  ///< when there are too many to bind one by one
    std::string organisations_json_;
    std::int64_t labels_ = 0;
    std::int64_t now_ms_ = 0;
    ReadFilter::Scope scope_ = ReadFilter::Scope::nothing;
};

}  // namespace qiao::record
