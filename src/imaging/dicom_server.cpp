#include "imaging/dicom_server.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "imaging/association.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <cerrno>

namespace qiao::imaging {
namespace {

constexpr int kAcceptTick_ms = 100;
/// Connections that have not been admitted as associations yet count as well, so that silent ones cannot use up threads.
constexpr std::size_t kConnectionsBeyond = 64;

}  // namespace

DicomServer::DicomServer(DicomServerOptions options, ObjectSink& objects, Metrics& metrics)
    : options_(std::move(options)),
      objects_(objects),
      accepted_(metrics.counter("qiao_dicom_associations_total", R"(result="accepted")")),
      rejected_(metrics.counter("qiao_dicom_associations_total", R"(result="rejected")")),
      listener_(listen_on(options_.address, options_.port)),
      port_(local_port(listener_)) {
    metrics.gauge("qiao_dicom_associations", [this] { return static_cast<double>(open_associations()); });
}

DicomServer::~DicomServer() { drain(std::chrono::milliseconds(0)); }

void DicomServer::start() {
    acceptor_ = std::thread([this] { accept_all(); });
}

std::size_t DicomServer::open_associations() {
    const std::lock_guard lock(mutex_);
    return admitted_;
}

void DicomServer::accept_all() {
    while (!stopping_) {
        pollfd polled{listener_.descriptor(), POLLIN, 0};
        if (::poll(&polled, 1, kAcceptTick_ms) <= 0) {
            reap();
            continue;
        }
        const int descriptor = ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(std::chrono::milliseconds(kAcceptTick_ms));
            continue;
        }
        auto socket = std::make_shared<Socket>(descriptor);
        reap();
        const std::lock_guard lock(mutex_);
        if (running_.size() >= options_.associations + kConnectionsBeyond) continue;  // closes it
        running_.push_back({std::move(socket), {}, false});
        auto& running = running_.back();
        running.thread = std::thread([this, &running] { serve(running); });
    }
}

void DicomServer::serve(Running& running) {
    // The boundary of an association: whatever goes wrong in it ends it and nothing else.
    try {
        Association(*this, *running.socket).run();
    } catch (const std::exception& error) {
        const auto* known = dynamic_cast<const Error*>(&error);
        log::error("imaging.association_failed", {{"code", known != nullptr ? known->code() : std::string_view("internal")}});
    }
    running.socket->shut_down();
    const std::lock_guard lock(mutex_);
    running.finished = true;
    finished_.notify_all();
}

void DicomServer::reap() {
    std::list<Running> done;
    {
        const std::lock_guard lock(mutex_);
        for (auto it = running_.begin(); it != running_.end();) {
            const auto next = std::next(it);
            if (it->finished) done.splice(done.end(), running_, it);
            it = next;
        }
    }
    for (auto& running : done) running.thread.join();
}

bool DicomServer::enter(const std::string& ae) {
    const std::lock_guard lock(mutex_);
    auto& count = of_ae_[ae];
    if (admitted_ >= options_.associations || count >= options_.associations_an_ae) {
        if (count == 0) of_ae_.erase(ae);
        return false;
    }
    ++admitted_;
    ++count;
    return true;
}

void DicomServer::leave(const std::string& ae) {
    const std::lock_guard lock(mutex_);
    --admitted_;
    if (--of_ae_[ae] == 0) of_ae_.erase(ae);
}

void DicomServer::drain(std::chrono::milliseconds limit) {
    stopping_ = true;
    if (acceptor_.joinable()) acceptor_.join();
    {
        std::unique_lock lock(mutex_);
        const auto all_finished = [this] {
            for (const auto& running : running_)
                if (!running.finished) return false;
            return true;
        };
        finished_.wait_for(lock, limit, all_finished);
        for (auto& running : running_) running.socket->shut_down();
    }
    for (auto& running : running_)
        if (running.thread.joinable()) running.thread.join();
    running_.clear();
}

}  // namespace qiao::imaging
