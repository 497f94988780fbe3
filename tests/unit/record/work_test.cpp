#include "harness.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace qiao::record::testing {
namespace {

constexpr std::string_view kPatient =
    R"({"resourceType":"Patient","id":"p1","name":[{"text":"王伟","family":"王","given":["伟"]}],"gender":"male","birthDate":"1980-05-17"})";

TEST(Work, create_read_and_restart) {
    Store store;
    EXPECT_EQ(store.put(kPatient), "Patient/p1");
    auto found = store.read()->read("Patient", "p1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->version, 1);
    EXPECT_EQ(found->value()["meta"]["versionId"].text(), "1");
    EXPECT_EQ(found->value()["name"].at(0)["text"].text(), "王伟");
    EXPECT_EQ(found->patient, found->rid);
    store.reopen();
    found = store.read()->read("Patient", "p1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->value()["birthDate"].text(), "1980-05-17");
    EXPECT_EQ(store.put(R"({"resourceType":"Patient","id":"p2"})"), "Patient/p2");
    EXPECT_NE(store.read()->read("Patient", "p2")->rid, found->rid);
}

TEST(Work, server_ids_are_uuids_and_sixteen_letters_stay_text) {
    Store store;
    const std::string made = store.put(R"({"resourceType":"Patient"})");
    EXPECT_EQ(made.size(), std::string("Patient/").size() + 36);
    store.put(R"({"resourceType":"Basic","id":"abcdefghijklmnop","code":{"text":"x"}})");
    EXPECT_EQ(store.read()->read("Basic", "abcdefghijklmnop")->id, "abcdefghijklmnop");
    EXPECT_TRUE(store.read()->read("Patient", made.substr(8)));
}

TEST(Work, update_keeps_history_and_checks_version) {
    Store store;
    store.put(kPatient);
    {
        auto work = store.begin();
        json::Value patient = work->load("Patient/p1").value();
        patient.set("gender", "female");
        work->update(patient);
        EXPECT_EQ(work->reader().read("Patient", "p1")->version, 2);
        work->commit();
    }
    {
        auto work = store.begin();
        work->update_text("Patient", "p1", R"({"resourceType":"Patient","gender":"other"})", 1);
        EXPECT_EQ(code_of([&] { work->commit(); }), "record.version_stale");
    }
    auto reader = store.read();
    EXPECT_EQ(reader->read("Patient", "p1")->value()["gender"].text(), "female");
    EXPECT_EQ(reader->read_version("Patient", "p1", 1)->value()["gender"].text(), "male");
    const auto history = reader->history({"Patient", "p1"}).versions;
    ASSERT_EQ(history.size(), 2U);
    EXPECT_EQ(history[0].version, 2);
    EXPECT_LT(history[1].updated, history[0].updated);
}

TEST(Work, a_loaded_version_must_still_be_the_newest) {
    Store store;
    store.put(kPatient);
    auto slow = store.begin();
    slow->load("Patient/p1");
    slow->create_text(R"({"resourceType":"Basic","code":{"text":"x"}})");
    {
        auto fast = store.begin();
        fast->update_text("Patient", "p1", R"({"resourceType":"Patient","gender":"other"})");
        fast->commit();
    }
    EXPECT_EQ(code_of([&] { slow->commit(); }), "record.version_stale");
    EXPECT_EQ(store.rows("SELECT count(*) FROM res"), 1);
}

TEST(Work, delete_leaves_a_tombstone_and_no_index_rows) {
    Store store;
    store.put(kPatient);
    EXPECT_GT(store.rows("SELECT count(*) FROM str"), 0);
    auto work = store.begin();
    work->remove("Patient", "p1");
    work->commit();
    auto reader = store.read();
    EXPECT_TRUE(reader->read("Patient", "p1")->deleted);
    EXPECT_EQ(code_of([&] { reader->get("Patient/p1"); }), "record.deleted");
    EXPECT_EQ(reader->history({"Patient", "p1"}).versions.size(), 2U);
    for (const char* table : {"tok", "str", "dt", "ref", "uri", "pat", "qty", "num"})
        EXPECT_EQ(store.rows(std::string("SELECT count(*) FROM ") + table), 0) << table;
    auto again = store.begin();
    again->update_text("Patient", "p1", kPatient);
    again->commit();
    EXPECT_EQ(store.read()->read("Patient", "p1")->version, 3);
}

TEST(Work, the_difference_of_index_rows_equals_a_full_rewrite) {
    Store changed;
    changed.put(kPatient);
    auto work = changed.begin();
    constexpr std::string_view kNew =
        R"({"resourceType":"Patient","id":"p1","name":[{"text":"李娜"}],"active":true,"birthDate":"1981-01-01","generalPractitioner":[{"reference":"Practitioner/x"}]})";
    work->update_text("Patient", "p1", kNew);
    work->commit();
    Store fresh;
    fresh.put(kNew);
    const auto texts = [](Store& store, const char* sql) {
        std::vector<std::string> out;
        auto snapshot = store.database->read();
        auto rows = snapshot->connection().query(sql);
        while (rows.next()) out.emplace_back(rows.text(0));
        return out;
    };
    for (const char* sql : {"SELECT param||':'||norm FROM str ORDER BY param, norm", "SELECT param||':'||lo||':'||hi FROM dt ORDER BY param, lo, hi"}) {
        EXPECT_FALSE(texts(fresh, sql).empty());
        EXPECT_EQ(texts(changed, sql), texts(fresh, sql)) << sql;
    }
    for (const char* sql : {"SELECT count(*) FROM tok", "SELECT count(*) FROM ref", "SELECT count(*) FROM pat"})
        EXPECT_EQ(changed.rows(sql), fresh.rows(sql)) << sql;
}

TEST(Work, references_to_later_resources_get_a_stub) {
    Store store;
    store.put(R"({"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/later"}})");
    EXPECT_FALSE(store.read()->read("Patient", "later"));
    EXPECT_EQ(store.rows("SELECT count(*) FROM res WHERE state = 2"), 1);
    store.put(R"({"resourceType":"Patient","id":"later"})");
    EXPECT_EQ(store.read()->read("Patient", "later")->version, 1);
    EXPECT_EQ(store.rows("SELECT count(*) FROM res"), 2);
    EXPECT_EQ(store.read()->read("Observation", "o1")->patient, store.read()->read("Patient", "later")->rid);
}

TEST(Work, a_refused_unit_writes_nothing_and_its_neighbours_stay) {
    Store store;
    auto refused = store.begin();
    refused->create_text(kPatient);
    refused->check([](storage::Group&) { throw Error(ErrorKind::conflict, "flow.no", "no"); });
    EXPECT_EQ(code_of([&] { refused->commit(); }), "flow.no");
    EXPECT_EQ(store.rows("SELECT count(*) FROM res"), 0);
    auto broken = store.begin();
    broken->create_text(kPatient);
    broken->also([](storage::Group& group, const Work::RidOf&) { group.connection().execute("INSERT INTO no_such_table VALUES(1)"); });
    EXPECT_EQ(code_of([&] { broken->commit(); }), "storage.sql");
    EXPECT_EQ(store.rows("SELECT count(*) FROM res"), 0);
    EXPECT_EQ(store.put(kPatient), "Patient/p1");
    EXPECT_EQ(code_of([&] { store.put(kPatient); }), "record.exists");
}

TEST(Work, refuses_what_is_not_fhir) {
    Store store;
    auto work = store.begin();
    EXPECT_EQ(code_of([&] { work->create_text("{"); }), "record.bad_json");
    EXPECT_EQ(code_of([&] { work->create_text(R"({"resourceType":"Patient","gender":"unknowable"})"); }), "record.invalid");
    EXPECT_EQ(code_of([&] { work->create_text(R"({"resourceType":"Nothing"})"); }), "record.invalid");
    EXPECT_EQ(code_of([&] { work->update_text("Observation", "x", kPatient); }), "record.invalid");
    EXPECT_EQ(code_of([&] { work->create_text(R"({"resourceType":"Patient","id":"no/slash"})"); }), "record.invalid");
}

TEST(Work, hooks_see_the_changes_and_listeners_hear_of_them) {
    Store store;
    std::vector<std::string> written;
    store.record->ports().on_write = [&](storage::Group&, const Actor& actor, std::span<const Change> changes) {
        for (const Change& change : changes) written.push_back(actor.role + change.operation + change.type + (change.json != nullptr ? "+" : "-"));
    };
    std::mutex mutex;
    std::condition_variable heard;
    std::vector<std::string> changed;
    store.record->subscribe([&](std::span<const Change> changes) {
        const std::lock_guard lock(mutex);
        for (const Change& change : changes) changed.push_back(change.type + "/" + change.id);
        heard.notify_all();
    });
    auto work = store.begin();
    work->create_text(kPatient);
    bool published = false;
    Rid seen = 0;
    work->also([&](storage::Group&, const Work::RidOf& rid_of) { seen = rid_of("Patient/p1"); });
    work->after_commit([&](const Commit& commit) { published = commit.changes.size() == 1 && commit.t > 0; });
    work->commit();
    EXPECT_TRUE(published);
    EXPECT_EQ(seen, store.read()->read("Patient", "p1")->rid);
    EXPECT_EQ(written, std::vector<std::string>{"systemCPatient+"});
    std::unique_lock lock(mutex);
    ASSERT_TRUE(heard.wait_for(lock, std::chrono::seconds(5), [&] { return !changed.empty(); }));
    EXPECT_EQ(changed, std::vector<std::string>{"Patient/p1"});
    EXPECT_EQ(store.rows("SELECT count(*) FROM outbox"), 1);
}

TEST(Work, concurrent_updates_of_one_version_let_one_win) {
    Store store;
    store.put(kPatient);
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 32; ++i) {
        threads.emplace_back([&] {
            auto work = store.begin();
            work->update_text("Patient", "p1", R"({"resourceType":"Patient","gender":"other"})", 1);
            const std::string code = code_of([&] { work->commit(); });
            if (code.empty())
                ++won;
            else if (code == "record.version_stale")
                ++lost;
        });
    }
    threads.clear();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 31);
    EXPECT_EQ(store.read()->read("Patient", "p1")->version, 2);
}

TEST(Dictionary, is_made_once_there_is_enough_to_learn_from_and_bodies_of_before_stay_readable) {
    Store store;
    const auto visit = [](int n) {
        const std::string digits = std::to_string(10'000'019LL * n);
        return R"({"resourceType":"Encounter","id":"e)" + std::to_string(n) +
               R"(","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/)" +
               digits + R"("},"identifier":[{"system":"urn:oid:2.999.1","value":"V)" + digits + R"("}],"reasonCode":[{"text":"visit )" + digits + "\"}]}";
    };
    const auto put = [&](int from, int to) {
        auto work = store.begin();
        for (int n = from; n < to; ++n) work->create_text(visit(n));
        work->commit();
    };
    put(0, 3200);
    EXPECT_EQ(store.rows("SELECT count(*) FROM res WHERE type = (SELECT type FROM res WHERE id = CAST('e1' AS BLOB)) AND length(body) < 150"), 0);
    std::unique_ptr<Store> beside;  // a node that knows no dictionary yet
    if (store.database->shared()) beside = std::make_unique<Store>(&store);
    while (store.rows("SELECT count(*) FROM dict") == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (int n = 4000; store.rows("SELECT count(*) FROM res WHERE length(body) < 150 AND state = 0") == 0; ++n) put(n, n + 1);
    const auto text = [](Store& where, int n) { return where.read()->read("Encounter", "e" + std::to_string(n))->value()["reasonCode"].at(0)["text"].text(); };
    for (Store* one : {&store, beside.get()}) {
        if (one == nullptr) continue;
        EXPECT_EQ(text(*one, 4000), "visit " + std::to_string(10'000'019LL * 4000));
        EXPECT_EQ(text(*one, 7), "visit " + std::to_string(10'000'019LL * 7));
    }
    store.reopen();
    EXPECT_EQ(text(store, 4000), "visit " + std::to_string(10'000'019LL * 4000));
    put(5000, 5001);
    EXPECT_EQ(text(store, 5000), "visit " + std::to_string(10'000'019LL * 5000));
}

}  // namespace
}  // namespace qiao::record::testing
