#pragma once

#include "base/metrics.hpp"
#include "imaging/object_sink.hpp"
#include "imaging/socket.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

/// The DICOM network service: verification and storage of every storage class, one thread an association. Starting and
/// draining belong to the main thread.
namespace qiao::imaging {

inline constexpr std::string_view kOwnTitle = "QIAO";

struct DicomServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::string ae_title = std::string(kOwnTitle);
    /// Who may call: the device under this title and numeric address, or nothing. Asked once an association, on its thread.
    std::function<std::optional<Ae>(std::string_view title, std::string_view address)> listed = {};
    /// `demo` only: any AE that calls from loopback counts as this organisation's scanner.
    std::optional<std::int64_t> loopback_organisation = {};
    std::string loopback_issuer = {};
    std::string loopback_charset = {};
    std::size_t associations = 64;
    std::size_t associations_an_ae = 16;
    std::chrono::milliseconds idle{30'000};
    std::chrono::milliseconds write{60'000};
    std::uint64_t object_bytes = 2ULL << 30U;
};

class DicomServer {
public:
    /// Binds and listens. Error(unavailable, "imaging.bind").
    DicomServer(DicomServerOptions options, ObjectSink& objects, Metrics& metrics);
    ~DicomServer();  ///< drains without patience

    void start();
    /// Takes no new associations, lets objects in flight end, then closes.
    void drain(std::chrono::milliseconds limit);
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t open_associations();

private:
    friend class Association;
    struct Running {
        std::shared_ptr<Socket> socket;
        std::thread thread;
        bool finished = false;
    };

    void accept_all();
    void serve(Running& running);
    void reap();
    /// Takes one of the AE's places; false when there is none.
    bool enter(const std::string& ae);
    void leave(const std::string& ae);

    const DicomServerOptions options_;
    ObjectSink& objects_;
    Counter& accepted_;
    Counter& rejected_;
    Socket listener_;
    std::uint16_t port_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable finished_;
    std::list<Running> running_;
    std::map<std::string, std::size_t> of_ae_;
    std::size_t admitted_ = 0;
    std::thread acceptor_;
};

}  // namespace qiao::imaging
