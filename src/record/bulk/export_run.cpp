#include "record/bulk/export_run.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "record/bulk/bulk_limits.hpp"
#include "record/bulk/export_slice.hpp"
#include "record/bulk/files.hpp"
#include "record/rest/answer.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_set>

namespace qiao::record::bulk {
namespace {

constexpr std::chrono::seconds kCheckpoint{2};

class ExportRun {
public:
    ExportRun(const Ground& ground, const std::string& node, Job job, const std::string& folder, const std::function<bool()>& ended)
        : ground_(ground),
          core_(ground.record.core()),
          node_(node),
          job_(std::move(job)),
          folder_(folder),
          ended_(ended),
          ask_(read_ask(core_, job_.ask)),
          caller_(caller_behind(ground_, job_)) {}

    void run() {
        storage::make_folder(folder_);
        files_ = files_now();
        prepare();
        const auto counts = count_types(core_);
        if (job_.total == 0) {
            for (const auto& [type, count] : counts) job_.total += ask_.takes(type) ? count : 0;
        }
        for (const auto& [type, count] : counts) {
            const std::int64_t number = number_of(type);
            if (!ask_.takes(type) || number < job_.place.type) continue;
            if (number > job_.place.type) job_.place.id.clear();
            job_.place.type = number;
            if (!write_type(type)) return;
            job_.place.type = number + 1;
            job_.place.id.clear();
        }
        write_ignored();
        finish();
    }

private:
    [[nodiscard]] std::vector<File> files_now() const { return files_of(ground_.database.read()->connection(), job_.id); }
    [[nodiscard]] bool keeps_numbers() const { return caller_.filter.scope != ReadFilter::Scope::everything || caller_.filter.labels != kEveryLabel; }

    void prepare() {
        slice_.t = job_.t;
        if (ask_.since_ms != 0) {
            slice_.from_t = first_commit_at(ground_.database.read()->connection(), ask_.since_ms);
            slice_.deletions = true;
        }
        if (ask_.until_ms != 0) slice_.before_t = first_commit_at(ground_.database.read()->connection(), ask_.until_ms);
        if (ask_.level == ExportAsk::Level::group) slice_.patients = members();
        deleted_ = std::make_unique<Lines>(folder_, "deleted", "Bundle", files_, keeps_numbers());
    }

    /// The patients of the Group as it was.
    std::vector<Rid> members() {
        const auto group = read_at(core_, caller_.filter, TypeId::Group, ask_.group, job_.t);
        if (!group) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        const json::Value value = group->value();
        const auto reader = ground_.record.read(caller_.filter);
        const std::string own = core_.base_url + "/";
        std::vector<Rid> rids;
        for (const json::Value& member : value["member"].items()) {
            std::string_view reference = member["entity"]["reference"].text();
            if (own.size() > 1 && reference.starts_with(own)) reference.remove_prefix(own.size());
            if (member["inactive"].truth() || !reference.starts_with("Patient/")) continue;
            if (const auto rid = reader->rid_of("Patient", reference.substr(8))) rids.push_back(*rid);
            if (rids.size() > kGroupMembers) throw Error(ErrorKind::too_large, "record.bulk_group", "the Group has too many members");
        }
        return rids;
    }

    /// @return false when the job was ended meanwhile
    bool write_type(TypeId type) {
        output_ = std::make_unique<Lines>(folder_, "output", std::string(type_name(type)), files_, keeps_numbers());
        SliceAsk ask = slice_;
        ask.of_patients = ask_.level != ExportAsk::Level::system && !ask_.beside(type);
        for (;;) {
            if (ended_()) {
                checkpoint();  // a pause goes on from here
                return false;
            }
            const Slice slice = read_slice(core_, caller_.filter, type, ask, job_.place.id);
            write_slice(type, slice);
            job_.done = std::min(job_.done + slice.looked, job_.total);
            job_.place.id = slice.next;
            const bool due = std::chrono::steady_clock::now() - noted_ >= kCheckpoint;
            if (slice.next.empty()) break;
            if (due && !checkpoint()) return false;
        }
        // The file of a type is whole before the next one begins.
        output_->sync();
        if (output_->current()) closed_.push_back(*output_->current());
        output_.reset();
        return true;
    }

