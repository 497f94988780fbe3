#include "storage/wal_buffer.hpp"

#include <sqlite3.h>

#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace qiao::storage {
namespace {

constexpr int kMost = 120 * 1024;  // the default VFS writes less than 128 KiB at once

/// An open log. The file of the default VFS lies behind it, in the space that SQLite gives.
struct Log {
    sqlite3_file base{};
    sqlite3_int64 start = 0;  ///< where in the file `bytes` belong
    int size = 0;
    std::unique_ptr<char, decltype(&sqlite3_free)> bytes{static_cast<char*>(sqlite3_malloc(kMost)), sqlite3_free};
    [[nodiscard]] sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + sizeof(Log)); }
};
static_assert(alignof(Log) <= 8 && sizeof(Log) % 8 == 0);  // as SQLite aligns what it gives

Log& log_of(sqlite3_file* file) { return *reinterpret_cast<Log*>(file); }

/// What could not be written is forgotten: SQLite gives the commit up and writes its place anew.
int flush(Log& log) {
    if (log.size == 0) return SQLITE_OK;
    sqlite3_file* file = log.file();
    return file->pMethods->xWrite(file, log.bytes.get(), std::exchange(log.size, 0), log.start);
}

template <typename Call>
int flushed(sqlite3_file* file, Call call) {
    Log& log = log_of(file);
    const int code = flush(log);
    return code != SQLITE_OK ? code : call(log.file());
}

int close(sqlite3_file* file) {
    Log& log = log_of(file);
    const int flushing = flush(log);
    const int closing = log.file()->pMethods->xClose(log.file());
    log.~Log();
    return flushing != SQLITE_OK ? flushing : closing;
}
int read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
    return flushed(file, [&](sqlite3_file* real) { return real->pMethods->xRead(real, into, size, at); });
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    Log& log = log_of(file);
    if (at != log.start + log.size || size > kMost - log.size) {
        if (const int code = flush(log); code != SQLITE_OK) return code;
    }
    if (size > kMost) return log.file()->pMethods->xWrite(log.file(), from, size, at);
    if (log.size == 0) log.start = at;
    std::memcpy(log.bytes.get() + log.size, from, static_cast<std::size_t>(size));
    log.size += size;
    return SQLITE_OK;
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return flushed(file, [&](sqlite3_file* real) { return real->pMethods->xTruncate(real, size); });
}
int sync(sqlite3_file* file, int flags) {
    return flushed(file, [&](sqlite3_file* real) { return real->pMethods->xSync(real, flags); });
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return flushed(file, [&](sqlite3_file* real) { return real->pMethods->xFileSize(real, size); });
}
int lock(sqlite3_file* file, int kind) { return log_of(file).file()->pMethods->xLock(log_of(file).file(), kind); }
int unlock(sqlite3_file* file, int kind) { return log_of(file).file()->pMethods->xUnlock(log_of(file).file(), kind); }
int check_lock(sqlite3_file* file, int* held) { return log_of(file).file()->pMethods->xCheckReservedLock(log_of(file).file(), held); }
int control(sqlite3_file* file, int operation, void* argument) {
    return flushed(file, [&](sqlite3_file* real) { return real->pMethods->xFileControl(real, operation, argument); });
}
int sector_size(sqlite3_file* file) { return log_of(file).file()->pMethods->xSectorSize(log_of(file).file()); }
int characteristics(sqlite3_file* file) { return log_of(file).file()->pMethods->xDeviceCharacteristics(log_of(file).file()); }

constexpr sqlite3_io_methods kMethods = {.iVersion = 1,  // a log has neither shared memory nor is it mapped
                                         .xClose = close,
                                         .xRead = read,
                                         .xWrite = write,
                                         .xTruncate = truncate,
                                         .xSync = sync,
                                         .xFileSize = file_size,
                                         .xLock = lock,
                                         .xUnlock = unlock,
                                         .xCheckReservedLock = check_lock,
                                         .xFileControl = control,
                                         .xSectorSize = sector_size,
                                         .xDeviceCharacteristics = characteristics,
                                         .xShmMap = nullptr,
                                         .xShmLock = nullptr,
                                         .xShmBarrier = nullptr,
                                         .xShmUnmap = nullptr,
                                         .xFetch = nullptr,
                                         .xUnfetch = nullptr};

sqlite3_vfs* default_vfs() {
    static sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    return vfs;
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* opened) {
    sqlite3_vfs* real = default_vfs();
    if ((flags & SQLITE_OPEN_WAL) == 0) return real->xOpen(real, name, file, flags, opened);
    Log* log = new (file) Log;
    log->file()->pMethods = nullptr;
    const int code = log->bytes != nullptr ? real->xOpen(real, name, log->file(), flags, opened) : SQLITE_NOMEM;
    if (code == SQLITE_OK) {
        log->base.pMethods = &kMethods;
    } else {
        if (log->file()->pMethods != nullptr) log->file()->pMethods->xClose(log->file());
        log->~Log();
        file->pMethods = nullptr;
    }
    return code;
}

}  // namespace

const char* wal_buffer_vfs() {
    static const bool registered = [] {
        static sqlite3_vfs vfs = *default_vfs();
        vfs.zName = "qiao-wal-buffer";
        vfs.szOsFile += static_cast<int>(sizeof(Log));
        vfs.xOpen = open;
        return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
    }();
    return registered ? "qiao-wal-buffer" : nullptr;
}

}  // namespace qiao::storage
