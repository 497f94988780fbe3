#include "http/request_parser.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>

namespace qiao::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;

/// The most that one chunk header or the trailer may take: more without a body byte is an attack.
constexpr std::size_t kChunkHeader_bytes = 16 * 1024;
constexpr std::size_t kLastChunk_bytes = std::string_view("0\r\n\r\n").size();

Error malformed(const char* message) { return {ErrorKind::invalid, "http.malformed", message}; }

Method method_of(beast::http::verb verb) {
    switch (verb) {
        case beast::http::verb::get: return Method::get;
        case beast::http::verb::head: return Method::head;
        case beast::http::verb::post: return Method::post;
        case beast::http::verb::put: return Method::put;
        case beast::http::verb::patch: return Method::patch;
        case beast::http::verb::delete_: return Method::del;
        case beast::http::verb::options: return Method::options;
        default: return Method::other;
    }
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// One request on top of Beast's grammar: collects the fields and hands the body on.
class MessageParser final : public beast::http::basic_parser<true> {
public:
    Request* request = nullptr;
    BodySink* sink = nullptr;
    std::optional<Error> refused = {};
    int minor = 1;

private:
    void on_request_impl(beast::http::verb verb, beast::string_view, beast::string_view target, int number, error_code&) override {
        request->method = method_of(verb);
        request->target.assign(target.data(), target.size());
        minor = number % 10;
    }
    void on_response_impl(int, beast::string_view, int, error_code&) override {}
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code&) override {
        if (request == nullptr) return;  // a trailer after the chunks: nothing in it may count as a header
        request->headers.emplace_back(lower(view(name)), view(value));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(beast::string_view bytes, error_code& error) override { return hand_on(bytes, error); }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code& error) override { return hand_on(bytes, error); }
    void on_finish_impl(error_code&) override {}

    std::size_t hand_on(beast::string_view bytes, error_code& error) {
        refused = sink->take(view(bytes));
        if (refused) error = beast::http::error::body_limit;
        return bytes.size();
    }
};

/// What RFC 9112 lets a lenient reader accept and two readers may take differently: refused on the raw bytes.
std::optional<Error> check_lines(std::string_view head) {
    bool first = true;
    std::size_t count = 0;
    while (!head.empty()) {
        const auto end = head.find('\n');
        if (end == std::string_view::npos || end == 0 || head[end - 1] != '\r') return malformed("a line must end in CR LF");
        const std::string_view line = head.substr(0, end - 1);
        head.remove_prefix(end + 1);
        if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) return malformed("CR or NUL inside a line");
        if (first) {
            first = false;
            continue;
        }
        if (line.empty()) continue;
        if (++count > limits::kHeaderCount) return Error(ErrorKind::too_large, "http.headers_too_large", "too many header fields");
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return malformed("a header line needs a name and a colon");
        if (line[0] == ' ' || line[0] == '\t') return malformed("folded header lines are not accepted");
        if (line[colon - 1] == ' ' || line[colon - 1] == '\t') return malformed("space before the colon of a header");
    }
    return std::nullopt;
}

bool has_bare_newline(std::string_view lines) {
    for (auto at = lines.find('\n'); at != std::string_view::npos; at = lines.find('\n', at + 1)) {
        if (at == 0 || lines[at - 1] != '\r') return true;
    }
    return false;
}

/// Sets path and query from the target; only the forms that an origin server is asked with.
std::optional<Error> split_target(Request& request) {
    std::string_view target = request.target;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const auto slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    if (target == "*") {
        request.path = "*";
        return std::nullopt;
    }
    if (!target.starts_with('/') || target.find('#') != std::string_view::npos) return malformed("the request target is no path");
    const auto question = target.find('?');
    const std::string_view raw = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    auto path = percent_decode(raw);
    if (!path || !is_utf8(*path) || path->find('\0') != std::string::npos)
        return Error(ErrorKind::invalid, "http.bad_path", "the path is not percent-encoded UTF-8 text");
    if (std::count(path->begin(), path->end(), '/') != std::count(raw.begin(), raw.end(), '/')) {
        return Error(ErrorKind::invalid, "http.bad_path", "an encoded slash is not accepted in a path");
    }
    for (const std::string_view segment : split(*path, '/')) {
        if (segment == "." || segment == "..") return Error(ErrorKind::invalid, "http.bad_path", "dot segments are not accepted in a path");
    }
    request.path = std::move(*path);
    return std::nullopt;
}

/// The fields that decide where a request ends and whom it is for.
std::optional<Error> check_fields(const Request& request, int minor) {
    int hosts = 0;
    int lengths = 0;
    int codings = 0;
    int encodings = 0;
    for (const auto& [name, value] : request.headers) {
        if (name == "host") ++hosts;
        if (name == "content-length") {
            ++lengths;
            if (value.empty() || value.find_first_not_of("0123456789") != std::string::npos) return malformed("bad Content-Length");
        }
        if (name == "transfer-encoding") {
            ++codings;
            if (lower(value) != "chunked") return malformed("the only Transfer-Encoding is chunked");
        }
        if (name == "content-encoding" && (++encodings > 1 || (!value.empty() && lower(value) != "identity" && lower(value) != "gzip"))) {
            return Error(ErrorKind::invalid, "http.content_encoding", "the only Content-Encoding is gzip");  // the route may take none at all
        }
        if (name == "expect" && lower(value) != "100-continue") return Error(ErrorKind::invalid, "http.expectation", "the only Expect is 100-continue");
    }
    if (hosts > 1 || (hosts == 0 && minor == 1)) return malformed("a request has exactly one Host");
    if (lengths > 1 || codings > 1 || (lengths == 1 && codings == 1)) return malformed("the length of the body is stated twice");
    if (codings == 1 && minor == 0) return malformed("Transfer-Encoding needs HTTP/1.1");
    return std::nullopt;
}

}  // namespace

