#include "storage/checkpointer.hpp"

#include "base/log.hpp"

#include <sqlite3.h>

namespace qiao::storage {
namespace {

constexpr int kBegin = 32'000;  // frames; 128 MB of pages of 4 KiB
constexpr int kMost = 64'000;   // a log that the thread does not catch up with by then is moved by the writer: it waits meanwhile
constexpr int kAgain = 1'000;   // what a reader held up is tried again after so many more
constexpr int kRest = 600;      // what the writer moves itself: some milliseconds

/// Null when it cannot be opened: the next turn tries again. A connection knows of the log once it has read.
sqlite3* open_reading_log(const std::string& file) {
    sqlite3* db = nullptr;
    int code = sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, nullptr);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "PRAGMA busy_timeout=5000; PRAGMA synchronous=FULL; SELECT 1 FROM sqlite_schema LIMIT 1", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return db;
    sqlite3_close(db);
    return nullptr;
}

}  // namespace

Checkpointer::Checkpointer(std::string file) : file_(std::move(file)) {
    thread_ = std::jthread([this] { run(); });
}

Checkpointer::~Checkpointer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
}

void Checkpointer::committed(sqlite3* writer, int frames) {
    {
        const std::lock_guard lock(mutex_);
        if (frames < frames_) tried_ = moved_ = 0;  // the log was begun anew
        frames_ = frames;
        if (frames < kBegin || asked_ || broken_) return;
        const bool by_writer = frames - moved_ <= kRest || frames > kMost;
        if (tried_ != 0 && frames - tried_ < kAgain && frames - moved_ > kRest) return;
        tried_ = frames;
        if (!by_writer) {
            asked_ = true;
            wake_.notify_all();
            return;
        }
        moved_ = 0;
    }
    move(writer);
}

int Checkpointer::move(sqlite3* db) {
    int in_log = 0;
    int moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if (code == SQLITE_OK) return moved;
    // Others, a full disk among them, come before anything is lost: the next turn writes the same pages again.
    if ((code & 0xFF) == SQLITE_IOERR) broken_ = true;
    log::error("storage.checkpoint", {{"code", std::int64_t{code}}});
    return 0;
}

void Checkpointer::keep_log_if_broken(sqlite3* db) const {
    if (broken_ && db != nullptr) sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Checkpointer::run() {
    sqlite3* db = nullptr;
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || asked_; });
        if (stopping_) break;
        lock.unlock();
        if (db == nullptr) db = open_reading_log(file_);
        const int moved = db != nullptr ? move(db) : 0;
        lock.lock();
        const bool is_of_this_log = moved <= frames_;  // else the writer has begun it anew meanwhile
        // Once more while it gets nearer to the writer, who goes on meanwhile.
        asked_ = is_of_this_log && moved > moved_ && frames_ - moved > kRest && frames_ < kMost;
        moved_ = is_of_this_log ? moved : 0;
    }
    keep_log_if_broken(db);
    sqlite3_close(db);
}

}  // namespace qiao::storage
