#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

struct sqlite3;

namespace qiao::storage {

/// Moves the write-ahead log of SQLite into the database beside the writer, which does only the little rest itself: the log starts
/// anew when all of it was moved and no reader needs it any more. Frames are pages of the log.
class Checkpointer {
public:
    explicit Checkpointer(std::string file);
    ~Checkpointer();
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    /// After each commit, on the writer's thread and by its connection; `frames` are in the log now.
    void committed(sqlite3* writer, int frames);
    /// A sync of the database failed. The kernel may have forgotten pages that it was to write, so nothing is moved any more and the
    /// log must stay: it alone is whole. Any thread.
    [[nodiscard]] bool broken() const { return broken_; }
    /// Before a connection of that database closes: the last one would move what is left.
    void keep_log_if_broken(sqlite3* db) const;

private:
    void run();
    /// How many frames are moved now.
    int move(sqlite3* db);

    std::string file_;
    std::atomic<bool> broken_ = false;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool asked_ = false;
    bool stopping_ = false;
    int frames_ = 0;  ///< how long the log is
    int tried_ = 0;   ///< how long it was when something was last begun
    int moved_ = 0;   ///< what the thread has moved of it
    std::jthread thread_;
};

}  // namespace qiao::storage
