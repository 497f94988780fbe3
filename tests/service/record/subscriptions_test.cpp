#include "service.hpp"

#include "record/feed/subscription_operations.hpp"
#include "record/feed/subscriptions.hpp"

#include <algorithm>
#include <functional>

/// Subscriptions through the API: what is matched, what its owner may see of it, retries, the backlog, the end, `$status`, `$events`.
/// The subscriber is a port of this file; against a real one: tests/interop/subscriptions_test.py.
namespace qiao::record::testing {
namespace {

using json::Value;
using Names = std::vector<std::string>;

/// What the subscriber was sent, and what it answers.
struct Subscriber {
    std::mutex mutex;
    std::vector<HookRequest> requests;  // those that it took
    int attempts = 0;
    std::string failure;

    HookAnswer take(const HookRequest& request) {
        const std::lock_guard lock(mutex);
        ++attempts;
        if (!failure.empty()) return {500, failure};
        requests.push_back(request);
        return {200, {}};
    }
    void answer(const std::string& with) {
        const std::lock_guard lock(mutex);
        failure = with;
    }
    int tried() {
        const std::lock_guard lock(mutex);
        return attempts;
    }
    /// "PUT /hook/Observation/o1" of each, in order.
    Names lines() {
        const std::lock_guard lock(mutex);
        Names out;
        for (const HookRequest& one : requests) out.push_back(one.method + " " + one.url.substr(std::string("https://h.example").size()));
        return out;
    }
};

/// Patient p1 is seen by "one", not by "two"; both may subscribe.
class SubscriptionsTest : public ::testing::Test {
protected:
    void SetUp() override {
        add_subscription_operations(*service.rest, subscriptions);
        put_patient(service, "p1");
        auto grant = service.begin();
        grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
            const auto now = service.clock.now();
            service.record->reach_patient(group, rid_of("Patient/p1"), 101, "care", now - std::chrono::hours(1), now + std::chrono::hours(2));
        });
        grant->commit();
        subscriptions.start();
    }
    void TearDown() override { subscriptions.stop(); }

    SubscriptionPorts ports() {
        SubscriptionPorts out;
        out.send = [this](const HookRequest& request) { return subscriber.take(request); };
        out.check_endpoint = [](const std::string& url) {
            if (!url.starts_with("https://h.example/")) throw Error(ErrorKind::invalid, "record.bad_endpoint", "not allowed");
        };
        out.filter_of = [this](const std::string& owner) -> std::optional<ReadFilter> {
            const std::lock_guard lock(owners_mutex);
            if (gone.contains(owner)) return std::nullopt;
            return Service::caller(owner == "person:11" ? "one" : owner == "person:12" ? "two" : "all").filter;
        };
        out.name_of = [](const std::string& owner) { return owner; };
        out.is_operator = [](const Actor&) { return false; };
        return out;
    }

    static std::string subscription(const std::string& criteria, const std::string& channel, const std::string& more = {}) {
        return R"({"resourceType":"Subscription","status":"requested","reason":"test","criteria":")" + criteria + R"(","channel":{)" + channel + "}" + more + "}";
    }
    static constexpr const char* kFullHook = R"("type":"rest-hook","endpoint":"https://h.example/hook","payload":"application/fhir+json")";
    static constexpr const char* kBackportHook =
        R"("type":"rest-hook","endpoint":"https://h.example/hook","payload":"application/fhir+json","_payload":{"extension":[{"url":)"
        R"("http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]})";

    /// An active one; its id.
    std::string subscribe(const std::string& criteria, const std::string& channel = kFullHook, std::string_view as = "one", const std::string& more = {}) {
        const auto made = service.send(Method::post, "/fhir/Subscription", subscription(criteria, channel, more), {{"x-test-caller", std::string(as)}});
        EXPECT_EQ(made.status, 201) << made.body;
        const std::string id = (*json::parse(made.body))["id"].text();
        EXPECT_TRUE(soon([&] { return status_of(id, as) == "active"; })) << criteria;
        return id;
    }
    std::string status_of(const std::string& id, std::string_view as = "one") { return service.get_json("/fhir/Subscription/" + id, as)["status"].text(); }

    void observe(const std::string& id, const std::string& patient = "p1", const std::string& code = "8867-4", const std::string& status = "final") {
        const auto response = service.send(Method::put, "/fhir/Observation/" + id,
                                           R"({"resourceType":"Observation","id":")" + id + R"(","status":")" + status +
                                               R"(","code":{"coding":[{"system":"http://loinc.org","code":")" + code +
                                               R"("}]},"subject":{"reference":"Patient/)" + patient + R"("}})");
        ASSERT_LT(response.status, 300) << response.body;
    }

    static bool soon(const std::function<bool()>& holds) {
        for (int look = 0; look < 1200; ++look) {
            if (holds()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
        }
        return false;
    }
    Value row(const std::string& id, std::string_view as = "one") {
        const Value list = service.get_json("/fhir/Subscription/$backlog", as);
        for (const Value& one : list["subscriptions"].items()) {
            if (one["id"].text() == id) return one;
        }
        return {};
    }
    /// {name: value} of the first `Parameters` of a Bundle.
    static std::map<std::string, std::string> status_values(const Value& bundle) {
        std::map<std::string, std::string> out;
        for (const Value& one : bundle["entry"].at(0)["resource"]["parameter"].items()) {
            for (const char* member : {"valueCode", "valueString"}) {
                if (!one[member].is_null()) out[one["name"].text()] = one[member].text();
            }
        }
        return out;
    }
    /// "1 Observation/o1" of each event.
    Names events(const std::string& id, const std::string& query = {}, std::string_view as = "one") {
        const Value bundle = service.get_json("/fhir/Subscription/" + id + "/$events" + query, as);
        Names out;
        for (const Value& one : bundle["entry"].at(0)["resource"]["parameter"].items()) {
            if (one["name"].text() != "notification-event") continue;
            const std::string focus = one["part"].at(2)["valueReference"]["reference"].text();
            out.push_back(one["part"].at(0)["valueString"].text() + " " + focus.substr(focus.find("/fhir/") + 6));
        }
        return out;
    }

    Service service;
    Subscriber subscriber;
    std::mutex owners_mutex;
    std::set<std::string> gone;
    Subscriptions subscriptions{Subscriptions::Ground{*service.record, *service.database, *service.writer, service.clock, service.metrics, ports(),
                                                      [] { return std::string("http://fhir.example:8080/fhir"); }}};
};

