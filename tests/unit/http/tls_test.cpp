#include "running_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace qiao::http::test {
namespace {

using namespace std::chrono_literals;

/// Writes a self-signed certificate with `name` and its key.
void write_certificate(const std::string& folder, const std::string& name) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    const auto write = [&](const std::string& file, auto put) {
        const std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen((folder + "/" + file).c_str(), "w"), std::fclose);
        put(out.get());
    };
    write("key.pem", [&](FILE* out) { PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    write("certificate.pem", [&](FILE* out) { PEM_write_X509(out, certificate.get()); });
}

/// A TLS client over a RawClient's socket.
class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, int max_version = TLS1_3_VERSION, const char* ciphers = nullptr)
        : raw_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
        SSL_CTX_set_max_proto_version(context_.get(), max_version);
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
        if (ciphers != nullptr) SSL_CTX_set_cipher_list(context_.get(), ciphers);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), raw_.descriptor());
        connected_ = SSL_connect(ssl_.get()) == 1;
    }
    [[nodiscard]] bool is_connected() const { return connected_; }
    [[nodiscard]] std::string peer_name() const {
        const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
        char name[64] = {};
        if (certificate) X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
        return name;
    }
    [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }

    bool send(std::string_view bytes) { return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()); }
    std::string take(std::size_t count) {
        while (buffer_.size() < count && fill()) {
        }
        std::string bytes = buffer_.substr(0, count);
        buffer_.erase(0, count);
        return bytes;
    }
    Answer ask(std::string_view bytes) {
        send(bytes);
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return {};
        }
        Answer answer;
        answer.head = take(end + 4);
        answer.status = std::atoi(answer.head.c_str() + 9);
        answer.body = take(std::strtoull(answer.header("Content-Length").c_str(), nullptr, 10));
        return answer;
    }
    /// Whether the server says goodbye as TLS asks.
    bool ends_cleanly() {
        while (fill()) {
        }
        return SSL_get_shutdown(ssl_.get()) == SSL_RECEIVED_SHUTDOWN;
    }

private:
    bool fill() {
        char piece[16384];
        const int count = SSL_read(ssl_.get(), piece, sizeof piece);
        if (count > 0) buffer_.append(piece, static_cast<std::size_t>(count));
        return count > 0;
    }

    RawClient raw_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    bool connected_ = false;
    std::string buffer_;
};

class TlsTest : public ::testing::Test {
protected:
    TlsTest() : folder_(std::filesystem::temp_directory_path() / ("qiao-tls-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_);
        write_certificate(folder_.string(), "first");
        options_.certificate_file = (folder_ / "certificate.pem").string();
        options_.key_file = (folder_ / "key.pem").string();
    }
    ~TlsTest() override { std::filesystem::remove_all(folder_); }

    std::string name_now(std::uint16_t port) { return TlsClient(port).peer_name(); }
    bool becomes(std::uint16_t port, const std::string& name) {
        for (int i = 0; i < 60; ++i) {
            if (name_now(port) == name) return true;
            std::this_thread::sleep_for(100ms);
        }
        return false;
    }

    std::filesystem::path folder_;
    ServerOptions options_;
};

TEST_F(TlsTest, ServesBothVersionsWithHsts) {
    RunningServer running(options_);
    running.start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(running.port(), version);
        ASSERT_TRUE(client.is_connected());
        const Answer answer = client.ask(get("/peer"));
        EXPECT_EQ(answer.body, "127.0.0.1 tls");
        EXPECT_EQ(answer.header("Strict-Transport-Security"), "max-age=31536000");
        EXPECT_EQ(client.ask(get("/hello")).body, "hello");
        EXPECT_EQ(client.ask(post("/count", "12345", "Connection: close\r\n")).body, "5");
        EXPECT_TRUE(client.ends_cleanly());
    }
}

TEST_F(TlsTest, SendsFilesAndTakesLargeBodies) {
    RunningServer running(options_);
    running.start();
    TlsClient client(running.port());
    const std::string expected = "<" + running.content.substr(10, 1'500'000) + pattern_bytes(50'000) + running.content.substr(0, 5) + ">";
    EXPECT_EQ(client.ask(get("/parts")).body == expected, true);
    EXPECT_EQ(client.ask(get("/big")).body == pattern_bytes(3'000'000), true);
    EXPECT_EQ(client.ask(post("/spill", pattern_bytes(3'000'000))).body, "file 3000000 same");
}

TEST_F(TlsTest, RefusesOldVersionsAndWeakSuites) {
    RunningServer running(options_);
    running.start();
    EXPECT_FALSE(TlsClient(running.port(), TLS1_1_VERSION).is_connected());
    EXPECT_FALSE(TlsClient(running.port(), TLS1_2_VERSION, "AES128-SHA256:AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA256").is_connected());
    RawClient plain(running.port());
    plain.send(get("/hello"));
    plain.fill();
    TlsClient good(running.port());
    EXPECT_EQ(good.ask(get("/hello")).status, 200);
}

TEST_F(TlsTest, TakesANewCertificateWithoutARestartAndKeepsTheOldOneWhenItIsBad) {
    RunningServer running(options_);
    running.start();
    TlsClient before(running.port());
    EXPECT_EQ(before.peer_name(), "first");
    write_certificate(folder_.string(), "second");
    EXPECT_TRUE(becomes(running.port(), "second"));
    EXPECT_EQ(before.ask(get("/hello")).body, "hello");  // a connection of the old certificate goes on
    std::ofstream(folder_ / "certificate.pem") << "no certificate";
    std::this_thread::sleep_for(2500ms);
    EXPECT_EQ(name_now(running.port()), "second");
    write_certificate(folder_.string(), "third");
    EXPECT_TRUE(becomes(running.port(), "third"));
}

TEST_F(TlsTest, ABadCertificateRefusesTheStart) {
    std::ofstream(folder_ / "key.pem") << "no key";
    EXPECT_THROW(RunningServer{options_}, Error);
}

TEST_F(TlsTest, AHandshakeThatHangsIsEnded) {
    options_.header_time = 300ms;
    RunningServer running(options_);
    running.start();
    RawClient silent(running.port());
    EXPECT_TRUE(silent.is_closed(3s));
}

}  // namespace
}  // namespace qiao::http::test
