#include "base/error.hpp"
#include "base/id.hpp"
#include "record/feed/feed.hpp"
#include "record/store/dictionary_maker.hpp"
#include "record/store/indexer.hpp"
#include "record/store/labels.hpp"
#include "record/store/work.hpp"

#include <sodium.h>

#include <algorithm>

namespace qiao::record {
namespace {

class StoreRecord : public Record {
public:
    StoreRecord(storage::Database& database, storage::Writer& writer, const Clock& clock, Metrics& metrics, const RecordOptions& options)
        : core_{database, writer, clock, metrics, {}, Zone(options.zone), options.base_url, options.write_level, {}, nullptr} {
        if (sodium_init() < 0) throw Error(ErrorKind::unavailable, "record.no_random", "the cryptographic library does not start");
        if (database.shared()) {
            auto snapshot = database.read();
            auto rows = snapshot->connection().query("SELECT max(t) FROM tx");
            if (rows.next()) told_ = rows.integer(0);
            feed_ = std::make_unique<Feed>([this] { return committed_since_told(); });
        } else {
            feed_ = std::make_unique<Feed>();
        }
        core_.feed = feed_.get();
        writer.on_foreign_commit([this](storage::Connection& connection) {
            core_.next_rid = next_rid(connection);
            core_.date_spans.clear();
            core_.local_parameters.load(connection);
            core_.index_jobs.load(connection);
        });
        core_.keys = {key("hash_key", 16), key("cursor_key", 32)};
        {
            auto snapshot = database.read();
            core_.next_rid = next_rid(snapshot->connection());
            core_.local_parameters.load(snapshot->connection());
            core_.index_jobs.load(snapshot->connection());
            core_.bodies.load(snapshot->connection());
        }
        feed_->listen([this](std::span<const Change> changes) { hear(changes); });
        metrics.gauge("qiao_record_index_jobs", [this] { return static_cast<double>(core_.index_jobs.open()->size()); });
        feed_->listen([this](std::span<const Change>) { dictionary_maker_.look(); });
        indexer_.note_extractor();
        indexer_.wake();
    }

    std::vector<IndexProgress> index_progress() override {
        const auto jobs = core_.index_jobs.open();
        std::vector<IndexProgress> progress;
        if (jobs->empty()) return progress;
        auto snapshot = core_.database.read();
        auto rows = snapshot->connection().query("SELECT max(rid) FROM res");
        const std::int64_t all = rows.next() ? std::max<std::int64_t>(1, rows.integer(0)) : 1;
        const auto local = core_.local_parameters.open();
        for (const IndexJob& job : *jobs) {
            const LocalParameter* own = is_local(job.param) ? local->find(job.param) : nullptr;
            if (is_local(job.param) && own == nullptr) continue;  // what is left of one that is no more
            const std::int64_t percent = std::clamp<std::int64_t>(job.position * 100 / all, 0, 99);
            progress.push_back({std::string(type_name(job.type)), own != nullptr ? own->code : std::string(find_parameter(job.param)->code), static_cast<int>(percent)});
        }
        return progress;
    }
    std::unique_ptr<Reader> read(const ReadFilter& filter) override { return std::make_unique<StoreReader>(core_, filter); }
    std::unique_ptr<Work> begin(const ReadFilter& filter, const Actor& actor) override { return std::make_unique<StoreWork>(core_, filter, actor); }
    Ports& ports() override { return core_.ports; }
    Core& core() override { return core_; }
    std::unique_ptr<Reader> read_in(storage::Group& group, const ReadFilter& filter) override {
        return std::make_unique<StoreReader>(core_, filter, group.connection());
    }
    void subscribe(std::function<void(std::span<const Change>)> listener) override { feed_->listen(std::move(listener)); }

