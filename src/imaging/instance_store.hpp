#pragma once

#include "base/metrics.hpp"
#include "imaging/dataset_walker.hpp"
#include "imaging/part10.hpp"
#include "imaging/rows.hpp"
#include "imaging/series_blob.hpp"
#include "storage/database.hpp"
#include "storage/writer.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The image index, `imaging.db`: a file of its own with its own writer, because it can be rebuilt from the packs. Its
/// readers attach the record's file, so that access is part of each statement. Thread-safe; writing calls block until
/// committed and are never made with a Snapshot held.
namespace qiao::imaging {

std::span<const storage::Migration> imaging_migrations();

/// What ingest knows of one object when its bytes are durable.
struct NewInstance {
    const Walked* walked = nullptr;
    FileMeta meta;
    storage::PackPlace place;
    std::string sha256;  ///< of the data set
    Source source;
    Instant received{};
};

enum class StoreOutcome : std::uint8_t {
    stored,
    duplicate,  ///< the same bytes are there already
    conflict,   ///< other bytes under a known UID, or another patient under a known study: kept, not shown
};

struct Stored {
    StoreOutcome outcome = StoreOutcome::stored;
    std::int64_t study_id = 0;  ///< of `stored`
};

class InstanceStore {
public:
    /// @param record_place  whose tables readers see as `record.…`; empty without a record (tests)
    InstanceStore(const std::string& place, const std::string& record_place, const Clock& clock, Metrics& metrics);
    ~InstanceStore();

    Stored insert(const NewInstance& instance);
    /// SHA-256 of the object under this UID; empty when there is none.
    std::string digest_of(std::string_view sop_uid);
    /// Whether these bytes are kept as a conflict under this UID.
    bool has_conflict(std::string_view sop_uid, std::string_view sha256);

    std::optional<Study> study(std::string_view uid);
    std::optional<Study> study_by_id(std::int64_t id);
    std::vector<Study> studies_of_patient(std::string_view patient_ref);
    std::vector<Study> unmatched(std::int64_t organisation);  ///< 0 = of all
    std::vector<Series> series_of(std::int64_t study_id);
    /// Live instances in order of series and number. `series_uid` and `sop_uid` narrow when not empty.
    std::vector<Instance> instances(std::string_view study_uid, std::string_view series_uid = {}, std::string_view sop_uid = {});

    /// Ties a study to its resource and patient, or with `rid` 0 to none.
    void link(std::string_view study_uid, std::int64_t rid, std::string_view resource, std::string_view patient_ref);
    /// Rises with each link(): passes older than that must be looked up again.
    [[nodiscard]] std::uint64_t link_epoch() const { return link_epoch_.load(std::memory_order_acquire); }

    struct SeriesMeta {
        std::string uid;
        std::int64_t instances = 0;
        std::optional<DeflatedRun> run;  ///< nothing when missing or outdated
    };
    std::vector<SeriesMeta> series_meta(std::int64_t study_id, std::string_view series_uid = {});
    void put_series_meta(std::string_view series_uid, std::int64_t instances, const DeflatedRun& run);

    // Studies that changed and whose record has not been told.
    struct Pending {
        std::int64_t study_id = 0;
        std::int64_t changed_us = 0;
    };
    std::vector<Pending> pending();
    void settled(const Pending& pending);  ///< unless it changed again

    // Packs.
    std::map<std::uint32_t, std::uint64_t> indexed_segments();
    void set_indexed(const std::map<std::uint32_t, std::uint64_t>& ends);
    void clear_index();  ///< before a rebuild; keeps uses and refusals

    // What devices did, and what was refused (device_log_store.cpp).
    void note_association(std::int64_t ae, Instant at);
    void note_objects(std::int64_t ae, std::int64_t count, Instant last);
    std::map<std::int64_t, AeUse> uses();  ///< by Ae::id
    void add_refusal(const Refusal& refusal);
    std::vector<Refusal> refusals(int limit);
    /// Of one kind, grouped by who called and why, newest first.
    std::vector<RefusalGroup> refusal_groups(std::string_view kind, int limit);

    /// What a gateway said last: when, its clock minus ours, its words as JSON.
    struct GatewayRow {
        Instant at{};  ///< the epoch = nothing
        std::int64_t clock_offset_ms = 0;
        std::string body;
    };
    void put_gateway(std::int64_t gateway, const GatewayRow& row);
    GatewayRow gateway(std::int64_t gateway);

    storage::Database& database() { return *database_; }
    [[nodiscard]] bool has_record() const { return has_record_; }
    [[nodiscard]] bool healthy() const { return writer_->healthy(); }

private:
    bool has_record_;
    const Clock& clock_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<storage::Writer> writer_;
    std::atomic<std::uint64_t> link_epoch_{0};
};

}  // namespace qiao::imaging
