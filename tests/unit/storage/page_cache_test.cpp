#include "storage/page_cache.hpp"
#include "storage/database.hpp"
#include "temp_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace qiao::storage {
namespace {

/// Rows of `total_bytes` in pieces of 1 kB, read by a thread of its own so that memory is taken in one and given back in another.
void fill_and_read(Database& database, std::int64_t total_bytes) {
    Connection& writer = database.write_connection();
    writer.script("CREATE TABLE thing(a INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
    const std::string bytes(1000, 'x');
    writer.begin_write();
    for (std::int64_t i = 0; i < total_bytes / 1000; ++i) writer.execute("INSERT INTO thing VALUES(?, ?)", {i, Blob{bytes}});
    writer.commit();
    const std::jthread reader([&database] {
        const auto snapshot = database.read();
        auto rows = (*snapshot)->query("SELECT sum(length(bytes)) FROM thing");
        rows.next();
    });
}

TEST(PageCache, what_a_database_holds_is_counted_and_given_back) {
    const testing::TempFolder folder;
    open_sqlite(folder.file("first.db"), Durability::rebuildable);  // what the engine keeps for good
    const std::int64_t before = page_cache_bytes();
    {
        const auto database = open_sqlite(folder.file("a.db"), Durability::rebuildable);
        fill_and_read(*database, 4'000'000);
        EXPECT_GT(page_cache_bytes() - before, 8'000'000);  // the writer's pages and the reader's
        EXPECT_LT(page_cache_bytes() - before, 16'000'000);
    }
    EXPECT_LT(page_cache_bytes() - before, 100'000);
}

}  // namespace
}  // namespace qiao::storage
