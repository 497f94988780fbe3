#pragma once

#include <cstdint>

namespace qiao::storage {

/// Bytes that the engine holds for all databases of the process: page caches (at most 64 MiB a writer, 16 MiB a reader) and
/// prepared statements. Thread-safe.
std::int64_t page_cache_bytes();

/// Has it counted here instead of by the engine, which takes a lock of the whole process for each piece of memory.
/// Before the first other call of the engine in this process; again it does nothing.
void count_engine_memory();

}  // namespace qiao::storage
