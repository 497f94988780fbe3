#pragma once

#include "access/audit_log.hpp"
#include "access/organisation.hpp"
#include "http/router.hpp"
#include "record/record.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// Looks that somebody should explain, gathered from the audit week by week for the privacy officers. A line is a question,
/// not a finding of guilt. Thread-safe.
namespace qiao::access {

/// Why a line stands in the report.
namespace odd {
inline constexpr std::string_view kOwnName = "own_name";     ///< the patient has the person's own family name
inline constexpr std::string_view kColleague = "colleague";  ///< the patient has the name of somebody of the same institution
inline constexpr std::string_view kNoAct = "no_act";         ///< looked outside a case, and wrote nothing about the patient in the day after or before
inline constexpr std::string_view kMany = "many";            ///< opened more patients within an hour than kMany_patients
}  // namespace odd

inline constexpr std::int64_t kMany_patients = 30;

struct OddLook {
    std::int64_t id = 0;
    Instant week{};  ///< its Monday, 00:00 UTC
    std::string kind;
    std::int64_t person = 0;
    std::int64_t organisation = 0;
    record::Rid patient = 0;  ///< 0 = several (kMany)
    Instant first{};
    Instant last{};
    std::int64_t count = 0;  ///< of looks; kMany: of patients in the worst hour
    Instant explained{};     ///< the epoch = not yet
    std::int64_t explained_by = 0;
    std::string explanation;
};

class OddLooks {
public:
    OddLooks(storage::Database& database, storage::Writer& writer, record::Record& record, Audit& audit, const Directory& directory, const Clock& clock);

    ~OddLooks();  ///< breaks off what runs

    /// Once a day, on a thread of its own: gather().
    void tick();
    /// Gathers this week's lines so far, and those of the week before while it is young. Explanations stay.
    void gather(const std::stop_token& stop = {});

    /// The lines of one week that these institutions answer for (their own people, or patients in their care), the
    /// unexplained first; at most 500.
    [[nodiscard]] std::vector<OddLook> of_week(Instant week, const std::vector<std::int64_t>& organisations);
    /// Weeks that have lines, the newest first, at most 60.
    [[nodiscard]] std::vector<Instant> weeks(const std::vector<std::int64_t>& organisations);
    /// Error(not_found, "access.no_odd_look") also when the institutions do not answer for it.
    void explain(const record::Actor& actor, std::int64_t id, std::string_view text, const std::vector<std::int64_t>& organisations);

    /// Monday 00:00 UTC of the week that holds `at`.
    static Instant week_of(Instant at);

private:
    std::vector<OddLook> find(Instant week, Instant until, const std::stop_token& stop);
    // odd_looks_store.cpp
    void store(const std::vector<OddLook>& found);
    [[nodiscard]] bool answers_for(storage::Connection& connection, const OddLook& one, const std::vector<std::int64_t>& organisations) const;

    storage::Database& database_;
    storage::Writer& writer_;
    record::Record& record_;
    Audit& audit_;
    const Directory& directory_;
    const Clock& clock_;
    std::mutex mutex_;
    Instant gathered_{};  ///< when the last run of a day began
    bool running_ = false;
    std::jthread thread_;
};

/// `GET /access/odd-looks`, `POST /access/odd-looks/{id}/explain`: for privacy officers. Called once at start.
struct AuditDesk;
void add_odd_looks_routes(http::Router& router, const AuditDesk& desk, OddLooks& odd_looks);

/// The family name of a name as it is written: "欧阳一一" → "欧阳", "王小明" → "王", "John Smith" → "Smith".
std::string family_of(std::string_view name);

}  // namespace qiao::access
