#pragma once

#include "record/record.hpp"
#include "record/store/rows.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

/// What was changed once is often changed again soon: what its text was read for is kept, so that the next change need not read it again.
namespace qiao::record {

/// What a version's text says.
struct Derived {
    Indexed index;
    std::vector<std::string> refers;  ///< references_of() the text
};
using DerivedPtr = std::shared_ptr<const Derived>;

/// Of the newest committed versions of resources that were updated last. Thread-safe.
class RecentVersions {
public:
    /// nullptr when this version of the resource is not among them.
    [[nodiscard]] DerivedPtr find(Rid rid, std::int64_t version);
    void keep(Rid rid, std::int64_t version, DerivedPtr derived);

    /// Larger texts, as packed, are not kept. What is said of one has some ten times its size, so that all together take 20 MB at most.
    static constexpr std::size_t kText_bytes = 1024;

private:
    struct Kept {
        std::int64_t version = 0;
        DerivedPtr derived;
    };
    using Generation = std::unordered_map<Rid, Kept>;

    std::mutex mutex_;
    Generation young_, old_;  ///< what was not changed while `young_` filled goes with `old_`
};

}  // namespace qiao::record
