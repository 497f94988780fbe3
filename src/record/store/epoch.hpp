#pragma once

#include "base/time.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What a backup says about the record and what a restore changes in it. A restored centre has lost the future that others
/// may remember: it lives in a new epoch, in which no commit number, page cursor or session of that future is given again
/// or accepted. Any thread; the snapshot or group is the caller's.
namespace qiao::record {

struct Epoch {
    std::int64_t number = 0;  ///< 0: never restored
    Instant started{};
    std::string backup;  ///< id of the backup that it began from
};
Epoch read_epoch(storage::Connection& connection);
/// Begins `epoch` in the open group: commit numbers go on far behind any that the lost future gave, cursors are void.
void start_epoch(storage::Group& group, const Epoch& epoch);

/// One number for every version of every resource, over the bytes as they are stored.
struct BodiesDigest {
    std::int64_t resources = 0;  ///< live ones
    std::int64_t versions = 0;   ///< of all resources, deleted ones and deletions included
    std::string sha256;          ///< hex
    std::int64_t unreadable = 0;  ///< bodies that cannot be unpacked or are no JSON; counted only with `open_each`
};
BodiesDigest digest_bodies(storage::Connection& connection, bool open_each);

}  // namespace qiao::record
