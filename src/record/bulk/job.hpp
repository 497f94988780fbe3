#pragma once

#include "record/filter.hpp"
#include "storage/writer.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Jobs of bulk data as rows: what was ordered, how far it is, which files it made. Reads on the caller's connection, writes on the
/// writer thread. How far a job is stands in the same commit as what it did, so a kill neither loses nor repeats anything.
namespace qiao::record::bulk {

enum class Kind : std::uint8_t { exports, imports };
std::string_view code_of(Kind kind);  ///< "export", "import"

namespace state {
inline constexpr std::string_view kRunning = "running";  ///< ordered, and not at its end
inline constexpr std::string_view kComplete = "complete";
inline constexpr std::string_view kFailed = "failed";
inline constexpr std::string_view kCancelled = "cancelled";
}  // namespace state

/// Where a job goes on after a restart.
struct Place {
    std::int64_t type = 0;      ///< export: number of the resource type
    std::string id;             ///< export: stored id (store/keys.hpp) behind which the next slice begins
    std::int64_t offset = 0;    ///< import: bytes of the input that are done
    std::int64_t line = 0;      ///< import: lines that are done
    std::int64_t entry = 0;     ///< import: entries of the next line that are done
    std::int64_t outcomes = 0;  ///< import: bytes of the outcome file that count
};

/// A job. Times are milliseconds since 1970, 0 = not yet.
struct Job {
    std::string id;
    Kind kind = Kind::exports;
    std::string owner;          ///< "person:5", "client:…", "console"
    std::string filter_digest;  ///< of the filter under which an export was ordered
    std::string node;           ///< whose folder holds its files
    std::string state;
    std::string request;  ///< URL of the kick-off
    std::string ask;      ///< export: its parameters as JSON; import: media type
    std::string source;   ///< import: a file outside the job's folder; empty = `input` in it
    std::int64_t t = 0;   ///< export: the commit whose state it shows
    std::int64_t created_ms = 0;
    std::int64_t ended_ms = 0;
    std::int64_t expires_ms = 0;
    Place place;
    std::int64_t done = 0;     ///< export: resources looked at; import: bytes
    std::int64_t total = 0;    ///< of the same
    std::int64_t written = 0;  ///< export: resources in files; import: resources in the record
    std::int64_t failed = 0;   ///< import: lines or entries that were refused
    std::string error;         ///< why it failed: a stable code

    [[nodiscard]] bool is_running() const { return state == state::kRunning; }
    [[nodiscard]] int percent() const { return total <= 0 ? 0 : static_cast<int>(std::min<std::int64_t>(done, total) * 100 / total); }
};

/// A file of an export, or the outcomes of an import.
struct File {
    std::string name;  ///< "Patient.1.ndjson"
    std::string kind;  ///< output, deleted, error
    std::string type;  ///< of what is in its lines
    std::int64_t lines = 0;
    std::int64_t resources = 0;  ///< numbers in its companion (files.hpp)
    std::int64_t bytes = 0;
};

/// Who reads, as far as a filter tells it.
std::string digest_of(const ReadFilter& filter);

std::optional<Job> find(storage::Connection& connection, std::string_view id);
/// Those of an owner, the newest first; of all when `owner` is empty.
std::vector<Job> jobs_of(storage::Connection& connection, std::string_view owner);
/// The oldest that runs on this node.
std::optional<Job> next(storage::Connection& connection, Kind kind, std::string_view node);
std::vector<File> files_of(storage::Connection& connection, std::string_view id);
/// Bytes of all files of a node.
std::int64_t bytes_of(storage::Connection& connection, std::string_view node);

void insert(storage::Group& group, const Job& job);
/// Notes how far it is. @return false when it does not run any more: somebody ended it
bool advance(storage::Group& group, const Job& job);
void put_file(storage::Group& group, std::string_view job, const File& file);
/// Ends it as `job` says (state, error, ended_ms, expires_ms). @return false when it had ended before
bool end(storage::Group& group, const Job& job);
void remove(storage::Group& group, std::string_view id);

}  // namespace qiao::record::bulk
