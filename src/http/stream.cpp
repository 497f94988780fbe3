#include "http/stream.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace qiao::http {
namespace {

constexpr std::size_t kLinger_bytes = 1024 * 1024;
constexpr std::size_t kSendFileStep_bytes = 1024 * 1024;

}  // namespace

Stream::Stream(TcpSocket socket, std::shared_ptr<asio::ssl::context> tls)
    : socket_(std::move(socket)), context_(std::move(tls)), last_progress_(std::chrono::steady_clock::now()) {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.native_non_blocking(true, ignored);
    if (context_) tls_.emplace(socket_, *context_);
}

Awaitable<bool> Stream::handshake() {
    error_code error;
    co_await tls_->async_handshake(asio::ssl::stream_base::server, into(error));
    co_return !error;
}

Awaitable<std::size_t> Stream::read(char* to, std::size_t capacity) {
    error_code error;
    std::size_t count = 0;
    const asio::mutable_buffer buffer(to, capacity);
    if (tls_) {
        count = co_await tls_->async_read_some(buffer, into(error));
    } else {
        count = co_await socket_.async_read_some(buffer, into(error));
    }
    if (error) co_return 0;
    progress();
    co_return count;
}

Awaitable<bool> Stream::wait_writable() {
    error_code error;
    co_await socket_.async_wait(asio::socket_base::wait_write, into(error));
    progress();
    co_return !error;
}

Awaitable<bool> Stream::write(std::string_view bytes, bool more_follows) {
    while (!bytes.empty()) {
        if (tls_) {
            error_code error;
            const asio::const_buffer buffer(bytes.data(), bytes.size());
            const std::size_t sent = co_await tls_->async_write_some(buffer, into(error));
            if (error) co_return false;
            progress();
            bytes.remove_prefix(sent);
            continue;
        }
        const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more_follows ? MSG_MORE : 0);
        const ssize_t sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), flags);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            if (!co_await wait_writable()) co_return false;
        } else if (errno != EINTR) {
            co_return false;
        }
    }
    co_return true;
}

Awaitable<bool> Stream::send_file(FileRange range) {
    auto offset = static_cast<off_t>(range.offset);
    while (range.length > 0) {
        const std::size_t step = range.length < kSendFileStep_bytes ? range.length : kSendFileStep_bytes;
        const ssize_t sent = ::sendfile(socket_.native_handle(), range.file->descriptor(), &offset, step);
        if (sent > 0) {
            range.length -= static_cast<std::uint64_t>(sent);
        } else if (sent == 0) {
            co_return false;  // the file ends before the range: the promised length cannot be kept
        } else if (errno == EAGAIN) {
            if (!co_await wait_writable()) co_return false;
        } else if (errno != EINTR) {
            co_return false;
        }
    }
    co_return true;
}

Awaitable<void> Stream::shut_down_tls() {
    error_code ignored;
    if (tls_) co_await tls_->async_shutdown(into(ignored));
}

Awaitable<void> Stream::linger() {
    error_code error;
    socket_.shutdown(asio::socket_base::shutdown_send, error);
    std::array<char, 8192> waste;
    std::size_t total = 0;
    while (!error && total < kLinger_bytes) {
        const asio::mutable_buffer buffer(waste.data(), waste.size());
        total += co_await socket_.async_read_some(buffer, into(error));
    }
}

void Stream::cancel() {
    error_code ignored;
    socket_.cancel(ignored);
}

void Stream::close() {
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace qiao::http
