#pragma once

#include "http/handover.hpp"
#include "http/request_parser.hpp"
#include "http/server_state.hpp"
#include "http/spill.hpp"
#include "http/stream.hpp"
#include "http/websocket.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

/// One accepted connection: reads requests, has them handled on the pool, writes the answers. Everything but the handler
/// runs on the I/O thread of its Loop.
namespace qiao::http {

class Connection;

/// What the connections of one I/O thread share.
struct Loop {
    asio::io_context io{1};
    std::unordered_set<Connection*> connections = {};
    std::string date = {};  ///< HTTP-date, renewed by the ticker
};

class Connection : private BodySink {
public:
    using SteadyTime = std::chrono::steady_clock::time_point;

    Connection(Loop& loop, ServerState& server, TcpSocket socket, std::shared_ptr<asio::ssl::context> tls, std::string peer_address);
    ~Connection() override;

    /// The whole life of the connection; `self` keeps it until the end.
    static Awaitable<void> serve(std::shared_ptr<Connection> self);

    /// Called by the loop's ticker: ends what takes too long.
    void sweep(SteadyTime now);
    /// Ends the connection when it is idle, a WebSocket with 1012, else after the request in flight.
    void drain();
    void kill() { stream_.close(); }

private:
    enum class Phase : std::uint8_t { handshake, idle, head, body, handling, writing, closing, websocket };

    void enter(Phase phase);
    Awaitable<bool> serve_request();
    Awaitable<bool> read_head();
    Awaitable<bool> read_body();
    Awaitable<bool> receive_body();
    Awaitable<bool> ask_for_body();
    Awaitable<bool> fill();
    Awaitable<bool> refuse(const Error& error);
    Awaitable<bool> refuse_late();
    Awaitable<bool> answer();
    Awaitable<bool> write_response();
    Awaitable<bool> write_file(const FileRange& range, bool last);
    Awaitable<bool> upgrade(const SocketEndpoint& endpoint);
    Awaitable<void> finish();
    std::optional<Error> take(std::string_view bytes) override;
    void reset_request();
    void release_body();
    void make_room(std::size_t wanted_bytes);
    void write_head();
    void recognise();
    std::optional<Error> unzip();
    [[nodiscard]] std::string_view unread() const { return std::string_view(buffer_.data() + begin_, end_ - begin_); }

    static void handle_on_worker(void* self);
    static void admit_on_worker(void* self);
    static void spill_on_worker(void* self);
    static void open_on_worker(void* self);
    static void read_file_on_worker(void* self);

    Loop& loop_;
    ServerState& server_;
    const std::string peer_address_;
    Stream stream_;
    Handover handover_;

    Phase phase_ = Phase::idle;
    SteadyTime phase_started_;
    bool timed_out_ = false;
    bool stranger_ = true;                  // no request with a valid session yet; a worker's while one runs
    std::atomic<bool> close_after_{false};  // no further request on this connection; a worker reads it for the head
    bool unread_body_ = false;              // the peer may still be sending what nobody reads

    std::vector<char> buffer_;  // received, not used yet: [begin_, end_)
    std::size_t begin_ = 0;
    std::size_t end_ = 0;

    RequestParser parser_;
    Request request_;
    RouteOptions options_;
    bool zipped_ = false;   // the body comes as gzip
    bool refused_ = false;  // before the body, by the router: response_ says why
    std::uint64_t body_received_bytes_ = 0;
    std::uint64_t body_reserved_bytes_ = 0;
    std::optional<SpillFile> spill_;
    std::optional<Error> spill_error_;

    Response response_;
    std::string date_;        // HTTP-date, copied from the loop before a worker needs it
    std::string out_;         // head and small pieces, on their way out
    std::string file_piece_;  // of a FileRange, under TLS
    FileRange file_left_;
    bool file_ok_ = false;

    const SocketEndpoint* endpoint_ = nullptr;
    std::shared_ptr<WebSocket> websocket_;
    std::unique_ptr<SocketHandler> socket_handler_;
    bool socket_open_ = false;
};

}  // namespace qiao::http
