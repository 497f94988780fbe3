#include "record/store/recent_versions.hpp"

#include "harness.hpp"

#include <random>

namespace qiao::record::testing {
namespace {

/// The rows that an update takes away are those that were written, whether they are remembered or made anew from the text.
TEST(RecentVersions, many_updates_leave_the_rows_of_the_last_versions) {
    constexpr const char* kTables[] = {"tok", "ref", "dt", "str", "qty", "num", "uri", "cmp", "pat"};
    const auto text = [](int resource, int value) {
        const std::string n = std::to_string(value);
        return R"({"resourceType":"Observation","id":"o)" + std::to_string(resource) + R"(","status":")" + (value % 2 == 0 ? "final" : "amended") +
               R"(","code":{"coding":[{"system":"urn:c","code":"c)" + n + R"("}],"text":"text )" + n + R"("},"subject":{"reference":"Patient/p)" + n +
               R"("},"effectiveDateTime":"2026-01-1)" + n + R"(","valueQuantity":{"value":)" + n + R"(,"unit":"u)" + n + R"("}})";
    };
    constexpr int kResources = 3;
    std::mt19937_64 random(7);
    Store store;
    int last[kResources] = {0, 0, 0};
    for (int round = 0; round < 200; ++round) {
        const int resource = static_cast<int>(random() % kResources);
        const int value = static_cast<int>(random() % 9);
        auto work = store.begin();
        if (random() % 4 != 0) work->plain();
        const bool removed = random() % 10 == 0;
        const bool refused = random() % 5 == 0;
        if (removed)
            work->remove("Observation", "o" + std::to_string(resource));
        else
            work->update_text("Observation", "o" + std::to_string(resource), text(resource, value));
        if (refused) work->check([](storage::Group&) { throw Error(ErrorKind::conflict, "test.no", "no"); });
        EXPECT_EQ(code_of([&] { work->commit(); }), refused ? "test.no" : "");
        if (!refused) last[resource] = removed ? -1 : value;
    }
    Store fresh;
    for (int resource = 0; resource < kResources; ++resource) {
        const std::string id = "o" + std::to_string(resource);
        if (last[resource] < 0) continue;
        fresh.put(text(resource, last[resource]));
        EXPECT_NE(store.read()->read("Observation", id)->json.find("text " + std::to_string(last[resource])), std::string::npos);
        EXPECT_EQ(store.read()->search("Observation", "code:text=text " + std::to_string(last[resource]) + "&_id=" + id).matches.size(), 1U);
    }
    for (const char* table : kTables) {
        const std::string count = std::string("SELECT count(*) FROM ") + table;
        EXPECT_EQ(store.rows(count), fresh.rows(count)) << table;
    }
}

TEST(RecentVersions, serve_that_version_alone) {
    RecentVersions recent;
    const auto derived = std::make_shared<const Derived>();
    recent.keep(1, 2, derived);
    EXPECT_EQ(recent.find(1, 2), derived);
    EXPECT_EQ(recent.find(1, 1), nullptr);
    EXPECT_EQ(recent.find(1, 3), nullptr);
    EXPECT_EQ(recent.find(2, 2), nullptr);
    recent.keep(1, 1, std::make_shared<const Derived>());  // one that was overtaken
    EXPECT_EQ(recent.find(1, 2), derived);
    for (Rid rid = 10; rid < 1100; ++rid) recent.keep(rid, 1, derived);
    EXPECT_EQ(recent.find(1, 2), derived);
    for (Rid rid = 2000; rid < 3100; ++rid) recent.keep(rid, 1, derived);
    EXPECT_EQ(recent.find(1, 2), nullptr);
}

}  // namespace
}  // namespace qiao::record::testing
