#pragma once

#include "flow/case.hpp"
#include "storage/writer.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What facts did to cases: `flow_cascade` and its lines with the case as it was before. Writing ones run on the writer thread.
namespace qiao::flow::store {

struct CascadeLine {
    std::string case_id;
    std::string action;
    std::string before;  ///< JSON: state and viewers
};

struct Cascade {
    std::string id;
    std::string fact;
    std::string subject;  ///< "Patient/…", "Practitioner/…", or the two institutions of a contract
    Instant made{};
    std::int64_t made_by = 0;
    std::vector<CascadeLine> lines;
};

/// With the clocks of its cases as they are now: before the moves.
void put_cascade(storage::Connection& connection, const Cascade& cascade);
/// The newest one that was not undone.
std::optional<Cascade> find_cascade(storage::Connection& connection, std::string_view fact, std::string_view subject);
void mark_undone(storage::Connection& connection, std::string_view cascade, Instant now, std::int64_t person);
/// The clocks of the case as they were.
void restore_clocks(storage::Connection& connection, std::string_view cascade, std::string_view case_id);

/// Somebody with a role in live cases.
struct LivePerson {
    std::string machine;
    std::int64_t person = 0;
    std::int64_t organisation = 0;
    bool requester = false;
};
std::vector<LivePerson> live_people(storage::Connection& connection);
std::vector<std::string> live_cases_of(storage::Connection& connection, const LivePerson& who);

struct LivePair {
    std::string machine;
    std::int64_t from_org = 0;
    std::int64_t to_org = 0;
};
std::vector<LivePair> live_pairs(storage::Connection& connection);
std::vector<std::string> live_cases_between(storage::Connection& connection, const LivePair& pair);
std::vector<std::string> live_cases_of_patient(storage::Connection& connection, std::string_view patient);

}  // namespace qiao::flow::store
