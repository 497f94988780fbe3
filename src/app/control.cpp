#include "app/control.hpp"

#include "base/error.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace qiao::app {
namespace {

constexpr std::size_t kMessageLimit_bytes = 8 * 1024 * 1024;  // a revocation list with many entries
constexpr timeval kPatience{10, 0};

using storage::Descriptor;

/// The socket's address through the open folder, because the folder's own name may be longer than sun_path.
sockaddr_un address_in(int folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/control.sock", folder);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

const sockaddr* plain(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

/// Reads until the peer has said all that it wants to say.
std::optional<std::string> read_all(int connection) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t got = ::read(connection, buffer, sizeof buffer);
        if (got == 0) return text;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 || text.size() + static_cast<std::size_t>(got) > kMessageLimit_bytes) return std::nullopt;
        text.append(buffer, static_cast<std::size_t>(got));
    }
}

void write_all(int connection, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;  // the command went away: nobody to tell
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    ::shutdown(connection, SHUT_WR);
}

bool peer_is_allowed(int connection) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
    return credentials.uid == ::geteuid() || credentials.uid == 0;
}

}  // namespace

struct ControlServer::Impl {
    Impl(const std::string& data_folder, ControlHandler answer)
        : handler(std::move(answer)),
          folder(::open(data_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
          listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          stop(::eventfd(0, EFD_CLOEXEC)) {
        if (folder.get() < 0 || listener.get() < 0 || stop.get() < 0) storage::throw_errno(errno, "control socket");
        ::unlinkat(folder.get(), "control.sock", 0);
        const sockaddr_un address = address_in(folder.get());
        const mode_t before = ::umask(0177);
        const int bound = ::bind(listener.get(), plain(address), sizeof address);
        ::umask(before);
        if (bound != 0 || ::listen(listener.get(), 8) != 0) storage::throw_errno(errno, "bind control socket");
        thread = std::jthread([this] { serve(); });
    }

    ~Impl() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(stop.get(), &one, sizeof one);
        thread.join();
        ::unlinkat(folder.get(), "control.sock", 0);
    }

    void serve() {
        for (;;) {
            pollfd waiting[] = {{listener.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
            if (::poll(waiting, 2, -1) < 0 && errno != EINTR) return;
            if (waiting[1].revents != 0) return;
            if (waiting[0].revents == 0) continue;
            const Descriptor connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (connection.get() < 0 || !peer_is_allowed(connection.get())) continue;
            ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
            if (const auto text = read_all(connection.get())) write_all(connection.get(), reply(*text));
        }
    }

    std::string reply(const std::string& text) const {
        json::Value answer;
        try {
            auto request = json::parse(text);
            if (!request) throw Error(ErrorKind::invalid, "control.bad_request", request.error().message);
            answer = handler(*request);
        } catch (const Error& error) {
            answer.set("error", error.code());
            answer.set("message", error.what());
        }
        return answer.dump();
    }

    ControlHandler handler;
    Descriptor folder;
    Descriptor listener;
    Descriptor stop;
    std::jthread thread;
};

ControlServer::ControlServer(const std::string& data_folder, ControlHandler handler) : impl_(std::make_unique<Impl>(data_folder, std::move(handler))) {}
ControlServer::~ControlServer() = default;

namespace {

bool connect_to(const std::string& data_folder, const Descriptor& connection) {
    const Descriptor folder(::open(data_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || connection.get() < 0) return false;
    const sockaddr_un address = address_in(folder.get());
    return ::connect(connection.get(), plain(address), sizeof address) == 0;
}

}  // namespace

bool server_runs_on(const std::string& data_folder) { return connect_to(data_folder, Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))); }

std::optional<json::Value> ask_running_server(const std::string& data_folder, const json::Value& request) {
    const Descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connect_to(data_folder, connection)) return std::nullopt;
    ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    write_all(connection.get(), request.dump());
    const auto text = read_all(connection.get());
    auto answer = json::parse(text.value_or(""));
    if (!answer) throw Error(ErrorKind::unavailable, "control.no_answer", "the running server did not answer");
    if (!(*answer)["error"].is_null()) throw Error(ErrorKind::invalid, "control.refused", (*answer)["error"].text() + ": " + (*answer)["message"].text());
    return std::move(*answer);
}

}  // namespace qiao::app
