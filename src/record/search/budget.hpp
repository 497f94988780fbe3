#pragma once

#include "base/limits.hpp"
#include "storage/database.hpp"

#include <chrono>

/// Bounds all statements of one search together: over limits::kQueryTime the engine stops and Error(unavailable, "record.budget")
/// is thrown. The thread of the connection.
namespace qiao::record {

class Budget {
public:
    explicit Budget(storage::Connection& connection) : connection_(connection) {
        connection_.set_time_limit(static_cast<int>(std::chrono::milliseconds(limits::kQueryTime).count()));
    }
    ~Budget() { connection_.set_time_limit(0); }
    Budget(const Budget&) = delete;
    Budget& operator=(const Budget&) = delete;

private:
    storage::Connection& connection_;
};

}  // namespace qiao::record
