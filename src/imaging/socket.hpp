#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// A TCP socket with deadlines, for DICOM's one thread an association. Nagle is off from the start: an answer of two
/// writes would otherwise wait 40 ms. One thread; shut_down() from any.
namespace qiao::imaging {

class Socket {
public:
    Socket() = default;
    explicit Socket(int descriptor);
    ~Socket();
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;

    /// Error(unavailable, "imaging.connect").
    static Socket connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds limit);

    enum class Read : std::uint8_t { some, timeout, closed };
    /// Replaces the first bytes of `buffer`; `got` of them are new.
    Read read(std::string& buffer, std::size_t& got, std::chrono::milliseconds limit);
    /// False when the peer is gone or takes nothing for `limit`.
    bool write(std::string_view bytes, std::chrono::milliseconds limit);
    void shut_down();
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_ = -1;
};

/// A listening socket. Error(unavailable, "imaging.bind") when the address is taken.
Socket listen_on(const std::string& address, std::uint16_t port);
std::uint16_t local_port(const Socket& socket);
/// Numeric; an IPv4 address stays one although it came over IPv6.
std::string peer_address(const Socket& socket);
bool is_loopback(std::string_view address);
/// `text` as peer_address() would say it; empty unless it is the numeric IPv4 or IPv6 address of one machine.
std::string numeric_address(std::string_view text);

}  // namespace qiao::imaging
