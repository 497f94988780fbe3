#include "http/events.hpp"

#include "base/json_value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace qiao::http {
namespace {

using namespace std::chrono_literals;

class FakeSocket : public Socket {
public:
    void send(std::string text) override {
        const std::lock_guard lock(mutex_);
        auto message = json::parse(text);
        EXPECT_TRUE(message) << text;
        if (message) messages_.push_back(*message);
        changed_.notify_all();
    }
    void close(std::uint16_t code, std::string_view) override {
        const std::lock_guard lock(mutex_);
        closed_ = code;
        changed_.notify_all();
    }

    /// The messages once there are `count`, or what there is after two seconds.
    std::vector<json::Value> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 2s, [&] { return messages_.size() >= count; });
        return messages_;
    }
    std::vector<json::Value> all_after(std::chrono::milliseconds quiet) {
        std::this_thread::sleep_for(quiet);
        const std::lock_guard lock(mutex_);
        return messages_;
    }
    int closed() {
        const std::lock_guard lock(mutex_);
        return closed_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<json::Value> messages_;
    int closed_ = 0;
};

struct FakeRights : EventRights {
    std::optional<EventSubject> authenticate(const Request& request) override {
        const std::string session(request.cookie("session"));
        if (session.empty()) return std::nullopt;
        return EventSubject{session, session.substr(0, session.find('.'))};
    }
    bool may_watch_list(const EventSubject&, std::string_view list) override { return list != "secret"; }
    bool may_watch_case(const EventSubject& subject, std::string_view id) override {
        if (broken) throw std::runtime_error("database down");
        const std::lock_guard lock(mutex);
        ++asked;
        return !denied.contains(subject.person_id + "/" + std::string(id));
    }
    int list_count(const EventSubject&, std::string_view) override { return count; }

    void deny(const std::string& pair) {
        const std::lock_guard lock(mutex);
        denied.insert(pair);
    }

    std::mutex mutex;
    std::set<std::string> denied;
    std::atomic<int> asked{0};
    std::atomic<int> count{3};
    std::atomic<bool> broken{false};
};

struct Tab {
    std::shared_ptr<FakeSocket> socket = std::make_shared<FakeSocket>();
    std::unique_ptr<SocketHandler> handler;
};

class EventsTest : public ::testing::Test {
protected:
    Tab open(const std::string& session, const std::string& hello = R"({"type":"hello"})") {
        Tab tab;
        const Request request{.headers = {{"cookie", "session=" + session}}};
        tab.handler = hub.endpoint().open(request, tab.socket);
        tab.handler->message(hello);
        return tab;
    }

    FakeRights rights;
    ShiftedClock clock;
    EventHub hub{rights, clock};
};

std::string type_of(const json::Value& message) { return message["type"].text(); }

TEST_F(EventsTest, RefusesStrangersAndForeignPages) {
    const auto socket = std::make_shared<FakeSocket>();
    try {
        hub.endpoint().open(Request{}, socket);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unauthenticated);
    }
    const Request foreign{.headers = {{"cookie", "session=anna.1"}, {"host", "centre"}, {"origin", "https://evil.example"}}};
    EXPECT_THROW(hub.endpoint().open(foreign, socket), Error);
}

TEST_F(EventsTest, TellsOfCasesAndListsThatAreWatched) {
    Tab tab = open("anna.1");
    tab.handler->message(R"({"type":"watch","lists":["inbox","secret"],"cases":["c1"]})");
    auto messages = tab.socket->wait_for(2);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(type_of(messages[0]), "ready");
    EXPECT_EQ(type_of(messages[1]), "list");
    EXPECT_EQ(messages[1]["count"].text(), "3");
    rights.count = 4;
    hub.case_changed("c1", 7);
    hub.case_changed("c2", 9);
    hub.list_changed("inbox");
    hub.list_changed("secret");
    messages = tab.socket->wait_for(4);
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(messages[2].dump(), R"({"type":"case","id":"c1","version":7,"seq":)" + messages[2]["seq"].text() + "}");
    EXPECT_EQ(messages[3]["list"].text(), "inbox");
    EXPECT_EQ(messages[3]["count"].text(), "4");
    EXPECT_EQ(*messages[3]["seq"].integer(), *messages[2]["seq"].integer() + 1);
    EXPECT_EQ(tab.socket->all_after(100ms).size(), 4U);
}

