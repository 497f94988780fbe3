#include "storage/postgres_parameters.hpp"

#include "base/assert.hpp"

#include <bit>

namespace qiao::storage {
namespace {

// pg_type.dat of PostgreSQL
constexpr Oid kBigint = 20;
constexpr Oid kDouble = 701;
constexpr Oid kBytea = 17;
constexpr Oid kText = 25;
constexpr Oid kBigints = 1016;
constexpr Oid kDoubles = 1022;
constexpr Oid kByteas = 1001;
constexpr Oid kTexts = 1009;

/// Numbers travel in network order.
std::array<char, 8> in_network_order(std::uint64_t bits) {
    std::array<char, 8> bytes{};
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(bits >> (56 - 8 * i));
    return bytes;
}

void append_int(std::string& out, std::uint32_t value) {
    for (unsigned shift = 32; shift > 0; shift -= 8) out += static_cast<char>(value >> (shift - 8));
}

void append_bytes(std::string& out, std::string_view bytes) {
    append_int(out, static_cast<std::uint32_t>(bytes.size()));
    out += bytes;
}

void append_item(std::string& out, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        const auto number = in_network_order(static_cast<std::uint64_t>(*integer));
        append_bytes(out, {number.data(), number.size()});
    } else if (const auto* real = std::get_if<double>(&value)) {
        const auto number = in_network_order(std::bit_cast<std::uint64_t>(*real));
        append_bytes(out, {number.data(), number.size()});
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
        append_bytes(out, *text);
    } else {
        append_bytes(out, std::get<Blob>(value).bytes);
    }
}

struct ArrayType {
    Oid array, element;
};

ArrayType array_type(const Value& value) {
    if (std::holds_alternative<std::int64_t>(value)) return {kBigints, kBigint};
    if (std::holds_alternative<double>(value)) return {kDoubles, kDouble};
    if (std::holds_alternative<std::string_view>(value)) return {kTexts, kText};
    QIAO_ASSERT(std::holds_alternative<Blob>(value));
    return {kByteas, kBytea};
}

}  // namespace

void PostgresParameters::clear(std::size_t count) {
    types.clear();
    values.clear();
    lengths.clear();
    kinds.clear();
    formats.assign(count, 1);
}

void PostgresParameters::set(Values args) {
    clear(args.size());
    numbers_.resize(args.size());
    for (std::size_t i = 0; i < args.size(); ++i) {
        set_one(args[i], numbers_[i]);
        kinds += static_cast<char>('0' + args[i].index());
    }
}

void PostgresParameters::set_columns(std::size_t width, Values rows) {
    clear(width);
    arrays_.resize(width);
    const std::size_t count = rows.size() / width;
    for (std::size_t column = 0; column < width; ++column) {
        const ArrayType type = array_type(rows[column]);
        std::string& array = arrays_[column];
        array.clear();
        append_int(array, 1);  // one dimension
        append_int(array, 0);  // nothing in it is NULL
        append_int(array, type.element);
        append_int(array, static_cast<std::uint32_t>(count));
        append_int(array, 1);  // its first index
        for (std::size_t row = 0; row < count; ++row) append_item(array, rows[row * width + column]);
        add(type.array, array.data(), array.size());
        kinds += static_cast<char>('a' + rows[column].index());
    }
}

void PostgresParameters::set_one(const Value& arg, std::array<char, 8>& number) {
    if (const auto* integer = std::get_if<std::int64_t>(&arg)) {
        number = in_network_order(static_cast<std::uint64_t>(*integer));
        add(kBigint, number.data(), number.size());
    } else if (const auto* real = std::get_if<double>(&arg)) {
        number = in_network_order(std::bit_cast<std::uint64_t>(*real));
        add(kDouble, number.data(), number.size());
    } else if (const auto* text = std::get_if<std::string_view>(&arg)) {
        add(0, text->data() != nullptr ? text->data() : "", text->size());
    } else if (const auto* blob = std::get_if<Blob>(&arg)) {
        add(kBytea, blob->bytes.data() != nullptr ? blob->bytes.data() : "", blob->bytes.size());
    } else {
        add(0, nullptr, 0);
    }
}

void PostgresParameters::add(Oid type, const char* value, std::size_t size) {
    types.push_back(type);
    values.push_back(value);
    lengths.push_back(static_cast<int>(size));
}

}  // namespace qiao::storage
