#pragma once

#include "http/message.hpp"
#include "http/net.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

/// One TCP connection, plain or TLS, as one type, so that HTTP and WebSocket code is compiled once for both. Belongs to the
/// I/O thread of its executor.
namespace qiao::http {

class Stream {
public:
    using executor_type = Executor;  // Beast's AsyncStream
    using SteadyTime = std::chrono::steady_clock::time_point;

    /// @param tls  nothing for plain TCP
    Stream(TcpSocket socket, std::shared_ptr<asio::ssl::context> tls);

    [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
    [[nodiscard]] bool is_tls() const { return tls_.has_value(); }
    [[nodiscard]] TcpSocket& socket() { return socket_; }
    /// When bytes last went either way: what the deadlines of writing are measured from.
    [[nodiscard]] SteadyTime last_progress() const { return last_progress_; }

    Awaitable<bool> handshake();
    /// Bytes read; 0 at the end, on failure and after cancel().
    Awaitable<std::size_t> read(char* to, std::size_t capacity);
    Awaitable<bool> write(std::string_view bytes, bool more_follows);
    /// Plain TCP only.
    Awaitable<bool> send_file(FileRange range);
    /// Says goodbye in TLS; the caller's deadline ends it when the peer does not answer.
    Awaitable<void> shut_down_tls();
    /// Tells the peer that no more comes and throws away what it still sends, until its end, 1 MiB or cancel().
    Awaitable<void> linger();
    void cancel();
    void close();

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(StartRead{}, token, this, buffers);
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(StartWrite{}, token, this, buffers);
    }

private:
    struct StartRead {
        template <class Handler, class Buffers>
        void operator()(Handler&& handler, Stream* self, const Buffers& buffers) const {
            if (self->tls_) {
                self->tls_->async_read_some(buffers, std::forward<Handler>(handler));
            } else {
                self->socket_.async_read_some(buffers, std::forward<Handler>(handler));
            }
        }
    };
    struct StartWrite {
        template <class Handler, class Buffers>
        void operator()(Handler&& handler, Stream* self, const Buffers& buffers) const {
            if (self->tls_) {
                self->tls_->async_write_some(buffers, std::forward<Handler>(handler));
            } else {
                self->socket_.async_write_some(buffers, std::forward<Handler>(handler));
            }
        }
    };

    void progress() { last_progress_ = std::chrono::steady_clock::now(); }
    Awaitable<bool> wait_writable();

    TcpSocket socket_;
    std::shared_ptr<asio::ssl::context> context_;
    std::optional<asio::ssl::stream<TcpSocket&>> tls_;
    SteadyTime last_progress_;
};

}  // namespace qiao::http
