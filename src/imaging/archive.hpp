#pragma once

#include "base/metrics.hpp"
#include "http/message.hpp"
#include "imaging/instance_store.hpp"
#include "imaging/object_sink.hpp"
#include "storage/pack.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

/// The archive itself: takes objects in, keeps their bytes in packs and their rows in the index, gives both back, and
/// tells one listener when a study has been quiet for a while. Thread-safe. Everything about networks is above it.
namespace qiao::imaging {

struct ArchiveOptions {
    std::string folder;        ///< packs, spilled objects
    std::string index_place;   ///< of the database "imaging"
    std::string record_place;  ///< of the database "record", which readers of the index see too; empty without a record
    std::chrono::milliseconds quiet{5'000};
    int full_percent = 95;  ///< of the disk: beyond it objects are refused
    bool rebuild = false;   ///< forget the index and read all packs again
};

/// Told when a study is stable: after 5 s without a new object, at the release of an association, at the end of a STOW
/// request. Called on the archive's own thread, again after a failure and for studies left by an earlier run.
class StudySink {
public:
    virtual ~StudySink() = default;
    virtual void study_stable(const Study& study) = 0;
};

class Archive : public ObjectSink {
public:
    /// Opens or creates; indexes what an earlier run left between pack and index.
    Archive(ArchiveOptions options, const Clock& clock, Metrics& metrics);
    ~Archive() override;
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;

    /// Before the first object.
    void start(StudySink* sink);

    IngestResult ingest(const Walked& walked, FileMeta meta, std::string_view dataset, std::string sha256, const Source& source) override;
    /// An object in its file form. @param syntax  its transfer syntax where the file does not say; may be empty
    /// @param study  that it must belong to; empty = any
    IngestResult ingest_file(std::string_view file, std::string_view syntax, const Source& source, std::string_view study = {});
    /// A row for the operator about an object that was not kept.
    void note_refusal(const std::string& caller, const std::string& address, const IngestResult& result);
    [[nodiscard]] bool has_room() const override;
    void release(const std::set<std::string>& study_uids) override;
    void note_refusal(const Refusal& refusal) override { store_.add_refusal(refusal); }
    void note_association(const Ae& ae, Instant at) override { store_.note_association(ae.id, at); }
    void note_objects(const Ae& ae, std::int64_t count, Instant last) override { store_.note_objects(ae.id, count, last); }
    /// All studies without a patient go to the sink again, soon: after a request with an accession number or a patient came.
    void offer_unmatched() { offered_ = true; }

    [[nodiscard]] std::shared_ptr<const http::OpenFile> segment(std::uint32_t number);
    [[nodiscard]] http::FileRange range(const Instance& instance, std::uint64_t offset, std::uint64_t length);  ///< offset in the data set
    [[nodiscard]] std::string read_dataset(const Instance& instance, std::uint64_t offset, std::uint64_t length) const;
    /// DICOM JSON of the whole header, read again from the pack.
    [[nodiscard]] std::string header_json(const Instance& instance) const;
    /// The headers of a series from its packs, as metadata() answers them. @param count  gets the number of instances
    [[nodiscard]] DeflatedRun series_run(std::string_view study_uid, std::string_view series_uid, std::int64_t* count = nullptr);
    [[nodiscard]] Walked walk_header(const Instance& instance, JsonScope scope) const;

    [[nodiscard]] InstanceStore& store() { return store_; }
    [[nodiscard]] bool healthy() const { return pack_.healthy() && store_.healthy(); }
    [[nodiscard]] const std::string& folder() const override { return options_.folder; }
    [[nodiscard]] const Clock& clock() const override { return clock_; }

private:
    void recover();
    void index_record(const storage::PackRecord& record, std::string_view content);
    IngestResult store_object(const Walked& walked, FileMeta meta, std::string_view dataset, std::string sha256, const Source& source);
    void began();
    void ended();
    void save_watermark();
    void run(const std::stop_token& stop);
    void await_unmatched();
    void settle_due();
    void settle(const InstanceStore::Pending& pending);
    void build_series_meta(const Study& study);

    struct Waiting {
        std::int64_t changed_us = 0;
        std::chrono::steady_clock::time_point due;
    };

    const ArchiveOptions options_;
    const Clock& clock_;
    InstanceStore store_;
    storage::Pack pack_;
    Counter& stored_;
    Counter& refused_;
    StudySink* sink_ = nullptr;

    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::atomic<bool> offered_{false};
    std::map<std::int64_t, Waiting> waiting_;  ///< studies that are not stable yet
    std::int64_t in_flight_ = 0;
    std::map<std::uint32_t, std::uint64_t> highest_;    ///< ends of indexed records by segment
    std::map<std::uint32_t, std::uint64_t> watermark_;  ///< highest_ when nothing was in flight
    bool watermark_changed_ = false;
    std::map<std::uint32_t, std::shared_ptr<const http::OpenFile>> segments_;
    std::jthread thread_;
};

/// `/dicomweb/studies/…/series/…/instances/…`
std::string instance_path(const Instance& instance);

}  // namespace qiao::imaging
