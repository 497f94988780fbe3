#include "base/error.hpp"
#include "storage/writer.hpp"
#include "temp_folder.hpp"
#include "test_database.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

/// What only a server can do to its clients: go away, hang, come back.
namespace qiao::storage {
namespace {

class PostgresTest : public ::testing::Test {
protected:
    void SetUp() override {
        writer.submit({nullptr, [](Group& group) { group.connection().script("CREATE TABLE thing(a INTEGER PRIMARY KEY)"); }});
    }

    void insert(std::int64_t value, const std::function<void()>& meanwhile = {}) {
        writer.submit({nullptr, [&](Group& group) {
                           group.t();
                           if (meanwhile) meanwhile();
                           group.connection().post("INSERT INTO thing VALUES(?)", {value});
                       }});
    }
    std::int64_t count() {
        const auto snapshot = database->read();
        auto rows = (*snapshot)->query("SELECT count(*) FROM thing");
        rows.next();
        return rows.integer(0);
    }
    template <class Call>
    std::string code_of(Call call) {
        try {
            call();
        } catch (const Error& error) {
            return std::string(error.code());
        }
        return "";
    }
    std::vector<pid_t> backends() {
        std::vector<pid_t> pids;
        auto rows = other->write_connection().query("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        while (rows.next()) pids.push_back(static_cast<pid_t>(rows.integer(0)));
        return pids;
    }
    /// As when the server restarts.
    void end_backends() {
        auto rows = other->write_connection().query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        while (rows.next()) EXPECT_EQ(rows.integer(0), 1);
    }

    testing::TempFolder folder;
    std::unique_ptr<Database> database = testing::open_database(folder.file("record.db"));
    std::unique_ptr<Database> other = testing::open_database(folder.file("record.db"));
    SystemClock clock;
    Metrics metrics;
    Writer writer{*database, clock, metrics};
};

TEST_F(PostgresTest, a_server_that_was_restarted_between_two_requests_is_not_noticed) {
    insert(1);
    EXPECT_EQ(count(), 1);
    end_backends();
    insert(2);
    EXPECT_EQ(count(), 2);
    EXPECT_TRUE(database->answers());
    end_backends();
    EXPECT_EQ(count(), 2);
    EXPECT_TRUE(database->answers());
}

TEST_F(PostgresTest, a_server_lost_in_a_transaction_undoes_it_and_the_next_one_works) {
    EXPECT_EQ(code_of([&] { insert(1, [&] { end_backends(); }); }), "storage.unreachable");
    EXPECT_TRUE(writer.healthy());
    EXPECT_EQ(count(), 0);
    insert(2);
    EXPECT_EQ(count(), 1);
}

TEST_F(PostgresTest, a_snapshot_whose_server_was_lost_never_goes_on_with_another) {
    const auto snapshot = database->read();
    snapshot->pin();
    end_backends();
    EXPECT_EQ(code_of([&] { (*snapshot)->query("SELECT a FROM thing"); }), "storage.unreachable");
    EXPECT_EQ(code_of([&] { (*snapshot)->query("SELECT a FROM thing"); }), "storage.unreachable");
    EXPECT_EQ(count(), 0);
}

TEST_F(PostgresTest, a_server_that_hangs_is_not_ready_and_is_again_when_it_goes_on) {
    ASSERT_TRUE(database->answers());
    const auto pids = backends();
    if (pids.empty() || ::kill(pids.front(), 0) != 0) GTEST_SKIP() << "the server's processes belong to another user";
    for (const pid_t pid : pids) ::kill(pid, SIGSTOP);
    const bool answered = database->answers();
    for (const pid_t pid : pids) ::kill(pid, SIGCONT);
    EXPECT_FALSE(answered);
    EXPECT_TRUE(database->answers());
    insert(1);
    EXPECT_EQ(count(), 1);
}

TEST_F(PostgresTest, writers_of_two_nodes_take_turns_and_their_numbers_rise) {
    Writer second(*other, clock, metrics);
    std::vector<std::jthread> callers;
    std::mutex mutex;
    std::set<std::int64_t> numbers;
    for (Writer* node : {&writer, &second}) {
        for (int caller = 0; caller < 4; ++caller) {
            callers.emplace_back([&, node] {
                for (int i = 0; i < 25; ++i) {
                    // The next free number, as the transaction sees it: two would clash if they did not take turns.
                    const auto done = node->submit({nullptr, [](Group& group) {
                                                        group.t();
                                                        std::int64_t next = 0;
                                                        {
                                                            auto rows = group.connection().query("SELECT max(a) FROM thing");
                                                            if (rows.next()) next = rows.integer(0) + 1;
                                                        }
                                                        group.connection().post("INSERT INTO thing VALUES(?)", {next});
                                                    }});
                    const std::lock_guard lock(mutex);
                    numbers.insert(done.t);
                }
            });
        }
    }
    callers.clear();
    EXPECT_EQ(count(), 200);
    const auto snapshot = database->read();
    auto rows = (*snapshot)->query("SELECT count(*), max(t) - min(t) + 1 FROM tx");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), static_cast<std::int64_t>(numbers.size()));
    EXPECT_EQ(rows.integer(1), rows.integer(0)) << "a number is missing";
}

TEST_F(PostgresTest, a_node_is_told_that_another_one_committed) {
    Writer second(*other, clock, metrics);
    int refreshed = 0;
    writer.on_foreign_commit([&](Connection&) { ++refreshed; });
    insert(1);
    const int before = refreshed;
    insert(2);
    EXPECT_EQ(refreshed, before);
    second.submit({nullptr, [](Group& group) { group.connection().execute("INSERT INTO thing VALUES(3)"); }});
    insert(4);
    EXPECT_EQ(refreshed, before + 1);
    insert(5);
    EXPECT_EQ(refreshed, before + 1);
}

TEST_F(PostgresTest, a_commit_whose_standby_was_given_up_is_unknown_and_the_state_beside_it_is_read_again) {
    const auto standby = [&](const std::string& how) {
        other->write_connection().script("ALTER SYSTEM " + how);
        other->write_connection().script("SELECT pg_reload_conf()");
    };
    int refreshed = 0;
    writer.on_foreign_commit([&](Connection&) { ++refreshed; });
    insert(1);
    standby("SET synchronous_standby_names = 'nobody'");
    // The server takes the setting over some time later: until then commits do not wait.
    std::int64_t value = 1;
    std::string code;
    while (code.empty() && value < 1000) {
        std::atomic<bool> ended = false;
        ++value;
        std::jthread caller([&] {
            code = code_of([&] { insert(value); });
            ended = true;
        });
        while (!ended) {
            auto rows = other->write_connection().query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            while (rows.next()) {
            }
        }
    }
    EXPECT_EQ(code, "commit.unknown");
    standby("RESET synchronous_standby_names");
    EXPECT_EQ(count(), value) << "it is there";
    const int before = refreshed;
    while (code_of([&] { insert(value + 1); }) == "commit.unknown") ++value;  // the setting goes as late as it came
    EXPECT_GT(refreshed, before) << "what was undone beside the database was committed in it";
}

TEST_F(PostgresTest, a_password_is_in_no_message) {
    const std::string url = std::getenv("QIAO_TEST_POSTGRES");
    const std::string wrong = "postgresql://qiao:open-sesame@/nowhere?" + url.substr(url.find('?') + 1);
    ::testing::internal::CaptureStderr();
    std::string message;
    try {
        open_postgres(wrong, "record", Durability::full);
    } catch (const Error& error) {
        message = error.what();
    }
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(message, "");
    EXPECT_NE(log, "");
    EXPECT_EQ((message + log).find("open-sesame"), std::string::npos);
}

}  // namespace
}  // namespace qiao::storage
