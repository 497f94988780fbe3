#pragma once

#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <memory>
#include <string>

/// The server's certificate and key as a TLS context that follows its files. One thread at a time.
namespace qiao::http {

class TlsFiles {
public:
    /// Throws Error(unavailable, "http.certificate") when the files cannot be used.
    TlsFiles(std::string certificate_file, std::string key_file);

    /// TLS 1.2 and 1.3 with forward secrecy and AEAD suites only.
    [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> context() const { return context_; }
    /// Reads the files again when they changed, and once a day for fresh session ticket keys. What cannot be used is logged
    /// once and the old context stays.
    void refresh();

private:
    struct Stamp {
        std::int64_t certificate_ns = 0;
        std::int64_t key_ns = 0;
        std::uint64_t certificate_inode = 0;
        std::uint64_t key_inode = 0;
        bool operator==(const Stamp&) const = default;
    };
    [[nodiscard]] Stamp stamp() const;
    [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> load() const;

    std::string certificate_file_;
    std::string key_file_;
    std::shared_ptr<boost::asio::ssl::context> context_;
    Stamp stamp_;
    std::chrono::steady_clock::time_point loaded_;
};

}  // namespace qiao::http
