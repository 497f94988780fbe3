#include "storage/postgres_cursor.hpp"

#include "base/error.hpp"

#include <bit>
#include <cmath>

namespace qiao::storage {
namespace {

// Numbers of types that are the same in every PostgreSQL (pg_type.dat).
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kBigint = 20;
constexpr Oid kSmallint = 21;
constexpr Oid kInteger = 23;
constexpr Oid kText = 25;
constexpr Oid kDouble = 701;
constexpr Oid kNumeric = 1700;

std::uint64_t bits_of(const char* bytes, int size) {
    std::uint64_t bits = 0;
    for (int i = 0; i < size; ++i) bits = bits << 8U | static_cast<unsigned char>(bytes[i]);
    return bits;
}

std::int16_t short_at(const char* bytes) { return static_cast<std::int16_t>(bits_of(bytes, 2)); }

/// sum() of integers: digits to the base 10,000, the first of them times 10,000^weight.
template <class Number>
Number from_numeric(const char* bytes) {
    const int digits = short_at(bytes);
    const int weight = short_at(bytes + 2);
    Number value = 0;
    for (int i = 0; i < digits; ++i) {
        if constexpr (std::is_integral_v<Number>) {
            if (i > weight) break;
        }
        value = value * 10000 + static_cast<Number>(short_at(bytes + 8 + 2 * i));
    }
    for (int place = digits; place <= weight; ++place) value *= 10000;
    if constexpr (!std::is_integral_v<Number>) {
        if (digits > weight + 1) value /= std::pow(10000.0, digits - weight - 1);
    }
    return short_at(bytes + 4) == 0x4000 ? -value : value;
}

}  // namespace

/// A boundary: nothing leaves a destructor; a lost connection is noticed by its next statement.
PostgresCursor::~PostgresCursor() {
    if (connection_ == nullptr) return;
    try {
        while (fetch()) {
        }
    } catch (const Error&) {
    }
}

PostgresCursor::Result PostgresCursor::fetch() {
    Result result = connection_->next_result();
    if (result && PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE) return result;
    PostgresConnection* connection = connection_;
    const bool failed = result && PQresultStatus(result.get()) != PGRES_TUPLES_OK && PQresultStatus(result.get()) != PGRES_COMMAND_OK;
    if (failed) {
        failed_ = std::move(result);
        failed_on_ = connection;
    }
    while (connection->next_result()) {
    }
    connection_ = nullptr;
    connection->streamed(failed);
    return {};
}

void PostgresCursor::drain() {
    while (connection_ != nullptr) {
        if (Result row = fetch()) waiting_.push_back(std::move(row));
    }
}

bool PostgresCursor::next() {
    if (!waiting_.empty()) {
        row_ = std::move(waiting_.front());
        waiting_.pop_front();
        return true;
    }
    row_ = connection_ == nullptr ? Result() : fetch();
    if (failed_) {
        const Result failed = std::move(failed_);
        failed_on_->fail(failed.get());
    }
    return row_ != nullptr;
}

std::int64_t PostgresCursor::integer(int column) const {
    if (is_null(column)) return 0;
    const char* value = PQgetvalue(row_.get(), 0, column);
    switch (PQftype(row_.get(), column)) {
        case kBigint: return static_cast<std::int64_t>(bits_of(value, 8));
        case kInteger: return static_cast<std::int32_t>(bits_of(value, 4));
        case kSmallint: return short_at(value);
        case kBool: return *value;
        case kDouble: return static_cast<std::int64_t>(std::bit_cast<double>(bits_of(value, 8)));
        case kNumeric: return from_numeric<std::int64_t>(value);
        default: throw Error(ErrorKind::internal, "storage.sql", "the column is no number");
    }
}

double PostgresCursor::real(int column) const {
    if (is_null(column)) return 0;
    const char* value = PQgetvalue(row_.get(), 0, column);
    switch (PQftype(row_.get(), column)) {
        case kDouble: return std::bit_cast<double>(bits_of(value, 8));
        case kNumeric: return from_numeric<double>(value);
        default: return static_cast<double>(integer(column));
    }
}

std::string_view PostgresCursor::text(int column) const {
    if (is_null(column)) return {};
    const Oid type = PQftype(row_.get(), column);
    if (type != kText && type != kBytea) throw Error(ErrorKind::internal, "storage.sql", "the column is no text");
    return {PQgetvalue(row_.get(), 0, column), static_cast<std::size_t>(PQgetlength(row_.get(), 0, column))};
}

}  // namespace qiao::storage
