#pragma once

#include "base/error.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Reads HTTP/1.1 requests from bytes, without a socket: what a second reader (a proxy) could take for another request is
/// refused. Used by the connection (one object each, on its I/O thread), by tests and by the fuzz target.
namespace qiao::http {

/// Takes the bytes of a body as they arrive. Returns an error to end the request (413, 503).
class BodySink {
public:
    virtual ~BodySink() = default;
    virtual std::optional<Error> take(std::string_view bytes) = 0;
};

class RequestParser {
public:
    RequestParser();
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Forgets the last request, for the next one on the same connection.
    void start();

    /// `bytes` is everything received and not used yet. When it holds a whole head: fills `request`, takes the head off
    /// the front of `bytes` and has_head() is true. An error is final: answer it and close.
    std::optional<Error> read_head(std::string_view& bytes, Request& request);
    /// Takes what it can use of the body off the front of `bytes`.
    std::optional<Error> read_body(std::string_view& bytes, BodySink& sink);

    [[nodiscard]] bool has_head() const;
    [[nodiscard]] bool is_done() const;      ///< head and body are complete
    [[nodiscard]] bool keeps_alive() const;  ///< the client wants to go on after this request
    [[nodiscard]] bool expects_continue() const;
    [[nodiscard]] std::optional<std::uint64_t> content_length() const;  ///< nothing when chunked or without a body

private:
    struct Reader;
    std::unique_ptr<Reader> reader_;
};

}  // namespace qiao::http
