#pragma once

#include "base/json_value.hpp"
#include "record/filter.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The one FHIR R4 record. Record is thread-safe; a Reader or a Work belongs to one thread and is short-lived.
/// Everything read goes through a ReadFilter, everything written through a Work that ends in one commit.
namespace qiao::record {

struct Core;

using Rid = std::int64_t;  ///< internal number of a resource, never shown outside

/// One version of a resource.
struct Stored {
    Rid rid = 0;
    std::string type;  ///< "Patient"
    std::string id;
    std::int64_t version = 0;  ///< versionId
    Instant updated{};
    bool deleted = false;
    std::string json;  ///< complete: with id, meta.versionId, meta.lastUpdated; empty when deleted
    Rid patient = 0;   ///< whose record it belongs to, for the audit of reads; 0 = about no patient

    [[nodiscard]] std::string reference() const { return type + "/" + id; }
    [[nodiscard]] json::Value value() const;  ///< parsed
};

struct Match {
    Stored resource;
    bool included = false;  ///< search.mode = include
};

struct SearchResult {
    std::vector<Match> matches;
    std::optional<std::int64_t> total;
    std::string next_cursor;                                   ///< empty on the last page
    std::vector<std::pair<std::string, std::string>> applied;  ///< the parameters that were really used, for `self`
    bool includes_cut = false;                                 ///< more would have been included than a page holds
};

/// Where a search looks.
struct SearchPlace {
    std::string type = {};     ///< empty = every type, or those of `_type`
    std::string patient = {};  ///< id of the patient in whose compartment; empty = everywhere
};

/// Which versions a history shows.
struct HistoryAsk {
    std::string type = {};    ///< empty = of the whole record
    std::string id = {};      ///< empty = of the type
    std::string since = {};   ///< FHIR date or instant: recorded then or later
    std::string at = {};      ///< FHIR date or instant: current at some time of it
    std::string cursor = {};  ///< HistoryPage::next_cursor of the page before
    int count = 100;
};
struct HistoryPage {
    std::vector<Stored> versions;  ///< newest first; a deletion is a version without text
    std::string next_cursor;       ///< empty on the last page
};

/// A page of all that belongs to one patient or to one encounter (`$everything`).
struct Compartment {
    std::string type;  ///< Patient or Encounter
    std::string id;
    std::string start = {};               ///< care from here on: a FHIR date; empty = open. What has no date of its own is always in
    std::string end = {};                 ///< care up to here
    std::string since = {};               ///< changed at or after
    std::vector<std::string> types = {};  ///< empty = all
    int count = 100;                      ///< matches a page
    std::string cursor = {};
};

class RecordShelf;

/// A consistent view of the record under one filter. Holds a storage snapshot: keep it short.
class Reader {
public:
    virtual ~Reader() = default;
    /// Nothing when it does not exist or is not visible: the caller cannot tell which. A deleted one is returned as such.
    virtual std::optional<Stored> read(std::string_view type, std::string_view id) = 0;
    virtual std::optional<Stored> read_version(std::string_view type, std::string_view id, std::int64_t version) = 0;
    /// A version is shown when the filter lets through what it was and what the resource is now: a label taken off or a patient
    /// corrected does not open the past. Error(invalid) for a bad date, as search() for a bad cursor.
    virtual HistoryPage history(const HistoryAsk& ask) = 0;
    /// `query` as in a FHIR search URL without '?', e.g. "subject=Patient/1&_sort=-date". Error(invalid) names the parameter;
    /// Error(not_found) for a patient who is not there or not visible.
    virtual SearchResult search_in(const SearchPlace& place, std::string_view query) = 0;
    SearchResult search(std::string_view type, std::string_view query) { return search_in({std::string(type), {}}, query); }
    /// The patient or encounter first, then what belongs to it by type and date; included: what those refer to and belongs to no
    /// other patient, as far as visible. Error(not_found) when it is not visible, Error(invalid) names the parameter.
    virtual SearchResult everything(const Compartment& what) = 0;
    /// The internal number; only for rows of other folders that carry a `rid`. Nothing when not visible.
    virtual std::optional<Rid> rid_of(std::string_view type, std::string_view id) = 0;
    /// The way back: "Type/id", also of a deleted one. Empty when not visible.
    virtual std::string reference_of(Rid rid) = 0;
    virtual storage::Connection& connection() = 0;  ///< for SQL of upper rows on the same snapshot
    /// Code systems, value sets and concept maps: built in, and those of the record as far as visible.
    virtual const RecordShelf& definitions() = 0;

