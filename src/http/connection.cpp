#include "http/connection.hpp"

#include "http/gzip.hpp"
#include "http/outcome.hpp"
#include "http/response_head.hpp"

#include "base/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace qiao::http {
namespace {

constexpr std::size_t kBufferSmall_bytes = 4 * 1024;
constexpr std::size_t kBufferLarge_bytes = 128 * 1024;
constexpr std::size_t kSpillAfter_bytes = 1024 * 1024;
constexpr std::size_t kJoin_bytes = 16 * 1024;        // pieces up to this are copied behind the head
constexpr std::size_t kFilePiece_bytes = 256 * 1024;  // of a file, under TLS
constexpr std::size_t kBodyRate_bytes_per_s = 1024;
constexpr auto kClosingTime = std::chrono::seconds(2);

std::string_view text_of(const BodyPart& part) {
    if (const auto* text = std::get_if<std::string>(&part)) return *text;
    return **std::get_if<std::shared_ptr<const std::string>>(&part);
}

bool lists(std::string_view header, std::string_view wanted) {
    const std::string folded = lower(header);
    for (const std::string_view item : split(folded, ',')) {
        if (trim(item) == wanted) return true;
    }
    return false;
}

}  // namespace

Connection::Connection(Loop& loop, ServerState& server, TcpSocket socket, std::shared_ptr<asio::ssl::context> tls, std::string peer_address)
    : loop_(loop),
      server_(server),
      peer_address_(std::move(peer_address)),
      stream_(std::move(socket), std::move(tls)),
      handover_(loop.io.get_executor(), server.workers),
      phase_started_(std::chrono::steady_clock::now()),
      buffer_(kBufferSmall_bytes) {
    loop_.connections.insert(this);
}

Connection::~Connection() {
    release_body();
    loop_.connections.erase(this);
    stream_.close();
    server_.admission.leave(peer_address_, stranger_);
}

void Connection::enter(Phase phase) {
    if (phase == Phase::handling) date_ = loop_.date;
    phase_ = phase;
    phase_started_ = std::chrono::steady_clock::now();
}

void Connection::sweep(SteadyTime now) {
    const auto age = now - phase_started_;
    bool late = false;
    switch (phase_) {
        case Phase::handshake:
        case Phase::head: late = age > server_.options.header_time; break;
        case Phase::idle:
            late = age > server_.options.idle_time || (stranger_ && age > server_.options.header_time && server_.admission.is_crowded(peer_address_));
            break;
        case Phase::body: {
            const auto counted = std::chrono::duration_cast<std::chrono::seconds>(age).count();
            late = age > server_.options.header_time && body_received_bytes_ < static_cast<std::uint64_t>(counted) * kBodyRate_bytes_per_s;
            break;
        }
        case Phase::writing:
            if (now - std::max(phase_started_, stream_.last_progress()) > server_.options.idle_time) stream_.close();
            return;
        case Phase::closing:
            if (age > kClosingTime) stream_.close();
            return;
        case Phase::websocket:
            if (websocket_->is_overdue(now)) stream_.close();
            return;
        case Phase::handling: return;
    }
    if (!late || timed_out_) return;
    timed_out_ = true;
    stream_.cancel();
}

void Connection::drain() {
    close_after_ = true;
    if (phase_ == Phase::idle) stream_.cancel();
    if (websocket_) websocket_->close(1012, "server restart");
}

Awaitable<void> Connection::serve(std::shared_ptr<Connection> self) {
    bool going = true;
    if (self->stream_.is_tls()) {
        self->enter(Phase::handshake);
        going = co_await self->stream_.handshake();
        if (!going) co_return;
    }
    while (going && !self->close_after_ && !self->server_.draining) going = co_await self->serve_request();
    co_await self->finish();
}

/// One request and its answer. False when the connection ends.
Awaitable<bool> Connection::serve_request() {
    reset_request();
    if (!co_await read_head()) co_return false;
    if (const SocketEndpoint* endpoint = server_.endpoint_at(request_.path); endpoint != nullptr && request_.method == Method::get) {
        co_return co_await upgrade(*endpoint);
    }
    if (!co_await read_body()) co_return false;
    enter(Phase::handling);
    if (!co_await handover_.run(&Connection::handle_on_worker, this)) {
        response_ = outcome(Error(ErrorKind::unavailable, "http.busy", "too many requests are waiting"));
        server_.route_metrics->count(request_.route, response_.status, 0);
        write_head();
    }
    release_body();
    co_return co_await write_response();
}

