#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

/// A client of bytes for the tests of the server: sends exactly what a test says and reads what comes. One thread.
namespace qiao::http::test {

struct Answer {
    int status = 0;  ///< 0: the connection ended without one
    std::string head;
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const {
        const std::string key = "\r\n" + std::string(name) + ": ";
        const auto at = head.find(key);
        if (at == std::string::npos) return {};
        return head.substr(at + key.size(), head.find("\r\n", at + 2) - at - key.size());
    }
};

class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer_bytes > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~RawClient() {
        if (socket_ >= 0) ::close(socket_);
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    [[nodiscard]] bool is_connected() const { return connected_; }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// Reads at least one more byte into the buffer; false at the end or after `limit`.
    bool fill(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
        pollfd ready{socket_, POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return false;
        char piece[65536];
        const ssize_t count = ::recv(socket_, piece, sizeof piece, 0);
        if (count <= 0) {
            ended_ = true;
            return false;
        }
        buffer_.append(piece, static_cast<std::size_t>(count));
        return true;
    }

    std::string take(std::size_t count) {
        while (buffer_.size() < count && fill()) {
        }
        std::string bytes = buffer_.substr(0, count);
        buffer_.erase(0, count);
        return bytes;
    }

    Answer read_answer(bool has_body = true) {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return {};
        }
        Answer answer;
        answer.head = take(end + 4);
        answer.status = std::atoi(answer.head.c_str() + 9);
        const std::string length = answer.header("Content-Length");
        if (has_body && !length.empty()) answer.body = take(std::strtoull(length.c_str(), nullptr, 10));
        return answer;
    }

    Answer ask(std::string_view bytes) {
        send(bytes);
        return read_answer();
    }

    /// Whether the server ends the connection within `limit` without sending more.
    bool is_closed(std::chrono::milliseconds limit = std::chrono::seconds(5)) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < deadline && !ended_) fill(std::chrono::milliseconds(50));
        return ended_ && buffer_.empty();
    }

    void finish_sending() { ::shutdown(socket_, SHUT_WR); }
    [[nodiscard]] int descriptor() const { return socket_; }

private:
    int socket_;
    bool connected_ = false;
    bool ended_ = false;
    std::string buffer_;
};

inline std::string get(std::string_view path, std::string_view headers = {}) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: centre\r\n" + std::string(headers) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body, std::string_view headers = {}) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: centre\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) +
           "\r\n" + std::string(body);
}

}  // namespace qiao::http::test