    /// read() of "Type/id", with Error(not_found, "record.not_found") instead of nothing and "record.deleted" (410).
    Stored get(std::string_view reference);
};

/// A change as the hooks and upper rows see it.
struct Change {
    Rid rid = 0;
    std::string type;
    std::string id;
    std::int64_t version = 0;
    char operation = 'C';               ///< C create, U update, D delete
    Rid patient = 0;                    ///< 0 = about no patient
    const std::string* json = nullptr;  ///< complete text; null for deletes
};

struct Commit {
    bool skipped = false;  ///< a skip_if() said so: nothing was written
    std::int64_t t = 0;
    Instant now{};
    std::vector<Change> changes;  ///< in the order of the calls; `json` is null here
};

/// One unit of change. Reads see this work's own pending writes by id (searches do not). Leaving without commit() changes
/// nothing. create() and update() validate (level `structure`) and extract index rows at once, on the caller's thread.
class Work {
public:
    virtual ~Work() = default;

    /// The current version, remembered: at commit it must still be the newest, else Error(conflict, "record.version_stale").
    virtual Stored load(std::string_view type, std::string_view id) = 0;
    Stored load(std::string_view reference);
    virtual Reader& reader() = 0;  ///< released by commit()

    /// @param resource  with resourceType; `id` is taken when it has one, else a UUIDv7 is made   @return "Type/id"
    virtual std::string create(json::Value resource) = 0;
    /// create() from the client's own text, which is kept as it is (property order, digits). An `id` in it is taken.
    virtual std::string create_text(std::string_view json) = 0;
    /// update() from the client's own text; `id` of the URL replaces the one in it.
    virtual void update_text(std::string_view type, std::string_view id, std::string_view json, std::int64_t expected_version = 0) = 0;
    /// Replaces the resource that `resource.id` names. Without a load() before, `expected_version` 0 = whatever is there.
    virtual void update(json::Value resource, std::int64_t expected_version = 0) = 0;
    virtual void remove(std::string_view type, std::string_view id, std::int64_t expected_version = 0) = 0;
    /// This work is a plain FHIR write: Ports::keeps_closed is asked about each of its resources.
    virtual void plain() = 0;
    /// Where the resources of the next calls come from, "Bundle.entry[3].resource": stands before the place in their issues.
    virtual void at(std::string_view place) = 0;

    /// A guard that depends on other rows: runs on the writer thread before anything of this work is written; throws to refuse.
    virtual void check(std::function<void(storage::Group&)> guard) = 0;
    /// Runs like check(); when it says true nothing of this work is written and commit() returns with `skipped`, so that the
    /// caller looks again (a match of a conditional create came first, the same request was answered already).
    virtual void skip_if(std::function<bool(storage::Group&)> guard) = 0;
    /// Further rows of upper folders in the same commit. Runs on the writer thread after this work's resources are written;
    /// `rid_of` gives the number of "Type/id" as it is now, also of resources of this work.
    using RidOf = std::function<Rid(std::string_view reference)>;
    virtual void also(std::function<void(storage::Group&, const RidOf&)> rows) = 0;
    /// Runs on the caller's thread after the commit is durable: to publish events.
    virtual void after_commit(std::function<void(const Commit&)> then) = 0;