void Connection::reset_request() {
    parser_.start();
    request_.headers.clear();
    request_.params.clear();
    request_.path.clear();
    request_.query.clear();
    request_.route.clear();
    request_.body = {};
    request_.body_file.reset();
    request_.peer_address = peer_address_;
    request_.tls = stream_.is_tls();
    request_.signed_in = false;
    body_received_bytes_ = 0;
    spill_.reset();
    spill_error_.reset();
    zipped_ = false;
    out_.clear();
    if (begin_ == end_ && buffer_.size() > kBufferSmall_bytes) {
        buffer_ = std::vector<char>(kBufferSmall_bytes);
        begin_ = end_ = 0;
    }
}

void Connection::make_room(std::size_t wanted_bytes) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (buffer_.size() - end_ >= wanted_bytes) return;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() - end_ < wanted_bytes) buffer_.resize(std::max(buffer_.size() * 2, end_ + wanted_bytes));
}

Awaitable<bool> Connection::fill() {
    make_room(phase_ == Phase::body ? kBufferLarge_bytes / 2 : 1024);
    const std::size_t count = co_await stream_.read(buffer_.data() + end_, buffer_.size() - end_);
    end_ += count;
    co_return count > 0;
}

Awaitable<bool> Connection::read_head() {
    enter(begin_ == end_ ? Phase::idle : Phase::head);
    for (;;) {
        std::string_view bytes = unread();
        if (!bytes.empty()) {
            const std::optional<Error> error = parser_.read_head(bytes, request_);
            begin_ = end_ - bytes.size();
            if (error) co_return co_await refuse(*error);
            if (parser_.has_head()) break;
        }
        const bool filled = co_await fill();
        if (!filled) {
            if (timed_out_ && phase_ == Phase::head) co_return co_await refuse_late();
            co_return false;
        }
        if (phase_ == Phase::idle) enter(Phase::head);
    }
    if (!parser_.keeps_alive()) close_after_ = true;
    co_return true;
}

/// Answers an error that was found before the request was whole, and ends the connection.
Awaitable<bool> Connection::refuse(const Error& error) {
    response_ = outcome(error);
    server_.route_metrics->count("none", response_.status, 0);
    co_return co_await answer();
}

Awaitable<bool> Connection::refuse_late() {
    const Error error(ErrorKind::invalid, "http.timeout", "the request did not come in time");
    co_return co_await refuse(error);
}

Awaitable<bool> Connection::answer() {
    close_after_ = true;
    unread_body_ = true;
    date_ = loop_.date;
    request_.body = {};
    release_body();
    write_head();
    co_await write_response();
    co_return false;
}

std::optional<Error> Connection::take(std::string_view bytes) {
    body_received_bytes_ += bytes.size();
    if (body_received_bytes_ > options_.body_limit_bytes) return Error(ErrorKind::too_large, "http.body_too_large", "the body is over the limit of this path");
    const std::uint64_t held = request_.body.size() + bytes.size();
    if (held > body_reserved_bytes_) {
        const std::uint64_t more = held - body_reserved_bytes_;
        if (!server_.body_memory.take(more)) return Error(ErrorKind::unavailable, "http.body_memory", "too many large requests at once");
        body_reserved_bytes_ += more;
    }
    request_.body.append(bytes);
    return std::nullopt;
}

void Connection::release_body() {
    server_.body_memory.give_back(body_reserved_bytes_);
    body_reserved_bytes_ = 0;
}

Awaitable<bool> Connection::read_body() {
    if (parser_.is_done()) co_return true;
    options_ = server_.router.options_of(request_.method, request_.path).value_or(RouteOptions{});
    const std::optional<std::uint64_t> length = parser_.content_length();
    if (length && *length > options_.body_limit_bytes) {
        const Error error(ErrorKind::too_large, "http.body_too_large", "the body is over the limit of this path");
        co_return co_await refuse(error);
    }
    zipped_ = lower(request_.header("content-encoding")) == "gzip";
    if (zipped_ && !options_.gzip) {
        const Error error(ErrorKind::invalid, "http.content_encoding", "this path takes bodies without Content-Encoding only");
        co_return co_await refuse(error);
    }
    if (length) request_.body.reserve(std::min<std::uint64_t>(*length, kSpillAfter_bytes));
    enter(Phase::body);
    co_return co_await receive_body();
}

/// Before a body is waited for: may this request be made at all? What is here already is not worth the question.
Awaitable<bool> Connection::ask_for_body() {
    enter(Phase::handling);
    const bool ran = co_await handover_.run(&Connection::admit_on_worker, this);
    if (!ran) response_ = outcome(Error(ErrorKind::unavailable, "http.busy", "too many requests are waiting"));
    if (!ran || refused_) {
        server_.route_metrics->count(request_.route, response_.status, 0);
        co_return co_await answer();
    }
    enter(Phase::body);
    const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const bool awaited = parser_.expects_continue() && begin_ == end_ && body_received_bytes_ == 0;
    if (awaited) co_return co_await stream_.write(go_on, false);
    co_return true;
}

