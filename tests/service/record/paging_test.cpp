#include "service.hpp"

#include <fmt/format.h>

#include <random>

/// Pages while others write: what was there from the first page to the last and kept its place in the order comes exactly once.
namespace qiao::record::testing {
namespace {

constexpr int kStaying = 150;

std::string observation(const std::string& id, int number, const std::string& note) {
    std::string when;
    if (number % 7 != 0) when = fmt::format(R"(,"effectiveDateTime":"2026-{:02}-{:02}T10:00:00Z")", 1 + number % 3, 1 + number % 20);
    std::string value;
    if (number % 5 != 0) value = fmt::format(R"(,"valueQuantity":{{"value":{}.5,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}})", number % 11);
    return fmt::format(
        R"({{"resourceType":"Observation","id":"{}","status":"{}","code":{{"coding":[{{"system":"urn:c","code":"{}"}}]}},"subject":{{"reference":"Patient/p"}}{}{},"note":[{{"text":"{}"}}]}})",
        id, number % 2 == 0 ? "final" : "amended", number % 3 == 0 ? "a" : "b", when, value, note);
}

struct Order {
    std::string query;
    bool staying_are_updated;  ///< an update does not move them
};

class Pages : public ::testing::TestWithParam<Order> {
protected:
    Service service;

    void put(const std::string& id, int number, const std::string& note) {
        const auto answer = service.send(Method::put, "/fhir/Observation/" + id, observation(id, number, note));
        ASSERT_TRUE(answer.status == 200 || answer.status == 201) << answer.body;
    }

    /// Inserts, updates, moves and deletes others, and updates those that stay.
    void write(const std::stop_token& stop, unsigned seed) {
        std::mt19937 random(seed);
        while (!stop.stop_requested()) {
            const int number = static_cast<int>(random() % 1000);
            const std::string other = fmt::format("other-{}", random() % 60);
            switch (random() % 4) {
                case 0: put(fmt::format("new-{}-{}", seed, random() % 500), number, "new"); break;
                case 1: put(other, number, "moved"); break;  // into another place of the order
                case 2: service.send(Method::del, "/fhir/Observation/" + other); break;
                default:
                    if (GetParam().staying_are_updated) {
                        const int one = static_cast<int>(random() % kStaying);
                        put(fmt::format("stay-{}", one), one, fmt::format("again {}", random()));
                    }
            }
        }
    }
};

TEST_P(Pages, what_stays_comes_once) {
    ASSERT_EQ(service.send(Method::put, "/fhir/Patient/p", R"({"resourceType":"Patient","id":"p"})").status, 201);
    for (int i = 0; i < kStaying; ++i) put(fmt::format("stay-{}", i), i, "first");
    for (int i = 0; i < 60; ++i) put(fmt::format("other-{}", i), i, "first");
    // Which of those that stay the search is about, before anybody writes.
    std::set<std::string> wanted;
    const json::Value all = service.get_json("/fhir/Observation?" + GetParam().query + "&_count=1000");
    for (const auto& entry : all["entry"].items()) {
        if (const std::string id = entry["resource"]["id"].text(); id.starts_with("stay-")) wanted.insert(id);
    }
    ASSERT_GT(wanted.size(), 30U);
    std::vector<std::jthread> writers;
    for (unsigned seed = 1; seed <= 2; ++seed) writers.emplace_back([this, seed](const std::stop_token& stop) { write(stop, seed); });
    for (int walk = 0; walk < 3; ++walk) {
        std::map<std::string, int> seen;
        std::string next = "/fhir/Observation?" + GetParam().query + "&_count=13";
        int pages = 0;
        while (!next.empty()) {
            const auto page = service.get_json(next);
            ASSERT_EQ(page["resourceType"].text(), "Bundle") << page.dump();
            for (const auto& entry : page["entry"].items()) ++seen[entry["resource"]["id"].text()];
            next.clear();
            for (const auto& link : page["link"].items()) {
                if (link["relation"].text() == "next") next = link["url"].text().substr(link["url"].text().find("/fhir/"));
            }
            ASSERT_LT(++pages, 200);
        }
        EXPECT_GT(pages, 2);
        for (const std::string& id : wanted) EXPECT_EQ(seen[id], 1) << GetParam().query << " " << id;
    }
}

INSTANTIATE_TEST_SUITE_P(Orders, Pages,
                         ::testing::Values(Order{"", true}, Order{"_sort=date", true}, Order{"_sort=-date", true}, Order{"_sort=_id", true}, Order{"_sort=-_id", true},
                                           Order{"_sort=value-quantity", true}, Order{"_sort=-value-quantity,date", true}, Order{"_sort=_lastUpdated", false},
                                           Order{"_sort=-_lastUpdated", false}, Order{"status=final&_sort=-date,_id", true}, Order{"code=urn:c|b&subject=Patient/p", true},
                                           Order{"date=ge2026-02&_sort=date,-value-quantity", true}, Order{"value-quantity=gt2&_sort=date", true}),
                         [](const auto& one) { return "order_" + std::to_string(one.index); });

}  // namespace
}  // namespace qiao::record::testing
