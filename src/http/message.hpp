#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Requests and responses as handlers see them: no socket, no Boost type, so a test builds one in a line. Plain values;
/// a handler runs on the worker pool and may block (holding a WorkerPool::Waiting while it waits).
namespace qiao::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

/// An open file shared by whoever still sends from it; closed with the last owner.
class OpenFile {
public:
    explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
    ~OpenFile();
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

/// Bytes of a file, sent by sendfile on plain TCP and by read and write under TLS.
struct FileRange {
    std::shared_ptr<const OpenFile> file;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

using Header = std::pair<std::string, std::string>;

struct Request {
    Method method = Method::get;
    std::string path = {};                                         ///< percent-decoded, without the query
    std::string target = {};                                       ///< as sent: path and query
    std::string query = {};                                        ///< as sent, without '?'
    std::vector<Header> headers = {};                              ///< names in lower case, values trimmed
    std::string body = {};                                         ///< whole, unless the route spills
    std::optional<FileRange> body_file = {};                       ///< the body of a route with `spill` whose body was over 1 MiB
    std::vector<std::pair<std::string, std::string>> params = {};  ///< `{id}` of the matched route
    std::string route = {};                                        ///< the matched pattern, e.g. "/fhir/{type}/{id}"
    std::string peer_address = {};                                 ///< numeric
    bool tls = false;
    bool signed_in = false;  ///< the guard found a valid session

    [[nodiscard]] std::string_view param(std::string_view name) const;   ///< empty when the route has none
    [[nodiscard]] std::string_view header(std::string_view name) const;  ///< `name` in lower case; empty when absent
    [[nodiscard]] std::string_view cookie(std::string_view name) const;  ///< empty when absent
    /// Decoded name/value pairs of the query in order; Error(invalid, "http.bad_query") when it cannot be decoded.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> query_values() const;
};

/// Whether the browser page that sent `request` came from this server: its Origin names the same scheme and Host. True
/// without an Origin, which only programs leave out (browsers send it with every unsafe verb and WebSocket handshake).
bool is_same_origin(const Request& request);

using BodyPart = std::variant<std::string, std::shared_ptr<const std::string>, FileRange>;

struct Response {
    int status = 200;
    std::string content_type = "application/fhir+json; charset=utf-8";
    std::vector<Header> headers = {};
    std::string body = {};
    std::vector<BodyPart> parts = {};  ///< when not empty, sent instead of `body`, one after the other

    Response& with(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
};

using Handler = std::function<Response(const Request&)>;

}  // namespace qiao::http
