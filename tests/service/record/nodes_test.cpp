#include "service.hpp"

/// Two nodes on one PostgreSQL: one order of commits, checks that hold across nodes, a feed that tells of both.
namespace qiao::record::testing {
namespace {

class Nodes : public ::testing::Test {
protected:
    Service one;
    Service two{&one};
    std::vector<Service*> nodes{&one, &two};

    /// `calls` requests, spread over both nodes, all at once.
    std::map<int, int> together(int calls, const std::function<http::Response(Service&, int)>& call) {
        std::map<int, int> answers;
        std::mutex mutex;
        std::vector<std::jthread> callers;
        for (int i = 0; i < calls; ++i) {
            callers.emplace_back([&, i] {
                const auto response = call(*nodes[static_cast<std::size_t>(i) % 2], i);
                const std::lock_guard lock(mutex);
                ++answers[response.status];
            });
        }
        callers.clear();
        return answers;
    }
};

TEST_F(Nodes, what_one_writes_the_other_reads_and_changes) {
    EXPECT_EQ(one.send(Method::put, "/fhir/Patient/p1", R"({"resourceType":"Patient","id":"p1","name":[{"family":"Wang"}]})").status, 201);
    EXPECT_EQ(two.get("/fhir/Patient/p1").status, 200);
    EXPECT_EQ(two.send(Method::put, "/fhir/Patient/p1", R"({"resourceType":"Patient","id":"p1","name":[{"family":"Li"}]})").status, 200);
    EXPECT_EQ(one.get_json("/fhir/Patient/p1")["meta"]["versionId"].text(), "2");
    EXPECT_EQ(one.get_json("/fhir/Patient?name=li")["total"].integer(), 1);
    EXPECT_EQ(two.send(Method::post, "/fhir/Observation", kObservation).status, 201);
    EXPECT_EQ(one.send(Method::post, "/fhir/Observation", kObservation).status, 201);
    EXPECT_EQ(two.get_json("/fhir/Observation?patient=p1")["total"].integer(), 2);
}

TEST_F(Nodes, sixty_four_conditional_creates_make_one) {
    const auto answers = together(64, [](Service& node, int) {
        return node.send(Method::post, "/fhir/Patient", kPatient, {{"if-none-exist", "identifier=urn:mrn|A1"}});
    });
    EXPECT_EQ(answers, (std::map<int, int>{{200, 63}, {201, 1}}));
    EXPECT_EQ(one.get_json("/fhir/Patient?identifier=urn:mrn|A1")["total"].integer(), 1);
}

TEST_F(Nodes, of_thirty_two_updates_of_one_version_one_wins) {
    put_patient(one, "p1");
    const auto answers = together(32, [](Service& node, int i) {
        return node.send(Method::put, "/fhir/Patient/p1", R"({"resourceType":"Patient","id":"p1","name":[{"family":"N)" + std::to_string(i) + R"("}]})",
                         {{"if-match", "W/\"1\""}});
    });
    EXPECT_EQ(answers, (std::map<int, int>{{200, 1}, {412, 31}}));
    EXPECT_EQ(two.get_json("/fhir/Patient/p1")["meta"]["versionId"].text(), "2");
}

TEST_F(Nodes, the_feed_of_each_tells_of_all_commits_in_one_order) {
    std::mutex mutex;
    std::map<Service*, std::vector<std::string>> told;
    for (Service* node : nodes) {
        node->record->subscribe([&, node](std::span<const Change> changes) {
            const std::lock_guard lock(mutex);
            for (const Change& change : changes) told[node].push_back(change.type + "/" + change.id + "/" + std::to_string(change.version));
        });
    }
    together(40, [](Service& node, int i) {
        return node.send(Method::put, "/fhir/Basic/b" + std::to_string(i % 8),
                         R"({"resourceType":"Basic","id":"b)" + std::to_string(i % 8) + R"(","code":{"text":"x"}})");
    });
    for (int look = 0; look < 600; ++look) {
        {
            const std::lock_guard lock(mutex);
            if (told[&one].size() >= 40 && told[&two].size() >= 40) break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const std::lock_guard lock(mutex);
    EXPECT_EQ(told[&one].size(), 40U);
    EXPECT_EQ(told[&one], told[&two]);
}

}  // namespace
}  // namespace qiao::record::testing
