// The part of Archive that waits until studies are stable.
#include "base/error.hpp"
#include "base/log.hpp"
#include "imaging/archive.hpp"

namespace qiao::imaging {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kRetry{30};

}  // namespace

void Archive::release(const std::set<std::string>& study_uids) {
    for (const auto& uid : study_uids) {
        const auto study = store_.study(uid);
        if (!study) continue;
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.find(study->id);
        if (found != waiting_.end()) found->second.due = std::chrono::steady_clock::now();
    }
    wake_.notify_all();
}

void Archive::await_unmatched() {
    for (const auto& study : store_.unmatched(0)) {
        const std::lock_guard lock(mutex_);
        waiting_.try_emplace(study.id, Waiting{to_us(study.changed), std::chrono::steady_clock::now()});
    }
}

void Archive::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, kTick, [] { return false; });
        }
        if (stop.stop_requested()) return;
        // A boundary: a storage that fails now may answer later, and the thread must live to see it.
        const bool offered = offered_.exchange(false);
        try {
            if (offered) await_unmatched();
            settle_due();
            save_watermark();
        } catch (const Error& error) {
            if (offered) offered_ = true;
            log::error("imaging.settle_failed", {{"code", error.code()}});
        }
    }
}

void Archive::settle_due() {
    std::vector<InstanceStore::Pending> due;
    {
        const std::lock_guard lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        for (const auto& [study, waiting] : waiting_)
            if (waiting.due <= now) due.push_back({study, waiting.changed_us});
    }
    for (const auto& pending : due) settle(pending);
}

void Archive::settle(const InstanceStore::Pending& pending) {
    bool done = false;
    // A boundary: what one study's listener cannot do is tried again and holds up no other study.
    try {
        if (const auto study = store_.study_by_id(pending.study_id)) {
            build_series_meta(*study);
            if (sink_ != nullptr) sink_->study_stable(*study);
        }
        store_.settled(pending);
        done = true;
    } catch (const Error& error) {
        log::error("imaging.study_not_settled", {{"code", error.code()}});
    }
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(pending.study_id);
    if (found == waiting_.end() || found->second.changed_us != pending.changed_us) return;
    if (done)
        waiting_.erase(found);
    else
        found->second.due = std::chrono::steady_clock::now() + kRetry;
}

void Archive::build_series_meta(const Study& study) {
    for (const auto& series : store_.series_meta(study.id)) {
        if (series.run) continue;
        std::int64_t count = 0;
        const auto run = series_run(study.uid, series.uid, &count);
        store_.put_series_meta(series.uid, count, run);
    }
}

DeflatedRun Archive::series_run(std::string_view study_uid, std::string_view series_uid, std::int64_t* count) {
    RunWriter writer;
    const auto instances = store_.instances(study_uid, series_uid);
    for (const auto& instance : instances) writer.add(header_json(instance));
    if (count != nullptr) *count = static_cast<std::int64_t>(instances.size());
    return writer.finish();
}

}  // namespace qiao::imaging
