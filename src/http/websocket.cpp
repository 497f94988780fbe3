#include "http/websocket.hpp"

#include "http/handover.hpp"
#include "http/outcome.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace qiao::http {

namespace beast = boost::beast;

// Beast's customisation points for its next layer, found by argument-dependent look-up.
// The end itself is the connection's matter: it lingers, so that the last frame is not lost.
template <class Handler>
void async_teardown(beast::role_type, Stream& stream, Handler&& handler) {
    error_code error;
    stream.socket().shutdown(asio::socket_base::shutdown_send, error);
    asio::post(stream.get_executor(), beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
}
void beast_close_socket(Stream& stream) { stream.close(); }

namespace {

constexpr int kMessagesPerSecond = 200;
constexpr auto kIdle = std::chrono::seconds(30);  // a ping after half of it
constexpr auto kCloseTime = std::chrono::seconds(5);
constexpr auto kPoolRetry = std::chrono::milliseconds(20);

enum CloseCode : std::uint16_t { kGone = 1001, kNotText = 1003, kTooMany = 1008, kHandlerFailed = 1011, kOverloaded = 1013 };

/// An event that one coroutine waits for; all on the I/O thread.
class Signal {
public:
    explicit Signal(Executor executor) : executor_(executor) {}
    Awaitable<void> wait() {
        Use token;
        if (!set_) co_await asio::async_initiate<Use, void()>(Start{}, token, this);
        set_ = false;
    }
    void set() {
        set_ = true;
        if (!resume_) return;
        Resume resume = std::move(*resume_);
        resume_.reset();
        asio::post(executor_, std::move(resume));
    }

private:
    using Resume = asio::async_result<Use, void()>::handler_type;
    struct Start {
        void operator()(Resume&& resume, Signal* self) const { self->resume_.emplace(std::move(resume)); }
    };
    Executor executor_;
    bool set_ = false;
    std::optional<Resume> resume_;
};

/// Sets the answered subprotocol.
struct Decorator {
    std::string subprotocol;
    void operator()(beast::websocket::response_type& response) const {
        if (!subprotocol.empty()) response.set(beast::http::field::sec_websocket_protocol, subprotocol);
    }
};

beast::http::request<beast::http::empty_body> as_beast(const Request& request) {
    beast::http::request<beast::http::empty_body> message;
    message.method(beast::http::verb::get);
    message.target(request.target);
    message.version(11);
    for (const auto& [name, value] : request.headers) message.insert(name, value);
    return message;
}

}  // namespace

struct WebSocket::Frames {
    Frames(Stream& next, Executor executor, WorkerPool& workers, SocketHandler& socket_handler, WebSocket& owner)
        : stream(next), handover(executor, workers), output(executor), writer_ended(executor), handler(socket_handler), socket(owner) {
        beast::websocket::stream_base::timeout timeouts{};
        timeouts.handshake_timeout = kCloseTime;
        timeouts.idle_timeout = kIdle;
        timeouts.keep_alive_pings = true;
        stream.set_option(timeouts);
        stream.read_message_max(limits::kWebSocketMessage_bytes);
        stream.auto_fragment(false);
        stream.text(true);
    }

    /// Counts a frame; false when the peer sends too many.
    bool admit() {
        const auto now = std::chrono::steady_clock::now();
        if (now - window_start >= std::chrono::seconds(1)) {
            window_start = now;
            in_window = 0;
        }
        return ++in_window <= kMessagesPerSecond;
    }

    static void message_on_worker(void* object) {
        auto& self = *static_cast<Frames*>(object);
        try {
            self.handler.message(self.message);
        } catch (...) {
            (void)outcome_of_current_exception("websocket");
            self.socket.close(kHandlerFailed, "internal error");
        }
    }
    static void closed_on_worker(void* object) {
        auto& self = *static_cast<Frames*>(object);
        try {
            self.handler.closed();
        } catch (...) {
            (void)outcome_of_current_exception("websocket");
        }
    }

    beast::websocket::stream<Stream&, false> stream;
    Handover handover;
    Signal output;  // there is something to write, or the end
    Signal writer_ended;
    SocketHandler& handler;
    WebSocket& socket;
    std::string message;
    bool ended = false;
    bool closed_cleanly = false;
    std::chrono::steady_clock::time_point window_start = {};
    int in_window = 0;
};

WebSocket::WebSocket(Executor executor, WorkerPool& workers) : executor_(executor), workers_(workers) {}
WebSocket::~WebSocket() = default;

void WebSocket::wake_writer() {  // with mutex_ held
    if (wake_posted_) return;
    wake_posted_ = true;
    asio::post(executor_, [self = shared_from_this()] {
        {
            const std::lock_guard lock(self->mutex_);
            self->wake_posted_ = false;
        }
        if (const auto frames = self->frames_.lock()) frames->output.set();
    });
}

void WebSocket::send(std::string text) {
    const std::lock_guard lock(mutex_);
    if (abandoned_ || close_code_ != 0) return;
    backlog_bytes_ += text.size();
    if (backlog_bytes_ > limits::kWebSocketBacklog_bytes) {
        outbox_.clear();
        close_code_ = kOverloaded;
        close_reason_ = "too far behind";
        close_asked_ = std::chrono::steady_clock::now();
    } else {
        outbox_.push_back(std::move(text));
    }
    wake_writer();
}

void WebSocket::close(std::uint16_t code, std::string_view reason) {
    const std::lock_guard lock(mutex_);
    if (abandoned_ || close_code_ != 0) return;
    close_code_ = code;
    close_reason_ = reason.substr(0, 123);
    close_asked_ = std::chrono::steady_clock::now();
    wake_writer();
}

void WebSocket::abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    outbox_.clear();
}