TEST_F(EventsTest, WatchReplacesTheSet) {
    Tab tab = open("anna.1");
    tab.handler->message(R"({"type":"watch","cases":["c1"]})");
    tab.handler->message(R"({"type":"watch","cases":["c2"]})");
    hub.case_changed("c1", 1);
    hub.case_changed("c2", 2);
    const auto messages = tab.socket->all_after(150ms);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[1]["id"].text(), "c2");
}

TEST_F(EventsTest, ABurstTravelsAsOneMessage) {
    Tab tab = open("anna.1");
    tab.handler->message(R"({"type":"watch","cases":["c1"]})");
    for (int version = 1; version <= 500; ++version) hub.case_changed("c1", version);
    const auto messages = tab.socket->all_after(200ms);
    EXPECT_LE(messages.size(), 4U);
    EXPECT_EQ(messages.back()["version"].text(), "500");
}

TEST_F(EventsTest, RightsAreAskedAtWatchAndAgainBeforeEachPush) {
    rights.deny("anna/c2");
    Tab tab = open("anna.1");
    tab.handler->message(R"({"type":"watch","cases":["c1","c2"]})");
    hub.case_changed("c2", 1);
    hub.case_changed("c1", 1);
    ASSERT_EQ(tab.socket->wait_for(2).size(), 2U);
    rights.deny("anna/c1");
    hub.case_changed("c1", 2);
    EXPECT_EQ(tab.socket->all_after(150ms).size(), 2U);
}

TEST_F(EventsTest, NoticesGoToThePersonOnly) {
    Tab anna = open("anna.1");
    Tab anna_too = open("anna.2");
    Tab ben = open("ben.1");
    hub.notice("anna", {.id = "n1", .code = "consult.offered", .case_id = "c1", .urgency = "now", .params_json = R"({"minutes":10})"});
    for (Tab* tab : {&anna, &anna_too}) {
        const auto messages = tab->socket->wait_for(2);
        ASSERT_EQ(messages.size(), 2U);
        EXPECT_EQ(messages[1]["code"].text(), "consult.offered");
        EXPECT_EQ(messages[1]["case"].text(), "c1");
        EXPECT_EQ(messages[1]["params"]["minutes"].text(), "10");
    }
    EXPECT_EQ(ben.socket->all_after(50ms).size(), 1U);
}

TEST_F(EventsTest, AReturningTabGetsWhatItMissed) {
    Tab tab = open("anna.1");
    tab.handler->message(R"({"type":"watch","cases":["c1"]})");
    hub.case_changed("c1", 1);
    const auto before = tab.socket->wait_for(2);
    ASSERT_EQ(before.size(), 2U);
    tab.handler->closed();
    hub.case_changed("c1", 2);
    std::this_thread::sleep_for(100ms);
    const Tab again = open("anna.1", R"({"type":"hello","since":)" + before[1]["seq"].text() + "}");
    const auto after = again.socket->wait_for(2);
    ASSERT_EQ(after.size(), 2U);
    EXPECT_EQ(after[0]["version"].text(), "2");
    EXPECT_EQ(type_of(after[1]), "ready");
    EXPECT_EQ(after[1]["seq"].text(), after[0]["seq"].text());
}

