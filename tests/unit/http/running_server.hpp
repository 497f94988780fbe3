#pragma once

#include "http/server.hpp"

#include "raw_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>

/// A server on a free port with the routes that the tests ask for.
namespace qiao::http::test {

inline std::string pattern_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
    return bytes;
}

inline std::shared_ptr<const OpenFile> file_of(std::string_view bytes) {
    char name[] = "/tmp/qiao-http-test-XXXXXX";
    const int descriptor = ::mkostemp(name, O_CLOEXEC);
    ::unlink(name);
    while (!bytes.empty()) bytes.remove_prefix(static_cast<std::size_t>(::write(descriptor, bytes.data(), bytes.size())));
    return std::make_shared<const OpenFile>(descriptor);
}

struct RunningServer {
    explicit RunningServer(ServerOptions options = {}, std::size_t slots = 2, std::size_t queue = 64) : workers(slots, queue) {
        options.spill_folder = "/tmp";
        add_routes();
        server = std::make_unique<Server>(options, router, workers, metrics);
    }
    RunningServer& start() {
        server->start();
        return *this;
    }
    [[nodiscard]] std::uint16_t port() const { return server->port(); }

    void add_routes() {
        router.set_guard([](const Request& request, const RouteOptions& options) {
            if (options.scope == Scope::open) return false;
            if (request.header("authorization") != "Bearer known") throw Error(ErrorKind::unauthenticated, "access.no_session", "sign in first");
            return true;
        });
        const auto size_of_body = [](const Request& request) { return Response{.body = std::to_string(request.body.size())}; };
        router.add(Method::get, "/mine", {}, [](const Request&) { return Response{.body = "mine"}; });
        router.add(Method::post, "/mine", {.body_limit_bytes = 64U << 20U, .gzip = true}, size_of_body);
        const RouteOptions open{.scope = Scope::open};
        router.add(Method::get, "/hello", open, [](const Request&) { return Response{.content_type = "text/plain", .body = "hello"}; });
        router.add(Method::get, "/echo/{text}", open, [](const Request& request) { return Response{.body = std::string(request.param("text"))}; });
        router.add(Method::get, "/peer", open, [](const Request& request) { return Response{.body = request.peer_address + (request.tls ? " tls" : "")}; });
        router.add(Method::get, "/header", open, [](const Request& request) { return Response{.body = std::string(request.header("x-test"))}; });
        router.add(Method::get, "/split", open, [](const Request& request) { return Response{}.with("Location", request.query_values().at(0).second); });
        router.add(Method::get, "/nothing", open, [](const Request&) { return Response{.status = 204}; });
        router.add(Method::get, "/big", open, [](const Request&) { return Response{.body = pattern_bytes(3'000'000)}; });
        router.add(Method::get, "/slow", open, [](const Request&) {
            const WorkerPool::Waiting waiting;
            std::this_thread::sleep_for(std::chrono::milliseconds(400));
            return Response{.body = "done"};
        });
        router.add(Method::get, "/stuck", open, [](const Request&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(600));
            return Response{.body = "done"};
        });
        router.add(Method::get, "/parts", open, [this](const Request&) {
            Response response;
            response.parts = {std::string("<"), FileRange{file, 10, 1'500'000}, std::make_shared<const std::string>(pattern_bytes(50'000)),
                              FileRange{file, 0, 5}, std::string(">")};
            return response;
        });
        router.add(Method::get, "/lost", open, [this](const Request&) {
            Response response;
            response.parts = {FileRange{file, 1'999'000, 5'000}};
            return response;
        });
        router.add(Method::post, "/count", {.scope = Scope::open, .body_limit_bytes = 100'000},
                   [](const Request& request) { return Response{.body = std::to_string(request.body.size())}; });
        router.add(Method::post, "/large", {.scope = Scope::open, .body_limit_bytes = 64U << 20U},
                   [](const Request& request) { return Response{.body = std::to_string(request.body.size())}; });
        router.add(Method::post, "/spill", {.scope = Scope::open, .body_limit_bytes = 64U << 20U, .spill = true}, [](const Request& request) {
            if (!request.body_file) return Response{.body = "memory " + std::to_string(request.body.size())};
            std::string bytes(request.body_file->length, '\0');
            const ssize_t count = ::pread(request.body_file->file->descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(request.body_file->offset));
            const bool same = count == static_cast<ssize_t>(bytes.size()) && bytes == pattern_bytes(bytes.size());
            return Response{.body = "file " + std::to_string(bytes.size()) + (same ? " same" : " different")};
        });
    }

    std::string content = pattern_bytes(2'000'000);
    std::shared_ptr<const OpenFile> file = file_of(content);
    Metrics metrics;
    Router router;
    WorkerPool workers;
    std::unique_ptr<Server> server;
};

}  // namespace qiao::http::test
