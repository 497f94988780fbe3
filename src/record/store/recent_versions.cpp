#include "record/store/recent_versions.hpp"

#include <utility>

namespace qiao::record {
namespace {
constexpr std::size_t kGeneration = 1024;
}

DerivedPtr RecentVersions::find(Rid rid, std::int64_t version) {
    const std::lock_guard lock(mutex_);
    for (const Generation* generation : {&young_, &old_}) {
        const auto found = generation->find(rid);
        if (found == generation->end()) continue;
        return found->second.version == version ? found->second.derived : nullptr;
    }
    return nullptr;
}

void RecentVersions::keep(Rid rid, std::int64_t version, DerivedPtr derived) {
    Generation gone;  // freed behind the lock
    const std::lock_guard lock(mutex_);
    if (young_.size() >= kGeneration) gone = std::exchange(old_, std::exchange(young_, {}));
    Kept& kept = young_[rid];
    if (version > kept.version) kept = {version, std::move(derived)};
}

}  // namespace qiao::record
