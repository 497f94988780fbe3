#include "harness.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

/// SIGKILL in the middle of writing: what was answered is there, what was not is whole or absent.
namespace qiao::record::testing {
namespace {

constexpr int kParts = 3;

struct Process {
    std::string file;
    SystemClock clock;
    Metrics metrics;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Writer> writer;
    std::unique_ptr<Record> record;

    explicit Process(std::string path) : file(std::move(path)), database(qiao::testing::open_database(file)) {
        database->migrate(record_migrations());
        writer = std::make_unique<storage::Writer>(*database, clock, metrics);
        record = open_record(*database, *writer, clock, metrics);
    }
};

std::string id_of(int unit, int part) { return fmt::format("u{}-{}", unit, part); }

/// Writes units without end, from two threads; each number goes into the pipe after its commit returned.
[[noreturn]] void write_until_killed(const std::string& file, int from, int pipe_end) {
    Process process(file);
    const auto run = [&](int first) {
        for (int unit = first;; unit += 2) {
            auto work = process.record->begin(ReadFilter::system("test"), Actor::system("TREAT"));
            for (int part = 0; part < kParts; ++part) {
                work->create_text(fmt::format(R"({{"resourceType":"Basic","id":"{}","code":{{"text":"{}"}},"identifier":[{{"value":"{}"}}]}})",
                                              id_of(unit, part), std::string(300, 'x'), unit));
            }
            work->commit();
            if (::write(pipe_end, &unit, sizeof unit) != static_cast<ssize_t>(sizeof unit)) ::_exit(1);
        }
    };
    const std::jthread other(run, from + 1);
    run(from);
    ::_exit(0);
}

TEST(Kill, an_answered_work_survives_and_none_is_half_there) {
    const Folder folder;
    { const Process made(folder.file()); }  // on a busy machine a child would be killed while it makes the database
    std::vector<int> answered;
    int next = 0;
    for (int round = 0; round < 4; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) write_until_killed(folder.file(), next, ends[1]);
        ::close(ends[1]);
        // The first answer shows that the child is under way; then a moment that differs from round to round.
        const std::jthread killer([child, round] {
            std::this_thread::sleep_for(std::chrono::milliseconds(700 + 137 * round));
            ::kill(child, SIGKILL);
        });
        for (int unit = 0; ::read(ends[0], &unit, sizeof unit) == static_cast<ssize_t>(sizeof unit);) {
            answered.push_back(unit);
            next = std::max(next, unit + 4);
        }
        ::close(ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status));
        next += 4 + next % 2;  // an unanswered unit may be there all the same
    }
    ASSERT_GT(answered.size(), 10U);
    Process process(folder.file());
    auto reader = process.record->read(ReadFilter::system("test"));
    for (const int unit : answered) {
        for (int part = 0; part < kParts; ++part) EXPECT_TRUE(reader->read("Basic", id_of(unit, part))) << unit;
    }
    for (int unit = 0; unit < next; ++unit) {
        int present = 0;
        for (int part = 0; part < kParts; ++part) present += reader->read("Basic", id_of(unit, part)) ? 1 : 0;
        EXPECT_TRUE(present == 0 || present == kParts) << unit;
        EXPECT_EQ(reader->search("Basic", fmt::format("identifier={}&_count=0", unit)).total, present) << unit;
    }
}

}  // namespace
}  // namespace qiao::record::testing
