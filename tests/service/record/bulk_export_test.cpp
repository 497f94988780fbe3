#include "bulk_service.hpp"
#include "record/bulk/export_run.hpp"
#include "record/bulk/export_slice.hpp"
#include "record/bulk/files.hpp"
#include "storage/file.hpp"

#include <fstream>

namespace qiao::record::testing {
namespace {

using json::Value;

std::string observation(const std::string& id, const std::string& patient, const std::string& more = "") {
    return R"({"resourceType":"Observation","id":")" + id + R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},)" +
           R"("subject":{"reference":"Patient/)" + patient + R"("})" + more + "}";
}

/// Patients p1 (institution one reaches it) and p2 (institution two), each with findings, and a Group of p1 alone.
struct Ward : BulkService {
    Ward() {
        put("Organization", "org", R"({"resourceType":"Organization","id":"org","name":"Clinic"})");
        for (const char* id : {"p1", "p2"}) {
            put("Patient", id, std::string(R"({"resourceType":"Patient","id":")") + id + R"(","identifier":[{"system":"urn:mrn","value":"A1"}],"name":[{"family":"Wang"}],"telecom":[{"system":"phone","value":"555)" + id + R"("}]})");
        }
        for (int i = 0; i < 3; ++i) put("Observation", "o" + std::to_string(i), observation("o" + std::to_string(i), "p1", R"(,"valueQuantity":{"value":1.50})"));
        put("Observation", "foreign", observation("foreign", "p2"));
        put("Group", "g",
            R"({"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p2"},"inactive":true}]})");
        reach("p1", 101, std::chrono::hours(1));
        reach("p2", 102, std::chrono::hours(1));
    }
    Names exported(std::string_view target, std::string_view as = "all") const {
        const std::string job = ordered(target, as);
        return names(lines(manifest(job, as), "output", as));
    }
};

const Names kAll = {"Group/g", "Observation/foreign", "Observation/o0", "Observation/o1", "Observation/o2", "Organization/org", "Patient/p1", "Patient/p2"};

TEST(BulkExport, of_the_record_gives_every_resource_as_it_was_written) {
    Ward ward;
    const std::string job = ward.ordered("/fhir/$export");
    EXPECT_EQ(ward.get(job).status, 202) << "nobody works on it yet";
    ward.bulk->start();
    const Value manifest = ward.manifest(job);
    EXPECT_TRUE(manifest["requiresAccessToken"].truth());
    EXPECT_EQ(manifest["request"].text(), "http://fhir.example:8080/fhir/$export");
    EXPECT_TRUE(manifest["deleted"].is_array());
    EXPECT_EQ(manifest["error"].size(), 0U);
    const auto all = ward.lines(manifest, "output");
    EXPECT_EQ(Ward::names(all), kAll);
    for (const Value& one : all) {
        const auto read = ward.get_json("/fhir/" + one["resourceType"].text() + "/" + one["id"].text());
        EXPECT_EQ(one, read) << "as a read shows it, digits and meta included";
    }
    EXPECT_EQ(ward.get(job + "/files/Patient.1.ndjson").content_type, "application/fhir+ndjson");
    EXPECT_EQ(ward.get(job + "/files/Patient.1.ndjson.rids").status, 404);
    EXPECT_EQ(ward.get(job + "/files/..%2Fnode").status, 404);
}

TEST(BulkExport, of_patients_gives_their_compartments_and_of_a_group_its_members) {
    Ward ward;
    ward.bulk->start();
    EXPECT_EQ(ward.exported("/fhir/Patient/$export"), (Names{"Group/g", "Observation/foreign", "Observation/o0", "Observation/o1", "Observation/o2", "Patient/p1", "Patient/p2"}));
    EXPECT_EQ(ward.exported("/fhir/Group/g/$export"), (Names{"Group/g", "Observation/o0", "Observation/o1", "Observation/o2", "Patient/p1"})) << "inactive members are left out";
    EXPECT_EQ(ward.exported("/fhir/Group/g/$export?_type=Patient,Organization"), (Names{"Organization/org", "Patient/p1"})) << "the directory when it is named";
    EXPECT_EQ(ward.order("/fhir/Group/none/$export").status, 404);
}

TEST(BulkExport, parameters_choose_types_times_matches_and_elements) {
    Ward ward;
    ward.bulk->start();
    EXPECT_EQ(ward.exported("/fhir/$export?_type=Patient"), (Names{"Patient/p1", "Patient/p2"}));
    EXPECT_EQ(ward.exported("/fhir/$export?_type=Observation&_typeFilter=Observation%3Fsubject%3DPatient%2Fp2"), (Names{"Observation/foreign"}));
    EXPECT_EQ(ward.exported("/fhir/$export?_type=Observation&_typeFilter=Observation%3F_id%3Do1&_typeFilter=Observation%3F_id%3Do2"), (Names{"Observation/o1", "Observation/o2"}));
    EXPECT_EQ(ward.exported("/fhir/$export?_type=Patient&_typeFilter=Patient%3Fphone%3D555p2"), (Names{"Patient/p2"}));
    EXPECT_EQ(ward.exported("/fhir/$export?_type=Patient&_typeFilter=Patient%3Fphone%3Anot%3D555p2"), (Names{"Patient/p1"}));
    EXPECT_EQ(ward.exported("/fhir/$export?_type=Patient&_typeFilter=Patient%3Femail%3Amissing%3Dfalse"), (Names{}));
    EXPECT_EQ(ward.exported("/fhir/$export?_type=Patient&_typeFilter=Patient%3Ftelecom%3D555p1"), (Names{"Patient/p1"}));
    const Value part = ward.manifest(ward.ordered("/fhir/$export?_type=Patient&_elements=Patient.name"));
    for (const Value& one : ward.lines(part, "output")) {
        EXPECT_TRUE(one["identifier"].is_null());
        EXPECT_FALSE(one["name"].is_null());
        EXPECT_EQ(one["meta"]["tag"].at(0)["code"].text(), "SUBSETTED");
    }
    // Since: what was written then or later, and what went.
    const Value before = ward.manifest(ward.ordered("/fhir/$export?_type=Patient"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ward.put("Observation", "o0", observation("o0", "p1", R"(,"valueString":"x")"));
    EXPECT_EQ(ward.send(Method::del, "/fhir/Observation/o1").status, 204);
    const std::string since = "_since=" + percent_encode(before["transactionTime"].text());
    const Value after = ward.manifest(ward.ordered("/fhir/$export?" + since));
    EXPECT_EQ(Ward::names(ward.lines(after, "output")), (Names{"Observation/o0"}));
    const auto gone = ward.lines(after, "deleted");
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_EQ(gone[0]["type"].text(), "transaction");
    EXPECT_EQ(gone[0]["entry"].at(0)["request"]["method"].text(), "DELETE");
    EXPECT_EQ(gone[0]["entry"].at(0)["request"]["url"].text(), "Observation/o1");
    EXPECT_EQ(ward.exported("/fhir/$export?_until=" + percent_encode(before["transactionTime"].text()) + "&_type=Observation"), (Names{"Observation/foreign", "Observation/o2"}))
        << "what was written later is not as it was then, and is left out";
}

TEST(BulkExport, refuses_what_it_does_not_know) {
    Ward ward;
    EXPECT_EQ(error_of(ward.get("/fhir/$export")), "record.async_required");
    for (const char* query : {"_type=Nothing", "_since=yesterday", "_until=x", "_outputFormat=csv", "_elements=nothing", "_elements=No.name", "unknown=1",
                              "_type=Patient&_typeFilter=Observation%3Fcode%3D1"}) {
        EXPECT_EQ(ward.order(std::string("/fhir/$export?") + query).status, 400) << query;
    }
    EXPECT_EQ(error_of(ward.order("/fhir/$export?_typeFilter=Observation%3Fsubject.name%3Dx")), "record.bad_criteria");
    const auto lenient = ward.send(Method::get, "/fhir/$export?includeAssociatedData=x&_type=Patient", {}, {{"prefer", "respond-async, handling=lenient"}});
    ASSERT_EQ(lenient.status, 202) << lenient.body;
    ward.bulk->start();
    const Value manifest = ward.manifest(BulkService::path_of(lenient));
    const auto errors = ward.lines(manifest, "error");
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0]["issue"].at(0)["diagnostics"].text().find("includeAssociatedData"), std::string::npos);
}

TEST(BulkExport, post_takes_the_same_parameters) {
    Ward ward;
    ward.bulk->start();
    const auto response = ward.send(Method::post, "/fhir/$export", R"({"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient,Group"}]})",
                                    {{"prefer", "respond-async"}});
    ASSERT_EQ(response.status, 202) << response.body;
    const Value manifest = ward.manifest(BulkService::path_of(response));
    EXPECT_EQ(Ward::names(ward.lines(manifest, "output")), (Names{"Group/g", "Patient/p1", "Patient/p2"}));
}

TEST(BulkExport, shows_nothing_of_a_foreign_patient_and_no_foreign_job) {
    Ward ward;
    ward.bulk->start();
    EXPECT_EQ(ward.exported("/fhir/$export", "one"), (Names{"Group/g", "Observation/o0", "Observation/o1", "Observation/o2", "Organization/org", "Patient/p1"}));
    EXPECT_EQ(ward.exported("/fhir/Patient/$export", "two"), (Names{"Observation/foreign", "Patient/p2"}));
    EXPECT_EQ(ward.order("/fhir/Group/g/$export", "two").status, 404) << "the Group belongs to p1";
    const std::string job = ward.ordered("/fhir/Patient/$export", "one");
    const Value manifest = ward.manifest(job, "one");
    const auto none = ward.get("/bulk/00000000-0000-4000-8000-000000000000", "two");
    for (const std::string_view as : {"two", "all", "client"}) {
        for (const std::string& path : {job, job + "/files/Patient.1.ndjson"}) EXPECT_EQ(ward.get(path, as).body, none.body) << path;
        EXPECT_EQ(ward.send(Method::del, job, {}, {{"x-test-caller", std::string(as)}}).status, 404);
        EXPECT_EQ(ward.get("/bulk", as).body.find(job.substr(6)), std::string::npos);
    }
    EXPECT_NE(ward.get("/bulk", "one").body.find(job.substr(6)), std::string::npos);
}

TEST(BulkExport, gives_no_file_out_when_something_in_it_is_not_open_any_more) {
    Ward ward;
    ward.bulk->start();
    const std::string job = ward.ordered("/fhir/Patient/$export", "one");
    ward.manifest(job, "one");
    EXPECT_EQ(ward.get(job + "/files/Observation.1.ndjson", "one").status, 200);
    ward.reach("p1", 101, std::chrono::hours(-1));
    EXPECT_EQ(ward.get("/fhir/Patient/p1", "one").status, 404);
    EXPECT_EQ(error_of(ward.get(job + "/files/Observation.1.ndjson", "one")), "record.bulk_rights");
}

TEST(BulkExport, is_the_state_of_one_commit_while_writers_go_on) {
    Ward ward;
    constexpr int kPairs = 600;
    // Two resources change together in each commit: in no state do they differ.
    const auto pair = [&](int i, int value) {
        auto work = ward.begin();
        for (const char* side : {"a", "b"}) {
            work->update_text("Basic", side + std::to_string(i),
                              R"({"resourceType":"Basic","id":")" + (side + std::to_string(i)) + R"(","code":{"text":")" + std::to_string(value) + R"("}})");
        }
        work->commit();
    };
    for (int i = 0; i < kPairs; ++i) pair(i, 0);
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        for (int round = 1; !stop; ++round) {
            for (int i = 0; i < kPairs && !stop; i += 7) pair(i, round);
        }
    });
    const std::string job = ward.ordered("/fhir/$export?_type=Basic");
    const std::int64_t at_order = ward.rows("SELECT max(t) FROM tx");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ward.bulk->start();
    const auto all = ward.lines(ward.manifest(job), "output");
    stop = true;
    writer.join();
    EXPECT_EQ(all.size(), 2U * kPairs);
    std::map<std::string, std::string> values;
    for (const Value& one : all) values[one["id"].text()] = one["code"]["text"].text();
    for (int i = 0; i < kPairs; ++i) EXPECT_EQ(values["a" + std::to_string(i)], values["b" + std::to_string(i)]) << i;
    const std::int64_t t = ward.rows("SELECT t FROM bulk_job");
    EXPECT_LE(t, at_order);
    EXPECT_GT(ward.rows("SELECT max(t) FROM tx"), t + 20) << "the writer went on";
    // The newest of then, resource by resource.
    for (int i = 0; i < kPairs; i += 7) {
        const std::string id = "a" + std::to_string(i);
        const auto then = bulk::read_at(ward.record->core(), ReadFilter::system("test"), TypeId::Basic, id, t);
        ASSERT_TRUE(then);
        EXPECT_EQ(values[id], then->value()["code"]["text"].text());
    }
}

