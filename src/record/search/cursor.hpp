#pragma once

#include "record/filter.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Where a page ended, as a token that the client carries and cannot forge or hand to another person. Pure; any thread.
namespace qiao::record {

using SortValue = std::variant<std::int64_t, double, std::string>;

struct Cursor {
    std::int64_t t = 0;             ///< newest commit of the first page: what was made later is left out
    std::vector<SortValue> values;  ///< sort key of the last row
    std::int64_t rid = 0;
};

/// @param key  of the database   @param query  what is searched, so that a cursor fits one search only
std::string write_cursor(const Cursor& cursor, std::string_view key, std::string_view query, const ReadFilter& filter);
/// Error(invalid, "record.bad_cursor") when it was not made for this search, Error(forbidden, "record.foreign_cursor") when
/// it was made for another caller.
Cursor read_cursor(std::string_view text, std::string_view key, std::string_view query, const ReadFilter& filter);

}  // namespace qiao::record
