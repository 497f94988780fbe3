// The archive alone behind its two front doors, for tests and load measurements of imaging without log-in: DICOM from
// loopback as organisation 1, DICOMweb for anybody on loopback.
#include "http/server.hpp"
#include "imaging/demo_ct.hpp"
#include "imaging/dicom_server.hpp"
#include "imaging/dicomweb.hpp"
#include "imaging/store_client.hpp"
#include "imaging/transfer_syntax.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

using namespace qiao;

std::string option(int count, char** values, const char* name, const char* otherwise) {
    for (int i = 1; i + 1 < count; ++i)
        if (std::strcmp(values[i], name) == 0) return values[i + 1];
    return otherwise;
}

bool flag(int count, char** values, const char* name) {
    for (int i = 1; i < count; ++i)
        if (std::strcmp(values[i], name) == 0) return true;
    return false;
}

void send_demo(std::uint16_t port) {
    imaging::DemoCt demo;
    demo.name = "Zhang^San=张^三";
    demo.patient_id = "DEMO1";
    demo.birth_date = "19620304";
    demo.sex = "M";
    demo.date = "20260102";
    demo.time = "101500";
    demo.seed = "interop";
    imaging::StoreTarget target;
    target.port = port;
    imaging::StoreClient client(target, {{std::string(imaging::kCtStorage), std::string(imaging::kExplicitLittle)}});
    imaging::make_demo_ct(demo, [&](std::string_view file) {
        if (client.store(file) != 0) std::fprintf(stderr, "a slice was refused\n");
    });
}

}  // namespace

int main(int count, char** values) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const SystemClock clock;
    Metrics metrics;
    const auto folder = option(count, values, "--data", "/tmp/imaging");
    imaging::ArchiveOptions options;
    options.folder = folder;
    options.index_place = folder + "/imaging.db";
    options.rebuild = flag(count, values, "--rebuild");
    imaging::Archive archive(options, clock, metrics);
    archive.start(nullptr);
    imaging::StudyAccess access(archive.store(), clock, {}, {});
    imaging::DicomwebPorts ports;
    ports.viewer = [](const http::Request&) {
        imaging::Viewer viewer;
        viewer.filter = record::ReadFilter::system("test server");
        return viewer;
    };
    ports.uploader = [](const http::Request&, const imaging::Viewer&) { return imaging::Source{1, "STOW", "GB18030", ""}; };
    imaging::Dicomweb dicomweb(archive, access, ports);
    http::Router router;
    dicomweb.add_routes(router);
    WorkerPool workers(2, 1'000);
    http::ServerOptions web;
    web.port = static_cast<std::uint16_t>(std::stoi(option(count, values, "--http", "0")));
    web.spill_folder = folder;
    http::Server server(web, router, workers, metrics);
    imaging::DicomServerOptions dicom;
    dicom.port = static_cast<std::uint16_t>(std::stoi(option(count, values, "--dicom", "0")));
    if (!flag(count, values, "--strict")) dicom.loopback_organisation = 1;
    dicom.loopback_charset = "GB18030";
    imaging::DicomServer scp(dicom, archive, metrics);
    server.start();
    scp.start();
    if (flag(count, values, "--demo")) send_demo(scp.port());
    std::printf("listening http=127.0.0.1:%d dicom=127.0.0.1:%d\n", server.port(), scp.port());
    std::fflush(stdout);
    int received = 0;
    sigwait(&signals, &received);
    scp.drain(std::chrono::seconds(5));
    server.drain(std::chrono::seconds(5));
    return 0;
}
