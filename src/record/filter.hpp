#pragma once

#include "base/time.hpp"
#include "storage/database.hpp"

#include <cstdint>
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

/// Which rows a caller may see. `grantee` keys are made by `access` (person, organisation, desk = role at an
/// organisation); the record only compares them with the tables `reach` (whole patient) and `reach_item` (one resource).
struct ReadFilter {
    enum class Scope : std::uint8_t { nothing, standing, everything };
    Scope scope = Scope::nothing;
    std::vector<std::int64_t> grantees;       ///< keys under which the caller stands in reach and reach_item
    std::vector<std::int64_t> organisations;  ///< own and subordinate: resources without a patient
    int label_ceiling = 0;                    ///< highest confidentiality that the caller may see

    static ReadFilter system(std::string_view reason);  ///< everything; `reason` is a literal for the reader of the code
};

/// The filter as one SQL condition and its arguments, in the order of their `?`.
/// A row with acl `a` is visible when its confidentiality ≤ ceiling and
///   it has no patient and belongs to no organisation or to one of the caller's, or
///   a live row of `reach` names its patient and one of the caller's keys, or
///   a live row of `reach_item` names the resource itself and one of the caller's keys.
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
    std::int64_t ceiling_ = 0;
    std::int64_t now_ms_ = 0;
    ReadFilter::Scope scope_ = ReadFilter::Scope::nothing;
};

}  // namespace qiao::record
