#pragma once

#include <cstdint>

namespace qiao::storage {

/// Bytes that the engine holds for all databases of the process: page caches (at most 64 MiB a writer, 16 MiB a reader) and
/// prepared statements. Thread-safe.
std::int64_t page_cache_bytes();

}  // namespace qiao::storage