void Connection::admit_on_worker(void* object) {
    auto& self = *static_cast<Connection*>(object);
    std::optional<Response> refusal = self.server_.router.refusal(self.request_);
    self.refused_ = refusal.has_value();
    if (refusal) self.response_ = *std::move(refusal);
    self.recognise();
}

/// Notes that this connection has brought a valid session.
void Connection::recognise() {
    if (!stranger_ || !request_.signed_in) return;
    stranger_ = false;
    server_.admission.recognise(peer_address_);
}

Awaitable<bool> Connection::receive_body() {
    for (bool asked = false;; asked = true) {
        std::string_view bytes = unread();
        std::optional<Error> error = parser_.read_body(bytes, *this);
        begin_ = end_ - bytes.size();
        if (error) co_return co_await refuse(*error);
        const bool done = parser_.is_done();
        if (options_.spill && (request_.body.size() > kSpillAfter_bytes || (done && spill_ && !request_.body.empty()))) {
            const bool ran = co_await handover_.run(&Connection::spill_on_worker, this);
            if (!ran) spill_error_.emplace(ErrorKind::unavailable, "http.busy", "too many requests are waiting");
            if (spill_error_) co_return co_await refuse(*spill_error_);
        }
        if (done) break;
        if (!asked && !co_await ask_for_body()) co_return false;
        const bool filled = co_await fill();
        if (!filled) {
            if (timed_out_) co_return co_await refuse_late();
            co_return false;
        }
    }
    if (spill_) request_.body_file = spill_->range();
    co_return true;
}

void Connection::spill_on_worker(void* object) {
    auto& self = *static_cast<Connection*>(object);
    try {
        if (!self.spill_) self.spill_.emplace(self.server_.options.spill_folder);
        self.spill_->append(self.request_.body);
        self.request_.body.clear();
    } catch (const Error& error) {
        self.spill_error_ = error;
    }
}

void Connection::handle_on_worker(void* object) {
    auto& self = *static_cast<Connection*>(object);
    const auto start = std::chrono::steady_clock::now();
    const std::optional<Error> broken = self.unzip();
    self.response_ = broken ? outcome(*broken) : self.server_.router.handle(self.request_);
    self.recognise();
    if (self.stranger_ && self.server_.admission.is_crowded(self.peer_address_)) self.close_after_ = true;
    self.write_head();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    self.server_.route_metrics->count(self.request_.route, self.response_.status, taken.count());
}

/// Unpacks a body that came as gzip. The memory is counted before it is used.
std::optional<Error> Connection::unzip() {
    if (!zipped_) return std::nullopt;
    const std::uint64_t limit = std::min<std::uint64_t>(options_.body_limit_bytes, request_.body.size() * limits::kGzipRatio);
    if (!server_.body_memory.take(limit)) return Error(ErrorKind::unavailable, "http.body_memory", "too many large requests at once");
    body_reserved_bytes_ += limit;
    Gunzipped plain = gunzip(request_.body, limit);
    if (plain.state == Gunzipped::State::damaged) return Error(ErrorKind::invalid, "http.bad_gzip", "the body is not the gzip that it says");
    if (plain.state == Gunzipped::State::too_long) {
        return Error(ErrorKind::too_large, "http.gzip_too_large", "unpacked, the body is over 20 times its size or over the limit of this path");
    }
    request_.body = std::move(plain.text);
    const std::uint64_t spare = body_reserved_bytes_ - request_.body.size();
    server_.body_memory.give_back(spare);
    body_reserved_bytes_ -= spare;
    return std::nullopt;
}

/// Puts the head of response_ into out_; a response that cannot be sent becomes 500.
void Connection::write_head() {
    if (server_.draining) close_after_ = true;
    out_.clear();
    const HeadOptions options{.keep_alive = !close_after_, .tls = stream_.is_tls(), .date = date_};
    if (append_head(out_, response_, options)) return;
    response_ = outcome(Error(ErrorKind::internal, "http.bad_header", {}));
    append_head(out_, response_, options);
}

