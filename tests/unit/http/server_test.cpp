#include "running_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qiao::http::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Server, AnswersWithTheHeadersOfTheHouse) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const Answer answer = client.ask(get("/hello"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(answer.header("Date"), HasSubstr(" GMT"));
    EXPECT_EQ(answer.header("Strict-Transport-Security"), "");
}

TEST(Server, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    std::string many;
    for (int i = 0; i < 50; ++i) many += get("/echo/" + std::to_string(i));
    client.send(many);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.read_answer().body, std::to_string(i));
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST(Server, ReadsARequestThatComesByteByByte) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    for (const char c : post("/count", "12345")) client.send(std::string_view(&c, 1));
    EXPECT_EQ(client.read_answer().body, "5");
}

TEST(Server, TheLastChunkMayComeInPackets) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const std::string head = "POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string& begin : {head, head + "3\r\nabc\r\n"}) {
        client.send(begin + "0\r\n");
        for (const char* rest : {"\r", "\n"}) {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            client.send(rest);
        }
        EXPECT_EQ(client.read_answer().body, begin == head ? "0" : "3");
    }
    const std::string whole = head + "1\r\na\r\n2\r\nbc\r\n0\r\nTrailer: t\r\n\r\n";
    for (const char c : whole) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        client.send(std::string_view(&c, 1));
    }
    EXPECT_EQ(client.read_answer().body, "3");
}

TEST(Server, AnEmptyLineBeforeARequestMayComeInTwoPackets) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
    client.send("\r");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(client.ask("\n" + get("/hello")).body, "hello");
}

TEST(Server, ClosesWhenAsked) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const Answer answer = client.ask(get("/hello", "Connection: close\r\n"));
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.is_closed());
    RawClient old(running.port());
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\n\r\n").body, "hello");
    EXPECT_TRUE(old.is_closed());
}

TEST(Server, HeadHasTheLengthButNoBody) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    const Answer answer = client.read_answer(false);
    EXPECT_EQ(answer.header("Content-Length"), "5");
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");  // nothing of the HEAD's body stands before it
    client.send("HEAD /parts HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_answer(false).header("Content-Length"), "1550007");
    EXPECT_EQ(client.ask(get("/nothing")).status, 204);
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST(Server, SendsLargeBodiesAndFileRanges) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    EXPECT_EQ(client.ask(get("/big")).body, pattern_bytes(3'000'000));
    const std::string expected = "<" + running.content.substr(10, 1'500'000) + pattern_bytes(50'000) + running.content.substr(0, 5) + ">";
    for (int i = 0; i < 3; ++i) {
        const Answer answer = client.ask(get("/parts"));
        EXPECT_EQ(answer.header("Content-Length"), std::to_string(expected.size()));
        EXPECT_EQ(answer.body == expected, true);
    }
}

TEST(Server, ASlowReaderStillGetsAllOfAFile) {
    RunningServer running;
    running.start();
    RawClient client(running.port(), 4096);
    client.send(get("/parts"));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(client.read_answer().body.size(), 1'550'007U);
}

TEST(Server, AFileThatEndsEarlyEndsTheConnection) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    client.send(get("/lost"));
    const Answer answer = client.read_answer();
    EXPECT_LT(answer.body.size(), 5'000U);
    EXPECT_TRUE(client.is_closed());
}

TEST(Server, AHeaderFromOutsideCannotSplitTheAnswer) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const Answer answer = client.ask(get("/split?a=x%0d%0aSet-Cookie:%20b=c"));
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.head, Not(HasSubstr("Set-Cookie")));
}

TEST(Server, ChunkedBodiesAndTrailers) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const std::string head = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(client.ask(head + "5;name=\"v\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n").body, "15");
    EXPECT_EQ(client.ask(head + "0\r\n\r\n").body, "0");
    client.send(head + "3\r\nab");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(client.ask("c\r\n0\r\n\r\n").body, "3");
}

TEST(Server, ExpectContinue) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 100);
    EXPECT_EQ(client.ask("abc").body, "3");
    EXPECT_EQ(client.ask("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n").status, 413);
}

