#pragma once

#include "access/node_changes.hpp"
#include "access/role.hpp"
#include "record/record.hpp"
#include "storage/writer.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Who may see which patient, why and until when. The verbs run on the writer thread, inside record::Work::also, so that
/// a right begins and ends in the commit of its reason; `why` may be asked from any thread.
namespace qiao::access {

/// What a case lets one grantee see: the whole patient (`patient`), or single resources (`items`), or both.
struct Grant {
    std::int64_t grantee = 0;  ///< person_key, desk_key or organisation_key
    record::Rid patient = 0;   ///< 0 = only the items
    std::vector<record::Rid> items = {};
    std::string case_id;  ///< id of the Task
    std::string purpose = "TREAT";
    std::string reason = {};  ///< short code for the reader of the audit: "consult.expert", "consult.desk"
    Instant starts = {};      ///< the epoch = now
    Instant ends = Instant::max();
    std::int64_t granted_by = 0;  ///< access_person.id
    std::int64_t labels = 0;      ///< sensitivity labels (record::label_bit()) that it opens; of the items also those of the case
};

/// One answer to "why may I see this, until when".
struct Reason {
    std::string kind;     ///< "care", "case", "treats" (by name, for labelled records), "glass"
    std::string case_id;  ///< cases only
    std::string reason;
    std::string purpose;
    std::int64_t grantee = 0;
    record::Rid patient = 0;  ///< 0 = single items only
    Instant starts{};
    Instant ends{};  ///< Instant::max() = open
};

/// An institution to which a patient denies what is known of them, or denied it once.
struct Denial {
    std::int64_t organisation = 0;
    Instant since{};           ///< of one that stands no more: when it ended
    std::string reason;        ///< "withdrawn" (consent of a case) or "objection" (a request of the patient); empty when it stands no more
    bool stands = true;
    std::int64_t made_by = 0;  ///< who made or ended it: a person; negative = the patient's account
};

/// Source of what a case lets one grantee see, in the tables of reach: what one of them may see ends without the others.
std::string case_source(std::string_view case_id, std::int64_t grantee);

class Grants {
public:
    Grants(storage::Database& database, record::Record& record, const Clock& clock);

    /// The clinical staff of `organisation` care for `patient` from now on: at registration and admission.
    void begin_care(storage::Group& group, record::Rid patient, std::int64_t organisation, std::int64_t by);
    void end_care(storage::Group& group, record::Rid patient, std::int64_t organisation);

    /// Opens a grant. The same (case, grantee) again replaces what it could see before; rows that say the same stay.
    void give(storage::Group& group, const Grant& grant);
    /// From now on `grantee` sees of this case only `items` (what the opinion used), until `ends`.
    void shrink_to_items(storage::Group& group, std::string_view case_id, std::int64_t grantee, std::span<const record::Rid> items,
                         Instant ends = Instant::max());
    /// Ends what one grantee has from this case.
    void end_grantee(storage::Group& group, std::string_view case_id, std::int64_t grantee);
    /// Ends everything that came from this case.
    void end_case(storage::Group& group, std::string_view case_id);

    /// One of the treating people: sees `patient` with these labels, by name; 0 labels = no longer.
    void treat(storage::Group& group, record::Rid patient, std::int64_t person, std::int64_t labels, std::int64_t by);
    /// The case and what belongs to it carry these labels from now on; who has a grant of the case goes on seeing its items.
    void label_case(storage::Group& group, std::string_view case_id, std::int64_t labels);
    [[nodiscard]] static std::int64_t labels_of_case(storage::Connection& connection, std::string_view case_id);
    /// Items that came to a case take its labels. `items` without the Patient.
    void label_items(storage::Group& group, std::string_view case_id, std::span<const record::Rid> items);

    /// The patient denies `organisation` what is known of them: rights of before open nothing to its people and desks, also in
    /// search, and give() refuses a new one with Error(conflict, "access.consent_denied") (one of before stays as it is), until
    /// allow(). What is above or below in the tree is meant only as far as it sees by this institution. Care beats it (who treats the
    /// patient keeps the record by law and goes on by it), and so does break-glass. Twice is once.
    void deny(storage::Group& group, record::Rid patient, std::int64_t organisation, std::string_view reason, std::int64_t by);
    void allow(storage::Group& group, record::Rid patient, std::int64_t organisation, std::int64_t by);
    /// Whether a denial stands between the patient and this institution. In a snapshot or the writer's transaction.
    [[nodiscard]] static bool is_denied(storage::Connection& connection, record::Rid patient, std::int64_t organisation);
    /// Whether give() would refuse `grantee` (person_key, desk_key, organisation_key) a new right: one denial of an institution that a
    /// person works for is enough.
    [[nodiscard]] static bool is_denied_to(storage::Connection& connection, record::Rid patient, std::int64_t grantee, Instant now);
    /// All that stand, the newest first; `with_ended` adds those that do not any more. In a snapshot.
    [[nodiscard]] static std::vector<Denial> denials(storage::Connection& connection, record::Rid patient, bool with_ended = false);
    /// Whether `organisation` has the patient in its care now.
    [[nodiscard]] static bool in_care(storage::Connection& connection, record::Rid patient, std::int64_t organisation, Instant now);

    /// The live reasons for which `filter`'s caller sees `patient`, the longest first. Needs no lock; opens a snapshot.
    [[nodiscard]] std::vector<Reason> why(const record::ReadFilter& filter, record::Rid patient);
    /// The live grants of a case, for its page.
    [[nodiscard]] std::vector<Reason> of_case(std::string_view case_id);

    /// Rises after every commit that took a right away: a pass for pixels older than this must be looked up again.
    [[nodiscard]] std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

    /// For rights that others of this folder write: the epoch rises with the commit.
    void taken_away(storage::Group& group);
    /// Lets the epoch rise when another node took something away. One thread.
    void follow();

private:
    bool refuses_for_consent(storage::Group& group, const Grant& grant) const;

    storage::Database& database_;
    record::Record& record_;
    const Clock& clock_;
    ChangeWatch watch_;
    std::atomic<std::uint64_t> epoch_{1};
};

}  // namespace qiao::access
