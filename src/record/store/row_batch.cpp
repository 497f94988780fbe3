#include "record/store/row_batch.hpp"

#include "base/assert.hpp"
#include "storage/bulk.hpp"

#include <algorithm>
#include <numeric>

namespace qiao::record {
namespace {

constexpr std::size_t kRows = 20'000;  // of a batch: bounds its memory

constexpr std::array<storage::Columns, kIndexTables> kTables = {{{"tok", "type, param, h, d, rid, acl", 6},
                                                                 {"pat", "patient_rid, type, h, d, rid, acl", 6},
                                                                 {"ref", "param, target_rid, type, d, rid, acl", 6},
                                                                 {"dt", "type, param, lo, hi, rid", 5},
                                                                 {"str", "type, param, norm, rid, exact", 5},
                                                                 {"qty", "type, param, unit_id, lo, hi, rid", 6},
                                                                 {"num", "type, param, lo, hi, rid", 5},
                                                                 {"uri", "type, param, v, rid", 4},
                                                                 {"cmp", "type, param, part, h, lo, hi, rid, n", 8},
                                                                 {"near", "type, param, z, x, y, rid", 6},
                                                                 {"outbox", "t, n, lane, kind, patient_rid, rid, ver, op, payload_version", 9}}};

/// In the order of the key: all columns lead it or follow from it.
std::vector<storage::Value> sorted(const std::vector<storage::Value>& values, std::size_t width) {
    std::vector<std::size_t> order(values.size() / width);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto before = [&](std::size_t a, std::size_t b) {
        for (std::size_t i = 0; i < width; ++i) {
            const storage::Value& x = values[a * width + i];
            const storage::Value& y = values[b * width + i];
            if (const auto* left = std::get_if<std::int64_t>(&x)) {
                const std::int64_t right = std::get<std::int64_t>(y);
                if (*left != right) return *left < right;
            } else if (const auto* number = std::get_if<double>(&x)) {
                const double right = std::get<double>(y);
                if (*number != right) return *number < right;
            } else if (const int order_of = std::get<std::string_view>(x).compare(std::get<std::string_view>(y)); order_of != 0) {
                return order_of < 0;
            }
        }
        return false;
    };
    std::sort(order.begin(), order.end(), before);
    std::vector<storage::Value> out;
    out.reserve(values.size());
    for (const std::size_t row : order) {
        const auto from = values.begin() + static_cast<std::ptrdiff_t>(row * width);
        out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(width));
    }
    return out;
}

}  // namespace

void RowBatch::add(storage::Connection& connection, IndexTable table, std::initializer_list<storage::Value> values) {
    const auto number = static_cast<std::size_t>(table);
    QIAO_ASSERT(values.size() == kTables[number].count);
    for (const storage::Value& value : values) {
        const auto* text = std::get_if<std::string_view>(&value);
        if (text == nullptr)
            values_[number].push_back(value);
        else
            values_[number].emplace_back(std::string_view(texts_.emplace_back(*text)));
    }
    if (++count_ >= kRows) flush(connection);
}

void RowBatch::flush(storage::Connection& connection) {
    for (std::size_t i = 0; i < kIndexTables; ++i) {
        storage::insert_rows(connection, kTables[i], sorted(values_[i], kTables[i].count));
        values_[i].clear();
    }
    texts_.clear();
    count_ = 0;
}

}  // namespace qiao::record