TEST(BulkExport, goes_on_after_a_restart_and_cuts_off_what_was_not_noted) {
    Ward ward;
    const std::string job = ward.ordered("/fhir/$export?_type=Patient,Observation", "one");
    // As a kill leaves it: bytes behind what a row counts.
    const std::string folder = ward.bulk_folder() + "/" + job.substr(6);
    storage::make_folder(folder);
    std::ofstream(folder + "/Patient.1.ndjson") << "half a li";
    ward.bulk.reset();
    ward.bulk = ward.make_bulk();
    ward.bulk->start();
    for (int i = 0; i < 200 && ward.bulk->find(job.substr(6))->is_running(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(ward.bulk->find(job.substr(6))->state, "complete");
    const std::string text = storage::read_file(folder + "/Patient.1.ndjson");
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_EQ(text.find("half"), std::string::npos);
}

TEST(BulkExport, is_paused_in_the_middle_of_a_type_and_goes_on_there) {
    Ward ward;
    constexpr int kBasics = 7'000;
    for (int from = 0; from < kBasics; from += 1'000) {
        auto work = ward.begin();
        for (int i = from; i < from + 1'000; ++i) {
            work->update_text("Basic", "b" + std::to_string(i), R"({"resourceType":"Basic","id":"b)" + std::to_string(i) + R"(","code":{"text":"x"}})");
        }
        work->commit();
    }
    const std::string id = ward.ordered("/fhir/$export?_type=Basic,Patient").substr(6);
    const std::string folder = ward.bulk_folder() + "/" + id;
    std::int64_t written = 0;
    for (int run = 1; ward.bulk->find(id)->is_running(); ++run) {
        ASSERT_LT(run, 20);
        int looks = 0;
        bulk::run_export(ward.bulk->ground(), ward.bulk->node(), *ward.bulk->find(id), folder, [&] { return ++looks > 2; });
        const auto job = *ward.bulk->find(id);
        EXPECT_GT(job.written, written) << "run " << run;
        written = job.written;
        std::ofstream(folder + "/Basic.1.ndjson", std::ios::app) << "of a run that was killed";
    }
    const auto all = ward.lines(ward.manifest("/bulk/" + id), "output");
    const Names names = BulkService::names(all);
    EXPECT_EQ(names.size(), kBasics + 2U);
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << "nothing twice";
}

TEST(BulkExport, is_ended_by_its_owner_and_expires) {
    Ward ward;
    const std::string waiting = ward.ordered("/fhir/$export");
    EXPECT_EQ(ward.send(Method::del, waiting).status, 202);
    EXPECT_EQ(ward.get(waiting).status, 404);
    ward.bulk->start();
    const std::string job = ward.ordered("/fhir/$export?_type=Patient");
    ward.manifest(job);
    const std::string folder = ward.bulk_folder() + "/" + job.substr(6);
    EXPECT_TRUE(std::filesystem::exists(folder));
    ward.clock.advance(std::chrono::hours(25));
    ward.manifest(ward.ordered("/fhir/$export?_type=Group"));  // the lane looks around
    for (int i = 0; i < 100 && std::filesystem::exists(folder); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(ward.get(job).status, 404);
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(BulkExport, of_one_caller_are_few_at_a_time) {
    Ward ward;
    for (int i = 0; i < 5; ++i) ward.ordered("/fhir/$export");
    const auto refused = ward.order("/fhir/$export");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(error_of(refused), "record.bulk_too_many");
    EXPECT_EQ(ward.order("/fhir/$export", "one").status, 202) << "others may";
}

TEST(BulkExport, files_have_a_limit_and_say_what_is_in_them) {
    Folder folder;
    const std::string path = folder.file() + ".x";
    storage::make_folder(path);
    bulk::Lines lines(path, "output", "Patient", {}, true);
    const std::string big(100 << 20, 'x');
    std::vector<bulk::File> full;
    for (std::int64_t i = 1; i <= 5; ++i) {
        if (auto one = lines.append(big, {{i}})) full.push_back(*one);
    }
    lines.sync();
    ASSERT_EQ(full.size(), 2U);
    EXPECT_EQ(full[0].name, "Patient.1.ndjson");
    EXPECT_EQ(full[0].lines, 2);
    EXPECT_EQ(lines.current()->name, "Patient.3.ndjson");
    EXPECT_EQ(bulk::read_rids(bulk::companion_of(path + "/Patient.2.ndjson"), 0, 10), (std::vector<std::int64_t>{3, 4}));
    EXPECT_LE(std::filesystem::file_size(path + "/Patient.1.ndjson"), 256U << 20U);
}

}  // namespace
}  // namespace qiao::record::testing
