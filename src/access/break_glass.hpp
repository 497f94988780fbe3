#pragma once

#include "access/audit.hpp"
#include "access/grant.hpp"
#include "access/organisation.hpp"
#include "access/security_notice.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// Opening one patient's record without a right to it, because it cannot wait: any clinician, with a reason, for 30 minutes (60 at
/// most), beating labels and denials. The right is a row of reach under the person's own key, so it ends on the second. The privacy
/// officers and the patient's institutions are told in the commit that opens it; an officer judges every one within 72 hours.
/// Thread-safe; each step is durable and audited.
namespace qiao::access {

/// One opening of one patient's record.
struct Glass {
    std::int64_t id = 0;
    std::int64_t person = 0;
    std::int64_t organisation = 0;  ///< in whose name the person acted
    record::Rid patient = 0;
    std::string patient_ref;  ///< "Patient/…"
    std::string reason_code;  ///< a code of BreakGlass::kReasons
    std::string reason;
    Instant starts{};
    Instant ends{};
    bool ended = false;
    bool beat_denial = false;      ///< the patient had denied it to the person
    std::int64_t beat_labels = 0;  ///< of the patient's record, when it was opened
    std::int64_t reviewed_by = 0;  ///< 0 = not yet
    Instant reviewed{};
    std::string verdict;  ///< justified, not_justified
    std::string verdict_text;
    bool overdue_told = false;

    [[nodiscard]] Instant review_due() const { return starts + std::chrono::hours(72); }
};

class BreakGlass {
public:
    static constexpr std::string_view kReasons[] = {"emergency", "unconscious", "cover", "other"};
    static constexpr std::chrono::minutes kUsual{30};
    static constexpr std::chrono::minutes kLongest{60};

    BreakGlass(storage::Database& database, storage::Writer& writer, record::Record& record, Grants& grants, const Directory& directory, Audit& audit,
               SecurityNotices& notices, const Clock& clock);

    /// Who is meant, exactly: the number of a paper with the name, a number that an institution gave, or "Patient/…".
    struct Known {
        std::string identifier = {};
        std::string name = {};
        std::string patient = {};
    };
    /// How many records are exactly these: nothing else is told before the glass is broken. 20 tries an hour a person.
    /// Error(forbidden, "access.not_yours"): no clinician, or an administrator. Error(unavailable, "access.too_many_attempts").
    std::size_t find(const record::Actor& actor, const Known& known);

    struct Wanted {
        Known known;
        std::string reason_code;
        std::string reason;
        std::chrono::minutes time = kUsual;
    };
    /// Opens every record that is exactly meant, at most 5. The caller has made sure of a proof that is minutes old. Errors of find(),
    /// Error(invalid): access.reason_needed, access.bad_glass_time; Error(not_found, "access.no_record").
    std::vector<Glass> open(const record::Actor& actor, const Wanted& wanted);
    /// By the person who opened it. Error(not_found, "access.no_glass").
    void end(const record::Actor& actor, std::int64_t id);
    /// What this person has open now.
    [[nodiscard]] std::vector<Glass> open_of(std::int64_t person);

    /// For a privacy officer: what waits for a verdict, the oldest first, and the judged ones of the last 90 days after them.
    [[nodiscard]] std::vector<Glass> reviews(const record::Actor& actor);
    /// Error(not_found, "access.no_glass"), Error(conflict, "access.reviewed"), Error(forbidden, "access.own_glass"),
    /// Error(invalid): access.bad_verdict, access.reason_needed.
    void review(const record::Actor& actor, std::int64_t id, std::string_view verdict, std::string_view text);
    /// Institutions that have this patient in care.
    [[nodiscard]] std::vector<std::int64_t> in_care_of(record::Rid patient);

    /// Notes what has ended (pixels under an old pass close) and what was not judged in time. Each second, by a job.
    void tick();

private:
    struct Found {
        record::Rid rid = 0;
        std::string reference;
    };
    void require_clinician(const record::Actor& actor) const;
    void count_try(std::int64_t person);
    std::vector<Found> records_of(const Known& known);
    Glass open_one(storage::Group& group, const record::Actor& actor, const Wanted& wanted, const Found& found);
    /// Who judges: privacy officers whose institution is, or owns, one of these; all of them when there is none.
    [[nodiscard]] std::vector<std::int64_t> officers(const std::vector<std::int64_t>& organisations) const;
    /// Of the patient's institutions: coordinators and managers, else doctors.
    [[nodiscard]] std::vector<std::int64_t> staff_to_tell(const std::vector<std::int64_t>& organisations) const;
    void tell(storage::Group& group, const Glass& glass, std::string_view code, bool also_staff);
    void write_audit(storage::Group& group, const record::Actor& actor, std::string_view action, const Glass& glass, const std::string& more);

    // break_glass_store.cpp
    Glass insert(storage::Group& group, Glass glass);
    std::vector<Glass> select(storage::Connection& connection, std::string_view where, std::initializer_list<storage::Value> values);
    std::vector<std::int64_t> in_care_of(storage::Connection& connection, record::Rid patient);
    void close(storage::Group& group, const Glass& glass, Instant now);
    void store_verdict(storage::Group& group, std::int64_t id, std::int64_t by, std::string_view verdict, std::string_view text);
    void store_told(storage::Group& group, std::int64_t id);
    void note_what_it_beats(storage::Connection& connection, Glass& glass);

    storage::Database& database_;
    storage::Writer& writer_;
    record::Record& record_;
    Grants& grants_;
    const Directory& directory_;
    Audit& audit_;
    SecurityNotices& notices_;
    const Clock& clock_;
    std::mutex mutex_;
    std::map<std::int64_t, std::deque<Instant>> tries_;
};

}  // namespace qiao::access
