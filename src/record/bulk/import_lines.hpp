#pragma once

#include "storage/file.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The lines of a file that may be of any size, one at a time. One thread.
namespace qiao::record::bulk {

struct Line {
    std::string text;       ///< without its end; empty when it is too long
    std::int64_t start = 0;
    std::int64_t next = 0;  ///< offset of the line after it
    bool too_long = false;  ///< over limits::kBundleBody_bytes
};

class LineReader {
public:
    /// @param whole  the file is one "line", however many it has. Error(not_found, "storage.no_file") when it cannot be opened
    LineReader(const std::string& path, std::int64_t offset, bool whole);
    /// Nothing at the end of the file.
    std::optional<Line> next();

private:
    bool fill();

    storage::Descriptor file_;
    bool whole_;
    std::int64_t offset_;       ///< of the first byte that is not given out yet
    std::string buffer_;        ///< …which stands here at begin_
    std::size_t begin_ = 0;
    std::size_t searched_ = 0;  ///< up to here there is no end of line
    bool at_end_ = false;
};

}  // namespace qiao::record::bulk
