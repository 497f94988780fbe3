#include "record/bulk/import_run.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "http/outcome.hpp"
#include "record/bulk/bulk_limits.hpp"
#include "record/bulk/export_run.hpp"
#include "record/bulk/files.hpp"
#include "record/bulk/import_items.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace qiao::record::bulk {
namespace {

constexpr std::size_t kTogether = 400;                // resources in one commit, but for a larger bundle
constexpr std::size_t kTogether_bytes = 4ULL << 20U;  // of their text
constexpr std::chrono::seconds kNote{2};
constexpr int kAttempts = 32;  // against others who change what a condition is about

using Items = std::span<Item>;

/// Of the storage and not of the line: the same line may be taken later. A search that costs too much will cost it again.
bool may_pass(const Error& error) { return error.kind() == ErrorKind::unavailable && error.code() != "record.budget"; }

class ImportRun {
public:
    ImportRun(const Ground& ground, Job job, const std::string& folder, const std::function<bool()>& ended)
        : ground_(ground), api_{ground.record, ground.clock}, job_(std::move(job)), folder_(folder), ended_(ended), caller_(caller_behind(ground, job_)) {}

    void run() {
        const std::string path = job_.source.empty() ? folder_ + "/input" : job_.source;
        const ImportAsk ask = require_same(path);
        storage::make_folder(folder_);
        outcomes_.emplace(folder_ + "/" + std::string(kOutcomes), job_.place.outcomes);
        note();
        LineReader lines(path, job_.place.offset, ask.whole);
        std::int64_t number = job_.place.line;
        std::int64_t done = job_.place.entry;
        while (auto line = lines.next()) {
            Place behind;
            behind.offset = line->next;
            behind.line = ++number;
            for (Item& item : read_items(std::move(*line), number, done)) {
                if (!take(std::move(item))) return;
            }
            done = 0;
            behind_ = behind;
        }
        if (!flush()) return;
        finish();
    }

private:
    ImportAsk require_same(const std::string& path) const {
        const auto value = json::parse(job_.ask);
        ImportAsk ask;
        if (value) ask = {(*value)["whole"].truth(), (*value)["size"].integer().value_or(0), (*value)["changed"].integer().value_or(0)};
        const auto [size, changed] = look_at(path);
        if (size != ask.size || (ask.changed_ns != 0 && changed != ask.changed_ns))
            throw Error(ErrorKind::conflict, "record.import_changed", "the file was changed after the import was ordered");
        return ask;
    }

    /// A boundary: a bundle that cannot be read is one refused line.
    std::vector<Item> read_items(Line line, std::int64_t number, std::int64_t done) const {
        Item whole{.line = number};
        whole.after.offset = line.next;
        whole.after.line = number;
        try {
            return items_of(std::move(line), number, done, job_.id);
        } catch (const Error& error) {
            whole.refused = error;
        }
        std::vector<Item> items;
        items.push_back(std::move(whole));
        return items;
    }

    /// @return false when the job was ended
    bool take(Item item) {
        // Of a resource that comes twice each time is a version of its own.
        const bool twice = std::any_of(item.entries.begin(), item.entries.end(), [&](const Entry& one) { return gathered_names_.contains(one.reference()); });
        const bool full = gathered_entries_ + item.entries.size() > kTogether || gathered_bytes_ >= kTogether_bytes;
        if ((item.alone || twice || full) && !flush()) return false;
        for (const Entry& one : item.entries) {
            if (!one.id.empty()) gathered_names_.insert(one.reference());
            gathered_bytes_ += one.resource.size();
        }
        gathered_entries_ += std::max<std::size_t>(1, item.entries.size());
        const bool alone = item.alone;
        gathered_.push_back(std::move(item));
        return !alone || flush();
    }