TEST_F(EventsTest, WhatIsTooLongAgoIsReset) {
    Tab tab = open("anna.1");
    tab.handler->message(R"({"type":"watch","cases":["c1"]})");
    hub.case_changed("c1", 1);
    const auto before = tab.socket->wait_for(2);
    clock.advance(6min);
    hub.case_changed("c1", 2);
    tab.socket->wait_for(3);
    const std::string since = std::to_string(*before[0]["seq"].integer());
    const Tab old = open("anna.1", R"({"type":"hello","since":)" + since + "}");
    EXPECT_EQ(type_of(old.socket->wait_for(1).at(0)), "reset");
    const Tab future = open("anna.1", R"({"type":"hello","since":99999999999999})");
    EXPECT_EQ(type_of(future.socket->wait_for(1).at(0)), "reset");
    const Tab stranger = open("other.1", R"({"type":"hello","since":5})");
    EXPECT_EQ(type_of(stranger.socket->wait_for(1).at(0)), "reset");
}

TEST_F(EventsTest, KeepsAThousandMessages) {
    Tab tab = open("anna.1");
    const auto start = *tab.socket->wait_for(1).at(0)["seq"].integer();
    for (int i = 0; i < 1'100; ++i) hub.notice("anna", {.id = std::to_string(i), .code = "x"});
    ASSERT_EQ(tab.socket->wait_for(1'101).size(), 1'101U);
    const Tab late = open("anna.1", R"({"type":"hello","since":)" + std::to_string(start + 50) + "}");
    EXPECT_EQ(type_of(late.socket->wait_for(1).at(0)), "reset");
    const Tab fresh = open("anna.1", R"({"type":"hello","since":)" + std::to_string(start + 200) + "}");
    EXPECT_EQ(fresh.socket->wait_for(901).size(), 901U);
}

TEST_F(EventsTest, EndedSessionsAreToldAndClosed) {
    Tab one = open("anna.1");
    Tab two = open("anna.2");
    hub.end_session("anna.1", "access.revoked");
    EXPECT_EQ(type_of(one.socket->wait_for(2).at(1)), "ended");
    EXPECT_EQ(one.socket->closed(), 4401);
    EXPECT_EQ(two.socket->closed(), 0);
    hub.end_person("anna", "access.dismissed");
    EXPECT_EQ(two.socket->closed(), 4401);
    hub.notice("anna", {.id = "n", .code = "x"});
    EXPECT_EQ(one.socket->all_after(100ms).size(), 2U);
    one.handler->message(R"({"type":"watch","cases":["c1"]})");  // arrives between end and close: nothing happens
    one.handler->closed();
    EXPECT_EQ(hub.connected(), 0U);
}

TEST_F(EventsTest, BadMessagesEndTheSocket) {
    const std::pair<const char*, int> cases[] = {{"{", 1007},
                                                 {"[]", 1007},
                                                 {R"({"type":"shout"})", 1008},
                                                 {R"({"type":"watch","lists":"inbox"})", 1008},
                                                 {R"({"type":"watch","cases":[1]})", 1008},
                                                 {R"({"type":"watch","cases":[""]})", 1008}};
    for (const auto& [text, code] : cases) {
        Tab tab = open("anna.1");
        tab.handler->message(text);
        EXPECT_EQ(tab.socket->closed(), code) << text;
    }
    std::string many = R"({"type":"watch","cases":["c")";
    for (int i = 0; i < 512; ++i) many += ",\"c\"";
    Tab tab = open("anna.1");
    tab.handler->message(many + "]}");
    EXPECT_EQ(tab.socket->closed(), 1008);
}

TEST_F(EventsTest, WhenRightsCannotBeAskedTheTabFetchesAll) {
    Tab tab = open("anna.1");
    tab.handler->message(R"({"type":"watch","cases":["c1"]})");
    rights.broken = true;
    hub.case_changed("c1", 1);
    EXPECT_EQ(type_of(tab.socket->wait_for(2).at(1)), "reset");
    rights.broken = false;
    hub.case_changed("c1", 2);
    EXPECT_EQ(tab.socket->wait_for(3).at(2)["version"].text(), "2");
}

}  // namespace
}  // namespace qiao::http
