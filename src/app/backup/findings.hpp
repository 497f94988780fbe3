#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What `qiao check` says about the backups of a data folder. Any thread.
namespace qiao::app::backup {

struct Finding {
    enum class Level : std::uint8_t { good, warning, wrong };  ///< fine; somebody's decision; to mend
    Level level;
    std::string text;
};

std::vector<Finding> findings(const std::string& data_folder, Instant now);

}  // namespace qiao::app::backup
