#include "imaging/socket.hpp"

#include "base/error.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace qiao::imaging {
namespace {

bool wait_for(int descriptor, short events, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd polled{descriptor, events, 0};
        const int ready = ::poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(0, left)));
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0;
    }
}

std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> resolve(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) found = nullptr;
    return {found, &freeaddrinfo};
}

}  // namespace

Socket::Socket(int descriptor) : descriptor_(descriptor) {
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

Socket::~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Socket Socket::connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds limit) {
    const auto addresses = resolve(host, port, 0);
    for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
        Socket socket(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (socket.descriptor_ < 0) continue;
        const int code = ::connect(socket.descriptor_, address->ai_addr, address->ai_addrlen);
        if (code != 0 && errno != EINPROGRESS) continue;
        int error = 0;
        socklen_t size = sizeof error;
        if (code != 0 && !wait_for(socket.descriptor_, POLLOUT, limit)) continue;
        if (::getsockopt(socket.descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) return socket;
    }
    throw Error(ErrorKind::unavailable, "imaging.connect", "the DICOM peer cannot be reached");
}

Socket::Read Socket::read(std::string& buffer, std::size_t& got, std::chrono::milliseconds limit) {
    for (;;) {
        const auto count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0) {
            // A sender whose window is full waits for an acknowledgement, which the kernel may hold back for 40 ms. The
            // option lasts for a while only.
            const int on = 1;
            ::setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
            got = static_cast<std::size_t>(count);
            return Read::some;
        }
        if (count == 0) return Read::closed;
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return Read::closed;
        if (!wait_for(descriptor_, POLLIN, limit)) return Read::timeout;
    }
}

bool Socket::write(std::string_view bytes, std::chrono::milliseconds limit) {
    while (!bytes.empty()) {
        const auto count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
        if (!wait_for(descriptor_, POLLOUT, limit)) return false;
    }
    return true;
}

void Socket::shut_down() { ::shutdown(descriptor_, SHUT_RDWR); }

Socket listen_on(const std::string& address, std::uint16_t port) {
    const auto addresses = resolve(address, port, AI_PASSIVE | AI_NUMERICHOST);
    if (addresses) {
        Socket socket(::socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (socket.descriptor() >= 0 && ::bind(socket.descriptor(), addresses->ai_addr, addresses->ai_addrlen) == 0 && ::listen(socket.descriptor(), 128) == 0)
            return socket;
    }
    throw Error(ErrorKind::unavailable, "imaging.bind", "the DICOM address cannot be used");
}

std::uint16_t local_port(const Socket& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::string peer_address(const Socket& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, NI_MAXHOST> text{};
    if (::getpeername(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    if (::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) return {};
    const std::string_view found = text.data();
    return std::string(found.starts_with("::ffff:") ? found.substr(7) : found);
}

bool is_loopback(std::string_view address) { return address == "::1" || address.starts_with("127."); }

std::string numeric_address(std::string_view text) {
    std::string wanted(text.starts_with("::ffff:") && text.find('.') != std::string_view::npos ? text.substr(7) : text);
    std::array<char, INET6_ADDRSTRLEN> plain{};
    in_addr four{};
    if (::inet_pton(AF_INET, wanted.c_str(), &four) == 1) {
        const std::uint32_t host = ntohl(four.s_addr);
        if (host == 0 || host >= 0xE0000000U) return {};  // any, multicast, reserved, broadcast
        return ::inet_ntop(AF_INET, &four, plain.data(), plain.size());
    }
    in6_addr six{};
    if (::inet_pton(AF_INET6, wanted.c_str(), &six) != 1 || IN6_IS_ADDR_UNSPECIFIED(&six) || IN6_IS_ADDR_MULTICAST(&six)) return {};
    return ::inet_ntop(AF_INET6, &six, plain.data(), plain.size());
}

}  // namespace qiao::imaging
