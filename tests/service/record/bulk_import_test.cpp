#include "bulk_service.hpp"
#include "record/bulk/import_lines.hpp"

#include <fmt/format.h>

#include <fstream>

namespace qiao::record::testing {
namespace {

using json::Value;

std::string patient(const std::string& id, const std::string& family = "Wang") {
    return R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":")" + family + R"("}]})";
}
std::string basic(const std::string& id, const std::string& text) {
    return R"({"resourceType":"Basic",)" + (id.empty() ? "" : R"("id":")" + id + R"(",)") + R"("code":{"text":")" + text + R"("}})";
}
std::string bundle(const std::string& type, const std::vector<std::string>& entries) {
    return fmt::format(R"({{"resourceType":"Bundle","type":"{}","entry":[{}]}})", type, fmt::join(entries, ","));
}

struct Door : BulkService {
    Door() { bulk->start(); }
    Value imported(const std::string& text, std::string_view as = "all", std::string_view type = "application/fhir+ndjson") const {
        return manifest(path_of(take_in(text, as, type)), as);
    }
    std::int64_t live(const std::string& type) const {
        return get_json("/fhir/" + type + "?_summary=count")["total"].integer().value_or(-1);
    }
};

const Value& counts(const Value& manifest) { return manifest["extension"]["urn:qiao:import"]; }
std::int64_t line_of(const Value& outcome) { return outcome["extension"].at(0)["valuePositiveInt"].integer().value_or(-1); }
std::int64_t entry_of(const Value& outcome) { return outcome["extension"].at(1)["valueUnsignedInt"].integer().value_or(-1); }
std::string code_in(const Value& outcome) { return outcome["issue"].at(0)["details"]["coding"].at(0)["code"].text(); }

TEST(BulkImport, writes_each_line_under_its_id_or_a_new_one) {
    Door door;
    const Value done = door.imported(patient("p1") + "\r\n" + basic("", "new") + "\n\n" +
                                     R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":1.50}})");
    EXPECT_EQ(counts(done)["state"].text(), "complete");
    EXPECT_EQ(counts(done)["lines"].integer(), 4);
    EXPECT_EQ(counts(done)["written"].integer(), 3);
    EXPECT_EQ(counts(done)["failed"].integer(), 0);
    EXPECT_EQ(done["error"].size(), 0U);
    EXPECT_EQ(door.live("Basic"), 1);
    EXPECT_NE(door.get("/fhir/Observation/o").body.find("1.50"), std::string::npos) << "digits stay";
    EXPECT_EQ(door.get_json("/fhir/Observation?patient=p1")["total"].integer().value_or(1), 1) << "and it is found";
}

TEST(BulkImport, names_each_line_that_is_refused_and_takes_the_others) {
    Door door;
    std::string text;
    for (int i = 1; i <= 1000; ++i) {
        if (i == 7)
            text += "{\"resourceType\":\"Patient\",\n";
        else if (i == 300)
            text += R"({"resourceType":"Patient","id":"bad","gender":"unknown-word"})" "\n";
        else if (i == 555)
            text += R"({"resourceType":"Nothing","id":"x"})" "\n";
        else if (i == 556)
            text += "[1,2]\n";
        else if (i == 900)
            text += R"({"resourceType":"AuditEvent","id":"x"})" "\n";
        else
            text += basic("b" + std::to_string(i), "x") + "\n";
    }
    const Value done = door.imported(text);
    EXPECT_EQ(counts(done)["written"].integer(), 995);
    EXPECT_EQ(counts(done)["failed"].integer(), 5);
    const auto outcomes = door.lines(done, "error");
    ASSERT_EQ(outcomes.size(), 5U);
    std::vector<std::int64_t> lines;
    for (const Value& one : outcomes) {
        EXPECT_EQ(one["resourceType"].text(), "OperationOutcome");
        lines.push_back(line_of(one));
    }
    EXPECT_EQ(lines, (std::vector<std::int64_t>{7, 300, 555, 556, 900}));
    EXPECT_EQ(code_in(outcomes[0]), "record.bad_json");
    EXPECT_EQ(code_in(outcomes[1]), "record.invalid");
    EXPECT_EQ(outcomes[1]["issue"].at(0)["expression"].at(0).text(), "Patient.gender");
    EXPECT_EQ(door.live("Basic"), 995);
}

TEST(BulkImport, keeps_every_version_of_what_comes_twice) {
    Door door;
    door.imported(basic("b", "one") + "\n" + basic("b", "two") + "\n" + basic("c", "x") + "\n" + basic("b", "three") + "\n");
    EXPECT_EQ(door.get_json("/fhir/Basic/b")["code"]["text"].text(), "three");
    EXPECT_EQ(door.get_json("/fhir/Basic/b")["meta"]["versionId"].text(), "3");
}

TEST(BulkImport, carries_a_transaction_out_as_a_whole) {
    Door door;
    const auto entry = [](const std::string& method, const std::string& url, const std::string& resource, const std::string& full = "", const std::string& more = "") {
        return fmt::format(R"({{{}"resource":{},"request":{{"method":"{}","url":"{}"{}}}}})", full.empty() ? "" : R"("fullUrl":")" + full + R"(",)", resource, method, url, more);
    };
    const std::string full = "urn:uuid:11111111-1111-4111-8111-111111111111";
    const std::string about = R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":")" + full + R"("}})";
    const std::string good = bundle("transaction", {entry("POST", "Patient", patient("ignored"), full), entry("POST", "Observation", about)});
    const std::string bad = bundle("transaction", {entry("PUT", "Basic/never", basic("never", "x")), entry("POST", "Observation", R"({"resourceType":"Observation"})")});
    const std::string once = bundle("transaction", {entry("POST", "Patient", R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"9"}]})", "", R"(,"ifNoneExist":"identifier=urn:mrn|9")")});
    const Value done = door.imported(good + "\n" + bad + "\n" + once + "\n" + once + "\n");
    EXPECT_EQ(counts(done)["written"].integer(), 3);
    const auto outcomes = door.lines(done, "error");
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(line_of(outcomes[0]), 2);
    EXPECT_EQ(outcomes[0]["issue"].at(0)["expression"].at(0).text().substr(0, 24), "Bundle.entry[1].resource") << outcomes[0].dump();
    EXPECT_EQ(door.get("/fhir/Basic/never").status, 404);
    EXPECT_EQ(door.live("Patient"), 2);
    const Value observations = door.get_json("/fhir/Observation");
    const std::string subject = observations["entry"].at(0)["resource"]["subject"]["reference"].text();
    EXPECT_EQ(door.get("/fhir/" + subject).status, 200) << subject;
}

TEST(BulkImport, leaves_many_bad_bundles_out_and_takes_those_between) {
    Door door;
    std::string text;
    for (int i = 0; i < 120; ++i) {
        const std::string id = "t" + std::to_string(i);
        const std::string second = i % 2 == 0 ? basic(id + "b", "x") : R"({"resourceType":"Basic","id":")" + id + R"(b"})";  // without a code
        text += bundle("transaction", {R"({"resource":)" + basic(id + "a", "x") + R"(,"request":{"method":"PUT","url":"Basic/)" + id + R"(a"}})",
                                       R"({"resource":)" + second + R"(,"request":{"method":"PUT","url":"Basic/)" + id + R"(b"}})"}) +
                "\n";
    }
    const Value done = door.imported(text);
    EXPECT_EQ(counts(done)["failed"].integer(), 60);
    EXPECT_EQ(counts(done)["written"].integer(), 120);
    EXPECT_EQ(door.live("Basic"), 120) << "of a bad bundle nothing is there";
    EXPECT_EQ(door.lines(done, "error").size(), 60U);
}

TEST(BulkImport, carries_out_each_entry_of_a_batch_and_a_collection) {
    Door door;
    const std::string batch = bundle("batch", {R"({"resource":)" + basic("a", "x") + R"(,"request":{"method":"PUT","url":"Basic/a"}})",
                                               R"({"resource":{"resourceType":"Patient","gender":"x"},"request":{"method":"POST","url":"Patient"}})",
                                               R"({"request":{"method":"GET","url":"Basic/a"}})", R"({"request":{"method":"DELETE","url":"Basic/a"}})"});
    const std::string full = "urn:uuid:22222222-2222-4222-8222-222222222222";
    const std::string collection =
        bundle("collection", {R"({"resource":{"resourceType":"Observation","id":"c1","status":"final","code":{"text":"x"},"subject":{"reference":")" + full + R"("}}})",
                              R"({"fullUrl":")" + full + R"(","resource":{"resourceType":"Patient","name":[{"family":"Li"}]}})"});
    const std::string kept = R"({"resourceType":"Bundle","id":"doc","type":"document"})";
    Value done = door.imported(batch + "\n" + kept + "\n");
    auto outcomes = door.lines(done, "error");
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(entry_of(outcomes[0]), 1);
    EXPECT_EQ(door.get("/fhir/Basic/a").status, 410);
    EXPECT_EQ(door.get("/fhir/Bundle/doc").status, 200) << "a document is a resource itself";
    done = door.imported(collection, "all", "application/fhir+json");
    EXPECT_EQ(counts(done)["written"].integer(), 2);
    EXPECT_EQ(door.get("/fhir/" + door.get_json("/fhir/Observation/c1")["subject"]["reference"].text()).status, 200);
    // What another server found, and what it said about the search.
    const std::string found = bundle("searchset", {R"({"search":{"mode":"outcome"},"resource":{"resourceType":"OperationOutcome","id":"said","issue":[{"severity":"warning","code":"value"}]}})",
                                                   R"({"search":{"mode":"match"},"resource":)" + basic("found", "x") + "}", R"({"search":{"mode":"match"},"resource":{"resourceType":"Basic"}})"});
    done = door.imported(found, "all", "application/fhir+json");
    EXPECT_EQ(counts(done)["written"].integer(), 1);
    EXPECT_EQ(door.get("/fhir/Basic/found").status, 200);
    EXPECT_EQ(door.get("/fhir/OperationOutcome/said").status, 404);
    outcomes = door.lines(done, "error");
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(entry_of(outcomes[0]), 2) << "counted as they stand in the Bundle";
}

TEST(BulkImport, takes_a_file_of_several_lines_as_one_resource) {
    Door door;
    const Value done = door.imported("{\n  \"resourceType\": \"Patient\",\n  \"id\": \"p\"\n}\n", "all", "application/fhir+json");
    EXPECT_EQ(counts(done)["written"].integer(), 1);
    EXPECT_EQ(door.get("/fhir/Patient/p").status, 200);
}

TEST(BulkImport, is_open_to_who_may_write_and_reaches_no_foreign_patient) {
    Door door;
    EXPECT_EQ(door.take_in(patient("p"), "reader").status, 403);
    EXPECT_EQ(door.take_in(patient("p"), "all", "text/csv").status, 415);
    EXPECT_EQ(error_of(door.send(Method::post, "/fhir/$import", patient("p"), {{"content-type", "application/fhir+ndjson"}})), "record.async_required");
    door.put("Patient", "p1", patient("p1"));
    door.put("Patient", "p2", patient("p2"));
    door.reach("p1", 101, std::chrono::hours(1));
    const auto about = [](const std::string& id) { return R"({"resourceType":"Condition","id":"c)" + id + R"(","subject":{"reference":"Patient/)" + id + R"("}})"; };
    const Value done = door.imported(about("p1") + "\n" + about("p2") + "\n" + about("none") + "\n" + patient("p2", "Taken") + "\n", "one");
    EXPECT_EQ(counts(done)["written"].integer(), 1);
    const auto outcomes = door.lines(done, "error", "one");
    ASSERT_EQ(outcomes.size(), 3U);
    EXPECT_EQ(outcomes[0]["issue"], outcomes[1]["issue"]) << "a foreign patient and none are told alike";
    EXPECT_EQ(door.get_json("/fhir/Patient/p2")["name"].at(0)["family"].text(), "Wang");
}

TEST(BulkImport, goes_on_where_it_was_and_writes_nothing_twice) {
    Door door;
    constexpr int kLines = 6'000;
    std::string text;
    for (int i = 0; i < kLines; ++i) text += i % 1000 == 500 ? "broken\n" : basic("", std::to_string(i)) + "\n";
    const std::string job = BulkService::path_of(door.take_in(text)).substr(6);
    const auto state = [&] { return *door.bulk->find(job); };
    for (int i = 0; i < 2'000 && state().written == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    int pauses = 0;
    while (state().is_running()) {
        door.bulk->stop();
        ++pauses;
        bulk::Bulk again(bulk::Ground{*door.record, *door.database, *door.writer, door.clock, door.metrics, door.owner_caller, door.bulk_folder()});
        again.start();
        const std::int64_t before = state().written;
        for (int i = 0; i < 5'000 && state().is_running() && state().written < before + 700; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_GT(pauses, 2);
    EXPECT_EQ(state().state, "complete");
    EXPECT_EQ(state().written, kLines - 6);
    EXPECT_EQ(door.live("Basic"), kLines - 6);
    EXPECT_EQ(door.lines(door.manifest("/bulk/" + job), "error").size(), 6U);
}

TEST(BulkImport, is_cancelled_between_two_commits) {
    Door door;
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += basic("", "x") + "\n";
    const std::string job = BulkService::path_of(door.take_in(text));
    for (int i = 0; i < 2'000 && door.live("Basic") == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(door.send(Method::del, job).status, 202);
    const std::int64_t written = door.live("Basic");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_EQ(door.live("Basic"), written);
    EXPECT_LT(written, 20'000);
    const Value end = door.manifest(job);
    EXPECT_EQ(counts(end)["state"].text(), "cancelled");
    EXPECT_EQ(counts(end)["written"].integer(), written);
    EXPECT_EQ(door.send(Method::del, job).status, 202);
    EXPECT_EQ(door.get(job).status, 404);
}

TEST(BulkImport, is_given_up_when_nothing_of_it_is_right) {
    Door door;
    std::string text;
    for (int i = 0; i < 100'500; ++i) text += "x\n";
    const std::string job = BulkService::path_of(door.take_in(text)).substr(6);
    for (int i = 0; i < 2'000 && door.bulk->find(job)->is_running(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(door.bulk->find(job)->state, "failed");
    EXPECT_EQ(door.bulk->find(job)->error, "record.import_outcomes");
    EXPECT_EQ(door.get("/bulk/" + job).status, 409);
    EXPECT_EQ(door.get("/bulk/" + job + "/files/outcome.ndjson").status, 200) << "what was refused can be read";
}

TEST(BulkImport, passes_lines_that_are_too_long) {
    Folder folder;
    const std::string path = folder.file() + ".ndjson";
    std::ofstream(path) << "short\n" << std::string((64 << 20) + 10, 'x') << "\nlast";
    bulk::LineReader lines(path, 0, false);
    EXPECT_EQ(lines.next()->text, "short");
    const auto long_one = lines.next();
    EXPECT_TRUE(long_one->too_long);
    EXPECT_TRUE(long_one->text.empty());
    const auto last = lines.next();
    EXPECT_EQ(last->text, "last");
    EXPECT_EQ(last->start, long_one->next);
    EXPECT_FALSE(lines.next());
}

}  // namespace
}  // namespace qiao::record::testing
