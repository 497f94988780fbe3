#include "access/client_assertion.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "exchange/assertion_key.hpp"
#include "exchange/gateway_queue.hpp"
#include "exchange/hub_line.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace qiao::exchange {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

class Gateway : public testing::Test {
protected:
    Gateway() : folder_(fs::temp_directory_path() / ("gateway-" + std::to_string(::getpid()))), keys_(storage::make_sealing_keys()) { fs::remove_all(folder_); }
    ~Gateway() override { fs::remove_all(folder_); }

    static GatewayItem item(const std::string& study, const std::string& data, std::int64_t second, bool first = false) {
        return {to_hex(sha256(data)), to_hex(sha256(study)).substr(0, 16), kHead.size() + data.size(), first, from_us(second * 1'000'000)};
    }
    void put(GatewayQueue& queue, const std::string& study, const std::string& data, std::int64_t second, bool first = false) {
        queue.put(item(study, data, second, first), {"1.2.3", "CT1"}, kHead, data);
    }
    static std::vector<std::string> order(GatewayQueue& queue, Instant wall) {
        std::vector<std::string> taken;
        while (const auto next = queue.take(Steady::now(), wall)) taken.push_back(next->digest);
        return taken;
    }

    static constexpr std::string_view kHead = "head of the file;";
    const fs::path folder_;
    const storage::SealingKeys keys_;
    const Instant wall_ = from_us(100'000'000);
};

TEST_F(Gateway, KeepsWhatWasPutOverARestart) {
    const std::string large(3U << 20U, 'x');
    {
        GatewayQueue queue(folder_, keys_);
        put(queue, "a", "one", 1);
        put(queue, "a", "one", 1);  // the same again changes nothing
        put(queue, "b", large, 2);
    }
    GatewayQueue queue(folder_, keys_);
    EXPECT_EQ(queue.counts().objects, 2);
    EXPECT_EQ(queue.counts().bytes, 2 * kHead.size() + 3 + large.size());
    EXPECT_EQ(queue.counts().oldest, from_us(1'000'000));
    GatewayObject object(queue, item("b", large, 2));
    EXPECT_EQ(object.label().title, "CT1");
    EXPECT_EQ(object.label().sop_instance, "1.2.3");
    EXPECT_EQ(object.read(0, 20), std::string(kHead) + "xxx");
    EXPECT_EQ(object.read(1U << 20U, 100).size(), 100U);
    EXPECT_EQ(object.read(0, 4), "head") << "going back reads the file again";
    EXPECT_EQ(object.read(kHead.size() + large.size() - 1, 1U << 20U), "x") << "the end is not passed";
}

TEST_F(Gateway, NothingOfTheBytesIsReadableOnDisk) {
    GatewayQueue queue(folder_, keys_);
    put(queue, "study of a person", "WANG^XIAOMING", 1);
    for (const auto& file : fs::recursive_directory_iterator(folder_)) {
        if (!file.is_regular_file()) continue;
        std::ifstream in(file.path(), std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(in)), {});
        EXPECT_EQ(bytes.find("WANG"), std::string::npos);
        EXPECT_EQ(bytes.find("1.2.3"), std::string::npos);
        EXPECT_EQ(file.path().string().find("person"), std::string::npos);
    }
}

TEST_F(Gateway, FirstEmergenciesThenSmallStudiesThenTheOldest) {
    GatewayQueue queue(folder_, keys_);
    const std::string large(17U << 20U, 'x');
    put(queue, "large", large, 1);
    put(queue, "small", "s2", 3);
    put(queue, "small", "s1", 2);
    put(queue, "emergency", "e", 9, true);
    const auto digest = [](const std::string& data) { return to_hex(sha256(data)); };
    EXPECT_EQ(order(queue, wall_), (std::vector{digest("e"), digest("s1"), digest("s2"), digest(large)}));
}

TEST_F(Gateway, WhatWaitsForLongIsNotOvertaken) {
    GatewayQueue queue(folder_, keys_);
    const std::string large(17U << 20U, 'x');
    put(queue, "large", large, 1);
    put(queue, "small", "s", 3);
    EXPECT_EQ(order(queue, from_us(1'000'000) + 16min).front(), to_hex(sha256(large)));
}

