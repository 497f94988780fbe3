#pragma once

namespace qiao::storage {

/// The name of a VFS of SQLite that is the default one but for the write-ahead log: what is written to it is gathered in memory and
/// goes to the file in one piece when it is synced, read, or 120 KiB long. SQLite writes each page and its frame's head by a call of its
/// own, hundreds a commit. For connections with synchronous=FULL only: SQLite syncs the log before it shows a commit to others, and only
/// then have they to find it in the file. Registered once; thread-safe.
const char* wal_buffer_vfs();

}  // namespace qiao::storage
