#include "harness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

/// What the access filter lets through: rights, labels, denials.
namespace qiao::record::testing {
namespace {

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"p1"})";

/// Two institutions: 1 made the patient and stands in `reach`; 2 does not.
TEST(Filter, a_foreign_patient_does_not_exist) {
    Store store;
    const ReadFilter own = standing({101}, {1});
    const ReadFilter foreign = standing({102}, {2});
    const Instant now = store.clock.now();
    auto work = store.record->begin(own, actor_of(11, 1));
    work->create_text(kPatient);
    work->create_text(R"({"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}})");
    work->create_text(R"({"resourceType":"Device","id":"d1"})");
    work->create_text(R"({"resourceType":"Organization","id":"org1","name":"One"})");
    work->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        store.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", now - std::chrono::hours(1), now + std::chrono::hours(1));
    });
    work->commit();
    for (const auto& [type, id] : {std::pair{"Patient", "p1"}, {"Observation", "o1"}, {"Device", "d1"}}) {
        EXPECT_TRUE(store.record->read(own)->read(type, id)) << type;
        EXPECT_FALSE(store.record->read(foreign)->read(type, id)) << type;
        EXPECT_FALSE(store.record->read(foreign)->rid_of(type, id)) << type;
        EXPECT_TRUE(store.record->read(foreign)->history({type, id}).versions.empty()) << type;
        EXPECT_FALSE(store.record->read(foreign)->read_version(type, id, 1)) << type;
    }
    EXPECT_TRUE(store.record->read(foreign)->read("Organization", "org1"));
    EXPECT_FALSE(store.record->read(ReadFilter{})->read("Organization", "org1"));
    // The end is compared when it is read.
    store.clock.advance(std::chrono::hours(2));
    EXPECT_FALSE(store.record->read(own)->read("Patient", "p1"));
}

TEST(Filter, writes_follow_it_too) {
    Store store;
    store.put(kPatient);
    const ReadFilter foreign = standing({102}, {2});
    auto update = store.record->begin(foreign, actor_of(12, 2));
    update->update_text("Patient", "p1", kPatient);
    EXPECT_EQ(code_of([&] { update->commit(); }), "record.not_found");
    auto with_version = store.record->begin(foreign, actor_of(12, 2));
    with_version->update_text("Patient", "p1", kPatient, 7);
    EXPECT_EQ(code_of([&] { with_version->commit(); }), "record.not_found");
    auto remove = store.record->begin(foreign, actor_of(12, 2));
    remove->remove("Patient", "p1");
    EXPECT_EQ(code_of([&] { remove->commit(); }), "record.not_found");
    for (const char* patient : {"p1", "nobody"}) {
        auto inject = store.record->begin(foreign, actor_of(12, 2));
        inject->create_text(std::string(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)") + patient +
                            "\"}}");
        EXPECT_EQ(code_of([&] { inject->commit(); }), "record.patient_not_found");
    }
}

TEST(Filter, a_grant_on_one_resource_opens_only_that) {
    Store store;
    store.put(kPatient);
    store.put(R"({"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}})");
    store.put(R"({"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}})");
    const ReadFilter expert = standing({201}, {});
    auto grant = store.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        store.record->reach_item(group, rid_of("Observation/o1"), 201, "case", store.clock.now() - std::chrono::hours(1),
                                 store.clock.now() + std::chrono::hours(1));
    });
    grant->commit();
    EXPECT_TRUE(store.record->read(expert)->read("Observation", "o1"));
    EXPECT_FALSE(store.record->read(expert)->read("Observation", "o2"));
    EXPECT_FALSE(store.record->read(expert)->read("Patient", "p1"));
    auto end = store.begin();
    end->also([&](storage::Group& group, const Work::RidOf&) { store.record->end_reach(group, "case"); });
    end->commit();
    EXPECT_FALSE(store.record->read(expert)->read("Observation", "o1"));
}

TEST(Filter, labels_that_no_role_opens_are_hidden_also_in_the_past) {
    Store store;
    constexpr std::string_view kRestricted =
        R"({"resourceType":"Organization","id":"x","name":"A","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}})";
    store.put(kRestricted);
    ReadFilter normal = standing({1}, {1});
    EXPECT_FALSE(store.record->read(normal)->read("Organization", "x"));
    normal.labels = label_bit("R");
    EXPECT_TRUE(store.record->read(normal)->read("Organization", "x"));
    auto work = store.begin();
    work->update_text("Organization", "x", R"({"resourceType":"Organization","id":"x","name":"A"})");
    work->commit();
    normal.labels = 0;
    EXPECT_TRUE(store.record->read(normal)->read("Organization", "x"));
    EXPECT_EQ(store.record->read(normal)->history({"Organization", "x"}).versions.size(), 1U);
    EXPECT_FALSE(store.record->read(normal)->read_version("Organization", "x", 1));
}

