#include "running_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qiao::http::test {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct BadRequest {
    const char* name;
    std::string bytes;
    int status;
};

std::string head_of(std::string_view lines) { return "POST /count HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n"; }

std::vector<BadRequest> bad_requests() {
    using namespace std::string_literals;
    const std::string smuggled = "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    return {
        {"length and chunked", head_of("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + smuggled, 400},
        {"chunked and length", head_of("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + smuggled, 400},
        {"two different lengths", head_of("Content-Length: 5\r\nContent-Length: 6\r\n") + "hello!", 400},
        {"two equal lengths", head_of("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello", 400},
        {"list of lengths", head_of("Content-Length: 5, 5\r\n") + "hello", 400},
        {"signed length", head_of("Content-Length: +5\r\n") + "hello", 400},
        {"negative length", head_of("Content-Length: -1\r\n"), 400},
        {"empty length", head_of("Content-Length:\r\n"), 400},
        {"length over 64 bits", head_of("Content-Length: 99999999999999999999999\r\n"), 400},
        {"hexadecimal length", head_of("Content-Length: 0x5\r\n") + "hello", 400},
        {"xchunked", head_of("Transfer-Encoding: xchunked\r\n") + smuggled, 400},
        {"chunked twice", head_of("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + smuggled, 400},
        {"chunked, identity", head_of("Transfer-Encoding: chunked, identity\r\n") + smuggled, 400},
        {"gzip, chunked", head_of("Transfer-Encoding: gzip, chunked\r\n") + smuggled, 400},
        {"quoted chunked", head_of("Transfer-Encoding: \"chunked\"\r\n") + smuggled, 400},
        {"space before colon", head_of("Transfer-Encoding : chunked\r\n") + smuggled, 400},
        {"tab before colon", head_of("Content-Length\t: 5\r\n") + "hello", 400},
        {"folded", head_of("Transfer-Encoding:\r\n chunked\r\n") + smuggled, 400},
        {"folded by tab", head_of("X: a\r\n\tb\r\n"), 400},
        {"vertical tab in chunked", head_of("Transfer-Encoding: \vchunked\r\n") + smuggled, 400},
        {"bare CR in a value", head_of("X: a\rTransfer-Encoding: chunked\r\n"), 400},
        {"bare LF as line end", "GET /hello HTTP/1.1\nHost: a\n\n", 400},
        {"bare LF between headers", "GET /hello HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
        {"NUL in a value", head_of("X: a\0b\r\n"s), 400},
        {"header without colon", head_of("nonsense\r\n"), 400},
        {"header without name", head_of(": x\r\n"), 400},
        {"space in a name", head_of("X Y: 1\r\n"), 400},
        {"no host", "GET /hello HTTP/1.1\r\n\r\n", 400},
        {"two hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"no version", "GET /hello\r\nHost: a\r\n\r\n", 400},
        {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"HTTP/1.2", "GET /hello HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"binary", "\x16\x03\x01\x02"s, 400},
        {"chunk size no hex", head_of("Transfer-Encoding: chunked\r\n") + "g\r\nhello\r\n0\r\n\r\n", 400},
        {"chunk size with 0x", head_of("Transfer-Encoding: chunked\r\n") + "0x5\r\nhello\r\n0\r\n\r\n", 400},
        {"chunk size negative", head_of("Transfer-Encoding: chunked\r\n") + "-5\r\nhello\r\n0\r\n\r\n", 400},
        {"chunk size over 64 bits", head_of("Transfer-Encoding: chunked\r\n") + "10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
        {"chunk longer than said", head_of("Transfer-Encoding: chunked\r\n") + "3\r\nhello\r\n0\r\n\r\n", 400},
        {"chunk ended by LF", head_of("Transfer-Encoding: chunked\r\n") + "5\nhello\n0\n\n", 400},
        {"chunk extension without end", head_of("Transfer-Encoding: chunked\r\n") + "5;" + std::string(20'000, 'x'), 400},
        {"chunk extension over 16 KiB", head_of("Transfer-Encoding: chunked\r\n") + "5;" + std::string(17'000, 'x') + "\r\nhello\r\n0\r\n\r\n", 400},
        {"chunk size over 16 KiB", head_of("Transfer-Encoding: chunked\r\n") + std::string(17'000, '0') + "5\r\nhello\r\n0\r\n\r\n", 400},
        {"trailer over 16 KiB", head_of("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n", 400},
        {"chunked in HTTP/1.0", "POST /count HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, 400},
        {"gzip body", head_of("Content-Length: 5\r\nContent-Encoding: gzip\r\n") + "hello", 415},
        {"unknown expectation", head_of("Content-Length: 5\r\nExpect: tea\r\n"), 417},
        {"encoded slash", "GET /echo/a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"encoded NUL", "GET /echo/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"no UTF-8", "GET /echo/%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"half an escape", "GET /echo/%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"dot segments", "GET /echo/../hello HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"encoded dot segments", "GET /echo/%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"fragment", "GET /hello#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"authority form", "CONNECT centre:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"request line over 16 KiB", "GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"request line without end", "GET /" + std::string(17'000, 'a'), 414},
        {"headers over 48 KiB", head_of("X: " + std::string(50'000, 'a') + "\r\n"), 431},
        {"headers without end", "GET /hello HTTP/1.1\r\nX: " + std::string(50'000, 'a'), 431},
        {"body over the route's limit", head_of("Content-Length: 100001\r\n"), 413},
        {"chunked body over the route's limit", head_of("Transfer-Encoding: chunked\r\n") + "30d40\r\n" + std::string(150'000, 'x'), 413},
        {"body over the default limit without a route", "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413},
    };
}

TEST(ServerLimits, RefusesAndClosesWhatTwoReadersCouldTakeDifferently) {
    RunningServer running;
    running.start();
    for (const BadRequest& bad : bad_requests()) {
        RawClient client(running.port());
        client.send(bad.bytes);
        const Answer answer = client.read_answer();
        EXPECT_EQ(answer.status, bad.status) << bad.name;
        EXPECT_EQ(answer.header("Connection"), "close") << bad.name;
        EXPECT_THAT(answer.body, HasSubstr("OperationOutcome")) << bad.name;
        EXPECT_TRUE(client.is_closed(3s)) << bad.name << ": something follows the refusal";
    }
    RawClient good(running.port());
    EXPECT_EQ(good.ask(get("/hello")).status, 200);
}

TEST(ServerLimits, AHundredHeadersAndNoMore) {
    RunningServer running;
    running.start();
    const auto with = [](int count) {
        std::string lines;
        for (int i = 0; i < count; ++i) lines += "X-" + std::to_string(i) + ": 1\r\n";
        return get("/hello", lines);
    };
    RawClient client(running.port());
    EXPECT_EQ(client.ask(with(99)).status, 200);
    EXPECT_EQ(client.ask(with(100)).status, 431);
}

TEST(ServerLimits, ALargeBodyIsRefusedBeforeItIsSent) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const Answer answer = client.ask("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
    EXPECT_EQ(answer.status, 413);
    EXPECT_THAT(answer.body, HasSubstr("http.body_too_large"));
}

TEST(ServerLimits, ASenderWhoGoesOnStillReadsTheRefusal) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    for (int i = 0; i < 5 && client.send(std::string(100'000, 'x')); ++i) {
    }
    EXPECT_EQ(client.read_answer().status, 413);
}

TEST(ServerLimits, SlowHeadsGet408AndIdleConnectionsEnd) {
    ServerOptions options;
    options.header_time = 600ms;
    options.idle_time = 1200ms;
    RunningServer running(options);
    running.start();
    RawClient slow(running.port());
    RawClient idle(running.port());
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 4; ++i) {
        slow.send(i == 0 ? "GET /hello HTTP/1.1\r\n" : "X: 1\r\n");
        std::this_thread::sleep_for(100ms);
    }
    const Answer answer = slow.read_answer();
    EXPECT_EQ(answer.status, 408);
    EXPECT_TRUE(slow.is_closed());
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
    EXPECT_TRUE(idle.is_closed(4s));
    EXPECT_GT(std::chrono::steady_clock::now() - start, 1100ms);
}

TEST(ServerLimits, ABodyMustComeAtOneKibibyteASecond) {
    ServerOptions options;
    options.header_time = 1s;
    RunningServer running(options);
    running.start();
    RawClient slow(running.port());
    RawClient steady(running.port());
    for (RawClient* client : {&slow, &steady}) client->send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 12000\r\n\r\n");
    std::thread drip([&] {
        for (int i = 0; i < 6; ++i) {
            steady.send(std::string(2'000, 'x'));
            std::this_thread::sleep_for(500ms);
        }
    });
    for (int i = 0; i < 10; ++i) {
        slow.send("x");
        std::this_thread::sleep_for(100ms);
    }
    EXPECT_EQ(slow.read_answer().status, 408);
    EXPECT_EQ(steady.read_answer().body, "12000");
    drip.join();
}

TEST(ServerLimits, AReaderWhoStopsIsCutOff) {
    ServerOptions options;
    options.idle_time = 500ms;
    RunningServer running(options);
    running.start();
    RawClient client(running.port(), 4096);
    for (int i = 0; i < 8; ++i) client.send(get("/big"));
    std::this_thread::sleep_for(2s);
    std::size_t total = 0;
    while (!client.take(60'000).empty()) total += 60'000;
    EXPECT_LT(total, 12'000'000U);
}

TEST(ServerLimits, ConnectionsInAllAndPerAddress) {
    ServerOptions options;
    options.connections = 4;
    options.connections_per_address = 3;
    RunningServer running(options);
    running.start();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<RawClient>(running.port()));
        EXPECT_EQ(clients.back()->ask(get("/hello")).status, 200);
    }
    RawClient fourth(running.port());
    EXPECT_EQ(fourth.read_answer().status, 429);
    EXPECT_TRUE(fourth.is_closed());
    clients.pop_back();
    std::this_thread::sleep_for(300ms);
    RawClient fifth(running.port());
    EXPECT_EQ(fifth.ask(get("/hello")).status, 200);
}

TEST(ServerLimits, AllBodiesTogether) {
    ServerOptions options;
    options.body_memory_bytes = 3'000'000;
    RunningServer running(options);
    running.start();
    RawClient first(running.port());
    first.send("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 2500001\r\n\r\n" + std::string(2'500'000, 'x'));
    std::this_thread::sleep_for(200ms);
    RawClient second(running.port());
    const Answer refused = second.ask(post("/large", std::string(900'000, 'x')));
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, HasSubstr("http.body_memory"));
    EXPECT_EQ(first.ask("x").body, "2500001");
    RawClient third(running.port());
    EXPECT_EQ(third.ask(post("/large", std::string(2'900'000, 'x'))).body, "2900000");
    RawClient spilling(running.port());
    EXPECT_EQ(spilling.ask(post("/spill", pattern_bytes(8'000'000))).body, "file 8000000 same");
}

TEST(ServerLimits, AConnectionThatBreaksInABodyHarmsNobody) {
    RunningServer running;
    running.start();
    for (int i = 0; i < 20; ++i) {
        RawClient client(running.port());
        client.send("POST /spill HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + std::string(1'200'000, 'x'));
    }
    RawClient good(running.port());
    EXPECT_EQ(good.ask(get("/hello")).status, 200);
}

}  // namespace
}  // namespace qiao::http::test
