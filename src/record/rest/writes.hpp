#pragma once

#include "record/rest/rest.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What plain FHIR writes share, alone and in bundles: who may, conditions, repeated requests. Handler threads.
namespace qiao::record {

/// Throws Error(forbidden, "record.no_plain_write"; a SearchParameter is left to the port) or what the port says.
void check_may_write(Record& record, const Caller& caller, std::string_view type);

/// What is written to `id` says the same in its own `id`. Error(invalid, "record.id_mismatch").
void check_body_id(std::string_view body, std::string_view id, std::string_view place = "Resource");

/// A work whose resources are written as plain FHIR.
std::unique_ptr<Work> plain_work(Record& record, const Caller& caller);

/// The one visible resource of `type` that `query` finds; nothing when there is none. Error(conflict,
/// "record.multiple_matches") when there are more.
std::optional<Stored> single_match(Reader& reader, std::string_view type, std::string_view query);
/// Makes `work` skip when at its commit the search finds something else than `expected` ("" = nothing).
void still_matches(Record& record, Work& work, const Caller& caller, std::string type, std::string query, std::string expected);

/// Waits for the place of those who try once more about the same thing, and keeps it while the lock lives.
std::unique_lock<std::mutex> stand_in_line(std::string_view about);

/// Tries again while a condition changed between the look and the commit, one caller at a time for what `request` is about: so everybody
/// gets through, however many come at once. `attempt` returns nothing when its work was skipped.
template <class Attempt>
auto until_settled(const http::Request& request, Attempt attempt) {
    if (auto result = attempt()) return std::move(*result);
    const auto place = stand_in_line(request.path);
    constexpr int kAttempts = 32;  // against other nodes and first attempts
    for (int i = 0; i < kAttempts; ++i) {
        if (auto result = attempt()) return std::move(*result);
    }
    throw Error(ErrorKind::unavailable, "record.contended", "the resource is being changed by many at once");
}

inline constexpr std::string_view kNothingWritten = "/";

/// What one write led to.
struct Outcome {
    std::string reference;  ///< "Type/id", or kNothingWritten of an entry that reads
    int status = 0;         ///< 200, 201, 204; 0 = to be seen from what is stored at commit
    std::int64_t version = 0;
};

/// A request that may be repeated: an X-Request-Id of a known caller. Without one nothing happens.
class Repeatable {
public:
    Repeatable(Record& record, const Caller& caller, const http::Request& request);
    /// What was answered before; Error(conflict, "record.request_id_reused") when the id came with another request.
    std::optional<std::vector<Outcome>> before();
    /// Keeps the outcomes in the work's commit; the work is skipped when the same request committed meanwhile.
    void keep(Work& work, std::vector<Outcome> outcomes);

private:
    std::optional<std::vector<Outcome>> find(storage::Connection& connection) const;

    Record& record_;
    std::string actor_;
    std::string id_;
    std::string digest_;
};

}  // namespace qiao::record
