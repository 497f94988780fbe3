#include "app/centre.hpp"

#include "access/migrations.hpp"
#include "access/routes.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

#include <fmt/format.h>

#include <thread>

namespace qiao::app {
namespace {

constexpr std::size_t kQueuedRequests = 2000;

std::string made_folder(const std::string& folder) {
    storage::make_folder(folder);
    return folder;
}

std::size_t worker_count(const Options& options) {
    return options.workers > 0 ? static_cast<std::size_t>(options.workers) : std::max(2U, std::thread::hardware_concurrency());
}

}  // namespace

Centre::Centre(const Options& options)
    : options_(options),
      lock_(made_folder(options.data_folder)),
      workers_(worker_count(options), kQueuedRequests),
      database_(storage::open_sqlite(options.data_folder + "/record.db", storage::Durability::full)),
      blobs_(options.data_folder + "/blobs") {
    if (options.demo) {
        auto clock = std::make_unique<ShiftedClock>();
        demo_clock_ = clock.get();
        clock_ = std::move(clock);
    } else {
        clock_ = std::make_unique<SystemClock>();
    }
    writer_ = std::make_unique<storage::Writer>(*database_, *clock_, metrics_);
    database_->migrate(record::record_migrations());
    database_->migrate(access::access_migrations());
    record_ = record::open_record(*database_, *writer_, *clock_, metrics_, {.zone = options.zone});
    directory_ =
        std::make_unique<access::Directory>(*database_, *record_, *clock_, options.demo ? access::AdminSeparation::off : access::AdminSeparation::small_site);
    audit_ = std::make_unique<access::Audit>(*database_, *writer_, *clock_, options.data_folder);
    audit_->attach(record_->ports());
    sessions_ = std::make_unique<access::Sessions>(*database_, *writer_, *directory_, *audit_, *clock_, access::SessionOptions{.demo = options.demo});
    grants_ = std::make_unique<access::Grants>(*database_, *record_, *clock_);
    signing_ = std::make_unique<access::Signing>(*database_, *writer_, *directory_, *clock_, options.data_folder,
                                                 [this](const record::Actor& actor) { return sessions_->stepped_up(actor); });
    patients_ = std::make_unique<access::Patients>(*record_, *grants_, *directory_, *clock_);

    router_.set_guard(access::make_guard(*sessions_));
    rest_ = record::make_rest(
        *record_, [this](const http::Request& request) { return sessions_->caller(request); }, *clock_, QIAO_VERSION);
    patients_->add_operation(*rest_);
    rest_->add_routes(router_);
    access::add_routes(router_, *sessions_, *directory_, *clock_);
    add_operation_routes();
    if (demo_clock_ != nullptr) add_demo_routes();
}

Centre::~Centre() = default;

void Centre::listen() {
    server_ = std::make_unique<http::Server>(http::ServerOptions{.address = options_.http.address,
                                                                 .port = options_.http.port,
                                                                 .io_threads = options_.io_threads,
                                                                 .certificate_file = options_.certificate_file,
                                                                 .key_file = options_.key_file,
                                                                 .spill_folder = made_folder(options_.data_folder + "/spill")},
                                             router_, workers_, metrics_);
    server_->start();
}

void Centre::drain() {
    draining_ = true;
    if (server_) server_->drain(std::chrono::seconds(30));
    audit_->flush();
}

std::string Centre::listening_line() const {
    const Endpoint http{options_.http.address, server_->port()};
    return fmt::format("listening http={} dicom={}", http.text(), options_.dicom.text());
}

void Centre::add_operation_routes() {
    const http::RouteOptions open{.scope = http::Scope::open};
    router_.add(http::Method::get, "/health/live", open,
                [](const http::Request&) { return http::Response{.content_type = "application/json", .body = R"({"status":"live"})"}; });
    router_.add(http::Method::get, "/health/ready", open, [this](const http::Request&) {
        const bool ready = writer_->healthy() && !draining_;
        JsonWriter json;
        json.object([&] { json.field("status", ready ? "ready" : draining_ ? "draining" : "storage_failed"); });
        return http::Response{.status = ready ? 200 : 503, .content_type = "application/json", .body = json.take()};
    });
    router_.add(http::Method::get, "/metrics", {.scope = http::Scope::operations},
                [this](const http::Request&) { return http::Response{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.render()}; });
}

/// The demo's clock moves forward by request, so that deadlines and reminders can be seen.
void Centre::add_demo_routes() {
    router_.add(http::Method::post, "/access/demo-clock", {.scope = http::Scope::session}, [this](const http::Request& request) {
        const auto body = json::parse(request.body);
        const auto minutes = body ? (*body)["minutes"].integer() : std::nullopt;
        if (!minutes || *minutes < 0 || *minutes > 60 * 24 * 400) throw Error(ErrorKind::invalid, "demo.bad_minutes", "minutes: 0 to 576000");
        demo_clock_->advance(std::chrono::minutes(*minutes));
        JsonWriter json;
        json.object([&] { json.field("now", format_instant(clock_->now())); });
        return http::Response{.content_type = "application/json", .body = json.take()};
    });
}

}  // namespace qiao::app