TEST_F(SubscriptionsTest, what_matches_arrives_in_order_and_nothing_else_does) {
    const std::string id = subscribe("Observation?code=http://loinc.org|8867-4&status=final,amended");
    for (int i = 1; i <= 20; ++i) {
        observe("o" + std::to_string(i));
        observe("x" + std::to_string(i), "p1", "718-7");
    }
    observe("o1", "p1", "8867-4", "amended");
    observe("o1", "p1", "8867-4", "cancelled");
    Names wanted;
    for (int i = 1; i <= 20; ++i) wanted.push_back("PUT /hook/Observation/o" + std::to_string(i));
    wanted.emplace_back("PUT /hook/Observation/o1");
    EXPECT_TRUE(soon([&] { return row(id)["backlog"].integer() == 0 && subscriber.lines().size() >= wanted.size(); }));
    EXPECT_EQ(subscriber.lines(), wanted);
}

TEST_F(SubscriptionsTest, what_the_owner_may_not_see_is_no_event_of_theirs) {
    put_patient(service, "p2");
    const std::string mine = subscribe("Observation?status=final", kBackportHook, "one");
    const std::string others = subscribe("Observation?status=final", kBackportHook, "two");
    observe("hidden", "p2");
    observe("seen", "p1");
    EXPECT_TRUE(soon([&] { return events(mine).size() == 1 && row(mine)["backlog"].integer() == 0; }));
    EXPECT_EQ(events(mine), (Names{"1 Observation/seen"}));
    EXPECT_EQ(status_values(service.get_json("/fhir/Subscription/" + mine + "/$status", "one"))["events-since-subscription-start"], "1");
    EXPECT_EQ(events(others, "", "two"), Names{});
    EXPECT_EQ(status_values(service.get_json("/fhir/Subscription/" + others + "/$status", "two"))["events-since-subscription-start"], "0");
    for (const std::string& sent : {subscriber.requests[0].body, subscriber.requests[1].body, subscriber.requests[2].body}) {
        EXPECT_EQ(sent.find("hidden"), std::string::npos);
    }
}

TEST_F(SubscriptionsTest, an_event_is_not_told_any_more_when_its_owner_lost_sight_before_the_delivery) {
    const std::string id = subscribe("Observation?status=final");
    subscriber.answer("http_500");
    observe("o1");
    EXPECT_TRUE(soon([&] { return row(id)["failure"].text() == "http_500"; }));
    EXPECT_EQ(events(id), (Names{"1 Observation/o1"}));
    service.clock.advance(std::chrono::hours(3));  // the care relation has ended
    subscriber.answer("");
    EXPECT_TRUE(soon([&] { return row(id)["backlog"].integer() == 0; }));
    EXPECT_EQ(subscriber.lines(), Names{});
    EXPECT_EQ(events(id), Names{});
    EXPECT_EQ(service.get("/fhir/Subscription/" + id + "/$events?content=full-resource", "one").body.find("Observation/o1"), std::string::npos);
}

