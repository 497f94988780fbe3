#include "http/events.hpp"

#include "running_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

namespace qiao::http::test {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

enum Opcode : unsigned { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

/// A small WebSocket client: masks what it sends, as RFC 6455 asks of clients.
class SocketClient : public RawClient {
public:
    using RawClient::RawClient;

    Answer open(std::string_view path, std::string_view headers = {}) {
        return ask(
            get(path, "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                          std::string(headers)));
    }

    static std::string frame(unsigned opcode, std::string_view payload, bool final = true, bool masked = true) {
        std::string bytes;
        bytes += static_cast<char>((final ? 0x80U : 0U) | opcode);
        const unsigned mask_bit = masked ? 0x80U : 0U;
        if (payload.size() < 126) {
            bytes += static_cast<char>(mask_bit | payload.size());
        } else {
            const bool wide = payload.size() > 65535;
            bytes += static_cast<char>(mask_bit | (wide ? 127U : 126U));
            for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8) bytes += static_cast<char>((payload.size() >> static_cast<unsigned>(shift)) & 0xFFU);
        }
        const std::string key = masked ? "\x12\x34\x56\x78" : std::string();
        bytes += key;
        for (std::size_t i = 0; i < payload.size(); ++i) bytes += masked ? static_cast<char>(payload[i] ^ key[i % 4]) : payload[i];
        return bytes;
    }
    bool text(std::string_view payload) { return send(frame(kText, payload)); }

    struct Frame {
        int opcode = -1;  // -1: the connection ended
        std::string payload;
        [[nodiscard]] int close_code() const {
            if (opcode != static_cast<int>(kClose) || payload.size() < 2) return 0;
            return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
        }
    };
    Frame read() {
        const std::string head = take(2);
        if (head.size() < 2) return {};
        std::uint64_t length = static_cast<unsigned char>(head[1]) & 0x7FU;
        if (length > 125) {
            const std::string wide = take(length == 126 ? 2 : 8);
            length = 0;
            for (const char c : wide) length = length * 256 + static_cast<unsigned char>(c);
        }
        return {static_cast<unsigned char>(head[0]) & 0x0F, take(length)};
    }
    /// Skips everything before the close frame.
    int read_close_code() {
        for (Frame frame = read(); frame.opcode != -1; frame = read()) {
            if (frame.opcode == static_cast<int>(kClose)) return frame.close_code();
        }
        return 0;
    }
};

struct Log {
    std::mutex mutex;
    std::vector<std::string> messages;
    std::shared_ptr<Socket> socket;
    std::atomic<int> inside{0};
    std::atomic<bool> overlapped{false};
    std::atomic<int> closed{0};
};

class EchoHandler : public SocketHandler {
public:
    EchoHandler(Log& log, std::shared_ptr<Socket> socket) : log_(log), socket_(std::move(socket)) {}
    void message(std::string_view text) override {
        if (log_.inside.fetch_add(1) != 0) log_.overlapped = true;
        if (text == "throw") {
            --log_.inside;
            throw std::runtime_error("bug");
        }
        if (text == "bye") socket_->close(4000, "bye");
        socket_->send("echo " + std::string(text));
        --log_.inside;
    }
    void closed() override { ++log_.closed; }

private:
    Log& log_;
    std::shared_ptr<Socket> socket_;
};

class WebSocketTest : public ::testing::Test {
protected:
    WebSocketTest() {
        running.server->add_socket({.path = "/echo-socket", .subprotocol = "echo.1", .open = [this](const Request& request, std::shared_ptr<Socket> socket) {
                                        if (request.header("x-refuse") == "1") throw Error(ErrorKind::unauthenticated, "access.unauthenticated", "sign in");
                                        const std::lock_guard lock(log.mutex);
                                        log.socket = socket;
                                        return std::make_unique<EchoHandler>(log, std::move(socket));
                                    }});
        running.start();
    }
    ~WebSocketTest() override { log.socket.reset(); }

    std::shared_ptr<Socket> socket() {
        const std::lock_guard lock(log.mutex);
        return log.socket;
    }
    bool wait_closed(int count) {
        for (int i = 0; i < 800 && log.closed < count; ++i) std::this_thread::sleep_for(10ms);
        return log.closed == count;
    }
    static constexpr std::string_view kProtocol = "Sec-WebSocket-Protocol: other, echo.1\r\n";

