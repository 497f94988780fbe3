#include "app/centre.hpp"

#include "access/audit_routes.hpp"
#include "access/certificate_routes.hpp"
#include "access/contact_routes.hpp"
#include "access/duplicates_routes.hpp"
#include "access/master_key.hpp"
#include "access/migrations.hpp"
#include "access/oidc_routes.hpp"
#include "access/role.hpp"
#include "access/routes.hpp"
#include "app/backup/routes.hpp"
#include "app/bulk_commands.hpp"
#include "app/centre_state.hpp"
#include "app/demo/network.hpp"
#include "app/node_folders.hpp"
#include "app/oidc_config.hpp"
#include "app/patient_policy.hpp"
#include "app/setup/routes.hpp"
#include "app/sign_in_policy.hpp"
#include "app/subscription_port.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "flow/flow_store.hpp"
#include "flow/label_routes.hpp"
#include "flow/notice_routes.hpp"
#include "flow/routes.hpp"
#include "record/bulk/bulk_routes.hpp"
#include "record/feed/subscription_operations.hpp"
#include "services/consult/figures_store.hpp"
#include "services/consult/patient_routes.hpp"
#include "services/consult/routes.hpp"
#include "storage/page_cache.hpp"
#include "storage/place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <thread>

namespace qiao::app {
namespace {

constexpr std::size_t kQueuedRequests = 2000;
constexpr const char* kUnlabelledCharset = "GB18030";  // what scanners in China send without saying so

std::string made_folder(const std::string& folder) {
    storage::make_folder(folder);
    return folder;
}

/// Roles that file images: they upload, and they see what came from their institution and belongs to nobody yet.
bool files_images(std::string_view role) {
    return role == access::role::kDoctor || role == access::role::kTechnician || role == access::role::kCoordinator || role == access::role::kNurse;
}

imaging::DicomwebPorts image_ports(access::Sessions& sessions, const access::Directory& directory) {
    imaging::DicomwebPorts ports;
    ports.viewer = [&sessions](const http::Request& request) {
        const record::Caller caller = sessions.caller(request);
        return imaging::Viewer{
            .filter = caller.filter, .actor = caller.actor, .sees_unmatched = files_images(caller.actor.role), .address = request.peer_address};
    };
    ports.uploader = [&directory](const http::Request&, const imaging::Viewer& viewer) -> std::optional<imaging::Source> {
        const bool client = viewer.filter.scope == record::ReadFilter::Scope::everything;
        if (!client && !files_images(viewer.actor.role)) return std::nullopt;
        const auto organisation = directory.organisation(viewer.actor.organisation);
        return imaging::Source{
            .organisation = viewer.actor.organisation, .ae = "STOW", .charset = kUnlabelledCharset, .issuer = organisation ? organisation->resource : ""};
    };
    return ports;
}

record::Rid rid_of_patient(record::Record& record, std::string_view reference) {
    if (!reference.starts_with("Patient/")) return 0;
    return record.read(record::ReadFilter::system("the audit names whose images were opened"))->rid_of("Patient", reference.substr(8)).value_or(0);
}

std::size_t worker_count(const Options& options) {
    return options.workers > 0 ? static_cast<std::size_t>(options.workers) : std::max(2U, std::thread::hardware_concurrency());
}

}  // namespace

Centre::Centre(const Options& options)
    : options_(options),
      lock_(made_folder(options.data_folder)),
      workers_(worker_count(options), kQueuedRequests),
      database_(storage::open_database(options.place_of("record"), storage::Durability::full)),
      blobs_(options.data_folder + "/blobs") {
    if (options.demo) {
        auto clock = std::make_unique<ShiftedClock>();
        demo_clock_ = clock.get();
        clock_ = std::move(clock);
    } else {
        clock_ = std::make_unique<SystemClock>();
    }
    open_record();
    router_.set_guard(guard());
    record::bulk::add_bulk_routes(router_, *bulk_, [this](const http::Request& request) { return sessions_->caller(request); });
    open_images();
    open_cases();
    patients_->add_operation(*rest_);
    rest_->add_routes(router_);
    access::add_routes(router_, *sessions_, *directory_, *entrance_, *clock_);
    access::add_oidc_routes(router_, *sessions_, *oidc_);
    access::add_certificate_routes(router_, *sessions_, *signing_keys_, *clock_);
    access::add_sensitive_routes(router_, *sessions_, *sensitive_);
    access::add_contact_routes(router_, *sessions_, *contacts_);
    access::add_patient_routes(router_, *record_, *patient_accounts_, *patient_requests_);
    access::add_patient_desk_routes(router_, *sessions_, *record_, *patient_accounts_, *patient_requests_);
    const access::AuditDesk audit_desk{*database_, *record_, *audit_, *sessions_, *looks_, *audit_check_, options_.data_folder};
    access::add_looks_routes(router_, audit_desk);
    access::add_audit_routes(router_, audit_desk);
    access::add_odd_looks_routes(router_, audit_desk, *odd_looks_);
    access::add_duplicates_routes(router_, *sessions_, *duplicates_);
    add_operation_routes();
    backups_ = std::make_unique<backup::Backups>(
        backup::Source{options_.data_folder, *database_, *audit_, *clock_, QIAO_VERSION},
        backup::Settings{options_.backup_to, options_.backup_at, options_.backup_keep, options_.zone, options_.config_file}, metrics_);
    backup::add_routes(router_, *sessions_, *backups_);
    setup::add_routes(router_, {*sessions_, *directory_, *contacts_, *backups_, *notifier_, *database_, options_, *clock_});
    if (demo_clock_ != nullptr) add_demo_routes();
    web_ = std::make_unique<http::StaticFiles>(find_shared().web);
    web_->add_routes(router_);
    add_jobs();
}

/// Who may call what; images are served by the node that has them.
http::Router::Guard Centre::guard() {
    auto rights = access::make_guard(*sessions_, patient_accounts_.get());
    if (images_here_) return rights;
    return [rights = std::move(rights)](const http::Request& request, const http::RouteOptions& options) {
        const bool has_session = rights(request, options);
        if (request.path.starts_with("/dicomweb/") || request.path.starts_with("/imaging/"))
            throw Error(ErrorKind::unavailable, "imaging.other_node", "the images of this centre are at another node");
        return has_session;
    };
}

void Centre::open_record() {
    writer_ = std::make_unique<storage::Writer>(*database_, *clock_, metrics_);
    metrics_.gauge("qiao_page_cache_bytes", [] { return static_cast<double>(storage::page_cache_bytes()); });
    database_->migrate(record::record_migrations());
    database_->migrate(access::access_migrations());
    database_->migrate(access::contact_migrations());
    database_->migrate(jobs::migrations());
    database_->migrate(flow::store::migrations());
    database_->migrate(consult::store::migrations());
    database_->migrate(imaging::device_migrations());
    database_->migrate(node_folder_migrations());
    images_here_ = is_folder_of(*database_, *writer_, options_.data_folder, "packs");
    if (!is_folder_of(*database_, *writer_, options_.data_folder, "blobs")) {
        throw Error(ErrorKind::invalid, "app.folder_not_shared",
                    "blobs/ of this data folder is not the one that holds the photos and documents of this database: mount that one on each node");
    }
    record_ = record::open_record(*database_, *writer_, *clock_, metrics_, {.zone = options_.zone, .write_level = options_.write_level});
    directory_ =
        std::make_unique<access::Directory>(*database_, *record_, *clock_, options_.demo ? access::AdminSeparation::off : access::AdminSeparation::small_site);
    audit_ = std::make_unique<access::Audit>(*database_, *writer_, *clock_, options_.data_folder, options_.audit_heads_to);
    audit_->attach(record_->ports());
    audit_check_ = std::make_unique<access::AuditCheck>(*database_, *writer_, *audit_, *clock_, metrics_, options_.data_folder);
    sessions_ = std::make_unique<access::Sessions>(*database_, *writer_, *directory_, *audit_, *clock_, access::SessionOptions{.demo = options_.demo});
    contacts_ = std::make_unique<access::Contacts>(*database_, *writer_, *audit_);
    entrance_ = std::make_unique<access::Entrance>(*database_, *writer_, *audit_, *directory_, *sessions_, *clock_,
                                                   access::open_master_key(*database_, options_.data_folder), sign_in_policy(options_));
    oidc_ = std::make_unique<access::Oidc>(access::Oidc::Ground{*database_, *writer_, *audit_, *sessions_, entrance_->steps, entrance_->notices, *clock_},
                                           options_.oidc, oidc_fetch(options_), [this] { return public_url(); });
    grants_ = std::make_unique<access::Grants>(*database_, *record_, *clock_);
    sensitive_ = std::make_unique<access::Sensitive>(*database_, *writer_, *record_, *grants_, *directory_, *audit_, entrance_->notices, *clock_);
    looks_ = std::make_unique<access::Looks>(*database_, *record_, *audit_, *directory_);
    duplicates_ = std::make_unique<access::Duplicates>(*database_, *writer_, *record_, *directory_, *clock_);
    odd_looks_ = std::make_unique<access::OddLooks>(*database_, *writer_, *record_, *audit_, *directory_, *clock_);
    signing_keys_ =
        std::make_unique<access::SigningKeys>(*database_, *writer_, *audit_, *directory_, *clock_, options_.data_folder, options_.signing_algorithm);
    signing_ = std::make_unique<access::Signing>(*database_, *directory_, *clock_, *signing_keys_,
                                                 [this](const record::Actor& actor) { return sessions_->stepped_up(actor); });
    patients_ = std::make_unique<access::Patients>(*record_, *grants_, *directory_, *clock_);
    open_patient_accounts();
    rest_ = record::make_rest(
        *record_, [this](const http::Request& request) { return sessions_->caller(request); }, *clock_, QIAO_VERSION);
    subscriptions_ = std::make_unique<record::Subscriptions>(record::Subscriptions::Ground{*record_, *database_, *writer_, *clock_, metrics_,
                                                                                           subscription_ports(*sessions_, *directory_, options_.subscriptions),
                                                                                           [this] { return public_url() + "/fhir"; }});
    record::add_subscription_operations(*rest_, *subscriptions_);
    subscription_sockets_ = std::make_unique<record::SubscriptionSockets>(*subscriptions_, subscription_rights(*sessions_));
    subscription_sockets_->add_operation(*rest_);
    sessions_->on_session_ended([this](std::string_view key) { subscription_sockets_->session_ended(key); });
    const auto bulk_caller = [caller_of = caller_of_owner(*sessions_)](const std::string& owner) -> std::optional<record::Caller> {
        if (owner == record::bulk::kConsole) return console_caller();
        return caller_of(owner);
    };
    bulk_ = std::make_unique<record::bulk::Bulk>(
        record::bulk::Ground{*record_, *database_, *writer_, *clock_, metrics_, bulk_caller, options_.data_folder + "/bulk"});
    record::bulk::add_bulk_operations(*rest_, *bulk_);
}

void Centre::open_patient_accounts() {
    access::PatientAccounts::Sms sms{
        [this] { return patient_sms_->available(); },
        [this](const std::string& phone, const std::string& language, const std::string& text) { patient_sms_->send(phone, language, text); }};
    patient_accounts_ = std::make_unique<access::PatientAccounts>(*database_, *writer_, *record_, *grants_, *directory_, *audit_, sessions_->passwords(),
                                                                  *clock_, access::open_master_key(*database_, options_.data_folder), patient_policy(options_),
                                                                  std::move(sms), options_.demo);
    patient_requests_ = std::make_unique<access::PatientRequests>(*database_, *writer_, *audit_, *directory_, *grants_, *clock_, patient_accounts_->policy());
}

void Centre::open_images() {
    archive_ = std::make_unique<imaging::Archive>(
        imaging::ArchiveOptions{.folder = options_.data_folder, .index_place = options_.place_of("imaging"), .record_place = options_.place_of("record")},
        *clock_, metrics_);
    devices_ = std::make_unique<imaging::Devices>(*database_, *writer_, *audit_, *directory_);
    gateways_ = std::make_unique<imaging::Gateways>(*database_, *writer_, *audit_, *sessions_, *archive_, metrics_);
    gateway_uploads_ = std::make_unique<imaging::GatewayUploads>(*archive_, options_.data_folder + "/gateway");
    imaging::add_gateway_routes(router_, {*gateways_, *devices_, *gateway_uploads_, *sessions_, [this] { return public_url() + "/oauth/token"; }});
    imaging::add_device_routes(
        router_, *devices_, archive_->store(), *sessions_,
        [this] {
            const auto organisation = loopback_organisation();
            return imaging::DicomListening{options_.dicom.address, dicom_ ? dicom_->port() : options_.dicom.port, organisation ? organisation->id : 0};
        },
        [this](std::int64_t gateway, std::int64_t device) { return gateways_->ask_echo(gateway, device); });
    study_access_ = std::make_unique<imaging::StudyAccess>(
        archive_->store(), *clock_, [this] { return grants_->epoch(); },
        [this](const imaging::Viewer& viewer, const imaging::Study& study) {
            access::AuditEvent event = audit_->event_of(viewer.actor, "read");
            event.type = "ImagingStudy";
            event.rid = study.rid;
            event.patient = rid_of_patient(*record_, study.patient_ref);
            event.source = viewer.address;
            audit_->note(event);
        });
    dicomweb_ = std::make_unique<imaging::Dicomweb>(*archive_, *study_access_, image_ports(*sessions_, *directory_));
    dicomweb_->add_routes(router_);
    study_resources_ = std::make_unique<imaging::StudyResources>(*archive_, *record_, [this](const imaging::Study& study) { study_changed(study); });
    studies_ = std::make_unique<ArchiveStudies>(*archive_, *study_resources_);
}

void Centre::open_cases() {
    pages_ = std::make_unique<LivePages>(*sessions_, *directory_, *clock_);
    entrance_->notices.on_notice([this](std::int64_t person, std::string_view code) { pages_->security_notice(person, code); });
    engine_ = std::make_unique<flow::Engine>(flow::Ground{*database_, *writer_, *record_, *directory_, *grants_, *signing_, blobs_, *studies_, *pages_, *clock_,
                                                          flow::Pack::load(find_shared().packs + "/" + options_.pack, clock_->now())});
    pages_->set_engine(*engine_);
    consult_ = std::make_unique<consult::Consult>(*engine_);
    uploads_ = std::make_unique<flow::Uploads>(*engine_, options_.data_folder + "/uploads");
    notifier_ = std::make_unique<ChannelNotifier>(options_.notify);
    patient_sms_ = std::make_unique<PatientSms>(*notifier_);
    delivery_ = std::make_unique<flow::Delivery>(*engine_, *contacts_, *notifier_, metrics_);
    alerts_ = std::make_unique<Alerts>(*engine_, *gateways_);
    entrance_->notices.on_write([this](storage::Group& group, std::int64_t person, std::string_view code) { alerts_->of_person(group, person, code); });
    audit_check_->on_defects([this](const access::AuditFinding&) { alerts_->audit_damaged(); });
    cascades_ = std::make_unique<flow::Cascades>(*engine_);
    directory_->on_change([this] { cascades_->look_soon(); });
    engine_->add_operations(*rest_);
    const record::CallerOf caller_of = [this](const http::Request& request) { return sessions_->caller(request); };
    flow::add_routes(router_, *engine_, *uploads_, caller_of);
    flow::add_label_routes(router_, *engine_, caller_of);
    flow::add_cascade_routes(router_, *cascades_, caller_of);
    flow::add_notice_routes(router_, *delivery_, caller_of);
    consult::add_routes(router_, *engine_, caller_of, {.zone = options_.zone, .public_url = [this] { return public_url(); }});
    consult::add_patient_routes(router_, {*engine_, *consult_, *patient_accounts_, *patient_requests_, *looks_, caller_of},
                                {.zone = options_.zone, .public_url = [this] { return public_url(); }});
    record_->ports().may_write = [this](const record::Actor& actor, std::string_view type) {
        const bool is_operator = actor.person == 0 && actor.role == access::role::kOperator;
        if (type == "SearchParameter" && !is_operator)
            throw Error(ErrorKind::forbidden, "record.operator_only", "what the centre is searched by is defined by an operator's client");
        if (type != "SearchParameter" && is_operator) throw Error(ErrorKind::forbidden, "record.no_plain_write", "an operator's client writes search parameters");
        if (type == "AuditEvent") throw Error(ErrorKind::conflict, "access.audit_only_grows", "the audit only grows, and by itself");
    };
    record_->ports().keeps_closed = [](storage::Connection& connection, const std::string& resource, std::span<const std::string> refers) {
        access::Signing::require_open(connection, resource);
        flow::Engine::require_no_case(connection, resource);
        access::Signing::require_open_targets(connection, resource, refers);
    };
}

void Centre::add_jobs() {
    jobs_ = std::make_unique<jobs::Jobs>(*database_, *writer_, *clock_, metrics_);
    jobs_->every("flow.tick", std::chrono::seconds(1), [this] { engine_->tick(); });
    jobs_->every("access.break_glass", std::chrono::seconds(1), [this] { sensitive_->glass.tick(); });
    jobs_->every("flow.cascades", std::chrono::seconds(1), [this] { cascades_->tick(); });
    jobs_->every("flow.notices", std::chrono::milliseconds(250), [this] { delivery_->tick(); });
    jobs_->every("audit.check", std::chrono::minutes(1), [this] { audit_check_->tick(); });
    jobs_->every("access.duplicates", std::chrono::seconds(1), [this] { duplicates_->tick(); });
    jobs_->every("app.alerts", std::chrono::seconds(20), [this] { alerts_->tick(); });
    jobs_->every("audit.odd_looks", std::chrono::minutes(1), [this] { odd_looks_->tick(); });
    jobs_->every("backup.tick", std::chrono::seconds(20), [this] { backups_->tick(); }, jobs::Jobs::On::each_node);
    jobs_->every("imaging.sweep_uploads", std::chrono::hours(1), [this] { gateway_uploads_->sweep(); }, jobs::Jobs::On::each_node);
    jobs_->every("flow.sweep_uploads", std::chrono::hours(1), [this] { uploads_->sweep(); }, jobs::Jobs::On::each_node);
    jobs_->every("access.grants", std::chrono::seconds(1), [this] { grants_->follow(); }, jobs::Jobs::On::each_node);
    add_state_route(router_, {*sessions_, *record_, *jobs_, *writer_, *audit_, *audit_check_, *signing_keys_, *directory_, engine_->ground().pack,
                              options_.data_folder, *clock_});
}

/// What calls into the rest on threads of its own ends first.
Centre::~Centre() {
    {
        const std::lock_guard lock(pages_mutex_);
        pages_open_ = false;
    }
    server_.reset();
    dicom_.reset();
    jobs_.reset();
    subscriptions_->stop();
    bulk_->stop();
    audit_check_.reset();
    delivery_.reset();
    backups_.reset();
    const std::lock_guard lock(archive_mutex_);
    archive_.reset();
}

/// On the archive's thread. A study is detached only by a move, which sees to its opinions itself.
void Centre::study_changed(const imaging::Study& study) {
    if (!study.patient_ref.empty()) consult_->study_attached(study.patient_ref, study.uid);
}

void Centre::listen_dicom() {
    dicom_ = std::make_unique<imaging::DicomServer>(dicom_options(), *archive_, metrics_);
    archive_->start(study_resources_.get());
    study_resources_->match_again();
    // A study may have been here before its patient or its request.
    record_->subscribe([this](std::span<const record::Change> changes) {
        const bool matters = std::any_of(changes.begin(), changes.end(), [](const record::Change& change) {
            return (change.type == "Patient" && change.operation != 'D') || (change.type == "ServiceRequest" && change.operation == 'C');
        });
        const std::lock_guard lock(archive_mutex_);
        if (matters && archive_) study_resources_->match_again();
    });
    dicom_->start();
}

void Centre::listen() {
    if (!dicom_ && images_here_) listen_dicom();
    server_ = std::make_unique<http::Server>(http::ServerOptions{.address = options_.http.address,
                                                                 .port = options_.http.port,
                                                                 .io_threads = options_.io_threads,
                                                                 .certificate_file = options_.certificate_file,
                                                                 .key_file = options_.key_file,
                                                                 .spill_folder = made_folder(options_.data_folder + "/spill")},
                                             router_, workers_, metrics_);
    server_->add_socket(pages_->endpoint());
    if (database_->shared()) follow_cases();
    server_->add_socket(subscription_sockets_->endpoint());
    jobs_->start();
    server_->start();
    delivery_->start(public_url(), [this] { return jobs_->leads(); });
    subscriptions_->start();
    bulk_->start();
}

/// Pages that are open here hear of cases that another node moved. What this one moved it has told already: a page hears a version once.
void Centre::follow_cases() {
    record_->subscribe([this](std::span<const record::Change> changes) {
        const std::lock_guard lock(pages_mutex_);
        if (!pages_open_) return;
        bool any = false;
        for (const record::Change& change : changes) {
            if (change.type != "Task") continue;
            pages_->case_changed(change.id, change.version, {});
            any = true;
        }
        if (any) pages_->lists_changed({});
    });
}

/// Where links in messages and codes on paper lead.
std::string Centre::public_url() const {
    if (!options_.public_url.empty()) return options_.public_url;
    return fmt::format("{}://{}", options_.certificate_file.empty() ? "http" : "https", Endpoint{options_.http.address, server_->port()}.text());
}

imaging::DicomServerOptions Centre::dicom_options() const {
    imaging::DicomServerOptions dicom{.address = options_.dicom.address, .port = options_.dicom.port};
    dicom.listed = [this](std::string_view title, std::string_view address) { return devices_->find(title, address); };
    if (const auto organisation = loopback_organisation()) {
        dicom.loopback_organisation = organisation->id;
        dicom.loopback_issuer = organisation->resource;
        dicom.loopback_charset = kUnlabelledCharset;
    }
    return dicom;
}

/// In the demo network whatever calls from this machine and is not listed is the county hospital's scanner.
std::optional<access::Organisation> Centre::loopback_organisation() const {
    return options_.demo ? directory_->organisation_by_resource(demo::kScannerOrganisation) : std::nullopt;
}

void Centre::drain() {
    draining_ = true;
    if (server_) server_->drain(std::chrono::seconds(30));
    if (dicom_) dicom_->drain(std::chrono::seconds(10));
    jobs_->stop();
    delivery_->stop();
    subscriptions_->stop();
    bulk_->stop();
    audit_->flush();
}

std::string Centre::listening_line() const {
    const Endpoint http{options_.http.address, server_->port()};
    const Endpoint dicom{options_.dicom.address, static_cast<std::uint16_t>(dicom_ ? dicom_->port() : 0)};  // 0: the images are at another node
    return fmt::format("listening http={} dicom={}", http.text(), dicom.text());
}

void Centre::add_operation_routes() {
    const http::RouteOptions open{.scope = http::Scope::open};
    router_.add(http::Method::get, "/health/live", open,
                [](const http::Request&) { return http::Response{.content_type = "application/json", .body = R"({"status":"live"})"}; });
    router_.add(http::Method::get, "/health/ready", open, [this](const http::Request&) {
        const bool ready = writer_->healthy() && !draining_ && database_->answers();
        JsonWriter json;
        json.object([&] { json.field("status", ready ? "ready" : draining_ ? "draining" : "storage_failed"); });
        return http::Response{.status = ready ? 200 : 503, .content_type = "application/json", .body = json.take()};
    });
    // Browsers say here what the page's policy stopped; counted, because the report's addresses may name a patient's page.
    router_.add(http::Method::post, "/csp-report", open, [reports = &metrics_.counter("qiao_csp_reports_total")](const http::Request&) {
        reports->add();
        return http::Response{.status = 204};
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
