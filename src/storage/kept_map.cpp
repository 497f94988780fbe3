#include "storage/kept_map.hpp"

#include <sqlite3.h>

#include <atomic>

namespace qiao::storage {
namespace {

sqlite3_vfs* default_vfs() {
    static sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    return vfs;
}

constexpr unsigned kMapAnew = 64;  // one in so many snapshots of a changed database

const sqlite3_io_methods* real_methods = nullptr;  // of the default VFS, for databases

/// Without a page it means: the database was changed, unmap it.
int unfetch(sqlite3_file* file, sqlite3_int64 at, void* page) {
    static std::atomic<unsigned> changes = 0;
    if (page == nullptr && ++changes % kMapAnew != 0) return SQLITE_OK;
    return real_methods->xUnfetch(file, at, page);
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* opened) {
    const int code = default_vfs()->xOpen(default_vfs(), name, file, flags, opened);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0 || file->pMethods->iVersion < 3) return code;
    // Nothing but the one method differs: the file stays what the default VFS made of it.
    static const sqlite3_io_methods methods = [&] {
        real_methods = file->pMethods;
        sqlite3_io_methods kept = *real_methods;
        kept.xUnfetch = unfetch;
        return kept;
    }();
    if (file->pMethods == real_methods) file->pMethods = &methods;
    return code;
}

}  // namespace

const char* kept_map_vfs() {
    static const bool registered = [] {
        static sqlite3_vfs vfs = *default_vfs();
        vfs.zName = "qiao-kept-map";
        vfs.xOpen = open;
        return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
    }();
    return registered ? "qiao-kept-map" : nullptr;
}

}  // namespace qiao::storage