    void write_slice(TypeId type, const Slice& slice) {
        std::vector<Rid> gone;
        std::vector<std::string> gone_references;
        std::vector<Rid> patients;
        for (const Stored& version : slice.versions) {
            if (version.patient != 0 && told_.insert(version.patient).second) patients.push_back(version.patient);
            if (version.deleted) {
                gone.push_back(version.rid);
                gone_references.push_back(version.reference());
            } else if (fits(type, version)) {
                const auto view = ask_.views.find(type);
                append(*output_, view == ask_.views.end() ? version.json : part_shown(version.json, type, view->second), {&version.rid, 1});
                ++job_.written;
            }
        }
        if (!gone.empty()) append(*deleted_, deletions(gone_references), gone);
        if (!patients.empty() && ground_.record.ports().on_read) ground_.record.ports().on_read(caller_.actor, "export", type_name(type), {}, patients);
    }

    bool fits(TypeId type, const Stored& version) {
        const auto filters = ask_.filters.find(type);
        if (filters == ask_.filters.end()) return true;
        const auto parsed = parse_resource(version.json, limits::kBundleBody_bytes);
        if (!parsed) throw Error(ErrorKind::internal, "record.body_damaged", "a stored body is no JSON");
        const Indexed indexed = index_resource(parsed->root(), type, version.id, core_.extract_options(), core_.hash());
        return std::any_of(filters->second.begin(), filters->second.end(), [&](const Criteria& one) { return one.matches(indexed, version.id); });
    }

    static std::string deletions(const std::vector<std::string>& references) {
        JsonWriter json;
        json.object([&] {
            json.field("resourceType", "Bundle");
            json.field("type", "transaction");
            json.array("entry", [&] {
                for (const std::string& reference : references) {
                    json.object([&] {
                        json.object("request", [&] {
                            json.field("method", "DELETE");
                            json.field("url", reference);
                        });
                    });
                }
            });
        });
        return json.take();
    }

    void append(Lines& lines, std::string_view line, std::span<const Rid> rids) {
        if (auto full = lines.append(line, rids)) closed_.push_back(std::move(*full));
    }

    void write_ignored() {
        if (ask_.ignored.empty()) return;
        Lines lines(folder_, "error", "OperationOutcome", {}, false);
        for (const std::string& name : ask_.ignored) {
            lines.append(outcome_text("information", "not-supported", fmt::format("the parameter \"{}\" is not known and was left out", name)), {});
        }
        lines.sync();
        closed_.push_back(*lines.current());
    }

    /// Syncs the files, then notes how far everything is. @return false when the job was ended meanwhile
    bool checkpoint(bool at_end = false) {
        noted_ = std::chrono::steady_clock::now();
        caller_ = caller_behind(ground_, job_);
        require_room(folder_);
        if (bytes_of(ground_.database.read()->connection(), node_) > kBulkFiles_bytes)
            throw Error(ErrorKind::too_large, "record.bulk_full", "the files of all bulk jobs take too much room");
        std::vector<File> files = std::move(closed_);
        closed_.clear();
        for (Lines* lines : {output_.get(), deleted_.get()}) {
            if (lines == nullptr || !lines->current()) continue;
            lines->sync();
            files.push_back(*lines->current());
        }
        bool goes_on = true;
        ground_.writer.submit({{}, [&](storage::Group& group) {
                                   goes_on = advance(group, job_);
                                   if (!goes_on) return;
                                   for (const File& file : files) put_file(group, job_.id, file);
                                   if (at_end) bulk::end(group, job_);
                               }});
        return goes_on;
    }

    void finish() {
        job_.state = std::string(state::kComplete);
        job_.ended_ms = to_ms(ground_.clock.now());
        job_.expires_ms = job_.ended_ms + std::chrono::milliseconds(kBulkKept).count();
        job_.done = job_.total;
        checkpoint(true);
    }

    const Ground& ground_;
    Core& core_;
    const std::string& node_;
    Job job_;
    const std::string& folder_;
    const std::function<bool()>& ended_;
    ExportAsk ask_;
    Caller caller_;
    SliceAsk slice_;
    std::vector<File> files_;   ///< of the run before
    std::vector<File> closed_;  ///< synced and not noted yet
    std::unique_ptr<Lines> output_;
    std::unique_ptr<Lines> deleted_;
    std::unordered_set<Rid> told_;  ///< patients whom the audit knows of
    std::chrono::steady_clock::time_point noted_ = std::chrono::steady_clock::now();
};

}  // namespace

Caller caller_behind(const Ground& ground, const Job& job) {
    auto caller = ground.caller_of(job.owner);
    if (!caller || (job.kind == Kind::exports && digest_of(caller->filter) != job.filter_digest))
        throw Error(ErrorKind::conflict, "record.bulk_rights", "who ordered it may see something else by now");
    return std::move(*caller);
}

void run_export(const Ground& ground, const std::string& node, Job job, const std::string& folder, const std::function<bool()>& ended) {
    ExportRun(ground, node, std::move(job), folder, ended).run();
}

}  // namespace qiao::record::bulk
