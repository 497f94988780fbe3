#include "imaging/study_access.hpp"

namespace qiao::imaging {
namespace {

constexpr std::chrono::seconds kPassTime{60};
/// Without knowledge of grants a pass must be short enough to notice their end.
constexpr std::chrono::milliseconds kBlindPassTime{800};
constexpr std::size_t kPassLimit = 20'000;

}  // namespace

StudyCondition::StudyCondition(const Viewer& viewer, bool has_record, Instant now) {
    using Scope = record::ReadFilter::Scope;
    if (viewer.filter.scope != Scope::standing) {
        text_ = viewer.filter.scope == Scope::everything ? "1=1" : "1=0";
        return;
    }
    text_ = "(1=0";
    if (has_record) {
        filter_.emplace(viewer.filter, "r.acl", "r.rid", now, "record.");
        text_ += " OR (s.rid IS NOT NULL AND EXISTS(SELECT 1 FROM record.res r WHERE r.rid = s.rid AND r.state = 0 AND (" + filter_->condition() + ")))";
    }
    if (viewer.sees_unmatched && !viewer.filter.organisations.empty()) {
        organisations_ = viewer.filter.organisations;
        text_ += " OR (s.rid IS NULL AND s.org_id IN (?";
        for (std::size_t i = 1; i < organisations_.size(); ++i) text_ += ",?";
        text_ += "))";
    }
    text_ += ")";
}

void StudyCondition::append_to(std::vector<storage::Value>& args) const {
    if (filter_) filter_->append_to(args);
    for (const auto organisation : organisations_) args.emplace_back(organisation);
}

StudyAccess::StudyAccess(InstanceStore& store, const Clock& clock, Epoch epoch, OnOpen on_open)
    : store_(store), clock_(clock), epoch_(std::move(epoch)), on_open_(std::move(on_open)) {}

std::optional<std::int64_t> StudyAccess::open(const Viewer& viewer, std::string_view study_uid) {
    const auto key = std::to_string(viewer.actor.person) + ' ' + viewer.actor.session8 + ' ' + std::string(study_uid);
    const auto now = std::chrono::steady_clock::now();
    // Read before the look-up: a grant that ends in between makes the pass outdated, not the other way round.
    const auto epoch = (epoch_ ? epoch_() : 0) + store_.link_epoch();
    const auto until = now + (epoch_ ? std::chrono::duration_cast<std::chrono::milliseconds>(kPassTime) : kBlindPassTime);
    bool goes_on = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = passes_.find(key);
        if (found != passes_.end() && found->second.epoch == epoch && now < found->second.until) return found->second.study_id;
        goes_on = found != passes_.end() && now < found->second.until + kPassTime;
    }
    const auto study = look_up(viewer, study_uid);
    // Before the pass exists: a look that cannot be audited is none.
    if (study && !goes_on && on_open_) {
        if (const auto row = store_.study_by_id(*study)) on_open_(viewer, *row);
    }
    {
        const std::lock_guard lock(mutex_);
        if (!study) {
            passes_.erase(key);
        } else {
            if (passes_.size() >= kPassLimit) std::erase_if(passes_, [&](const auto& pass) { return pass.second.until < now; });
            if (passes_.size() >= kPassLimit) passes_.clear();
            passes_[key] = {*study, epoch, until};
        }
    }
    return study;
}

std::optional<std::int64_t> StudyAccess::look_up(const Viewer& viewer, std::string_view study_uid) {
    const StudyCondition visible(viewer, store_.has_record(), clock_.now());
    std::vector<storage::Value> args{study_uid};
    visible.append_to(args);
    const auto snapshot = store_.database().read();
    auto rows = (*snapshot)->query("SELECT s.id FROM imaging_study s WHERE s.uid = ? AND " + visible.text(), args);
    if (!rows.next()) return std::nullopt;
    return rows.integer(0);
}

}  // namespace qiao::imaging
