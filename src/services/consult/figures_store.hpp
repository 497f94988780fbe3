#pragma once

#include "flow/case.hpp"
#include "storage/database.hpp"
#include "storage/writer.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The table of fees, and what figures read of cases. Reading functions take any connection; writing ones run on the writer
/// thread.
namespace qiao::consult::store {

std::span<const storage::Migration> migrations();

/// One consultation that was submitted in a time, as the figures count it.
struct Line {
    std::string case_id;
    std::string number;
    std::int64_t from_org = 0;
    std::string urgency;
    std::string state;
    Instant submitted{};
    std::optional<Instant> accepted;
    std::optional<Instant> signed_at;
    std::optional<flow::Duration> counted;  ///< of the clock `done`: without pauses and closed hours
    std::string on_time;                    ///< verdict of `done`, in an emergency of `opinion_emergency`; empty = still open
    std::string followed;                   ///< yes, partly, no; empty = not answered
    std::string not_followed;               ///< code of why, where it was not followed in full; carries nothing of the patient
    bool paused = false;
};
/// Consultations that `to_org` was asked for in [from, until), by submission; at most `limit`.
std::vector<Line> lines(storage::Connection& connection, std::int64_t to_org, Instant from, Instant until, int limit);

struct Fee {
    std::string case_id;
    std::string number;
    std::int64_t from_org = 0;
    std::int64_t to_org = 0;
    std::int64_t amount_minor = 0;
    std::string currency;
    std::string state;  ///< due, paid, waived
    Instant signed_at{};
    std::int64_t changed_by = 0;
    std::string reason;
};
/// An opinion was signed: its price is due.
void insert_fee(storage::Connection& connection, const Fee& fee);
std::optional<Fee> find_fee(storage::Connection& connection, std::string_view case_id);
void set_fee(storage::Connection& connection, std::string_view case_id, std::string_view state, std::int64_t person, std::string_view reason, Instant now);
/// Of which `organisation` is either side, signed in [from, until).
std::vector<Fee> fees(storage::Connection& connection, std::int64_t organisation, Instant from, Instant until);

}  // namespace qiao::consult::store
