#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// An unlinked temporary file that takes a large request body. One thread at a time; calls block on the disk.
namespace qiao::http {

class SpillFile {
public:
    /// Throws Error(unavailable, "storage.spill") when `folder` cannot be written.
    explicit SpillFile(const std::string& folder);
    /// Throws Error(unavailable, "storage.full") when the disk is full.
    void append(std::string_view bytes);
    [[nodiscard]] FileRange range() const { return {file_, 0, size_bytes_}; }

private:
    std::shared_ptr<const OpenFile> file_;
    std::uint64_t size_bytes_ = 0;
};

}  // namespace qiao::http
