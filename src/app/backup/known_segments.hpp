#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>

/// Digests of pack segments as the last backup read them: one that kept its size and time is not read again. A file beside
/// the data; losing it costs a reading. One thread.
namespace qiao::app::backup {

class KnownSegments {
public:
    explicit KnownSegments(std::string data_folder);
    /// Hex; empty when the file at `path` is not the one that was read.
    [[nodiscard]] std::string digest_of(const std::string& name, const std::string& path) const;
    void remember(const std::string& name, const struct stat& status, const std::string& digest);
    void save() const;

private:
    struct Known {
        std::int64_t bytes = 0;
        std::int64_t changed_us = 0;
        std::string digest;
    };
    std::string file_;
    std::map<std::string, Known> known_;
};

}  // namespace qiao::app::backup
