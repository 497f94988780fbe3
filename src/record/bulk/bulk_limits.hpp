#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The limits of bulk data; docs/bulk-data.md explains each. Constants.
namespace qiao::record::bulk {

inline constexpr std::int64_t kExportFile_bytes = 256LL << 20U;
inline constexpr std::int64_t kBulkFiles_bytes = 256LL << 30U;  ///< of all jobs of a node together
inline constexpr std::int64_t kBulkJobs = 1'000;                ///< kept, of all
inline constexpr std::int64_t kBulkJobsPerOwner = 50;           ///< kept, of one owner
inline constexpr std::int64_t kBulkRunningPerOwner = 5;
inline constexpr std::chrono::hours kBulkKept{24};               ///< after its end
inline constexpr std::size_t kGroupMembers = 50'000;             ///< of a Group that is exported
inline constexpr std::uint64_t kImportBody_bytes = 8ULL << 30U;  ///< spilled to a file
inline constexpr std::int64_t kImportOutcomes = 100'000;         ///< refused lines after which an import is given up

}  // namespace qiao::record::bulk
