#include "storage/bulk.hpp"
#include "base/error.hpp"
#include "temp_folder.hpp"
#include "test_database.hpp"

#include <gtest/gtest.h>

namespace qiao::storage {
namespace {

TEST(Database, values_of_every_kind_come_back) {
    const testing::TempFolder folder;
    const auto database = testing::open_database(folder.file("a.db"));
    Connection& writer = database->write_connection();
    writer.script("CREATE TABLE thing(a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER)");
    const std::string bytes("\0\xff", 2);
    writer.execute("INSERT INTO thing VALUES(?,?,?,?,?)", {std::int64_t{7}, 1.5, std::string_view("桥"), Blob{bytes}, std::monostate{}});
    const auto snapshot = database->read();
    auto rows = (*snapshot)->query("SELECT a,b,c,d,e FROM thing");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), 7);
    EXPECT_EQ(rows.real(1), 1.5);
    EXPECT_EQ(rows.text(2), "桥");
    EXPECT_EQ(rows.text(3), bytes);
    EXPECT_TRUE(rows.is_null(4));
    EXPECT_FALSE(rows.next());
}

TEST(Database, many_rows_at_once) {
    const testing::TempFolder folder;
    const auto database = testing::open_database(folder.file("a.db"));
    Connection& writer = database->write_connection();
    writer.script("CREATE TABLE thing(a INTEGER, b REAL, c TEXT, d BLOB)");
    const std::string bytes("\0\xff", 2);
    std::vector<Value> values;
    for (std::int64_t i = -500; i < 500; ++i) {
        values.insert(values.end(), {i << 40U, 0.5 * static_cast<double>(i), std::string_view("桥,{}\"\\"), Blob{bytes}});
    }
    writer.begin_write();
    insert_rows(writer, {"thing", "a, b, c, d", 4}, {});
    insert_rows(writer, {"thing", "a, b, c, d", 4}, values);
    insert_rows(writer, {"thing", "c, a", 2}, std::vector<Value>{std::string_view(), std::int64_t{1}});
    writer.commit();
    const auto snapshot = database->read();
    auto rows = (*snapshot)->query("SELECT a, b, c, d FROM thing WHERE b IS NOT NULL ORDER BY a");
    for (std::int64_t i = -500; i < 500; ++i) {
        ASSERT_TRUE(rows.next());
        EXPECT_EQ(rows.integer(0), i << 40U);
        EXPECT_EQ(rows.real(1), 0.5 * static_cast<double>(i));
        EXPECT_EQ(rows.text(2), "桥,{}\"\\");
        EXPECT_EQ(rows.text(3), bytes);
    }
    EXPECT_FALSE(rows.next());
    auto last = (*snapshot)->query("SELECT c FROM thing WHERE b IS NULL");
    ASSERT_TRUE(last.next());
    EXPECT_EQ(last.text(0), "");
    EXPECT_FALSE(last.is_null(0));
}

TEST(Database, a_snapshot_does_not_see_later_commits_and_cannot_write) {
    const testing::TempFolder folder;
    const auto database = testing::open_database(folder.file("a.db"));
    Connection& writer = database->write_connection();
    writer.script("CREATE TABLE thing(a INTEGER); INSERT INTO thing VALUES(1)");
    const auto count = [](Snapshot& snapshot) {
        auto rows = snapshot->query("SELECT count(*) FROM thing");
        rows.next();
        return rows.integer(0);
    };
    const auto before = database->read();
    EXPECT_EQ(count(*before), 1);
    writer.execute("INSERT INTO thing VALUES(2)");
    EXPECT_EQ(count(*before), 1);
    EXPECT_EQ(count(*database->read()), 2);
    EXPECT_THROW((*before)->execute("INSERT INTO thing VALUES(3)"), Error);
}

TEST(Database, the_same_statement_runs_inside_itself) {
    const testing::TempFolder folder;
    const auto database = testing::open_database(folder.file("a.db"));
    Connection& writer = database->write_connection();
    writer.script("CREATE TABLE thing(a INTEGER); INSERT INTO thing VALUES(1),(2)");
    int pairs = 0;
    auto outer = writer.query("SELECT a FROM thing");
    while (outer.next()) {
        auto inner = writer.query("SELECT a FROM thing");
        while (inner.next()) ++pairs;
    }
    EXPECT_EQ(pairs, 4);
}

TEST(Database, a_query_over_its_time_is_interrupted) {
    const testing::TempFolder folder;
    const auto database = testing::open_database(folder.file("a.db"));
    const auto snapshot = database->read();
    (*snapshot)->set_time_limit(50);
    try {
        auto rows = (*snapshot)->query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n");
        rows.next();
        FAIL() << "ran to its end";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "record.budget");
    }
}

TEST(Database, migrations_run_once_and_a_failed_one_leaves_nothing) {
    const testing::TempFolder folder;
    const Migration good[] = {{"x", 1, "CREATE TABLE one(a INTEGER)"}, {"x", 2, "CREATE TABLE two(a INTEGER)"}};
    const Migration bad[] = {{"x", 3, "CREATE TABLE three(a INTEGER); CREATE TABLE one(a INTEGER)"}};
    const Migration mended[] = {{"x", 3, "CREATE TABLE three(a INTEGER)"}};
    {
        const auto database = testing::open_database(folder.file("a.db"));
        database->migrate(good);
        database->migrate(good);
        EXPECT_THROW(database->migrate(bad), Error);
    }
    const auto database = testing::open_database(folder.file("a.db"));
    database->migrate(mended);
    EXPECT_NO_THROW(database->write_connection().execute("INSERT INTO three VALUES(1)"));
}

}  // namespace
}  // namespace qiao::storage
