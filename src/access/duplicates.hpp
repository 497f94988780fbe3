#pragma once

#include "access/organisation.hpp"
#include "base/time.hpp"
#include "record/match/match.hpp"
#include "record/record.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Pairs of Patients who are probably one person, found whenever a Patient was made or changed (registration, import), for people
/// to look at: one person (a link of both records, which can be taken back; no content moves) or two. A pair is shown to those of
/// a registering role who have both patients in care, and to nobody else: it tells no institution of another one's patient.
/// Thread-safe.
namespace qiao::access {

struct Duplicate {
    std::int64_t id = 0;
    std::string state;  ///< open, linked, different
    record::Stored a, b;
    record::Score score;  ///< of the two as they are now
    Instant found{};
    std::int64_t decided_by = 0;  ///< 0 = still open
    Instant decided{};
};

class Duplicates {
public:
    Duplicates(storage::Database& database, storage::Writer& writer, record::Record& record, const Directory& directory, const Clock& clock);

    static constexpr std::chrono::seconds kRest{5};
    /// Looks at the Patients that have not changed for kRest to twice that: who is changed again and again is looked at once. At most
    /// a second's worth. A job calls it, from one thread at a time.
    void tick();

    static constexpr std::int64_t kShown = 100;
    /// The most likely first, at most kShown. Error(invalid, "patient.bad_pair_state") for an unknown state.
    [[nodiscard]] std::vector<Duplicate> list(const record::Actor& actor, std::string_view state);
    /// `same` links an open pair (`Patient.link` seealso on both), `different` puts it away, `undo` takes back either.
    /// Error(not_found) when it is not shown to the caller; Error(conflict, "patient.pair_decided") when it is not in the state
    /// that this needs; Error(invalid, "patient.bad_verdict").
    void decide(const record::Caller& caller, std::int64_t id, std::string_view verdict);

private:
    struct Row {
        std::int64_t id = 0;
        record::Rid a = 0, b = 0;
        std::string state;
        Instant found{};
        std::int64_t decided_by = 0;
        Instant decided{};
    };
    struct Changed {
        record::Rid rid = 0;
        std::int64_t t = 0;
    };
    struct Pair {
        record::Rid other = 0;
        double bits = 0;
    };
    /// What a registering role of the person has in care.
    [[nodiscard]] record::ReadFilter care_of(std::int64_t person) const;
    [[nodiscard]] std::int64_t newest_commit() const;
    [[nodiscard]] std::vector<Changed> changed() const;
    [[nodiscard]] std::vector<Pair> pairs_of(record::Reader& reader, record::Rid patient) const;
    void keep(const std::vector<std::pair<record::Rid, std::vector<Pair>>>& found, std::int64_t upto);
    /// In the work's commit, when the pair is still as `row` says.
    static void set_state(record::Work& work, const Row& row, std::string_view state, std::int64_t person);
    [[nodiscard]] std::vector<Row> rows(const record::ReadFilter& filter, std::string_view state, std::int64_t id);

    storage::Database& database_;
    storage::Writer& writer_;
    record::Record& record_;
    const Directory& directory_;
    const Clock& clock_;
    std::int64_t marked_ = 0, rested_ = 0;  ///< the newest commit at the last mark and at the one before
    Instant marked_at_{};
};

}  // namespace qiao::access