TEST_F(SubscriptionsTest, a_failing_subscriber_is_tried_again_and_gets_all_in_order) {
    const std::string id = subscribe("Observation?status=final");
    subscriber.answer("http_500");
    for (int i = 1; i <= 5; ++i) observe("o" + std::to_string(i));
    EXPECT_TRUE(soon([&] { return row(id)["attempts"].integer() == 1 && row(id)["backlog"].integer() == 5; }));
    const int before = subscriber.tried();
    for (int attempt = 2; attempt <= 4; ++attempt) {
        EXPECT_GT(row(id)["nextAttempt"].text(), format_instant(service.clock.now()));
        service.clock.advance(std::chrono::minutes(5));
        EXPECT_TRUE(soon([&] { return row(id)["attempts"].integer() == attempt; }));
    }
    EXPECT_EQ(subscriber.tried(), before + 3);
    EXPECT_EQ(status_of(id), "active");
    EXPECT_EQ(status_values(service.get_json("/fhir/Subscription/" + id + "/$status", "one"))["status"], "active");
    service.clock.advance(std::chrono::hours(1));
    EXPECT_TRUE(soon([&] { return status_of(id) == "error"; }));
    EXPECT_EQ(row(id)["backlog"].integer(), 5);
    subscriber.answer("");
    service.clock.advance(std::chrono::minutes(5));
    EXPECT_TRUE(soon([&] { return row(id)["backlog"].integer() == 0 && status_of(id) == "active"; }));
    EXPECT_EQ(subscriber.lines(), (Names{"PUT /hook/Observation/o1", "PUT /hook/Observation/o2", "PUT /hook/Observation/o3", "PUT /hook/Observation/o4",
                                         "PUT /hook/Observation/o5"}));
    EXPECT_EQ(row(id)["failure"].text(), "");
}

TEST_F(SubscriptionsTest, one_that_fails_holds_up_no_other) {
    const std::string slow = subscribe("Observation?status=final");
    subscriber.answer("no_connection");
    observe("o1");
    EXPECT_TRUE(soon([&] { return row(slow)["failure"].text() == "no_connection"; }));
    subscriber.answer("");
    const std::string other = subscribe("Observation?code=http://loinc.org|718-7");
    observe("o2", "p1", "718-7");
    EXPECT_TRUE(soon([&] { return row(other)["backlog"].integer() == 0 && row(other)["events"].integer() == 1; }));
    EXPECT_EQ(row(slow)["backlog"].integer(), 2);  // waits for its next attempt
}

TEST_F(SubscriptionsTest, the_backlog_is_asked_by_number) {
    const std::string id = subscribe("Observation?status=final", kBackportHook);
    for (int i = 1; i <= 6; ++i) observe("o" + std::to_string(i));
    EXPECT_TRUE(soon([&] { return row(id)["events"].integer() == 6; }));
    EXPECT_EQ(events(id, "?eventsSinceNumber=3&eventsUntilNumber=4"), (Names{"3 Observation/o3", "4 Observation/o4"}));
    EXPECT_EQ(events(id, "?eventsSinceNumber=6"), (Names{"6 Observation/o6"}));
    EXPECT_EQ(events(id, "?eventsSinceNumber=7"), Names{});
    const Value full = service.get_json("/fhir/Subscription/" + id + "/$events?eventsSinceNumber=6&content=full-resource", "one");
    EXPECT_EQ(full["type"].text(), "history");
    EXPECT_EQ(full["entry"].at(1)["resource"]["id"].text(), "o6");
    for (const char* bad : {"eventsSinceNumber=-1", "eventsSinceNumber=x", "eventsUntilNumber=99999999999999999999", "content=all", "more=1"}) {
        const auto refused = service.get("/fhir/Subscription/" + id + "/$events?" + bad, "one");
        EXPECT_EQ(refused.status, 400) << bad << refused.body;
    }
}

TEST_F(SubscriptionsTest, a_deletion_is_told_to_backport_subscribers_alone) {
    const std::string plain = subscribe("Observation?status=final");
    const std::string backport = subscribe("Observation?status=final", kBackportHook);
    observe("o1");
    ASSERT_EQ(service.send(Method::del, "/fhir/Observation/o1").status, 204);
    EXPECT_TRUE(soon([&] { return row(backport)["events"].integer() == 2 && row(plain)["events"].integer() == 1; }));
    EXPECT_TRUE(soon([&] { return row(backport)["backlog"].integer() == 0 && row(plain)["backlog"].integer() == 0; }));
    EXPECT_EQ(row(plain)["events"].integer(), 1);
}