    bool flush() {
        std::vector<Item> items = std::move(gathered_);
        gathered_.clear();
        gathered_names_.clear();
        gathered_bytes_ = 0;
        gathered_entries_ = 0;
        if (ended_()) return false;
        if (!items.empty() && !commit(items)) return false;
        if (std::chrono::steady_clock::now() - noted_ >= kNote) return note();
        return true;
    }

    /// Together; where that is refused, in halves, so that only the culprit is left out. @return false when the job was ended
    bool commit(Items items) {
        for (int attempt = 0; attempt < kAttempts;) {
            switch (try_commit(items)) {
                case Tried::done: return true;
                case Tried::ended: return false;
                case Tried::without: continue;
                case Tried::again: ++attempt; continue;
                case Tried::refused: break;
            }
            const std::size_t half = items.size() / 2;
            return commit(items.subspan(0, half)) && commit(items.subspan(half));
        }
        Error contended(ErrorKind::unavailable, "record.contended", "what a condition is about is being changed by many at once");
        if (items.front().refused) throw contended;
        items.front().refused = std::move(contended);
        return commit(items);
    }

    enum class Tried : std::uint8_t {
        done,
        ended,    ///< somebody ended the job
        without,  ///< an item is refused by itself: the others once more
        again,    ///< what a condition is about has changed
        refused,  ///< one of them, and it is not known which
    };

    Tried try_commit(Items items) {
        Job next = job_;
        auto work = plain_work(ground_.record, caller_);
        for (Item& item : items) {
            // Of a bundle, or of what has a condition, the work may hold a part.
            if (!item.refused && !gather_one(*work, item) && (item.alone || item.entries.size() > 1)) return Tried::without;
            if (item.refused) continue;
            next.written += static_cast<std::int64_t>(std::count_if(item.entries.begin(), item.entries.end(), [](const Entry& one) { return !one.matched; }));
        }
        const std::int64_t outcomes_before = outcomes_->bytes();
        note_refused(items, next);
        move_to(next, items.back().after);
        bool goes_on = true;
        work->skip_if([&](storage::Group& group) {
            const auto now = bulk::find(group.connection(), job_.id);
            goes_on = now && now->is_running();
            return !goes_on;
        });
        work->also([&](storage::Group& group, const Work::RidOf&) { write_place(group, next); });
        const std::optional<Error> refusal = refusal_of(*work);
        if (!refusal && !skipped_) {
            job_ = std::move(next);
            return Tried::done;
        }
        outcomes_->cut(outcomes_before);
        if (!refusal) return goes_on ? Tried::again : Tried::ended;
        if (items.size() > 1) return Tried::refused;
        items.front().refused = *refusal;
        return Tried::without;
    }

    /// A boundary: what the rules of the record refuse is a refused line; what the storage refuses ends the run, which is tried again.
    std::optional<Error> refusal_of(Work& work) {
        try {
            skipped_ = work.commit().skipped;
        } catch (const Error& error) {
            if (may_pass(error)) throw;
            skipped_ = false;
            return error;
        }
        return std::nullopt;
    }

    /// A boundary as well. @return false when it is refused
    bool gather_one(Work& work, Item& item) {
        try {
            check_may_write(api_, caller_, item.entries);
            resolve(api_, caller_, work, item.entries);
            Renamed names = item.names;
            for (const auto& [url, reference] : renamed_by(item.entries)) names.insert_or_assign(url, reference);
            gather(api_, caller_, work, item.entries, names);
        } catch (const Error& error) {
            if (may_pass(error)) throw;
            item.refused = error;
            return false;
        }
        return true;
    }

    void note_refused(Items items, Job& next) {
        for (const Item& item : items) {
            if (!item.refused) continue;
            outcomes_->append(outcome_of(item));
            ++next.failed;
        }
        if (next.failed > kImportOutcomes) throw Error(ErrorKind::too_large, "record.import_outcomes", "too many lines were refused");
        if (next.failed == job_.failed) return;
        outcomes_->sync();
        next.place.outcomes = outcomes_->bytes();
    }

