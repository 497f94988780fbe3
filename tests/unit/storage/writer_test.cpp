#include "storage/writer.hpp"
#include "base/error.hpp"
#include "temp_folder.hpp"
#include "test_database.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace qiao::storage {
namespace {

class WriterTest : public ::testing::Test {
protected:
    void SetUp() override { database->write_connection().script("CREATE TABLE thing(a INTEGER PRIMARY KEY)"); }

    void insert(std::int64_t value) {
        writer.submit({nullptr, [value](Group& group) {
                           group.t();
                           group.connection().execute("INSERT INTO thing VALUES(?)", {value});
                       }});
    }
    std::int64_t count() {
        const auto snapshot = database->read();
        auto rows = (*snapshot)->query("SELECT count(*) FROM thing");
        rows.next();
        return rows.integer(0);
    }

    testing::TempFolder folder;
    std::unique_ptr<Database> database = testing::open_database(folder.file("a.db"));
    SystemClock clock;
    Metrics metrics;
    Writer writer{*database, clock, metrics};
};

TEST_F(WriterTest, many_callers_share_groups_and_all_rows_are_there) {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 16; ++caller) {
        callers.emplace_back([this, caller] {
            for (int i = 0; i < 50; ++i) insert(caller * 1000 + i);
        });
    }
    callers.clear();
    EXPECT_EQ(count(), 16 * 50);
    EXPECT_LT(metrics.counter("qiao_writer_groups_total").value(), 16 * 50);
}

TEST_F(WriterTest, a_refused_unit_leaves_its_neighbours_whole) {
    std::atomic<int> refused{0};
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&, caller] {
            for (int i = 0; i < 40; ++i) {
                try {
                    const std::int64_t value = caller * 1000 + i;
                    writer.submit({[i](Group&) {
                                       if (i % 4 == 0) throw Error(ErrorKind::conflict, "test.refused", "every fourth");
                                   },
                                   [value](Group& group) { group.connection().execute("INSERT INTO thing VALUES(?)", {value}); }});
                } catch (const Error& error) {
                    EXPECT_EQ(error.code(), "test.refused");
                    ++refused;
                }
            }
        });
    }
    callers.clear();
    EXPECT_EQ(refused, 8 * 10);
    EXPECT_EQ(count(), 8 * 30);
}

TEST_F(WriterTest, a_unit_that_fails_while_writing_fails_alone) {
    insert(1);
    std::atomic<int> failed{0};
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&, caller] {
            for (int i = 0; i < 20; ++i) {
                try {
                    insert(i % 5 == 0 ? 1 : caller * 1000 + 10 + i);  // 1 is taken
                } catch (const Error&) {
                    ++failed;
                }
            }
        });
    }
    callers.clear();
    EXPECT_EQ(failed, 8 * 4);
    EXPECT_EQ(count(), 1 + 8 * 16);
}

TEST_F(WriterTest, a_unit_sees_the_rows_of_earlier_units_and_times_rise) {
    const auto take = [&](std::int64_t value) {
        return writer.submit({[value](Group& group) {
                                  auto rows = group.connection().query("SELECT 1 FROM thing WHERE a = ?", {value});
                                  if (rows.next()) throw Error(ErrorKind::conflict, "test.taken", "taken");
                              },
                              [value](Group& group) {
                                  group.t();
                                  group.connection().execute("INSERT INTO thing VALUES(?)", {value});
                              }});
    };
    std::atomic<int> won{0};
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 32; ++caller) {
        callers.emplace_back([&] {
            try {
                take(42);
                ++won;
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), "test.taken");
            }
        });
    }
    callers.clear();
    EXPECT_EQ(won, 1);
    const auto first = take(43);
    const auto second = take(44);
    EXPECT_LT(first.t, second.t);
    EXPECT_LT(first.now, second.now);
}

}  // namespace
}  // namespace qiao::storage
