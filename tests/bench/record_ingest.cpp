// Rates of the record without sockets: writing alone and in groups, reading one resource, searching. One JSON line a phase:
//   record_ingest [DIR] [patients] [postgres://…] [keep]
// Each patient is one unit of 1 Patient and 20 Observations, as in a transaction bundle. Figures are of this process alone.

#include "base/json_value.hpp"
#include "http/router.hpp"
#include "record/rest/rest.hpp"
#include "storage/place.hpp"
#include "storage/writer.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

namespace {

using namespace qiao;

constexpr int kObservations = 20;
constexpr int kReaders = 2;

struct Bench {
    explicit Bench(const std::string& place) : database(storage::open_database(place, storage::Durability::full)), record(open()) {
        rest->add_routes(router);
    }
    std::unique_ptr<record::Record> open() {
        database->migrate(record::record_migrations());
        writer = std::make_unique<storage::Writer>(*database, clock, metrics);
        return record::open_record(*database, *writer, clock, metrics);
    }
    static record::Caller caller(const http::Request&) {
        record::Caller out;
        out.filter.scope = record::ReadFilter::Scope::standing;
        out.filter.grantees = {11, 101, 1001};
        out.filter.organisations = {1, 2};
        out.may_write_plain = true;
        out.actor.person = 11;
        out.actor.organisation = 1;
        return out;
    }
    http::Response get(const std::string& path, const std::string& query = {}) const {
        http::Request request;
        request.path = path;
        request.target = path;
        request.query = query;
        request.headers = {{"host", "localhost:8080"}, {"accept", "application/fhir+json"}};
        return router.handle(request);
    }

    SystemClock clock;
    Metrics metrics;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Writer> writer;
    std::unique_ptr<record::Record> record;
    std::unique_ptr<record::Rest> rest = record::make_rest(*record, &Bench::caller, clock, "bench");
    http::Router router;
};

std::string patient_text(int n) {
    return fmt::format(
        R"({{"resourceType":"Patient","identifier":[{{"system":"urn:oid:2.999.1","value":"B{0:08}"}}],"name":[{{"use":"official","text":"王伟{0}","family":"王","given":["伟{0}"]}}],)"
        R"("telecom":[{{"system":"phone","value":"100{0:08}"}}],"gender":"{1}","birthDate":"19{2:02}-0{3}-1{4}","address":[{{"text":"示例区延安路{0}号","city":"示例市"}}]}})",
        n, n % 2 == 0 ? "male" : "female", n % 100, 1 + n % 9, n % 10);
}

std::string observation_text(const std::string& patient, int n, int i) {
    return fmt::format(
        R"({{"resourceType":"Observation","status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],)"
        R"("code":{{"coding":[{{"system":"http://loinc.org","code":"{0}-4","display":"Example vital sign"}}]}},"subject":{{"reference":"{1}"}},)"
        R"("effectiveDateTime":"20{2:02}-0{3}-1{4}T0{5}:00:00Z","valueQuantity":{{"value":{6}.{5},"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}}})",
        8860 + i % 8, patient, 10 + n % 16, 1 + i % 9, n % 10, i % 10, 50 + (n * 7 + i) % 90);
}

void report(std::string_view phase, std::int64_t done, double seconds) {
    fmt::print("{{\"phase\":\"{}\",\"n\":{},\"wall_s\":{:.3f},\"per_s\":{:.0f}}}\n", phase, done, seconds, static_cast<double>(done) / seconds);
}

/// Runs `work` on `threads` threads for `seconds`; it returns how many units it did.
void timed(std::string_view phase, int threads, double seconds, const std::function<int(int)>& work) {
    std::atomic<std::int64_t> done = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
    std::vector<std::jthread> pool;
    for (int thread = 0; thread < threads; ++thread) {
        pool.emplace_back([&, thread] {
            for (int i = thread; elapsed() < seconds; i += threads) done += work(i);
        });
    }
    pool.clear();
    report(phase, done, elapsed());
}

std::string ingest(Bench& bench, int n) {
    auto work = bench.record->begin(record::ReadFilter::system("bench"), bench.caller({}).actor);
    const std::string patient = work->create_text(patient_text(n));
    for (int i = 0; i < kObservations; ++i) work->create_text(observation_text(patient, n, i));
    work->also([&](storage::Group& group, const record::Work::RidOf& rid_of) {
        bench.record->reach_patient(group, rid_of(patient), 101, "care", group.now(), group.now() + std::chrono::hours(24));
    });
    work->commit();
    return patient;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string folder = argc > 1 ? argv[1] : (std::filesystem::temp_directory_path() / "qiao_record_bench").string();
    const int patients = argc > 2 ? std::atoi(argv[2]) : 300;
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    Bench bench(storage::database_place(folder, argc > 3 ? argv[3] : "", "record"));
    std::vector<std::string> ids(static_cast<std::size_t>(patients));
    {
        const auto start = std::chrono::steady_clock::now();
        std::vector<std::jthread> pool;
        for (int thread = 0; thread < 4; ++thread) {
            pool.emplace_back([&, thread] {
                for (int n = thread; n < patients; n += 4) ids[static_cast<std::size_t>(n)] = ingest(bench, n);
            });
        }
        pool.clear();
        report("ingest_bundle_resources", std::int64_t{patients} * (kObservations + 1),
               std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    const auto id = [&](int i) -> const std::string& { return ids[static_cast<std::size_t>(i) % ids.size()]; };
    const auto ok = [](const http::Response& response) { return response.status == 200 ? 1 : 0; };
    timed("create_alone", 8, 2, [&](int i) {
        auto work = bench.record->begin(record::ReadFilter::system("bench"), bench.caller({}).actor);
        work->create_text(observation_text(id(i), i, i));
        work->commit();
        return 1;
    });
    timed("read_1_thread", 1, 2, [&](int i) { return ok(bench.get("/fhir/" + id(i))); });
    timed("read", kReaders, 2, [&](int i) { return ok(bench.get("/fhir/" + id(i))); });
    timed("search_patient_code", kReaders, 2,
          [&](int i) { return ok(bench.get("/fhir/Observation", "patient=" + id(i) + "&code=http://loinc.org|8862-4&_count=20")); });
    timed("search_identifier", kReaders, 2,
          [&](int i) { return ok(bench.get("/fhir/Patient", fmt::format("identifier=urn:oid:2.999.1|B{:08}", i % patients))); });
    timed("search_chain_identifier", kReaders, 2,
          [&](int i) { return ok(bench.get("/fhir/Observation", fmt::format("patient.identifier=urn:oid:2.999.1|B{:08}&code=8862-4", i % patients))); });
    timed("search_name_pinyin", kReaders, 2, [&](int i) { return ok(bench.get("/fhir/Patient", fmt::format("name=wangwei{}&_count=20", i % patients))); });
    timed("search_code_month", kReaders, 2,
          [&](int) { return ok(bench.get("/fhir/Observation", "code=8862-4&date=ge2015-03-01&date=lt2015-04-01&_sort=-date&_count=20")); });
    timed("count_code", kReaders, 2, [&](int) { return ok(bench.get("/fhir/Observation", "code=8862-4&_summary=count")); });
    std::uintmax_t size = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) size += entry.file_size();
    fmt::print("{{\"phase\":\"size\",\"bytes\":{}}}\n", size);
    if (argc < 5) std::filesystem::remove_all(folder);
    return 0;
}
