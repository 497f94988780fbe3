#pragma once

#include "access/audit.hpp"
#include "access/audit_check.hpp"
#include "access/contact.hpp"
#include "access/entrance.hpp"
#include "access/grant.hpp"
#include "access/looks.hpp"
#include "access/duplicates.hpp"
#include "access/odd_looks.hpp"
#include "access/organisation.hpp"
#include "access/patient_request.hpp"
#include "access/patients.hpp"
#include "access/sensitive_routes.hpp"
#include "access/session.hpp"
#include "access/signing.hpp"
#include "app/alerts.hpp"
#include "app/backup/service.hpp"
#include "app/live_pages.hpp"
#include "app/notifier_port.hpp"
#include "app/options.hpp"
#include "app/patient_sms.hpp"
#include "app/study_port.hpp"
#include "base/metrics.hpp"
#include "base/time.hpp"
#include "base/worker_pool.hpp"
#include "flow/cascade.hpp"
#include "flow/delivery.hpp"
#include "flow/engine.hpp"
#include "flow/uploads.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "http/static_files.hpp"
#include "imaging/archive.hpp"
#include "imaging/devices.hpp"
#include "imaging/dicom_server.hpp"
#include "imaging/dicomweb.hpp"
#include "imaging/gateway_uploads.hpp"
#include "imaging/gateways.hpp"
#include "imaging/study_access.hpp"
#include "jobs/jobs.hpp"
#include "record/bulk/bulk.hpp"
#include "record/feed/subscription_socket.hpp"
#include "record/record.hpp"
#include "record/rest/rest.hpp"
#include "services/consult/consult.hpp"
#include "storage/blob_store.hpp"
#include "storage/database.hpp"
#include "storage/file.hpp"
#include "storage/writer.hpp"

#include <atomic>
#include <memory>
#include <mutex>

/// The one place that constructs everything, in the order of the rows: a whole centre on one data folder. Made and ended
/// by the main thread; what it holds is used by the threads of the server.
namespace qiao::app {

class Centre {
public:
    /// Takes the folder's lock, opens and migrates the databases, registers every route. Does not listen yet.
    explicit Centre(const Options& options);
    ~Centre();

    /// Takes images from now on; `listen` does it when it was not done before.
    void listen_dicom();
    void listen();
    /// Ready says no; requests in flight are finished, sockets closed, at most 30 s.
    void drain();
    [[nodiscard]] std::string listening_line() const;  ///< "listening http=… dicom=…"

    [[nodiscard]] access::Sessions& sessions() { return *sessions_; }
    [[nodiscard]] access::Directory& directory() { return *directory_; }
    [[nodiscard]] access::SigningKeys& signing_keys() { return *signing_keys_; }
    [[nodiscard]] backup::Backups& backups() { return *backups_; }
    [[nodiscard]] record::Record& record() { return *record_; }
    [[nodiscard]] record::bulk::Bulk& bulk() { return *bulk_; }
    [[nodiscard]] http::Router& router() { return router_; }
    [[nodiscard]] flow::Engine& engine() { return *engine_; }
    [[nodiscard]] storage::Database& database() { return *database_; }
    [[nodiscard]] imaging::Archive& archive() { return *archive_; }
    [[nodiscard]] imaging::Devices& devices() { return *devices_; }
    [[nodiscard]] std::uint16_t dicom_port() const { return dicom_->port(); }
    [[nodiscard]] const Clock& clock() const { return *clock_; }
    [[nodiscard]] const Options& options() const { return options_; }

private:
    void open_record();
    void open_patient_accounts();
    void open_cases();
    void open_images();
    void add_jobs();
    void study_changed(const imaging::Study& study);
    [[nodiscard]] imaging::DicomServerOptions dicom_options() const;
    [[nodiscard]] std::string public_url() const;
    [[nodiscard]] std::optional<access::Organisation> loopback_organisation() const;
    void add_operation_routes();
    void add_demo_routes();

    const Options options_;
    storage::FolderLock lock_;
    Metrics metrics_;
    std::unique_ptr<Clock> clock_;
    ShiftedClock* demo_clock_ = nullptr;
    WorkerPool workers_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<storage::Writer> writer_;
    storage::BlobStore blobs_;
    std::unique_ptr<record::Record> record_;
    std::unique_ptr<access::Directory> directory_;
    std::unique_ptr<access::Audit> audit_;
    std::unique_ptr<access::AuditCheck> audit_check_;
    std::unique_ptr<access::Sessions> sessions_;
    std::unique_ptr<access::Contacts> contacts_;
    std::unique_ptr<access::Entrance> entrance_;
    std::unique_ptr<access::Oidc> oidc_;
    std::unique_ptr<access::Grants> grants_;
    std::unique_ptr<access::SigningKeys> signing_keys_;
    std::unique_ptr<access::Looks> looks_;
    std::unique_ptr<access::Duplicates> duplicates_;
    std::unique_ptr<access::OddLooks> odd_looks_;
    std::unique_ptr<access::Sensitive> sensitive_;
    std::unique_ptr<access::Signing> signing_;
    std::unique_ptr<access::Patients> patients_;
    std::unique_ptr<access::PatientAccounts> patient_accounts_;
    std::unique_ptr<access::PatientRequests> patient_requests_;
    std::unique_ptr<record::Subscriptions> subscriptions_;
    std::unique_ptr<record::SubscriptionSockets> subscription_sockets_;
    std::unique_ptr<record::bulk::Bulk> bulk_;
    std::unique_ptr<record::Rest> rest_;
    std::mutex archive_mutex_;  ///< the change feed asks the archive until both end
    http::Router::Guard guard();
    void follow_cases();
    bool images_here_ = true;  ///< of several nodes one has the images
    std::mutex pages_mutex_;
    bool pages_open_ = true;  ///< with pages_mutex_
    std::unique_ptr<imaging::Archive> archive_;
    std::unique_ptr<imaging::Devices> devices_;
    std::unique_ptr<imaging::GatewayUploads> gateway_uploads_;
    std::unique_ptr<imaging::Gateways> gateways_;
    std::unique_ptr<imaging::StudyAccess> study_access_;
    std::unique_ptr<imaging::Dicomweb> dicomweb_;
    std::unique_ptr<imaging::StudyResources> study_resources_;
    std::unique_ptr<ArchiveStudies> studies_;
    std::unique_ptr<LivePages> pages_;
    std::unique_ptr<flow::Engine> engine_;
    std::unique_ptr<consult::Consult> consult_;
    std::unique_ptr<flow::Uploads> uploads_;
    std::unique_ptr<flow::Cascades> cascades_;
    std::unique_ptr<ChannelNotifier> notifier_;
    std::unique_ptr<PatientSms> patient_sms_;
    std::unique_ptr<flow::Delivery> delivery_;
    std::unique_ptr<Alerts> alerts_;
    std::unique_ptr<backup::Backups> backups_;
    std::unique_ptr<jobs::Jobs> jobs_;
    std::unique_ptr<http::StaticFiles> web_;
    http::Router router_;
    std::unique_ptr<imaging::DicomServer> dicom_;
    std::unique_ptr<http::Server> server_;
    std::atomic<bool> draining_{false};
};

}  // namespace qiao::app