constexpr std::string_view kPsychiatric =
    R"({"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]}})";
constexpr std::string_view kPlainNote = R"({"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}})";

void reach(Store& store, std::int64_t grantee, const Opens& opens) {
    auto work = store.begin();
    work->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        store.record->reach_patient(group, rid_of("Patient/p1"), grantee, "test", store.clock.now() - std::chrono::hours(1),
                                    store.clock.now() + std::chrono::hours(1), opens);
    });
    work->commit();
}

void update(Store& store, std::string_view json) {
    auto work = store.begin();
    work->update(*json::parse(json));
    work->commit();
}

/// Labels beside the text of Observation/o2.
void label(Store& store, std::int64_t labels) {
    auto work = store.begin();
    work->also([&](storage::Group& group, const Work::RidOf& rid_of) { store.record->set_added_labels(group, rid_of("Observation/o2"), labels); });
    work->commit();
}

std::int64_t seen(Store& store, const ReadFilter& filter) {
    return store.record->read(filter)->search("Observation", "subject=Patient/p1&_summary=count").total.value_or(-1);
}

TEST(Filter, a_right_to_one_label_opens_no_other) {
    Store store;
    store.put(kPatient);
    store.put(kPsychiatric);
    store.put(kPlainNote);
    reach(store, 101, {.by_right = ~personal_labels()});
    ReadFilter caller = standing({101}, {});
    EXPECT_EQ(seen(store, caller), 1);
    caller.labels = label_bit("HIV");
    EXPECT_EQ(seen(store, caller), 1);
    caller.labels = label_bit("HIV") | label_bit("PSY");
    EXPECT_EQ(seen(store, caller), 2);
    reach(store, 102, {});  // a case that was not told to show it: the reader's own rights open nothing there
    caller.grantees = {102};
    EXPECT_EQ(seen(store, caller), 1);
    reach(store, 103, {.labels = label_bit("PSY")});
    EXPECT_EQ(seen(store, standing({103}, {})), 2);
}

TEST(Filter, a_patient_s_label_covers_the_whole_record_and_goes_again) {
    Store store;
    store.put(kPatient);
    store.put(kPlainNote);
    reach(store, 101, {.by_right = ~personal_labels()});
    ReadFilter caller = standing({101}, {});
    caller.labels = kEveryLabel;  // no right opens a member of the staff as patient
    ASSERT_EQ(seen(store, caller), 1);
    update(store, R"({"resourceType":"Patient","id":"p1","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"EMP"}]}})");
    EXPECT_FALSE(store.record->read(caller)->read("Patient", "p1"));
    EXPECT_EQ(seen(store, caller), 0);
    store.put(R"({"resourceType":"Observation","id":"o3","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}})");
    EXPECT_EQ(seen(store, caller), 0);
    reach(store, 102, {.labels = kEveryLabel});
    EXPECT_EQ(seen(store, standing({102}, {})), 2);
    update(store, kPatient);
    EXPECT_EQ(seen(store, caller), 2);
}

TEST(Filter, labels_beside_the_text_hold_at_once_and_in_later_versions) {
    Store store;
    store.put(kPatient);
    store.put(kPlainNote);
    reach(store, 101, {});
    const ReadFilter caller = standing({101}, {});
    label(store, label_bit("HIV"));
    EXPECT_EQ(seen(store, caller), 0);
    EXPECT_FALSE(store.record->read(caller)->read("Observation", "o2"));
    update(store, R"({"resourceType":"Observation","id":"o2","status":"amended","code":{"text":"y"},"subject":{"reference":"Patient/p1"}})");
    EXPECT_EQ(seen(store, caller), 0);
    label(store, 0);
    EXPECT_EQ(seen(store, caller), 1);
    EXPECT_EQ(store.record->read(caller)->search("Observation", "status=amended").matches.size(), 1U);
}