    virtual Commit commit() = 0;
    /// After commit(): "Type/id" as this work left it.
    [[nodiscard]] virtual Stored written(std::string_view reference) const = 0;
};

/// Upper rows that want to see or refuse what happens. Filled by wiring before the server starts.
struct Ports {
    /// Audit of writes: on the writer thread, in the transaction.
    std::function<void(storage::Group&, const Actor&, std::span<const Change>)> on_write;
    /// Audit of reads: before the answer leaves. `what` is read, vread, history, search; `patients` those shown.
    std::function<void(const Actor&, std::string_view what, std::string_view type, std::span<const Rid> resources, std::span<const Rid> patients)> on_read;
    /// May this caller write resources of this type by plain FHIR writes (REST, bundle)? Not asked for a Work of upper rows.
    std::function<void(const Actor&, std::string_view type)> may_write;
    /// On the writer thread before a resource of a plain work is written or removed: the resource itself and what it refers
    /// to, as it is and as it will be ("Type/id", each once; patients and the directory are left out). Throws conflict
    /// "flow.only_by_move", "signing.closed", "signing.closed_to_children". $validate asks it in a snapshot.
    std::function<void(storage::Connection&, const std::string& resource, std::span<const std::string> refers)> keeps_closed;
    /// A Subscription of a plain work, on the caller's thread: what is stored in place of `json` (empty = it is removed), and rows
    /// of the same commit.
    struct KeptSubscription {
        std::string json;
        std::function<void(storage::Group&, Rid)> rows;  ///< the number is 0 when it is removed
    };
    std::function<KeptSubscription(const Actor&, const std::string& id, const std::string& json)> keep_subscription;
};

/// What a row of reach opens beyond what carries no label.
struct Opens {
    std::int64_t labels = 0;    ///< these labels
    std::int64_t by_right = 0;  ///< of these, the ones that the caller's own roles open (ReadFilter::labels)
    bool beats_denial = false;  ///< break-glass
};

/// A parameter whose index rows are being made in the background; until then a search by it is refused (503 "record.reindexing").
struct IndexProgress {
    std::string type;
    std::string parameter;
    int percent = 0;
};

class Record {
public:
    virtual ~Record() = default;
    virtual std::vector<IndexProgress> index_progress() = 0;
    virtual std::unique_ptr<Reader> read(const ReadFilter& filter) = 0;
    virtual std::unique_ptr<Work> begin(const ReadFilter& filter, const Actor& actor) = 0;
    virtual Ports& ports() = 0;
    virtual Core& core() = 0;  ///< for other folders of the record
    /// The record as the open transaction sees it, rows of earlier units included: for guards. Writer thread only.
    virtual std::unique_ptr<Reader> read_in(storage::Group&, const ReadFilter& filter) = 0;

    /// Grants: `access` writes them from inside a Group (Work::also). patient/resource by rid; the same (…, grantee, source)
    /// replaces its end and what it opens. `ends` is compared in every statement that reads.
    virtual void reach_patient(storage::Group&, Rid patient, std::int64_t grantee, std::string_view source, Instant starts, Instant ends,
                               const Opens& opens = {}) = 0;
    virtual void reach_item(storage::Group&, Rid resource, std::int64_t grantee, std::string_view source, Instant starts, Instant ends,
                            const Opens& opens = {}) = 0;
    /// Ends everything that came from `source` (a case, a care relation).
    virtual void end_reach(storage::Group&, std::string_view source) = 0;
    /// Ends only the whole-patient rows, or only the rows of one grantee (0 = all), of `source`.
    virtual void end_patient_reach(storage::Group&, std::string_view source, std::int64_t grantee) = 0;
    /// The patient denied it to this key: rows of reach open nothing of this patient to it, those of before and those to come,
    /// unless they beat a denial.
    virtual void deny_reach(storage::Group&, Rid patient, std::int64_t grantee, bool denied) = 0;
    /// Labels that a resource carries beside those of its text, in every version to come; 0 = none.
    virtual void set_added_labels(storage::Group&, Rid resource, std::int64_t labels) = 0;

    /// Called after each commit, in order of t, on one background thread: "Type/id" that changed. For live pages and jobs.
    virtual void subscribe(std::function<void(std::span<const Change>)> listener) = 0;
};

/// What a plain FHIR write is checked by (docs/validation.md). Works of upper rows: always `structure`.
enum class WriteLevel { structure, full };

struct RecordOptions {
    std::string zone = "Asia/Shanghai";  ///< the centre's: dates without a zone are taken in it
    std::string base_url = {};           ///< own FHIR base without a slash at the end; references under it are local
    WriteLevel write_level = WriteLevel::structure;
};

/// Call storage::Database::migrate(record_migrations()) before.
std::unique_ptr<Record> open_record(storage::Database& database, storage::Writer& writer, const Clock& clock, Metrics& metrics,
                                    const RecordOptions& options = {});
std::span<const storage::Migration> record_migrations();

}  // namespace qiao::record
