#pragma once

#include "base/limits.hpp"
#include "record/record.hpp"
#include "record/store/bodies.hpp"
#include "record/store/index_jobs.hpp"
#include "record/store/local_parameters.hpp"
#include "record/store/recent_versions.hpp"
#include "record/store/rows.hpp"
#include "record/terminology/record_shelf.hpp"
#include "record/validate/parse.hpp"

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

/// What readers and works of one record share, and the reading half of the store. Core is immutable after opening but for
/// what the writer thread owns.
namespace qiao::record {

class Feed;

/// What `aclset` has one row for; see labels.hpp.
struct AclKey {
    Rid patient = 0;
    std::int64_t organisation = 0;
    std::int64_t label_bits = 0;
    auto operator<=>(const AclKey&) const = default;
};

/// What a search may cost.
struct SearchLimits {
    std::chrono::milliseconds time = limits::kQueryTime;
    std::int64_t counted_rows = 5'000'000;  ///< of the index, by one count
    std::int64_t large_type = 100'000;      ///< resources: a type of more is not read through for want of an index
};

struct Core {
    storage::Database& database;
    storage::Writer& writer;
    const Clock& clock;
    Metrics& metrics;
    Keys keys;
    Zone zone;
    std::string base_url;
    WriteLevel write_level;
    Ports ports;
    Feed* feed = nullptr;
    SearchLimits search_limits = {};  ///< changed before the first search only
    IndexJobs index_jobs = {};
    LocalParameterList local_parameters = {};
    DefinitionCache definitions = {};
    Bodies bodies = {};
    RecentVersions recent_versions = {};

    // Writer thread only. What is remembered of `sys`, `index_part`, `aclset` and `res` never changes once it is there, whichever node made it.
    static constexpr std::size_t kRemembered = 50'000;
    std::unordered_map<std::string, std::int64_t> units;
    std::set<IndexPart> index_parts;  ///< that `index_part` has
    std::map<AclKey, std::int64_t> aclsets;
    std::unordered_map<std::string, Rid> rids;  ///< of what was referred to, by type and stored id
    Rid next_rid = 1;
    std::int64_t outbox_t = 0;
    std::int64_t outbox_n = 0;
    std::unordered_map<std::uint16_t, std::int64_t> date_spans;  ///< as the table has them

    [[nodiscard]] ExtractOptions extract_options() const { return {&zone, base_url}; }
    [[nodiscard]] TokenHash hash() const { return TokenHash(keys.hash); }
    [[nodiscard]] Indexed index(simdjson::dom::element resource, TypeId type, std::string_view id, const LocalParameters& local) const {
        return index_resource(resource, type, id, extract_options(), hash(), &local);
    }
    /// The text of a stored body (as res.body holds it), which replaces `out`.
    void unpack(std::string_view packed, std::string& out);
    /// A stored body, whose text replaces `text` and outlives the result.
    [[nodiscard]] ParsedResource parse_packed(std::string_view packed, std::string& text);
    /// What a stored body says.
    [[nodiscard]] DerivedPtr derive(std::string_view packed, TypeId type, std::string_view id, const LocalParameters& local);
    /// Rows of a stored body. On the writer thread `local` is that of the open group.
    [[nodiscard]] Indexed index_packed(std::string_view packed, TypeId type, std::string_view id, const LocalParameters& local);
};

/// Creates a resource under an id that new_uuid() made for it: nobody else knows it yet, so it is not looked for. An `id` in the text
/// does not count.
void create_fresh(Work& work, std::string_view type, std::string_view id, std::string_view json);

/// The number of "Type/id", which gets a stub when it is not there. Writer thread.
Rid rid_or_stub(Core& core, storage::Group& group, const Target& target);

/// find_type(), with Error(not_found, "record.unknown_type").
TypeId known_type(std::string_view name);

/// The first commit at or after `ms`, since commit times rise; one behind the newest when there is none.
std::int64_t first_commit_at(storage::Connection& connection, std::int64_t ms);

/// Bounds all statements of one question together: Error(unavailable, "record.budget") when it is spent.
class Budget {
public:
    Budget(storage::Connection& connection, const SearchLimits& search) : connection_(connection) {
        connection_.set_time_limit(static_cast<int>(search.time.count()));
    }
    ~Budget() { connection_.set_time_limit(0); }
    Budget(const Budget&) = delete;
    Budget& operator=(const Budget&) = delete;

private:
    storage::Connection& connection_;
};

class StoreReader : public Reader {
public:
    StoreReader(Core& core, const ReadFilter& filter);
    /// Reads through a connection that somebody else holds (the writer's).
    StoreReader(Core& core, const ReadFilter& filter, storage::Connection& connection);

    std::optional<Stored> read(std::string_view type, std::string_view id) override;
    std::optional<Stored> read_version(std::string_view type, std::string_view id, std::int64_t version) override;
    HistoryPage history(const HistoryAsk& ask) override;
    SearchResult search_in(const SearchPlace& place, std::string_view query) override;
    SearchResult everything(const Compartment& what) override;
    std::optional<Rid> rid_of(std::string_view type, std::string_view id) override;
    std::string reference_of(Rid rid) override;
    storage::Connection& connection() override { return *connection_; }
    const RecordShelf& definitions() override { return shelf_; }

    [[nodiscard]] Core& core() { return core_; }
    [[nodiscard]] const ReadFilter& filter() const { return filter_; }
    [[nodiscard]] Instant now() const { return now_; }
    /// Whether all index rows of a parameter of R4 are there.
    [[nodiscard]] bool is_indexed(TypeId type, ParamId param) const;
    /// The parameter `code` of `type`, of R4 or of the centre, as this snapshot has it; nullptr when there is none. Error(invalid,
    /// "record.parameter_not_ready") for one of the centre whose index is being made. What it points to lives as long as the reader.
    const TypeParameter* parameter(TypeId type, std::string_view code);
    /// nullptr when no definition has this number.
    [[nodiscard]] const Parameter* definition(ParamId param) const;
    /// nullptr when the parameter is not one of the centre.
    [[nodiscard]] const LocalParameter* local(ParamId param) const { return is_local(param) ? local_parameters_->find(param) : nullptr; }
    /// Those of the type that refer, of R4 and of the centre.
    [[nodiscard]] std::vector<ParamId> reference_parameters(TypeId type) const;
    /// The current version of a row that a search found and the filter let through.
    Stored fetch(Rid rid);
    /// An older one, likewise.
    Stored fetch_version(Rid rid, std::int64_t version);

private:
    const std::string& read_sql();
    const LocalParameter* find_local(TypeId type, std::string_view code);
    void require_ready(TypeId type, const LocalParameter& parameter);

    Core& core_;
    ReadFilter filter_;
    Instant now_;
    FilterSql visible_;
    std::shared_ptr<const IndexJobs::List> index_jobs_;
    std::shared_ptr<const LocalParameters> local_parameters_;
    std::vector<std::shared_ptr<const LocalParameters>> earlier_;  ///< what parameter() may have given out
    bool local_parameters_read_ = false;                           ///< from this snapshot
    std::unique_ptr<storage::Snapshot> snapshot_;
    storage::Connection* connection_;
    std::string read_sql_;
    RecordShelf shelf_{*this};
};

}  // namespace qiao::record
