#include "storage/pack.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

namespace qiao::storage {
namespace {

class PackTest : public testing::Test {
protected:
    PackTest() {
        std::string name = testing::TempDir() + "pack-XXXXXX";
        folder_ = mkdtemp(name.data());
    }
    ~PackTest() override { std::filesystem::remove_all(folder_); }

    static std::string content_of(int number) { return std::string(static_cast<std::size_t>(100 + number * 37 % 5000), static_cast<char>('a' + number % 26)); }
    static PackPlace append(Pack& pack, int number) {
        const auto content = content_of(number);
        const auto half = content.size() / 2;
        return pack.append(std::to_string(number), sha256(content), {std::string_view(content).substr(0, half), std::string_view(content).substr(half)});
    }
    std::map<std::string, std::string> contents(std::uint64_t expected_damage = 0) {
        std::map<std::string, std::string> found;
        Pack pack(folder_);
        const auto damaged = pack.scan({}, [&](const PackRecord& record, std::string_view content) {
            EXPECT_EQ(sha256(content), record.sha256);
            found[std::string(record.key)] = content;
        });
        EXPECT_EQ(damaged, expected_damage);
        return found;
    }
    std::string only_file() {
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) return entry.path().string();
        return {};
    }

    std::string folder_;
};

TEST_F(PackTest, GivesBackWhatWasAppended) {
    Pack pack(folder_);
    const auto place = append(pack, 7);
    EXPECT_EQ(pack.read(place.segment, place.offset, place.length), content_of(7));
    EXPECT_EQ(contents().at("7"), content_of(7));
    EXPECT_THROW((void)pack.read(place.segment, place.offset, place.length + 100), Error);
    EXPECT_THROW((void)pack.read(99, 0, 1), Error);
}

TEST_F(PackTest, RollsAndSeparatesLongObjects) {
    PackOptions options;
    options.segment_bytes = 10'000;
    options.alone_bytes = 1'400;
    Pack pack(folder_, options);
    for (int i = 0; i < 40; ++i) append(pack, i);
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++files;
    EXPECT_GE(files, 6U);
    const auto found = contents();
    ASSERT_EQ(found.size(), 40U);
    for (int i = 0; i < 40; ++i) EXPECT_EQ(found.at(std::to_string(i)), content_of(i));
}

TEST_F(PackTest, CutsATornTailAndGoesOn) {
    std::uint64_t last = 0;
    {
        Pack pack(folder_);
        for (int i = 0; i < 3; ++i) last = append(pack, i).end;
    }
    const auto whole = std::filesystem::file_size(only_file());
    EXPECT_EQ(whole, last);
    for (const auto torn : {whole - 1, whole - 50, whole + 7}) {
        std::filesystem::resize_file(only_file(), torn);
        const auto found = contents();
        EXPECT_EQ(found.size(), torn < whole ? 2U : 3U);
        Pack pack(folder_);
        pack.scan({}, [](const PackRecord&, std::string_view) {});
        if (torn < whole) append(pack, 2);
        EXPECT_EQ(contents().size(), 3U);
        EXPECT_EQ(std::filesystem::file_size(only_file()), whole);
    }
}

TEST_F(PackTest, KeepsIntactRecordsBehindADamagedOne) {
    {
        Pack pack(folder_);
        const auto place = append(pack, 0);
        append(pack, 1);
        std::fstream file(only_file(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(place.offset + 5));
        file.put('!');
    }
    const auto found = contents(1);
    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(found.count("1"), 1U);
}

TEST_F(PackTest, ScansOnlyWhatIsNew) {
    Pack pack(folder_);
    append(pack, 0);
    const auto known = append(pack, 1);
    append(pack, 2);
    Pack again(folder_);
    std::vector<std::string> seen;
    again.scan({{known.segment, known.end}}, [&](const PackRecord& record, std::string_view) { seen.emplace_back(record.key); });
    EXPECT_EQ(seen, std::vector<std::string>{"2"});
}

TEST_F(PackTest, SaysFullAndLeavesNothingHalf) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        Pack pack(folder_);
        append(pack, 0);
        const rlimit limit{6'000, 6'000};
        setrlimit(RLIMIT_FSIZE, &limit);
        int refused = 0;
        for (int i = 1; i < 20; ++i) {
            try {
                append(pack, i);
            } catch (const Error& error) {
                refused += error.kind() == ErrorKind::unavailable ? 1 : 0;
            }
        }
        _exit(refused > 0 && pack.healthy() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_GE(contents().size(), 1U);
}

/// Four threads append until the process is killed; what append() returned for must be there.
TEST_F(PackTest, LosesNothingAcknowledgedWhenKilled) {
    std::mt19937 random(20261121);
    std::set<int> acknowledged;
    for (int round = 0; round < 10; ++round) {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            Pack pack(folder_, {20'000, 4'500});
            pack.scan({}, [](const PackRecord&, std::string_view) {});
            std::vector<std::thread> threads;
            for (int t = 0; t < 4; ++t) {
                threads.emplace_back([&, t] {
                    for (int i = 0;; ++i) {
                        const int number = round * 1'000'000 + t * 100'000 + i;
                        append(pack, number);
                        if (write(ends[1], &number, sizeof number) != sizeof number) _exit(1);
                    }
                });
            }
            for (auto& thread : threads) thread.join();
        }
        close(ends[1]);
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 60));
        kill(child, SIGKILL);
        int number = 0;
        while (read(ends[0], &number, sizeof number) == sizeof number) acknowledged.insert(number);
        close(ends[0]);
        waitpid(child, nullptr, 0);
    }
    EXPECT_GT(acknowledged.size(), 20U);
    const auto found = contents();
    for (const int number : acknowledged) {
        ASSERT_EQ(found.count(std::to_string(number)), 1U) << number;
        EXPECT_EQ(found.at(std::to_string(number)), content_of(number));
    }
}

}  // namespace
}  // namespace qiao::storage
