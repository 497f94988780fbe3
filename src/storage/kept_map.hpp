#pragma once

namespace qiao::storage {

/// The name of a VFS of SQLite that is the default one but for mapped reads (PRAGMA mmap_size): what a connection has mapped of the
/// database stays mapped when another connection has written, instead of being unmapped and faulted in page by page for each
/// snapshot. Now and then it is mapped anew, as the file grows; what lies behind the mapping is read meanwhile. For databases that
/// never shrink: nothing here runs VACUUM. Registered once; thread-safe.
const char* kept_map_vfs();

}  // namespace qiao::storage
