#include "http/request_parser.hpp"

#include <cstdlib>

namespace {

struct Body : qiao::http::BodySink {
    std::string bytes;
    std::optional<qiao::Error> take(std::string_view piece) override {
        bytes += piece;
        if (bytes.size() > 1'000'000) return qiao::Error(qiao::ErrorKind::too_large, "http.body_too_large", "");
        return std::nullopt;
    }
};

struct Outcome {
    std::string heads;
    std::string bodies;
    bool refused = false;
    bool operator==(const Outcome&) const = default;
};

/// Reads requests until the bytes end, given in pieces of `step` bytes.
Outcome read_all(std::string_view input, std::size_t step) {
    Outcome outcome;
    qiao::http::RequestParser parser;
    std::string buffer;
    qiao::http::Request request;
    Body body;
    std::size_t given = 0;
    for (;;) {
        std::string_view bytes = buffer;
        const bool had_head = parser.has_head();
        const auto error = parser.has_head() ? parser.read_body(bytes, body) : parser.read_head(bytes, request);
        const std::size_t used = buffer.size() - bytes.size();
        buffer.erase(0, used);
        if (error) {
            outcome.refused = true;
            return outcome;
        }
        if (parser.is_done()) {
            outcome.heads += request.path + "?" + request.query + "\n";
            for (const auto& [name, value] : request.headers) outcome.heads += name + ":" + value + "\n";
            outcome.bodies += body.bytes + "\n";
            parser.start();
            request = {};
            body.bytes.clear();
            if (!buffer.empty()) continue;
        } else if (used > 0 || parser.has_head() != had_head) {
            continue;
        }
        if (given >= input.size()) return outcome;
        buffer.append(input.substr(given, step));
        given += step;
    }
}

}  // namespace

/// Any bytes as requests: however they are cut into packets, the same requests come out.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const Outcome whole = read_all(input, input.size() + 1);
    const Outcome pieces = read_all(input, 7 + input.size() / 256);
    if (whole.heads != pieces.heads || whole.bodies != pieces.bodies) std::abort();
    return 0;
}
