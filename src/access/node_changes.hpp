#pragma once

#include "storage/database.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// How nodes of one database learn that another changed what they keep in memory. A change raises a number in its own commit; each
/// node looks at the numbers once a second. Nothing is written or read where the database is one process's own. Any thread.
namespace qiao::access {

/// In the commit of the change; on the writer thread. @param name  "directory" or "grants"
void note_change(storage::Group& group, const storage::Database& database, std::string_view name);

/// What one reader has seen of one name. One thread at a time.
class ChangeWatch {
public:
    ChangeWatch(storage::Database& database, std::string_view name);
    /// Whether something changed since the last call, by whatever node. False where the database is not shared.
    bool changed();

private:
    storage::Database& database_;
    const std::string name_;
    std::int64_t seen_ = 0;
};

}  // namespace qiao::access
