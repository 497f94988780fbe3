#pragma once

#include "base/metrics.hpp"
#include "base/worker_pool.hpp"
#include "http/router.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// The HTTP, HTTPS and WebSocket front door. All Boost code of the program is behind this header. A few I/O threads run
/// coroutines and never block; handlers run on the worker pool.
namespace qiao::http {

/// One open WebSocket. Thread-safe; calls never block.
class Socket {
public:
    virtual ~Socket() = default;
    /// Queues a text message; a peer more than limits::kWebSocketBacklog_bytes behind is closed with 1013.
    virtual void send(std::string text) = 0;
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

/// What a WebSocket endpoint does with one connection. Calls come one after another, on the worker pool.
class SocketHandler {
public:
    virtual ~SocketHandler() = default;
    virtual void message(std::string_view text) = 0;
    virtual void closed() = 0;
};

struct SocketEndpoint {
    std::string path;
    std::string subprotocol;  ///< required in the handshake and answered; empty for none
    /// Runs on the worker pool before the handshake is answered; an Error becomes the HTTP answer.
    std::function<std::unique_ptr<SocketHandler>(const Request&, std::shared_ptr<Socket>)> open;
};

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    int io_threads = 1;
    std::string certificate_file = {};  ///< PEM chain; empty = plain HTTP. Files are read again when they change
    std::string key_file = {};
    std::string spill_folder = {};                                ///< where bodies of routes with `spill` go
    std::chrono::milliseconds header_time = limits::kHeaderTime;  ///< for a whole head, and before the body rate counts
    std::chrono::milliseconds idle_time = limits::kIdleTime;      ///< between requests, and without progress of an answer
    std::size_t connections = limits::kConnections;
    std::size_t connections_per_address = limits::kConnectionsPerAddress;
    std::size_t strangers_per_address = limits::kStrangersPerAddress;  ///< of these before a first valid session
    std::uint64_t body_memory_bytes = 512ULL << 20U;                   ///< all request bodies in memory together
};

class Server {
public:
    /// Binds and listens; serves only after start(). Throws Error(unavailable, "http.bind") when the address is taken.
    Server(ServerOptions options, const Router& router, WorkerPool& workers, Metrics& metrics);
    ~Server();  ///< closes what is open, joins the I/O threads

    void add_socket(SocketEndpoint endpoint);  ///< before start()
    void start();
    /// Stops accepting, finishes requests in flight (at most `limit`), closes WebSockets with 1012.
    void drain(std::chrono::seconds limit);

    [[nodiscard]] std::uint16_t port() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::http
