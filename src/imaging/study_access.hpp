#pragma once

#include "imaging/instance_store.hpp"
#include "record/filter.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who may see which study: the condition that every search binds, and the short-lived passes under which pixels are
/// reached. A study with a resource follows the record's filter; one without is seen by the clerks of its sender only.
/// Thread-safe.
namespace qiao::imaging {

struct Viewer {
    record::ReadFilter filter;
    record::Actor actor;
    bool sees_unmatched = false;  ///< of filter.organisations
    std::string address = {};
};

/// A SQL condition on `imaging_study s` with its arguments; outlives the cursor that binds them.
class StudyCondition {
public:
    StudyCondition(const Viewer& viewer, bool has_record, Instant now);
    [[nodiscard]] const std::string& text() const { return text_; }
    void append_to(std::vector<storage::Value>& args) const;

private:
    std::string text_;
    std::optional<record::FilterSql> filter_;
    std::vector<std::int64_t> organisations_;
};

class StudyAccess {
public:
    using Epoch = std::function<std::uint64_t()>;                     ///< rises when a grant was taken away
    using OnOpen = std::function<void(const Viewer&, const Study&)>;  ///< audit: one entry an opening

    StudyAccess(InstanceStore& store, const Clock& clock, Epoch epoch, OnOpen on_open);

    /// The study when the viewer may see it. A look-up is remembered for 60 s or until a grant ends, per session.
    std::optional<std::int64_t> open(const Viewer& viewer, std::string_view study_uid);

private:
    struct Pass {
        std::int64_t study_id = 0;
        std::uint64_t epoch = 0;
        std::chrono::steady_clock::time_point until;
    };
    std::optional<std::int64_t> look_up(const Viewer& viewer, std::string_view study_uid);

    InstanceStore& store_;
    const Clock& clock_;
    const Epoch epoch_;
    const OnOpen on_open_;
    std::mutex mutex_;
    std::map<std::string, Pass, std::less<>> passes_;
};

}  // namespace qiao::imaging
