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

TEST_F(Nodes, what_an_operator_defines_at_one_is_known_to_both_at_once) {
    const auto definition = [](const std::string& expression, const std::string& status) {
        return R"({"resourceType":"SearchParameter","id":"s","url":"http://example.org/s","name":"s","description":"d","status":")" + status +
               R"(","code":"sort-of","type":"token","base":["Basic"],"expression":")" + expression + R"("})";
    };
    const std::vector<http::Header> as_operator{{"x-test-caller", "operator"}};
    const auto basic = [](const std::string& id, const std::string& code) {
        return R"({"resourceType":"Basic","id":")" + id + R"(","code":{"text":")" + code + R"("},"language":")" + code + R"("})";
    };
    // Both nodes index and write: on a busy machine one may have to come again, as its clients do.
    const auto send = [&](Service& node, const std::string& path, const std::string& body) {
        http::Response answer;
        do answer = node.send(Method::put, "/fhir/" + path, body, path.starts_with("Search") ? as_operator : std::vector<http::Header>{});
        while (answer.status == 503);
        return answer.status;
    };
    const auto put = [&](Service& node, const std::string& id, const std::string& code) { EXPECT_LT(send(node, "Basic/" + id, basic(id, code)), 300); };
    for (int i = 0; i < 1500; i += 500) {
        auto work = one.begin();
        for (int n = i; n < i + 500; ++n) work->create_text(basic("b" + std::to_string(n), n % 2 == 0 ? "en" : "de"));
        work->commit();
    }
    EXPECT_EQ(two.get("/fhir/Basic?sort-of=en").status, 400);
    ASSERT_EQ(send(one, "SearchParameter/s", definition("Basic.language", "active")), 201);
    // The other node knows it at once, and no answer of either is half an answer.
    for (Service* node : {&two, &one}) {
        for (;;) {
            const auto answer = node->get("/fhir/Basic?sort-of=en&_summary=count");
            if (answer.status == 200) {
                EXPECT_EQ((*json::parse(answer.body))["total"].integer(), 750);
                break;
            }
            ASSERT_EQ(error_of(answer), "record.parameter_not_ready") << answer.body;
        }
    }
    // What either writes from now on has its rows, also where the writer's thread made them before it knew.
    put(two, "b1", "en");
    put(one, "b0", "de");
    put(two, "new", "en");
    for (Service* node : nodes) EXPECT_EQ(node->get_json("/fhir/Basic?sort-of=en&_summary=count")["total"].integer(), 751);
    // Both list it soon.
    for (Service* node : nodes) {
        for (int look = 0; look < 600 && node->get("/fhir/metadata").body.find("sort-of") == std::string::npos; ++look) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        EXPECT_NE(node->get("/fhir/metadata").body.find("sort-of"), std::string::npos);
    }
    // Another expression at the other node: nobody finds by the old one.
    ASSERT_EQ(send(two, "SearchParameter/s", definition("Basic.code.text", "active")), 200);
    for (Service* node : nodes) {
        const auto answer = node->get("/fhir/Basic?sort-of=fr");
        EXPECT_TRUE(answer.status == 200 || error_of(answer) == "record.parameter_not_ready") << answer.body;
    }
    put(one, "late", "fr");
    two.wait_for_index();
    one.wait_for_index();
    for (Service* node : nodes) EXPECT_EQ(node->found("/fhir/Basic?sort-of=fr"), "late");
    ASSERT_EQ(send(two, "SearchParameter/s", definition("Basic.code.text", "retired")), 200);
    for (Service* node : nodes) EXPECT_EQ(error_of(node->get("/fhir/Basic?sort-of=fr")), "record.unknown_parameter");
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