    Log log;
    RunningServer running;
};

TEST_F(WebSocketTest, HandshakeEchoAndClose) {
    SocketClient client(running.port());
    const Answer answer = client.open("/echo-socket", kProtocol);
    ASSERT_EQ(answer.status, 101);
    EXPECT_EQ(answer.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(answer.header("Sec-WebSocket-Protocol"), "echo.1");
    client.text("你好");
    EXPECT_EQ(client.read().payload, "echo 你好");
    client.send(SocketClient::frame(kText, "one ", false) + SocketClient::frame(kPing, "p") + SocketClient::frame(kContinuation, "two"));
    EXPECT_EQ(client.read().opcode, static_cast<int>(kPong));
    EXPECT_EQ(client.read().payload, "echo one two");
    client.send(SocketClient::frame(kClose, "\x03\xe8"));
    EXPECT_EQ(client.read().close_code(), 1000);
    EXPECT_TRUE(wait_closed(1));
}

TEST_F(WebSocketTest, RefusalsAreHttpAnswers) {
    SocketClient refused(running.port());
    const Answer answer = refused.open("/echo-socket", std::string(kProtocol) + "X-Refuse: 1\r\n");
    EXPECT_EQ(answer.status, 401);
    EXPECT_THAT(answer.body, HasSubstr("access.unauthenticated"));
    SocketClient wrong(running.port());
    EXPECT_EQ(wrong.open("/echo-socket", "Sec-WebSocket-Protocol: other\r\n").status, 400);
    SocketClient plain(running.port());
    const Answer upgrade = plain.ask(get("/echo-socket"));
    EXPECT_EQ(upgrade.status, 426);
    EXPECT_EQ(upgrade.header("Upgrade"), "websocket");
    SocketClient elsewhere(running.port());
    EXPECT_EQ(elsewhere.open("/hello", kProtocol).status, 200);
    EXPECT_EQ(elsewhere.ask(post("/echo-socket", "x")).status, 404);
}

TEST_F(WebSocketTest, MessagesOfOneSocketDoNotOverlap) {
    SocketClient client(running.port());
    client.open("/echo-socket", kProtocol);
    for (int i = 0; i < 150; ++i) client.text(std::to_string(i));
    for (int i = 0; i < 150; ++i) EXPECT_EQ(client.read().payload, "echo " + std::to_string(i));
    EXPECT_FALSE(log.overlapped);
}

TEST_F(WebSocketTest, LimitsOfSizeRateAndKind) {
    SocketClient large(running.port());
    large.open("/echo-socket", kProtocol);
    large.text(std::string(256 * 1024, 'x'));
    EXPECT_EQ(large.read().payload.size(), 256U * 1024 + 5);
    large.text(std::string(256 * 1024 + 1, 'x'));
    EXPECT_EQ(large.read_close_code(), 1009);
    SocketClient fast(running.port());
    fast.open("/echo-socket", kProtocol);
    for (int i = 0; i < 300; ++i) fast.text("x");
    EXPECT_EQ(fast.read_close_code(), 1008);
    SocketClient pings(running.port());
    pings.open("/echo-socket", kProtocol);
    for (int i = 0; i < 300; ++i) pings.send(SocketClient::frame(kPing, "x"));
    EXPECT_EQ(pings.read_close_code(), 1008);
    SocketClient binary(running.port());
    binary.open("/echo-socket", kProtocol);
    binary.send(SocketClient::frame(kBinary, "x"));
    EXPECT_EQ(binary.read_close_code(), 1003);
    SocketClient no_utf8(running.port());
    no_utf8.open("/echo-socket", kProtocol);
    no_utf8.text("\xff\xfe");
    EXPECT_EQ(no_utf8.read_close_code(), 1007);
    SocketClient unmasked(running.port());
    unmasked.open("/echo-socket", kProtocol);
    unmasked.send(SocketClient::frame(kText, "x", true, false));
    EXPECT_EQ(unmasked.read_close_code(), 1002);
    EXPECT_TRUE(wait_closed(6));
}

TEST_F(WebSocketTest, ServerSideCloseFlushesWhatIsQueued) {
    SocketClient client(running.port());
    client.open("/echo-socket", kProtocol);
    socket()->send("first");
    socket()->send("last");
    socket()->close(4401, "ended");
    socket()->send("never");
    EXPECT_EQ(client.read().payload, "first");
    EXPECT_EQ(client.read().payload, "last");
    const auto frame = client.read();
    EXPECT_EQ(frame.close_code(), 4401);
    EXPECT_EQ(frame.payload.substr(2), "ended");
    client.send(SocketClient::frame(kClose, frame.payload));
    EXPECT_TRUE(wait_closed(1));
}

TEST_F(WebSocketTest, APeerThatIgnoresTheCloseIsCutOff) {
    SocketClient client(running.port());
    client.open("/echo-socket", kProtocol);
    socket()->close(4401, "ended");
    EXPECT_EQ(client.read_close_code(), 4401);
    EXPECT_TRUE(client.is_closed(8s));
    EXPECT_TRUE(wait_closed(1));
}

TEST_F(WebSocketTest, APeerTooFarBehindIsClosed) {
    SocketClient client(running.port(), 4096);
    client.open("/echo-socket", kProtocol);
    const std::string piece(64 * 1024, 'x');
    for (int i = 0; i < 200; ++i) socket()->send(piece);
    EXPECT_EQ(client.read_close_code(), 1013);
}

TEST_F(WebSocketTest, AnExceptionInAHandlerClosesItsSocketOnly) {
    SocketClient client(running.port());
    client.open("/echo-socket", kProtocol);
    client.text("throw");
    EXPECT_EQ(client.read_close_code(), 1011);
    SocketClient other(running.port());
    other.open("/echo-socket", kProtocol);
    other.text("x");
    EXPECT_EQ(other.read().payload, "echo x");
}

TEST_F(WebSocketTest, AClientThatVanishesIsNoticed) {
    {
        SocketClient client(running.port());
        client.open("/echo-socket", kProtocol);
    }
    EXPECT_TRUE(wait_closed(1));
    socket()->send("to nobody");
    socket()->close(1000, "");
}

TEST_F(WebSocketTest, DrainClosesWith1012) {
    SocketClient client(running.port());
    client.open("/echo-socket", kProtocol);
    std::thread drain([&] { running.server->drain(10s); });
    const auto frame = client.read();
    EXPECT_EQ(frame.close_code(), 1012);
    client.send(SocketClient::frame(kClose, frame.payload));
    drain.join();
    EXPECT_EQ(log.closed, 1);
}

struct OpenRights : EventRights {
    std::optional<EventSubject> authenticate(const Request& request) override {
        if (request.cookie("session").empty()) return std::nullopt;
        return EventSubject{std::string(request.cookie("session")), "anna"};
    }
    bool may_watch_list(const EventSubject&, std::string_view) override { return true; }
    bool may_watch_case(const EventSubject&, std::string_view) override { return true; }
    int list_count(const EventSubject&, std::string_view) override { return 1; }
};

TEST(EventsOverTheWire, ChangeReachesATabWithinASecondAndEndClosesIt) {
    OpenRights rights;
    const SystemClock clock;
    EventHub hub(rights, clock);
    RunningServer running;
    running.server->add_socket(hub.endpoint());
    running.start();
    const std::string protocol = "Sec-WebSocket-Protocol: qiao.events.1\r\n";
    SocketClient stranger(running.port());
    EXPECT_EQ(stranger.open("/events", protocol).status, 401);
    SocketClient foreign(running.port());
    EXPECT_EQ(foreign.open("/events", protocol + "Cookie: session=s\r\nOrigin: https://evil.example\r\n").status, 403);
    SocketClient tab(running.port());
    ASSERT_EQ(tab.open("/events", protocol + "Cookie: session=s\r\nOrigin: http://centre\r\n").status, 101);
    tab.text(R"({"type":"hello"})");
    EXPECT_THAT(tab.read().payload, HasSubstr("ready"));
    tab.text(R"({"type":"watch","lists":["inbox"],"cases":["c1"]})");
    EXPECT_THAT(tab.read().payload, HasSubstr(R"("list":"inbox","count":1)"));
    const auto start = std::chrono::steady_clock::now();
    hub.case_changed("c1", 5);
    EXPECT_THAT(tab.read().payload, HasSubstr(R"("id":"c1","version":5)"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
    hub.end_session("s", "access.revoked");
    EXPECT_THAT(tab.read().payload, HasSubstr(R"("type":"ended","code":"access.revoked")"));
    EXPECT_EQ(tab.read().close_code(), 4401);
}

}  // namespace
}  // namespace qiao::http::test
