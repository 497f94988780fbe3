#pragma once

#include "http/server.hpp"
#include "http/stream.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

/// One WebSocket connection behind Socket: frames by Beast, a bounded queue to the peer, one message at a time to its
/// handler on the pool. send() and close() from any thread, the rest on the I/O thread.
namespace qiao::http {

class WebSocket : public Socket, public std::enable_shared_from_this<WebSocket> {
public:
    WebSocket(Executor executor, WorkerPool& workers);
    ~WebSocket() override;

    void send(std::string text) override;
    void close(std::uint16_t code, std::string_view reason) override;

    /// Answers the handshake and serves until the end; then calls `handler.closed()` on the pool. Whether both sides said
    /// goodbye, so that nothing is on its way any more.
    static Awaitable<bool> serve(std::shared_ptr<WebSocket> self, Stream& stream, const Request& request, std::string_view subprotocol, SocketHandler& handler);

    /// Drops what is queued; no call to the executor follows. For a connection that never opened, and after its end.
    void abandon();
    /// Whether close() was asked for so long ago that the peer has to be cut off.
    [[nodiscard]] bool is_overdue(std::chrono::steady_clock::time_point now) const;

private:
    struct Frames;  // the Beast side
    static Awaitable<void> write_loop(std::shared_ptr<WebSocket> self, std::shared_ptr<Frames> frames);
    static Awaitable<void> read_loop(WebSocket& self, Frames& frames);
    void wake_writer();

    const Executor executor_;
    WorkerPool& workers_;

    mutable std::mutex mutex_;
    std::deque<std::string> outbox_;
    std::size_t backlog_bytes_ = 0;
    std::uint16_t close_code_ = 0;
    std::string close_reason_;
    std::chrono::steady_clock::time_point close_asked_;
    bool abandoned_ = false;
    bool wake_posted_ = false;

    std::weak_ptr<Frames> frames_;  // I/O thread
};

}  // namespace qiao::http