bool WebSocket::is_overdue(std::chrono::steady_clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    return close_code_ != 0 && now - close_asked_ > kCloseTime;
}

Awaitable<void> WebSocket::write_loop(std::shared_ptr<WebSocket> self, std::shared_ptr<Frames> frames) {
    error_code error;
    while (!error && !frames->ended) {
        std::string text;
        bool has_text = false;
        std::uint16_t code = 0;
        beast::websocket::close_reason reason;
        {
            const std::lock_guard lock(self->mutex_);
            if (!self->outbox_.empty()) {
                text = std::move(self->outbox_.front());
                self->outbox_.pop_front();
                has_text = true;
            } else if (self->close_code_ != 0) {
                code = self->close_code_;
                reason = beast::websocket::close_reason(static_cast<beast::websocket::close_code>(code), self->close_reason_);
            }
        }
        if (has_text) {
            const asio::const_buffer buffer(text.data(), text.size());
            co_await frames->stream.async_write(buffer, into(error));
            const std::lock_guard lock(self->mutex_);
            self->backlog_bytes_ -= text.size();
        } else if (code != 0) {
            co_await frames->stream.async_close(reason, into(error));
            break;
        } else {
            co_await frames->output.wait();
        }
    }
    frames->writer_ended.set();
}

Awaitable<void> WebSocket::read_loop(WebSocket& self, Frames& frames) {
    beast::flat_buffer buffer;
    for (;;) {
        error_code error;
        const std::size_t size = co_await frames.stream.async_read(buffer, into(error));
        if (error) {
            frames.closed_cleanly = error == beast::websocket::error::closed;
            co_return;
        }
        if (!frames.stream.got_text()) {
            self.close(kNotText, "text only");
        } else if (!frames.admit()) {
            self.close(kTooMany, "too many messages");
        } else {
            frames.message.assign(static_cast<const char*>(buffer.data().data()), size);
            if (!co_await frames.handover.run(&Frames::message_on_worker, &frames)) self.close(kOverloaded, "busy");
        }
        buffer.consume(buffer.size());
    }
}

Awaitable<bool> WebSocket::serve(std::shared_ptr<WebSocket> self, Stream& stream, const Request& request, std::string_view subprotocol,
                                 SocketHandler& handler) {
    const auto frames = std::make_shared<Frames>(stream, self->executor_, self->workers_, handler, *self);
    frames->stream.set_option(beast::websocket::stream_base::decorator(Decorator{std::string(subprotocol)}));
    frames->stream.control_callback([raw = frames.get()](beast::websocket::frame_type, beast::string_view) {
        if (!raw->admit()) raw->socket.close(kTooMany, "too many messages");
    });
    const auto handshake = as_beast(request);
    error_code error;
    co_await frames->stream.async_accept(handshake, into(error));
    if (!error) {
        self->frames_ = frames;
        asio::co_spawn(self->executor_, write_loop(self, frames), asio::detached);
        co_await read_loop(*self, *frames);
        frames->ended = true;
        self->close(kGone, "");  // a write that hangs is overdue from now on
        stream.cancel();
        frames->output.set();
        co_await frames->writer_ended.wait();
    }
    self->abandon();
    while (!co_await frames->handover.run(&Frames::closed_on_worker, frames.get())) {
        asio::steady_timer pause(self->executor_, kPoolRetry);  // the pool is full: the handler still has to know
        co_await pause.async_wait(into(error));
    }
    co_return frames->closed_cleanly;
}

}  // namespace qiao::http