struct RequestParser::Reader {
    std::optional<MessageParser> message = {};
    std::size_t scanned = 0;                   // bytes of the head looked at
    std::optional<std::size_t> line_end = {};  // of the request line
    bool has_head = false;
    bool expects_continue = false;

    std::optional<Error> scan(std::string_view bytes);
};

/// Looks at the bytes that came since the last call, so that what can never become a request is answered at once.
std::optional<Error> RequestParser::Reader::scan(std::string_view bytes) {
    if (scanned == 0 && !bytes.empty() && (bytes[0] < 'A' || bytes[0] > 'z')) return malformed("this is no HTTP/1.1 request");
    if (line_end) {
        scanned = bytes.size();
        return std::nullopt;
    }
    const auto newline = bytes.find('\n', scanned);
    scanned = bytes.size();
    if (newline == std::string_view::npos) return std::nullopt;
    if (newline == 0 || bytes[newline - 1] != '\r') return malformed("a line must end in CR LF");
    line_end = newline - 1;
    return std::nullopt;
}

RequestParser::RequestParser() : reader_(std::make_unique<Reader>()) { start(); }
RequestParser::~RequestParser() = default;

void RequestParser::start() {
    reader_->message.reset();
    MessageParser& message = reader_->message.emplace();
    reader_->scanned = 0;
    reader_->line_end.reset();
    reader_->has_head = false;
    reader_->expects_continue = false;
    message.header_limit(static_cast<std::uint32_t>(limits::kRequestLine_bytes + limits::kHeaders_bytes + 1024));
    message.body_limit(boost::none);  // the route's limit is the sink's matter
}

std::optional<Error> RequestParser::read_head(std::string_view& bytes, Request& request) {
    Reader& reader = *reader_;
    while (reader.scanned == 0 && bytes.starts_with("\r\n")) bytes.remove_prefix(2);  // RFC 9112 section 2.2
    if (reader.scanned == 0 && bytes == "\r") return std::nullopt;                    // the rest of such a line may come in the next packet
    if (auto error = reader.scan(bytes)) return error;
    const std::size_t line_bytes = reader.line_end.value_or(bytes.size());
    if (line_bytes > limits::kRequestLine_bytes) return Error(ErrorKind::too_large, "http.uri_too_long", "the request line is over 16 KiB");
    const auto end = bytes.find("\r\n\r\n", reader.line_end.value_or(bytes.size()));
    const std::size_t length = end == std::string_view::npos ? bytes.size() : end + 4;
    if (length - line_bytes > limits::kHeaders_bytes) return Error(ErrorKind::too_large, "http.headers_too_large", "the headers are over 48 KiB");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view head = bytes.substr(0, length);
    if (auto error = check_lines(head)) return error;
    MessageParser& message = *reader_->message;
    message.request = &request;
    request.headers.reserve(16);
    error_code failed;
    const std::size_t used = message.put(boost::asio::const_buffer(head.data(), head.size()), failed);
    message.request = nullptr;
    if (failed == beast::http::error::bad_version) return Error(ErrorKind::invalid, "http.version", "only HTTP/1.1 and 1.0 are spoken here");
    if (failed && failed != beast::http::error::need_more) return malformed("this is no HTTP/1.1 request");
    if (used != head.size() || !message.is_header_done()) return malformed("the head is not complete");
    if (auto error = check_fields(request, message.minor)) return error;
    if (auto error = split_target(request)) return error;
    bytes.remove_prefix(length);
    reader_->has_head = true;
    reader_->expects_continue = !request.header("expect").empty();
    message.eager(true);
    return std::nullopt;
}

std::optional<Error> RequestParser::read_body(std::string_view& bytes, BodySink& sink) {
    MessageParser& message = *reader_->message;
    message.sink = &sink;
    while (!message.is_done() && !bytes.empty()) {
        // Beast must not be asked again about the begin of the last chunk while less is there than the shortest one.
        if (message.chunked() && bytes.size() < kLastChunk_bytes) break;
        // Never more than a chunk header may take, so that one is too long or not however the packets were cut.
        const std::string_view window = message.chunked() ? bytes.substr(0, kChunkHeader_bytes) : bytes;
        error_code failed;
        const std::size_t used = message.put(boost::asio::const_buffer(window.data(), window.size()), failed);
        bytes.remove_prefix(used);
        if (message.refused) return std::move(message.refused);
        if (failed == beast::http::error::need_more) {
            if (used > 0) continue;
            if (has_bare_newline(window)) return malformed("a chunk header or trailer line must end in CR LF");
            if (bytes.size() > window.size()) return malformed("a chunk header or trailer is over 16 KiB");
            break;
        }
        if (failed) return malformed("the chunks of the body are malformed");
        if (used == 0) break;
    }
    return std::nullopt;
}

bool RequestParser::has_head() const { return reader_->has_head; }
bool RequestParser::is_done() const { return reader_->has_head && reader_->message->is_done(); }
bool RequestParser::keeps_alive() const { return reader_->message->minor == 1 && reader_->message->keep_alive(); }
bool RequestParser::expects_continue() const { return reader_->expects_continue && reader_->message->minor == 1; }

std::optional<std::uint64_t> RequestParser::content_length() const {
    const auto length = reader_->message->content_length();
    if (!length) return std::nullopt;
    return *length;
}

}  // namespace qiao::http
