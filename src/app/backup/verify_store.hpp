#pragma once

#include "storage/database.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What a restored database names and a check of it must find. The caller's snapshot.
namespace qiao::app::backup {

struct NamedBlob {
    std::string case_id;
    std::string sha256;
};
std::vector<NamedBlob> named_blobs(storage::Connection& record);

/// Ids of cases, chosen at random, at most `limit`.
std::vector<std::string> some_cases(storage::Connection& record, int limit);

/// An image as the index describes it.
struct NamedImage {
    std::string uid;
    std::uint32_t segment = 0;
    std::uint64_t offset = 0;  ///< of the data set in the segment
    std::uint64_t length = 0;
    std::string sha256;  ///< 32 bytes
};
std::vector<NamedImage> some_images(storage::Connection& imaging, int limit);

}  // namespace qiao::app::backup
