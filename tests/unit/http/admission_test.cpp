// Who may connect and send a body: before a session is known little is given.
#include "http/gzip.hpp"
#include "running_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace qiao::http::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view kKnown = "Authorization: Bearer known\r\n";
constexpr std::string_view kKnownGzip = "Authorization: Bearer known\r\nContent-Encoding: gzip\r\n";

std::string zipped(std::string_view text) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<unsigned char*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

/// Text that compresses some 3:1, as JSON does.
std::string ordinary(std::size_t count) {
    std::string text;
    for (std::uint32_t i = 1; text.size() < count; i = i * 1'664'525U + 1'013'904'223U) text += "{\"value\":" + std::to_string(i) + "},";
    text.resize(count);
    return text;
}

std::string head_of_large_post(std::string_view headers) {
    return "POST /mine HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n" + std::string(headers) + "\r\n";
}

TEST(Admission, ABodyIsNotTakenFromAStranger) {
    RunningServer running;
    running.start();
    RawClient stranger(running.port());
    const Answer answer = stranger.ask(head_of_large_post(""));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_THAT(answer.body, HasSubstr("access.no_session"));
    EXPECT_TRUE(stranger.is_closed());

    RawClient sending(running.port());
    sending.send(head_of_large_post(""));
    std::size_t taken = 0;
    while (taken < 60'000'000 && sending.send(std::string(100'000, 'x'))) taken += 100'000;
    EXPECT_LT(taken, 20'000'000U) << "the server and the kernel between them took too much";

    RawClient nowhere(running.port());
    EXPECT_EQ(nowhere.ask("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n").status, 404);
    RawClient member(running.port());
    EXPECT_EQ(member.ask(post("/mine", std::string(3'000'000, 'x'), kKnown)).body, "3000000");
    EXPECT_EQ(member.ask(post("/mine", "x", kKnown)).body, "1");
    EXPECT_EQ(member.ask(post("/mine", "x")).status, 401);
    EXPECT_EQ(member.ask(post("/mine", "xy", kKnown)).body, "2") << "a small refused body leaves the connection open";
}

TEST(Admission, ExpectIsAnsweredWithTheFinalStatus) {
    RunningServer running;
    running.start();
    RawClient stranger(running.port());
    EXPECT_EQ(stranger.ask(head_of_large_post("Expect: 100-continue\r\n")).status, 401);
    EXPECT_TRUE(stranger.is_closed());
    RawClient member(running.port());
    member.send("POST /mine HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n" + std::string(kKnown) + "\r\n");
    EXPECT_EQ(member.read_answer().status, 100);
    EXPECT_EQ(member.ask("abc").body, "3");
    member.send("POST /mine HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n" + std::string(kKnown) + "\r\nabc");
    EXPECT_EQ(member.read_answer().status, 200) << "who has sent the body already is not told to go on";
}

TEST(Admission, StrangersOfAnAddressAreLimitedAndMembersAreNot) {
    ServerOptions options;
    options.strangers_per_address = 8;
    options.connections_per_address = 40;
    RunningServer running(options);
    running.start();
    std::vector<std::unique_ptr<RawClient>> members;
    for (int i = 0; i < 20; ++i) {
        members.push_back(std::make_unique<RawClient>(running.port()));
        EXPECT_EQ(members.back()->ask(get("/mine", kKnown)).body, "mine");
    }
    std::vector<std::unique_ptr<RawClient>> strangers;
    for (int i = 0; i < 8; ++i) {
        strangers.push_back(std::make_unique<RawClient>(running.port()));
        strangers.back()->send("GET /hel");
    }
    RawClient refused(running.port());
    EXPECT_EQ(refused.read_answer().status, 429);
    EXPECT_TRUE(refused.is_closed());
    for (auto& member : members) EXPECT_EQ(member->ask(get("/hello")).status, 200);
    EXPECT_EQ(strangers.front()->ask("lo HTTP/1.1\r\nHost: a\r\n\r\n").header("Connection"), "close") << "crowded: no stranger stays for another request";
    EXPECT_TRUE(strangers.front()->is_closed());
    strangers[1]->send("lo HTTP/1.1\r\nHost: a\r\n\r\n");
    strangers[1]->read_answer();
    EXPECT_TRUE(strangers[1]->is_closed());
    const auto comes_in = [&] {
        RawClient late(running.port());
        return late.ask(get("/mine", kKnown)).status == 200;
    };
    bool came_in = false;
    for (int i = 0; i < 50 && !came_in; ++i) {
        came_in = comes_in();
        if (!came_in) std::this_thread::sleep_for(100ms);
    }
    EXPECT_TRUE(came_in) << "a place that a stranger left is free again";
}

TEST(Admission, IdleStrangersMakeRoomWhenTheAddressIsCrowded) {
    ServerOptions options;
    options.strangers_per_address = 8;
    options.header_time = 300ms;
    options.idle_time = 60s;
    RunningServer running(options);
    running.start();
    RawClient member(running.port());
    EXPECT_EQ(member.ask(get("/mine", kKnown)).status, 200);
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < 8; ++i) idle.push_back(std::make_unique<RawClient>(running.port()));
    EXPECT_TRUE(idle.front()->is_closed(20s));
    EXPECT_EQ(member.ask(get("/hello")).status, 200);
}

TEST(Gzip, BodiesAreTakenWhereARouteSaysSo) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const std::string text = ordinary(5'000'000);
    EXPECT_EQ(client.ask(post("/mine", zipped(text), kKnownGzip)).body, "5000000");
    EXPECT_EQ(client.ask(post("/mine", zipped("one ") + zipped("two"), kKnownGzip)).body, "7") << "members that follow one another (RFC 1952 section 2.2)";
    EXPECT_EQ(client.ask(post("/mine", zipped(""), kKnownGzip)).body, "0");
    EXPECT_EQ(client.ask(post("/mine", "plain", "Authorization: Bearer known\r\nContent-Encoding: identity\r\n")).body, "5");
    RawClient elsewhere(running.port());
    const Answer refused = elsewhere.ask(post("/large", zipped(text), "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(refused.status, 415);
    EXPECT_THAT(refused.body, HasSubstr("http.content_encoding"));
    RawClient twice(running.port());
    EXPECT_EQ(twice.ask(post("/mine", zipped(text), std::string(kKnownGzip) + "Content-Encoding: gzip\r\n")).status, 415);
}

TEST(Gzip, BombsAndDamageAreRefused) {
    RunningServer running;
    running.start();
    RawClient client(running.port());
    const std::string whole = zipped(ordinary(10'000));
    std::string altered = whole;
    altered[altered.size() / 2] = static_cast<char>(altered[altered.size() / 2] ^ 0x10);
    std::string wrong_sum = whole;
    wrong_sum[wrong_sum.size() - 8] = static_cast<char>(wrong_sum[wrong_sum.size() - 8] ^ 1);
    const struct {
        const char* name;
        std::string body;
        int status;
        const char* code;
    } cases[] = {
        {"bomb", zipped(std::string(50'000'000, '0')), 413, "http.gzip_too_large"},
        {"over the path's limit", zipped(ordinary(70'000'000)), 413, "http.gzip_too_large"},
        {"cut off", whole.substr(0, whole.size() / 2), 400, "http.bad_gzip"},
        {"without its trailer", whole.substr(0, whole.size() - 8), 400, "http.bad_gzip"},
        {"garbage behind", whole + "garbage", 400, "http.bad_gzip"},
        {"half a second member", whole + whole.substr(0, 30), 400, "http.bad_gzip"},
        {"altered", altered, 400, "http.bad_gzip"},
        {"wrong checksum", wrong_sum, 400, "http.bad_gzip"},
        {"zlib, no gzip", std::string("\x78\x9c\x03\x00\x00\x00\x00\x01", 8), 400, "http.bad_gzip"},
        {"no gzip", "{}", 400, "http.bad_gzip"},
    };
    for (const auto& one : cases) {
        const Answer answer = client.ask(post("/mine", one.body, kKnownGzip));
        EXPECT_EQ(answer.status, one.status) << one.name;
        EXPECT_THAT(answer.body, HasSubstr(one.code)) << one.name;
    }
    EXPECT_EQ(client.ask(post("/mine", "after", kKnown)).body, "5") << "the connection goes on";
}

TEST(Gzip, UnpackedBodiesCountAsMemory) {
    ServerOptions options;
    options.body_memory_bytes = 3'000'000;
    RunningServer running(options);
    running.start();
    RawClient client(running.port());
    const Answer answer = client.ask(post("/mine", zipped(ordinary(2'000'000)), kKnownGzip));
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("http.body_memory"));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(client.ask(post("/mine", zipped(ordinary(200'000)), kKnownGzip)).body, "200000") << "it is given back";
}

TEST(Gzip, StopsAtTheLimitByte) {
    const std::string bytes = zipped(std::string(1000, 'a'));
    EXPECT_EQ(gunzip(bytes, 1000).text, std::string(1000, 'a'));
    EXPECT_EQ(gunzip(bytes, 999).state, Gunzipped::State::too_long);
    EXPECT_EQ(gunzip("", 10).state, Gunzipped::State::damaged);
}

}  // namespace
}  // namespace qiao::http::test