    void reach_patient(storage::Group& group, Rid patient, std::int64_t grantee, std::string_view source, Instant starts, Instant ends,
                       const Opens& opens) override {
        group.connection().execute(
            "INSERT INTO reach(patient_rid, grantee, source, category_bits, label_ceiling, starts_ms, ends_ms, label_bits, right_bits, beats_denial)"
            " VALUES(?, ?, ?, -1, 2, ?, ?, ?, ?, ?) ON CONFLICT(patient_rid, grantee, source) DO UPDATE SET starts_ms = excluded.starts_ms,"
            " ends_ms = excluded.ends_ms, label_bits = excluded.label_bits, right_bits = excluded.right_bits, beats_denial = excluded.beats_denial",
            {patient, grantee, source, start_ms(starts), to_ms(ends), opens.labels, opens.by_right, std::int64_t{opens.beats_denial}});
    }
    void reach_item(storage::Group& group, Rid resource, std::int64_t grantee, std::string_view source, Instant starts, Instant ends,
                    const Opens& opens) override {
        group.connection().execute(
            "INSERT INTO reach_item(rid, grantee, source, starts_ms, ends_ms, label_bits, right_bits, beats_denial) VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(rid, grantee, source) DO UPDATE SET starts_ms = excluded.starts_ms, ends_ms = excluded.ends_ms,"
            " label_bits = excluded.label_bits, right_bits = excluded.right_bits, beats_denial = excluded.beats_denial",
            {resource, grantee, source, start_ms(starts), to_ms(ends), opens.labels, opens.by_right, std::int64_t{opens.beats_denial}});
    }
    void deny_reach(storage::Group& group, Rid patient, std::int64_t grantee, bool denied) override {
        group.connection().execute(denied ? "INSERT INTO reach_denied(patient_rid, grantee) VALUES(?, ?) ON CONFLICT DO NOTHING"
                                          : "DELETE FROM reach_denied WHERE patient_rid = ? AND grantee = ?",
                                   {patient, grantee});
    }
    void set_added_labels(storage::Group& group, Rid resource, std::int64_t labels) override { record::set_added_labels(core_, group, resource, labels); }
    void end_reach(storage::Group& group, std::string_view source) override {
        const std::int64_t now = to_ms(core_.clock.now());
        group.connection().execute("UPDATE reach SET ends_ms = ? WHERE source = ? AND ends_ms > ?", {now, source, now});
        group.connection().execute("UPDATE reach_item SET ends_ms = ? WHERE source = ? AND ends_ms > ?", {now, source, now});
    }
    void end_patient_reach(storage::Group& group, std::string_view source, std::int64_t grantee) override {
        const std::int64_t now = to_ms(core_.clock.now());
        group.connection().execute("UPDATE reach SET ends_ms = ? WHERE source = ? AND ends_ms > ? AND (? = 0 OR grantee = ?)",
                                   {now, source, now, grantee, grantee});
    }

private:
    /// Who defines a search parameter gives the indexer work, on every node. On the feed's thread.
    void hear(std::span<const Change> changes) {
        if (std::none_of(changes.begin(), changes.end(), [](const Change& change) { return change.type == "SearchParameter"; })) return;
        indexer_.look();
    }
    std::vector<std::vector<Change>> committed_since_told() {
        std::vector<std::vector<Change>> commits;
        std::int64_t last = told_;
        auto snapshot = core_.database.read();
        auto rows = snapshot->connection().query(
            "SELECT o.t, o.rid, r.type, r.id, o.ver, o.op, o.patient_rid FROM outbox o CROSS JOIN res r ON r.rid = o.rid WHERE o.t > ? ORDER BY o.t, o.n",
            {told_});
        while (rows.next()) {
            if (rows.integer(0) != last) commits.emplace_back();
            last = rows.integer(0);
            commits.back().push_back({rows.integer(1), std::string(type_name(type_of_number(static_cast<std::uint32_t>(rows.integer(2))))),
                                      id_text(rows.text(3)), rows.integer(4), static_cast<char>(rows.integer(5)), rows.integer(6), nullptr});
        }
        told_ = last;
        return commits;
    }
    static Rid next_rid(storage::Connection& connection) {
        auto rows = connection.query("SELECT max(rid) FROM res");
        return rows.next() ? rows.integer(0) + 1 : 1;
    }
    /// Commit times may run some milliseconds ahead of the clock that readers compare with: a grant from "now" holds at once.
    [[nodiscard]] std::int64_t start_ms(Instant starts) const {
        const Instant now = core_.clock.now();
        return to_ms(starts > now && starts - now < std::chrono::seconds(1) ? now : starts);
    }
    std::string stored_setting(std::string_view name) {
        auto snapshot = core_.database.read();
        auto rows = snapshot->connection().query("SELECT value FROM setting WHERE name = ?", {name});
        return rows.next() ? std::string(rows.text(0)) : std::string();
    }
    void store_setting(std::string_view name, std::string_view value) {
        core_.writer.submit({{}, [&](storage::Group& group) {
                                 group.connection().execute(
                                     "INSERT INTO setting(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
                                     {name, storage::Blob{value}});
                             }});
    }
    /// A secret of this database, made at the first start.
    std::string key(std::string_view name, std::size_t size) {
        std::string value = stored_setting(name);
        if (!value.empty()) return value;
        value = random_bytes(size);
        store_setting(name, value);
        return value;
    }
    Core core_;
    Indexer indexer_{core_};
    DictionaryMaker dictionary_maker_{core_};
    std::int64_t told_ = 0;  ///< the feed's thread only
    std::unique_ptr<Feed> feed_;
};

}  // namespace

std::unique_ptr<Record> open_record(storage::Database& database, storage::Writer& writer, const Clock& clock, Metrics& metrics, const RecordOptions& options) {
    return std::make_unique<StoreRecord>(database, writer, clock, metrics, options);
}

}  // namespace qiao::record