TEST(Server, SpillsLargeBodiesToAFile) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    EXPECT_EQ(client.ask(post("/spill", pattern_bytes(1000))).body, "memory 1000");
    EXPECT_EQ(client.ask(post("/spill", pattern_bytes(5'000'001))).body, "file 5000001 same");
    const std::string bytes = pattern_bytes(2'500'000);
    client.send("POST /spill HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < bytes.size(); at += 250'000) client.send("3d090\r\n" + bytes.substr(at, 250'000) + "\r\n");
    EXPECT_EQ(client.ask("0\r\n\r\n").body, "file 2500000 same");
    EXPECT_EQ(client.ask(post("/large", pattern_bytes(3'000'000))).body, "3000000");
}

TEST(Server, UnknownPathsMethodsAndPeer) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    EXPECT_EQ(client.ask(get("/none")).status, 404);
    EXPECT_EQ(client.ask(post("/hello", "x")).status, 405);
    EXPECT_EQ(client.ask("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 405);
    EXPECT_EQ(client.ask(get("/peer")).body, "127.0.0.1");
    EXPECT_EQ(client.ask(get("/header", "X-TEST:  spaced \t\r\n")).body, "spaced");
    EXPECT_EQ(client.ask("GET http://centre/hello HTTP/1.1\r\nHost: centre\r\n\r\n").body, "hello");
}

TEST(Server, AFullPoolSays503) {
    RunningServer running({}, 1, 1);
    running.start();
    RawClient a(running.port());
    RawClient b(running.port());
    RawClient c(running.port());
    a.send(get("/stuck"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    b.send(get("/hello"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const Answer answer = c.ask(get("/hello"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Retry-After"), "2");
    EXPECT_THAT(answer.body, HasSubstr("http.busy"));
    EXPECT_EQ(a.read_answer().status, 200);
    EXPECT_EQ(b.read_answer().status, 200);
    EXPECT_EQ(c.ask(get("/hello")).status, 200);
}

TEST(Server, CountsByRouteAndClass) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    client.ask(get("/echo/1"));
    client.ask(get("/echo/2"));
    client.ask(get("/none"));
    const std::string text = running.metrics.render();
    EXPECT_THAT(text, HasSubstr("qiao_http_requests_total{route=\"/echo/{text}\",status=\"2xx\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("qiao_http_requests_total{route=\"none\",status=\"4xx\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("qiao_http_request_seconds_count{route=\"/echo/{text}\"} 2\n"));
}

TEST(Server, DrainFinishesWhatIsInFlightAndClosesTheRest) {
    RunningServer running;
    running.start();
    RawClient idle(running.port());
    EXPECT_EQ(idle.ask(get("/hello")).status, 200);
    RawClient busy(running.port());
    busy.send(get("/slow"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::thread drain([&] { running.server->drain(std::chrono::seconds(10)); });
    const Answer answer = busy.read_answer();
    EXPECT_EQ(answer.body, "done");
    EXPECT_TRUE(busy.is_closed());
    EXPECT_TRUE(idle.is_closed());
    drain.join();
    EXPECT_FALSE(RawClient(running.port()).is_connected());
}

TEST(Server, RefusesATakenAddress) {
    RunningServer running;
    ServerOptions options;
    options.port = running.port();
    EXPECT_THROW(Server(options, running.router, running.workers, running.metrics), Error);
    options.address = "localhost";
    EXPECT_THROW(Server(options, running.router, running.workers, running.metrics), Error);
}

TEST(Server, ManyConnectionsOnSeveralThreads) {
    ServerOptions options;
    options.io_threads = 2;
    RunningServer running(options, 2, 1024);
    running.start();
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int round = 0; round < 5; ++round) {
                RawClient client(running.port());
                for (int i = 0; i < 20; ++i) {
                    const std::string word = std::to_string(t) + "-" + std::to_string(i);
                    if (client.ask(get("/echo/" + word)).body == word) ++good;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace qiao::http::test