    /// The place in the line: the work takes a lone resource for the first entry of a bundle.
    static std::string placed(const Item& item, const std::string& expression) {
        constexpr std::string_view kOnly = "Bundle.entry[0]";
        if (item.entries.size() != 1 || !expression.starts_with(kOnly)) return expression;
        const std::string rest = expression.substr(kOnly.size());
        if (item.entry >= 0) return fmt::format("Bundle.entry[{}]{}", item.entry, rest);
        constexpr std::string_view kResource = ".resource";
        return item.entries.front().type + (rest.starts_with(kResource) ? rest.substr(kResource.size()) : rest);
    }

    static std::string outcome_of(const Item& item) {
        const Error& error = *item.refused;
        std::vector<Issue> issues = error.issues();
        for (Issue& issue : issues) issue.expression = placed(item, issue.expression);
        const auto outcome = json::parse(http::outcome(Error(error.kind(), error.code(), error.what(), std::move(issues))).body);
        json::Value out = json::Value::object({{"resourceType", "OperationOutcome"}});
        json::Value& extension = out.member("extension");
        extension.push(json::Value::object({{"url", "urn:qiao:import:line"}, {"valuePositiveInt", item.line}}));
        if (item.entry >= 0) extension.push(json::Value::object({{"url", "urn:qiao:import:entry"}, {"valueUnsignedInt", item.entry}}));
        out.set("issue", outcome ? (*outcome)["issue"] : json::Value());
        return out.dump() + "\n";
    }

    static void move_to(Job& job, const Place& place) {
        const std::int64_t outcomes = job.place.outcomes;
        job.place = place;
        job.place.outcomes = outcomes;
        job.done = place.offset;
    }

    /// On the writer thread, in the commit of what was written; the outcomes were synced before.
    void write_place(storage::Group& group, Job& next) const {
        advance(group, next);
        if (next.failed > 0) put_file(group, next.id, {std::string(kOutcomes), "error", "OperationOutcome", next.failed, 0, next.place.outcomes});
    }

    /// @return false when the job was ended
    bool note(bool at_end = false) {
        noted_ = std::chrono::steady_clock::now();
        caller_ = caller_behind(ground_, job_);
        if (!caller_.may_write_plain) throw Error(ErrorKind::conflict, "record.bulk_rights", "who ordered it may not write any more");
        require_room(folder_);
        bool goes_on = true;
        ground_.writer.submit({{}, [&](storage::Group& group) {
                                   goes_on = advance(group, job_);
                                   if (!goes_on) return;
                                   write_place(group, job_);
                                   if (at_end) bulk::end(group, job_);
                               }});
        return goes_on;
    }

    void finish() {
        if (behind_) move_to(job_, *behind_);  // blank lines at the end
        job_.state = std::string(state::kComplete);
        job_.ended_ms = to_ms(ground_.clock.now());
        job_.expires_ms = job_.ended_ms + std::chrono::milliseconds(kBulkKept).count();
        job_.done = job_.total;
        note(true);
    }

    const Ground& ground_;
    Api api_;
    Job job_;
    const std::string& folder_;
    const std::function<bool()>& ended_;
    Caller caller_;
    std::optional<Growing> outcomes_;
    bool skipped_ = false;  ///< the last commit
    std::vector<Item> gathered_;
    std::set<std::string, std::less<>> gathered_names_;
    std::size_t gathered_bytes_ = 0;
    std::size_t gathered_entries_ = 0;
    std::optional<Place> behind_;
    std::chrono::steady_clock::time_point noted_ = std::chrono::steady_clock::now();
};

}  // namespace

std::string written_ask(const ImportAsk& ask) {
    return json::Value::object({{"whole", ask.whole}, {"size", ask.size}, {"changed", ask.changed_ns}}).dump();
}

void run_import(const Ground& ground, Job job, const std::string& folder, const std::function<bool()>& ended) {
    ImportRun(ground, std::move(job), folder, ended).run();
}

}  // namespace qiao::record::bulk
