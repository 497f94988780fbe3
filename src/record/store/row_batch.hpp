#pragma once

#include "storage/database.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <vector>

/// The index rows that a unit adds, gathered and inserted together in the order of their keys. Writer thread.
namespace qiao::record {

enum class IndexTable : std::uint8_t { tok, pat, ref, dt, str, qty, num, uri, cmp, near, outbox };
inline constexpr std::size_t kIndexTables = 11;

class RowBatch {
public:
    /// Values in the order of the table's columns; texts are copied.
    void add(storage::Connection& connection, IndexTable table, std::initializer_list<storage::Value> values);
    /// Inserts what was added; until then no statement sees it.
    void flush(storage::Connection& connection);

private:
    std::array<std::vector<storage::Value>, kIndexTables> values_;
    std::deque<std::string> texts_;  ///< what the values show
    std::size_t count_ = 0;
};

}  // namespace qiao::record
