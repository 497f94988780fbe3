#include "http/static_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace qiao::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StaticFilesTest : public ::testing::Test {
protected:
    StaticFilesTest() : folder_(std::filesystem::temp_directory_path() / ("qiao-static-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_ / "assets/sub");
        write("index.html", "<html><meta content=\"__CSP_NONCE__\"><script src=\"/assets/app-1.js\"></script><i>__CSP_NONCE__</i></html>");
        write("join.html", "<html>join</html>");
        write("sw.js", "self.x=1");
        write("assets/app-1.js", "plain");
        write("assets/decodeWorker-1.js", "worker");
        write("assets/app-1.js.br", "brotli");
        write("assets/app-1.js.gz", "gzip");
        write("assets/sub/tool.wasm", "wasm");
        write("assets/orphan.css.gz", "gzip");
    }
    ~StaticFilesTest() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, std::string_view bytes) const { std::ofstream(folder_ / name, std::ios::binary) << bytes; }

    static std::string text_of(const Response& response) {
        std::string text = response.body;
        for (const BodyPart& part : response.parts) text += *std::get<std::shared_ptr<const std::string>>(part);
        return text;
    }
    static std::string header_of(const Response& response, std::string_view name) {
        for (const auto& [key, value] : response.headers) {
            if (key == name) return value;
        }
        return {};
    }

    std::filesystem::path folder_;
};

TEST_F(StaticFilesTest, AssetsAreImmutableAndPrecompressed) {
    const StaticFiles files(folder_.string());
    Router router;
    files.add_routes(router);
    const auto ask = [&](std::string path, std::string accept) {
        Request request{.path = std::move(path), .headers = {{"accept-encoding", std::move(accept)}}};
        return router.handle(request);
    };
    const Response brotli = ask("/assets/app-1.js", "gzip, deflate, br");
    EXPECT_EQ(text_of(brotli), "brotli");
    EXPECT_EQ(header_of(brotli, "Content-Encoding"), "br");
    EXPECT_EQ(header_of(brotli, "Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(header_of(brotli, "Vary"), "Accept-Encoding");
    EXPECT_EQ(brotli.content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(text_of(ask("/assets/app-1.js", "gzip;q=0.5, br;q=0")), "gzip");
    EXPECT_EQ(text_of(ask("/assets/app-1.js", "")), "plain");
    EXPECT_EQ(ask("/assets/sub/tool.wasm", "").content_type, "application/wasm");
    EXPECT_EQ(header_of(brotli, "Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
    EXPECT_THAT(header_of(ask("/assets/decodeWorker-1.js", ""), "Content-Security-Policy"), HasSubstr("script-src 'self' 'wasm-unsafe-eval'"));
    for (const char* path : {"/assets/none.js", "/assets/orphan.css", "/assets/../index.html", "/assets/", "/assets/app-1.js.br", "/unknown"}) {
        EXPECT_EQ(ask(path, "br").status, 404) << path;
    }
    const Response worker = ask("/sw.js", "");
    EXPECT_EQ(text_of(worker), "self.x=1");
    EXPECT_EQ(header_of(worker, "Cache-Control"), "no-cache");
    Request again{.path = "/sw.js", .headers = {{"if-none-match", header_of(worker, "ETag")}}};
    EXPECT_EQ(router.handle(again).status, 304);
}

TEST_F(StaticFilesTest, PagesCarryAFreshNonceAndTheStrictPolicy) {
    const StaticFiles files(folder_.string());
    Router router;
    files.add_routes(router);
    std::set<std::string> nonces;
    for (const char* path : {"/", "/app", "/app/", "/app/consult/42"}) {
        Request request{.path = path};
        const Response response = router.handle(request);
        ASSERT_EQ(response.status, 200) << path;
        const std::string policy = header_of(response, "Content-Security-Policy");
        const auto at = policy.find("'nonce-") + 7;
        const std::string nonce = policy.substr(at, policy.find('\'', at) - at);
        EXPECT_GE(nonce.size(), 22U);
        nonces.insert(nonce);
        EXPECT_EQ(response.body, "<html><meta content=\"" + nonce + "\"><script src=\"/assets/app-1.js\"></script><i>" + nonce + "</i></html>");
        EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
        EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
        EXPECT_THAT(policy, Not(HasSubstr("unsafe-inline")));
        EXPECT_EQ(header_of(response, "Cache-Control"), "no-cache");
        EXPECT_EQ(header_of(response, "Cross-Origin-Opener-Policy"), "same-origin");
        EXPECT_EQ(header_of(response, "Cross-Origin-Resource-Policy"), "same-origin");
        EXPECT_EQ(header_of(response, "Referrer-Policy"), "no-referrer");
        EXPECT_THAT(header_of(response, "Permissions-Policy"), HasSubstr("geolocation=()"));
        EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
    }
    EXPECT_EQ(nonces.size(), 4U);
    Request join{.path = "/join"};
    EXPECT_EQ(router.handle(join).body, "<html>join</html>");
}

TEST_F(StaticFilesTest, AFolderWithoutAnAppIsAnError) {
    EXPECT_THROW(StaticFiles("/nonexistent"), Error);
    std::filesystem::remove(folder_ / "index.html");
    EXPECT_THROW(StaticFiles(folder_.string()), Error);
}

}  // namespace
}  // namespace qiao::http
