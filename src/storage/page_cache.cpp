#include "storage/page_cache.hpp"

#include "base/assert.hpp"

#include <malloc.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstdlib>

namespace qiao::storage {
namespace {

/// Counts of one thread, or of a few: a line of the processor's cache for each, so that they do not wait for one another.
struct alignas(64) Held {
    std::atomic<std::int64_t> bytes{0};
};
std::array<Held, 16> g_held;
std::atomic<std::size_t> g_threads{0};

void count(std::int64_t bytes) {
    thread_local Held& mine = g_held[g_threads.fetch_add(1, std::memory_order_relaxed) % g_held.size()];
    mine.bytes.fetch_add(bytes, std::memory_order_relaxed);
}

std::int64_t usable(void* memory) { return static_cast<std::int64_t>(malloc_usable_size(memory)); }

void* take(int bytes) {
    void* memory = std::malloc(static_cast<std::size_t>(bytes));
    if (memory != nullptr) count(usable(memory));
    return memory;
}

void give_back(void* memory) {
    count(-usable(memory));
    std::free(memory);
}

void* resize(void* memory, int bytes) {
    const std::int64_t before = usable(memory);
    void* moved = std::realloc(memory, static_cast<std::size_t>(bytes));
    if (moved != nullptr) count(usable(moved) - before);
    return moved;
}

int size_of(void* memory) { return static_cast<int>(usable(memory)); }

int round_up(int bytes) { return (bytes + 7) & ~7; }

int begin(void*) { return SQLITE_OK; }

void end(void*) {}

}  // namespace

void count_engine_memory() {
    static const bool counted = [] {
        static const sqlite3_mem_methods methods{take, give_back, resize, size_of, round_up, begin, end, nullptr};
        return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK && sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK;
    }();
    QIAO_ASSERT(counted);
}

std::int64_t page_cache_bytes() {
    std::int64_t sum = 0;
    for (const Held& held : g_held) sum += held.bytes.load(std::memory_order_relaxed);
    return sum;
}

}  // namespace qiao::storage
