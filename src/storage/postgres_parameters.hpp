#pragma once

#include "storage/database.hpp"

#include <libpq-fe.h>

#include <array>
#include <string>
#include <vector>

/// The values of one statement as libpq takes them, in binary. Texts and NULL leave their type to the server, which takes it from
/// the place. Of one thread at a time; only storage/postgres*.cpp includes this.
namespace qiao::storage {

class PostgresParameters {
public:
    /// Views of `args`: these must live until it is sent.
    void set(Values args);
    /// One array a column of `width` columns; `rows` has their values row after row.
    void set_columns(std::size_t width, Values rows);

    std::vector<Oid> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    std::string kinds;  ///< a character each, so that a statement is prepared once for each list of kinds

private:
    void set_one(const Value& arg, std::array<char, 8>& number);
    void add(Oid type, const char* value, std::size_t size);
    void clear(std::size_t count);

    std::vector<std::array<char, 8>> numbers_;
    std::vector<std::string> arrays_;
};

}  // namespace qiao::storage
