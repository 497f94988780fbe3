#include "base/error.hpp"
#include "storage/database.hpp"
#include "temp_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// The write-ahead log of SQLite: gathered writes (wal_buffer.hpp), moved beside the writer (checkpointer.hpp).
namespace qiao::storage {
namespace {

class LogTest : public ::testing::TestWithParam<Durability> {
protected:
    void SetUp() override { writer().script("CREATE TABLE thing(a INTEGER PRIMARY KEY, n INTEGER NOT NULL, bytes BLOB NOT NULL)"); }
    Connection& writer() { return database->write_connection(); }
    void commit(std::int64_t from, std::int64_t count, std::size_t size) {
        const std::string bytes(size, static_cast<char>('a' + from % 26));
        writer().begin_write();
        for (std::int64_t i = from; i < from + count; ++i) {
            writer().execute("INSERT INTO thing VALUES(?, ?, ?) ON CONFLICT(a) DO UPDATE SET n = thing.n + 1, bytes = excluded.bytes",
                             {i, std::int64_t{1}, Blob{bytes}});
        }
        writer().commit();
    }
    /// Rows and the sum of their counts, by a connection of its own.
    static std::pair<std::int64_t, std::int64_t> seen(Database& in) {
        const auto snapshot = in.read();
        auto rows = (*snapshot)->query("SELECT count(*), sum(n) FROM thing");
        rows.next();
        return {rows.integer(0), rows.integer(1)};
    }
    [[nodiscard]] std::uintmax_t log_bytes() const { return std::filesystem::file_size(folder.file("a.db") + "-wal"); }

    testing::TempFolder folder;
    std::unique_ptr<Database> database = open_sqlite(folder.file("a.db"), GetParam());
};

TEST_P(LogTest, what_is_committed_is_seen_by_others_at_once_and_after_a_copy_of_the_files) {
    std::int64_t rows = 0;
    for (int i = 0; i < 50; ++i) {
        commit(rows, 1 + i, 900);
        rows += 1 + i;
        EXPECT_EQ(seen(*database), std::pair(rows, rows));
    }
    // As after a kill: the files as they lie there.
    for (const char* end : {"", "-wal"}) std::filesystem::copy_file(folder.file("a.db") + end, folder.file("b.db") + end);
    const auto copy = open_sqlite(folder.file("b.db"), Durability::full);
    EXPECT_EQ(seen(*copy), std::pair(rows, rows));
    EXPECT_TRUE(copy->is_whole());
}

TEST_P(LogTest, a_transaction_larger_than_the_cache_reads_its_own_pages_and_can_be_undone) {
    commit(0, 10, 100);
    writer().script("PRAGMA cache_size=20");  // pages: the rest spills into the log
    writer().begin_write();
    const std::string bytes(3000, 'x');
    for (std::int64_t i = 100; i < 1100; ++i) writer().execute("INSERT INTO thing VALUES(?, 1, ?)", {i, Blob{bytes}});
    {
        auto rows = writer().query("SELECT count(*), sum(length(bytes)) FROM thing");
        ASSERT_TRUE(rows.next());
        EXPECT_EQ(rows.integer(0), 1010);
        EXPECT_EQ(rows.integer(1), 1000 * 3000 + 10 * 100);
    }
    EXPECT_EQ(seen(*database).first, 10);
    writer().rollback();
    commit(10, 5, 100);
    EXPECT_EQ(seen(*database).first, 15);
    EXPECT_TRUE(database->is_whole());
}

TEST_P(LogTest, the_log_is_moved_beside_the_writer_and_begins_anew) {
    std::int64_t sum = 0;
    std::uintmax_t longest = 0;
    for (int round = 0; round < 800; ++round) {  // 660 MB of pages
        commit(0, 200, 3000);
        sum += 200;
        longest = std::max(longest, log_bytes());
        if (round % 20 == 0) {
            EXPECT_EQ(seen(*database), std::pair(std::int64_t{200}, sum));
        }
    }
    EXPECT_LT(longest, 300U << 20);
    EXPECT_TRUE(database->is_whole());
}

TEST_P(LogTest, readers_beside_a_writer_see_whole_commits_while_the_file_grows) {
    std::atomic<bool> done = false;
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            while (!done) {
                const auto [rows, sum] = seen(*database);
                EXPECT_EQ(rows % 50, 0);
                EXPECT_EQ(sum, rows);
            }
        });
    }
    for (std::int64_t i = 0; i < 600; ++i) commit(i * 50, 50, 1500);  // 45 MB
    done = true;
    readers.clear();
    EXPECT_EQ(seen(*database).first, 30'000);
    EXPECT_TRUE(database->is_whole());
}

TEST_P(LogTest, a_long_reader_keeps_its_snapshot_while_the_log_grows) {
    commit(0, 200, 3000);
    const auto snapshot = database->read();
    snapshot->pin();
    for (int round = 0; round < 150; ++round) commit(0, 200, 3000);
    auto rows = (*snapshot)->query("SELECT sum(n), sum(length(bytes)) FROM thing");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), 200);
    EXPECT_EQ(rows.integer(1), 200 * 3000);
    EXPECT_EQ(seen(*database).second, 200 * 151);
}

INSTANTIATE_TEST_SUITE_P(Of, LogTest, ::testing::Values(Durability::full, Durability::rebuildable),
                         [](const auto& which) { return std::string(which.param == Durability::full ? "full" : "rebuildable"); });

}  // namespace
}  // namespace qiao::storage