TEST_F(Gateway, AFailureHoldsUpNoOtherStudy) {
    GatewayQueue queue(folder_, keys_);
    put(queue, "a", "bad", 1);
    put(queue, "b", "good", 2);
    const auto bad = queue.take(Steady::now(), wall_);
    ASSERT_TRUE(bad);
    queue.later(*bad, Steady::now() + 1h);
    EXPECT_EQ(queue.take(Steady::now(), wall_)->digest, to_hex(sha256("good")));
    EXPECT_FALSE(queue.take(Steady::now(), wall_));
    queue.hurry();
    EXPECT_EQ(queue.take(Steady::now(), wall_)->digest, bad->digest);
    queue.done(*bad);
    EXPECT_EQ(queue.counts().objects, 1);
}

TEST_F(Gateway, RefusedOnesAreKeptUntilAPersonDecides) {
    {
        GatewayQueue queue(folder_, keys_);
        put(queue, "a", "one", 1);
        put(queue, "a", "two", 2);
        queue.refuse(item("a", "one", 1), "CT1", "the transfer syntax is not stored", from_us(5'000'000));
        queue.refuse(item("a", "two", 2), "CT1", "no", from_us(6'000'000));
    }
    GatewayQueue queue(folder_, keys_);
    EXPECT_EQ(queue.counts().objects, 0);
    ASSERT_EQ(queue.refused().size(), 2U);
    EXPECT_EQ(queue.refused()[1].reason, "the transfer syntax is not stored");
    EXPECT_TRUE(queue.discard(to_hex(sha256("two"))));
    EXPECT_FALSE(queue.discard(to_hex(sha256("two"))));
    EXPECT_EQ(queue.retry_refused(), 1);
    EXPECT_EQ(queue.counts().refused, 0);
    GatewayObject object(queue, item("a", "one", 1));
    EXPECT_EQ(object.read(kHead.size(), 10), "one");
}

TEST_F(Gateway, ADamagedObjectIsSeen) {
    GatewayQueue queue(folder_, keys_);
    put(queue, "a", "one", 1);
    fs::resize_file(queue.path_of(item("a", "one", 1)), 90);
    EXPECT_THROW(GatewayObject(queue, item("a", "one", 1)), Error);
}

TEST_F(Gateway, ItsKeyProvesWhoItIs) {
    fs::create_directories(folder_);
    const std::string path = folder_ / "gateway.key";
    const std::string jwks = AssertionKey::open(path).jwks();
    const AssertionKey again = AssertionKey::open(path);
    EXPECT_EQ(again.jwks(), jwks);
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const auto keys = access::read_jwks(jwks);
    const Instant now = from_us(1'800'000'000'000'000);
    const std::string jwt = again.assertion("client-1", "https://hub/oauth/token", now);
    EXPECT_EQ(access::claimed_client(jwt), "client-1");
    EXPECT_TRUE(access::check_client_assertion(jwt, "client-1", "https://hub/oauth/token", keys, now));
    EXPECT_FALSE(access::check_client_assertion(jwt, "client-1", "https://other/oauth/token", keys, now));
    EXPECT_FALSE(access::check_client_assertion(jwt, "client-1", "https://hub/oauth/token", keys, now + 10min));
}

TEST(HubAddress, OnlyAnOriginAndTlsOffThisMachine) {
    EXPECT_EQ(checked_hub({"https://hub.example/"}).url, "https://hub.example");
    EXPECT_EQ(checked_hub({"http://127.0.0.1:8080"}).url, "http://127.0.0.1:8080");
    for (const char* bad : {"http://hub.example", "https://hub.example/path", "https://user:secret@hub.example", "ftp://hub.example", "hub.example", "https://hub.example?x=1", ""})
        EXPECT_THROW(checked_hub({bad}), Error) << bad;
}

}  // namespace
}  // namespace qiao::exchange
