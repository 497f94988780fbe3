#include "http/server.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "http/connection.hpp"
#include "http/tls.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <csignal>
#include <thread>

namespace qiao::http {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr auto kTick = std::chrono::milliseconds(250);
constexpr int kTicksPerRefresh = 8;  // of the certificate: every 2 s
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr int kBacklog = 4096;

std::string numeric(const asio::ip::tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

/// The exceptions of a connection's coroutine: ours to know, the connection is gone.
void log_end(std::exception_ptr failure) {
    if (failure) log::error("http.connection_exception");
}

}  // namespace

struct Server::Impl {
    Impl(ServerOptions options, const Router& router, WorkerPool& workers, Metrics& metric_registry)
        : state(std::move(options), router, workers), metrics(metric_registry) {}

    void bind();
    void run(Loop& loop);
    Awaitable<void> accept_loop();
    static Awaitable<void> tick(Impl* self, Loop* loop);
    void admit(Loop& loop, TcpSocket socket);
    void stop_accepting();
    void finish();

    ServerState state;
    Metrics& metrics;
    std::vector<std::unique_ptr<Loop>> loops;
    std::optional<Acceptor> acceptor;
    std::unique_ptr<TlsFiles> tls;  // used on the first loop only
    std::uint16_t port = 0;
    std::size_t next_loop = 0;
    bool started = false;
    std::atomic<bool> stopping{false};
    std::vector<std::jthread> threads;
};

void Server::Impl::bind() {
    error_code error;
    const auto address = asio::ip::make_address(state.options.address, error);
    if (error) throw Error(ErrorKind::invalid, "http.bind", "not a numeric address: " + state.options.address);
    const asio::ip::tcp::endpoint endpoint(address, state.options.port);
    acceptor.emplace(loops.front()->io.get_executor());
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(kBacklog, error);
    if (!error) port = acceptor->local_endpoint(error).port();
    if (error) throw Error(ErrorKind::unavailable, "http.bind", "cannot listen on " + state.options.address + ":" + std::to_string(state.options.port));
}

void Server::Impl::admit(Loop& loop, TcpSocket socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return;
    std::string address = numeric(endpoint);
    switch (state.admission.enter(address)) {
        case Admission::Answer::full: return;
        case Admission::Answer::address_full: {
            if (tls) return;
            socket.non_blocking(true, error);
            constexpr std::string_view kRefusal = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nRetry-After: 2\r\nConnection: close\r\n\r\n";
            socket.write_some(asio::const_buffer(kRefusal.data(), kRefusal.size()), error);
            socket.shutdown(asio::socket_base::shutdown_send, error);
            return;
        }
        case Admission::Answer::admitted: break;
    }
    // The connection is made on its own thread: it enters itself into the loop's set.
    auto start = [this, &loop, moved = std::make_shared<TcpSocket>(std::move(socket)), context = tls ? tls->context() : nullptr, address = std::move(address)] {
        auto connection = std::make_shared<Connection>(loop, state, std::move(*moved), context, address);
        if (stopping) return;
        asio::co_spawn(loop.io, Connection::serve(std::move(connection)), log_end);
    };
    asio::dispatch(loop.io, std::move(start));
}

Awaitable<void> Server::Impl::accept_loop() {
    while (!state.draining && acceptor->is_open()) {
        Loop& loop = *loops[next_loop++ % loops.size()];
        error_code error;
        TcpSocket socket(loop.io.get_executor());
        co_await acceptor->async_accept(socket, into(error));
        if (!error) {
            admit(loop, std::move(socket));
        } else if (error != asio::error::operation_aborted) {
            Timer pause(loops.front()->io.get_executor(), kAcceptPause);  // no descriptors left: those who end free some
            co_await pause.async_wait(into(error));
        }
    }
}

Awaitable<void> Server::Impl::tick(Impl* self, Loop* loop) {
    Timer timer(loop->io.get_executor());
    for (int count = 0; !self->stopping; ++count) {
        loop->date = format_http_date(std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
        const auto now = std::chrono::steady_clock::now();
        for (Connection* connection : loop->connections) connection->sweep(now);
        if (self->tls && loop == self->loops.front().get() && count % kTicksPerRefresh == 0) self->tls->refresh();
        error_code error;
        timer.expires_after(kTick);
        co_await timer.async_wait(into(error));
    }
}

void Server::Impl::stop_accepting() {
    state.draining = true;
    asio::post(loops.front()->io, [this] {
        error_code ignored;
        acceptor->close(ignored);
    });
    for (auto& loop : loops) {
        asio::post(loop->io, [raw = loop.get()] {
            for (Connection* connection : raw->connections) connection->drain();
        });
    }
}

void Server::Impl::finish() {
    if (!started) return;
    stop_accepting();
    stopping = true;
    const auto kill = [](Loop* loop) {
        for (Connection* connection : loop->connections) connection->kill();
    };
    do {  // again and again: a connection may begin a wait just after it was cut off
        for (auto& loop : loops) asio::post(loop->io, [kill, raw = loop.get()] { kill(raw); });
    } while (!state.admission.wait_until_empty(std::chrono::milliseconds(50)));
    for (auto& loop : loops) loop->io.stop();
    threads.clear();
}

Server::Server(ServerOptions options, const Router& router, WorkerPool& workers, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), router, workers, metrics)) {
    std::signal(SIGPIPE, SIG_IGN);  // sendfile has no flag for it
    const auto& set = impl_->state.options;
    for (int i = 0; i < std::max(1, set.io_threads); ++i) impl_->loops.push_back(std::make_unique<Loop>());
    if (!set.certificate_file.empty()) impl_->tls = std::make_unique<TlsFiles>(set.certificate_file, set.key_file);
    impl_->bind();
}

Server::~Server() { impl_->finish(); }

void Server::add_socket(SocketEndpoint endpoint) { impl_->state.endpoints.push_back(std::move(endpoint)); }

void Server::start() {
    QIAO_ASSERT(!impl_->started);
    impl_->started = true;
    impl_->state.route_metrics.emplace(impl_->state.router, impl_->metrics);
    for (auto& loop : impl_->loops) {
        asio::co_spawn(loop->io, Impl::tick(impl_.get(), loop.get()), log_end);
        if (loop == impl_->loops.front()) asio::co_spawn(loop->io, impl_->accept_loop(), log_end);
        impl_->threads.emplace_back([raw = loop.get()] {
            const auto keep = asio::make_work_guard(raw->io);
            raw->io.run();
        });
    }
}

void Server::drain(std::chrono::seconds limit) {
    if (!impl_->started) return;
    impl_->stop_accepting();
    impl_->state.admission.wait_until_empty(limit);
}

std::uint16_t Server::port() const { return impl_->port; }

}  // namespace qiao::http
