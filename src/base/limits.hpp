#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The limits on what comes from outside, in one place; docs/operations.md explains each.
namespace qiao::limits {

inline constexpr std::size_t kRequestLine_bytes = 16 * 1024;
inline constexpr std::size_t kHeaders_bytes = 48 * 1024;
inline constexpr std::size_t kHeaderCount = 100;
inline constexpr std::uint64_t kResourceBody_bytes = 16ULL << 20U;
inline constexpr std::uint64_t kBundleBody_bytes = 64ULL << 20U;
inline constexpr std::uint64_t kSmallBody_bytes = 1ULL << 20U;  ///< forms, sessions, other JSON
inline constexpr std::uint64_t kUploadChunk_bytes = 16ULL << 20U;
inline constexpr std::uint64_t kStowBody_bytes = 20ULL << 30U;  ///< spilled to a file
inline constexpr std::uint64_t kGzipRatio = 20;                 ///< a body unpacked : as it came
inline constexpr std::size_t kBundleEntries = 5'000;
inline constexpr int kJsonDepth = 64;
inline constexpr std::size_t kJsonString_bytes = 1ULL << 20U;
inline constexpr std::size_t kSearchParameters = 64;
inline constexpr std::size_t kSearchOrValues = 500;
inline constexpr std::size_t kSearchValue_bytes = 2 * 1024;
inline constexpr int kSearchCountMax = 1'000;
inline constexpr int kSearchCountDefault = 20;
inline constexpr std::chrono::seconds kQueryTime{2};
inline constexpr std::size_t kWebSocketMessage_bytes = 256 * 1024;
inline constexpr std::size_t kWebSocketBacklog_bytes = 1ULL << 20U;
inline constexpr std::chrono::seconds kHeaderTime{10};
inline constexpr std::chrono::seconds kIdleTime{60};
inline constexpr std::size_t kConnections = 10'000;
inline constexpr std::size_t kConnectionsPerAddress = 2'000;
inline constexpr std::size_t kStrangersPerAddress = 256;  ///< connections that have not brought a valid session
inline constexpr std::size_t kPassword_bytes = 256;

}  // namespace qiao::limits
