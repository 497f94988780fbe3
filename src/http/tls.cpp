#include "http/tls.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

namespace qiao::http {

namespace ssl = boost::asio::ssl;

TlsFiles::TlsFiles(std::string certificate_file, std::string key_file) : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {
    stamp_ = stamp();
    context_ = load();
    if (!context_) throw Error(ErrorKind::unavailable, "http.certificate", "the certificate or key file cannot be used");
    loaded_ = std::chrono::steady_clock::now();
}

TlsFiles::Stamp TlsFiles::stamp() const {
    const auto nanoseconds = [](const struct stat& file) { return std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec; };
    struct stat certificate = {};
    struct stat key = {};
    if (::stat(certificate_file_.c_str(), &certificate) != 0 || ::stat(key_file_.c_str(), &key) != 0) return {};
    return {nanoseconds(certificate), nanoseconds(key), certificate.st_ino, key.st_ino};
}

std::shared_ptr<ssl::context> TlsFiles::load() const {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    SSL_CTX* raw = context->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
    boost::system::error_code error;
    context->use_certificate_chain_file(certificate_file_, error);
    if (!error) context->use_private_key_file(key_file_, ssl::context::pem, error);
    const bool usable = !error && SSL_CTX_check_private_key(raw) == 1;
    ERR_clear_error();
    return usable ? context : nullptr;
}

void TlsFiles::refresh() {
    const Stamp now = stamp();
    const auto time = std::chrono::steady_clock::now();
    if (now == stamp_ && time - loaded_ < std::chrono::hours(24)) return;
    stamp_ = now;
    loaded_ = time;
    if (auto context = load()) {
        context_ = std::move(context);
        log::info("http.certificate_loaded");
    } else {
        log::error("http.certificate_unusable");
    }
}

}  // namespace qiao::http