/// A version that was about another patient: the right to that one decides, and it counts the labels that came later.
TEST(Filter, labels_beside_the_text_hold_for_the_past_too) {
    Store store;
    store.put(kPatient);
    store.put(R"({"resourceType":"Patient","id":"p2"})");
    const auto note = [](const char* patient) {
        return fmt::format(R"({{"resourceType":"Observation","id":"o2","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/{}"}}}})", patient);
    };
    store.put(note("p1"));
    auto gone = store.begin();
    gone->remove("Observation", "o2");
    gone->commit();
    update(store, note("p2"));
    auto rights = store.begin();
    rights->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        const auto until = store.clock.now() + std::chrono::hours(1);
        store.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", store.clock.now() - std::chrono::hours(1), until, {});
        store.record->reach_patient(group, rid_of("Patient/p2"), 101, "care", store.clock.now() - std::chrono::hours(1), until, {.labels = kEveryLabel});
    });
    rights->commit();
    const ReadFilter caller = standing({101}, {});
    const auto past = [&] {
        auto reader = store.record->read(caller);
        return fmt::format("{}{}{} {}", int{reader->read_version("Observation", "o2", 1).has_value()}, int{reader->read_version("Observation", "o2", 2).has_value()},
                           int{reader->read_version("Observation", "o2", 3).has_value()}, reader->history({.type = "Observation"}).versions.size());
    };
    EXPECT_EQ(past(), "111 3");
    label(store, label_bit("HIV"));
    EXPECT_EQ(past(), "001 1");
    label(store, 0);
    EXPECT_EQ(past(), "111 3");
}

TEST(Filter, labels_beside_the_text_come_to_the_past_of_a_record_from_before) {
    Store store;
    store.put(kPatient);
    store.put(kPlainNote);
    update(store, R"({"resourceType":"Observation","id":"o2","status":"amended","code":{"text":"y"},"subject":{"reference":"Patient/p1"}})");
    reach(store, 101, {});
    // The present version is left open, so that the past is closed by its own labels.
    const auto run = [&](const std::function<void(storage::Connection&)>& statements) {
        auto work = store.begin();
        work->also([&](storage::Group& group, const Work::RidOf&) { statements(group.connection()); });
        work->commit();
    };
    run([](storage::Connection& connection) {
        connection.execute("INSERT INTO res_label(rid, label_bits) SELECT rid, ? FROM hist", {label_bit("HIV")});
    });
    const auto open = [&](std::int64_t grantee) { return store.record->read(standing({grantee}, {}))->read_version("Observation", "o2", 1).has_value(); };
    EXPECT_TRUE(open(101));
    EXPECT_EQ(store.rows("SELECT count(*) FROM aclset WHERE label_bits <> 0"), 0);
    const auto migrations = record_migrations();
    const auto step = std::find_if(migrations.begin(), migrations.end(), [](const storage::Migration& one) { return one.folder == "record" && one.version == 9; });
    ASSERT_NE(step, migrations.end());
    run([&](storage::Connection& connection) { connection.script(step->sql); });
    EXPECT_FALSE(open(101));
    reach(store, 102, {.labels = label_bit("HIV")});
    EXPECT_TRUE(open(102));
    EXPECT_TRUE(store.record->read(standing({101}, {}))->read("Observation", "o2"));
}

TEST(Filter, a_denial_beats_every_row_but_break_glass) {
    Store store;
    store.put(kPatient);
    store.put(kPlainNote);
    reach(store, 101, {});
    reach(store, 102, {});
    reach(store, 103, {.labels = kEveryLabel, .beats_denial = true});
    const auto deny = [&](bool denied) {
        auto work = store.begin();
        work->also([&](storage::Group& group, const Work::RidOf& rid_of) {
            for (const std::int64_t key : {101, 103}) store.record->deny_reach(group, rid_of("Patient/p1"), key, denied);
        });
        work->commit();
    };
    deny(true);
    EXPECT_EQ(seen(store, standing({101}, {})), 0);
    EXPECT_EQ(seen(store, standing({102}, {})), 1);
    EXPECT_EQ(seen(store, standing({103}, {})), 1);
    deny(false);
    EXPECT_EQ(seen(store, standing({101}, {})), 1);
}

TEST(Filter, many_keys_are_bound_as_a_list) {
    Store store;
    auto work = store.record->begin(ReadFilter::system("test"), actor_of(1, 20));
    work->create_text(R"({"resourceType":"Device","id":"d1"})");
    work->commit();
    std::vector<std::int64_t> keys;
    for (std::int64_t i = 1; i <= 40; ++i) keys.push_back(i);
    EXPECT_TRUE(store.record->read(standing(keys, keys))->read("Device", "d1"));
    for (std::int64_t& key : keys) key += 100;
    EXPECT_FALSE(store.record->read(standing(keys, keys))->read("Device", "d1"));
}

}  // namespace
}  // namespace qiao::record::testing