Awaitable<bool> Connection::write_response() {
    enter(Phase::writing);
    const bool has_body = request_.method != Method::head && response_.status != 204 && response_.status != 304;
    if (!has_body || (response_.parts.empty() && response_.body.size() <= kJoin_bytes)) {
        if (has_body) out_ += response_.body;
        co_return co_await stream_.write(out_, false);
    }
    if (response_.parts.empty()) {
        if (!co_await stream_.write(out_, true)) co_return false;
        co_return co_await stream_.write(response_.body, false);
    }
    for (std::size_t i = 0; i < response_.parts.size(); ++i) {
        const BodyPart& part = response_.parts[i];
        const bool last = i + 1 == response_.parts.size();
        if (const auto* range = std::get_if<FileRange>(&part)) {
            if (!co_await stream_.write(out_, true)) co_return false;
            out_.clear();
            if (!co_await write_file(*range, last)) co_return false;
            continue;
        }
        const std::string_view text = text_of(part);
        if (text.size() <= kJoin_bytes && out_.size() <= kJoin_bytes) {
            out_ += text;
            continue;
        }
        if (!co_await stream_.write(out_, true)) co_return false;
        out_.clear();
        if (!co_await stream_.write(text, !last)) co_return false;
    }
    co_return co_await stream_.write(out_, false);
}

Awaitable<bool> Connection::write_file(const FileRange& range, bool last) {
    if (!stream_.is_tls()) co_return co_await stream_.send_file(range);
    file_left_ = range;
    while (file_left_.length > 0) {
        const bool ran = co_await handover_.run(&Connection::read_file_on_worker, this);
        if (!ran) read_file_on_worker(this);  // the pool is full: the answer has begun and must go on
        if (!file_ok_) co_return false;
        if (!co_await stream_.write(file_piece_, !last || file_left_.length > 0)) co_return false;
    }
    file_left_.file.reset();
    co_return true;
}

void Connection::read_file_on_worker(void* object) {
    auto& self = *static_cast<Connection*>(object);
    FileRange& left = self.file_left_;
    self.file_piece_.resize(std::min<std::uint64_t>(left.length, kFilePiece_bytes));
    const ssize_t count = ::pread(left.file->descriptor(), self.file_piece_.data(), self.file_piece_.size(), static_cast<off_t>(left.offset));
    self.file_ok_ = count > 0;
    if (!self.file_ok_) return;
    self.file_piece_.resize(static_cast<std::size_t>(count));
    left.offset += static_cast<std::uint64_t>(count);
    left.length -= static_cast<std::uint64_t>(count);
}

/// A WebSocket handshake on an endpoint's path: opens the handler on the pool, then serves frames until the end.
Awaitable<bool> Connection::upgrade(const SocketEndpoint& endpoint) {
    const bool is_websocket = lists(request_.header("upgrade"), "websocket") && lists(request_.header("connection"), "upgrade");
    if (!is_websocket || request_.header("sec-websocket-version") != "13" || !parser_.is_done() || begin_ != end_) {
        response_ = outcome(Error(ErrorKind::invalid, "http.upgrade_required", "this path speaks WebSocket, version 13"));
        response_.with("Upgrade", "websocket").with("Sec-WebSocket-Version", "13");
        co_return co_await answer();
    }
    if (!endpoint.subprotocol.empty() && !lists(request_.header("sec-websocket-protocol"), endpoint.subprotocol)) {
        const Error error(ErrorKind::invalid, "http.subprotocol", "this path asks for the subprotocol of its interface");
        co_return co_await refuse(error);
    }
    endpoint_ = &endpoint;
    request_.route = endpoint.path;
    websocket_ = std::make_shared<WebSocket>(loop_.io.get_executor(), server_.workers);
    enter(Phase::handling);
    if (!co_await handover_.run(&Connection::open_on_worker, this)) {
        response_ = outcome(Error(ErrorKind::unavailable, "http.busy", "too many requests are waiting"));
    }
    if (!socket_handler_) {
        websocket_->abandon();
        server_.route_metrics->count("none", response_.status, 0);
        co_return co_await answer();
    }
    if (server_.draining) websocket_->close(1012, "server restart");
    enter(Phase::websocket);
    const bool said_goodbye = co_await WebSocket::serve(websocket_, stream_, request_, endpoint.subprotocol, *socket_handler_);
    socket_handler_.reset();
    if (said_goodbye) enter(Phase::idle);
    co_return false;
}

void Connection::open_on_worker(void* object) {
    auto& self = *static_cast<Connection*>(object);
    try {
        self.socket_handler_ = self.endpoint_->open(self.request_, self.websocket_);
        self.request_.signed_in = self.socket_handler_ != nullptr;
        self.recognise();
    } catch (...) {
        self.response_ = outcome_of_current_exception(self.request_.route);
    }
}

Awaitable<void> Connection::finish() {
    if (phase_ == Phase::idle) co_return;  // nothing is on its way that a reset could destroy
    if (phase_ == Phase::websocket) unread_body_ = true;
    enter(Phase::closing);
    if (!unread_body_) co_await stream_.shut_down_tls();
    if (unread_body_ || !stream_.is_tls()) co_await stream_.linger();
}

}  // namespace qiao::http
