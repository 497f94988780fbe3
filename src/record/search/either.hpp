#pragma once

#include "record/search/sql.hpp"

#include <cstddef>

/// How the alternatives of a search parameter become SQL within the limits of the engines. One thread.
namespace qiao::record {

/// The alternatives of one condition. They stand in groups, so that the tree of the expression stays flat: SQLite takes a depth of 1,000.
class Either {
public:
    explicit Either(Sql& sql) : sql_(sql) { sql_.add("(("); }
    /// Before each of them.
    void next() {
        if (count_ > 0) sql_.add(count_ % kGroup == 0 ? ") OR (" : " OR ");
        ++count_;
    }
    void end() { sql_.add(count_ == 0 ? "1=0))" : "))"); }

private:
    static constexpr int kGroup = 32;
    Sql& sql_;
    int count_ = 0;
};

/// A driving clause is one SELECT an alternative; more of them in a UNION than this SQLite does not take.
inline constexpr std::size_t kUnionTerms = 500;

}  // namespace qiao::record