TEST_F(SubscriptionsTest, it_ends_at_its_time_with_its_owner_and_when_it_is_deleted) {
    const std::string timed = subscribe("Observation?status=final", kFullHook, "one", R"(,"end":")" + format_instant(service.clock.now() + std::chrono::hours(1)) + "\"");
    const std::string left = subscribe("Observation?status=final", kFullHook, "two");
    const std::string deleted = subscribe("Observation?status=final");
    EXPECT_EQ(service.send(Method::del, "/fhir/Subscription/" + deleted, {}, {{"x-test-caller", "one"}}).status, 204);
    EXPECT_TRUE(row(deleted).is_null());
    EXPECT_EQ(service.get("/fhir/Subscription/" + deleted + "/$status", "one").status, 404);
    service.clock.advance(std::chrono::hours(1) + std::chrono::seconds(1));
    EXPECT_TRUE(soon([&] { return status_of(timed) == "off"; }));
    {
        const std::lock_guard lock(owners_mutex);
        gone.insert("person:12");
    }
    subscriber.answer("");
    put_patient(service, "p2");
    service.send(Method::put, "/fhir/Organization/seen", R"({"resourceType":"Organization","id":"seen","name":"x"})");
    observe("o1");
    EXPECT_TRUE(soon([&] { return row(timed)["status"].text() == "off"; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // two looks
    EXPECT_EQ(subscriber.lines(), Names{});
    EXPECT_EQ(events(left, "", "two"), Names{});
}

TEST_F(SubscriptionsTest, a_pause_loses_nothing_that_was_numbered_and_only_the_owner_ends_it) {
    const std::string id = subscribe("Observation?status=final");
    for (const char* operation : {"$pause", "$resume", "$test"}) {
        EXPECT_EQ(service.send(Method::post, "/fhir/Subscription/" + id + "/" + operation, {}, {{"x-test-caller", "two"}}).status, 403) << operation;
    }
    EXPECT_EQ(service.get("/fhir/Subscription/" + id + "/$events", "two").status, 403);
    EXPECT_EQ(service.send(Method::post, "/fhir/Subscription/" + id + "/$pause", {}, {{"x-test-caller", "one"}}).status, 204);
    EXPECT_EQ(status_of(id), "off");
    observe("o1");
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
    EXPECT_EQ(subscriber.lines(), Names{});
    EXPECT_EQ(service.send(Method::post, "/fhir/Subscription/" + id + "/$resume", {}, {{"x-test-caller", "one"}}).status, 204);
    EXPECT_TRUE(soon([&] { return status_of(id) == "active"; }));
    observe("o2");
    EXPECT_TRUE(soon([&] { return !subscriber.lines().empty() && row(id)["backlog"].integer() == 0; }));
    EXPECT_EQ(subscriber.lines(), (Names{"PUT /hook/Observation/o2"}));
}

TEST_F(SubscriptionsTest, what_cannot_be_served_is_refused_and_not_kept) {
    const auto refused = [&](const std::string& criteria, const std::string& channel) {
        return service.send(Method::post, "/fhir/Subscription", subscription(criteria, channel), {{"x-test-caller", "one"}}).status;
    };
    for (const char* criteria : {"Observation?nonsense=1", "Nothing?status=final", "Observation?subject:Patient.name=x", "Observation?_has:Provenance:target:agent=x", ""}) {
        const int status = refused(criteria, kFullHook);
        EXPECT_TRUE(status == 400 || status == 422) << criteria << status;
    }
    EXPECT_EQ(refused("Observation?status=final", R"("type":"rest-hook","endpoint":"https://elsewhere.example/hook")"), 422);
    EXPECT_EQ(refused("Observation?status=final", R"("type":"email","endpoint":"mailto:a@b.example")"), 422);
    EXPECT_EQ(refused("Observation?status=final", R"("type":"rest-hook","endpoint":"https://h.example/x","header":["Host: other"])"), 422);
    EXPECT_EQ(service.get_json("/fhir/Subscription", "one")["total"].integer(), 0);
}

TEST_F(SubscriptionsTest, a_restart_goes_on_where_it_was) {
    const std::string id = subscribe("Observation?status=final");
    subscriber.answer("no_connection");
    for (int i = 1; i <= 3; ++i) observe("o" + std::to_string(i));
    EXPECT_TRUE(soon([&] { return row(id)["backlog"].integer() == 3 && row(id)["attempts"].integer() == 1; }));
    subscriptions.stop();
    observe("o4");
    subscriber.answer("");
    service.clock.advance(std::chrono::minutes(6));
    Subscriptions again(Subscriptions::Ground{*service.record, *service.database, *service.writer, service.clock, service.metrics, ports(),
                                              [] { return std::string("http://fhir.example:8080/fhir"); }});
    again.start();
    EXPECT_TRUE(soon([&] { return subscriber.lines().size() >= 4; }));
    again.stop();
    EXPECT_EQ(subscriber.lines(), (Names{"PUT /hook/Observation/o1", "PUT /hook/Observation/o2", "PUT /hook/Observation/o3", "PUT /hook/Observation/o4"}));
}

}  // namespace
}  // namespace qiao::record::testing
