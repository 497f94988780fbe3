#include "centre.hpp"

#include "access/contact_routes.hpp"
#include "flow/delivery.hpp"
#include "flow/notice_routes.hpp"

#include <algorithm>
#include <regex>

namespace qiao::consult::testing {
namespace {

using flow::SendResult;
using flow::Told;
using json::Value;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Keeps what would have left, and answers as it is told to.
class Recorder : public flow::Notifier {
public:
    [[nodiscard]] bool has(std::string_view channel) const override { return channels.contains(std::string(channel)); }
    [[nodiscard]] std::string host(std::string_view channel) const override { return has(channel) ? "provider.example" : ""; }
    SendResult send(const Told& told) override {
        const auto answer = answers.find(told.channel);
        tries.push_back(told);
        if (answer != answers.end()) {
            return answer->second;
        }
        sent.push_back(told);
        return {};
    }
    [[nodiscard]] bool is_signed(std::string_view, std::string_view, std::string_view signature, std::string_view) const override { return signature == "good"; }

    std::set<std::string> channels = {"voice", "sms", "webhook", "email"};
    std::map<std::string, SendResult> answers;
    std::vector<Told> sent;
    std::vector<Told> tries;
};

class Notices : public Centre {
protected:
    Notices() {
        database_->migrate(access::contact_migrations());
        contacts_ = std::make_unique<access::Contacts>(*database_, *writer_, *audit_);
        delivery_ = std::make_unique<flow::Delivery>(*engine_, *contacts_, recorder_, metrics_);
        delivery_->set_public_url("https://qiao.example/");
        const record::CallerOf caller_of = [this](const http::Request& request) { return sessions_->caller(request); };
        access::add_contact_routes(router_, *sessions_, *contacts_);
        flow::add_notice_routes(router_, *delivery_, caller_of);
        for (const char* login : {"doctor", "expert", "expert2", "lead", "manager", "coordinator"}) {
            EXPECT_EQ(call(login, http::Method::put, "/access/contact", contact(number(login))).status, 200);
        }
    }
    ~Notices() override {
        delivery_.reset();
        contacts_.reset();
    }

    static Value contact(const std::string& phone, const std::string& email = "somebody@hospital.example") {
        return Value::object({{"phone", phone}, {"email", email}, {"language", "zh"}});
    }
    static std::string number(std::string_view login) {
        return "+861380000000" + std::to_string(login == "doctor" ? 1 : login == "expert" ? 2 : login == "expert2" ? 3 : login == "lead" ? 4 : login == "manager" ? 5 : 6);
    }
    /// Time passes in small steps (and a little more by itself: bounds below leave 25 s for a busy machine), as it does for the job and the channels' threads.
    void pass(seconds time, seconds step = seconds(1)) {
        run();
        for (seconds passed{0}; passed < time; passed += step) {
            clock_.advance(step);
            run();
        }
    }
    void run() {
        for (int round = 0; round < 20; ++round) {
            bool any = delivery_->tick() > 0 && round < 2;
            for (const std::string_view channel : flow::Delivery::kChannels) {
                any = delivery_->send_one(channel) || any;
            }
            if (!any) {
                return;
            }
        }
    }
    [[nodiscard]] std::vector<Told> to(std::string_view login, std::string_view channel = {}) const {
        std::vector<Told> list;
        std::copy_if(recorder_.sent.begin(), recorder_.sent.end(), std::back_inserter(list), [&](const Told& told) {
            return (told.address == number(login)) && (channel.empty() || told.channel == channel);
        });
        return list;
    }
    std::string emergency() {
        const std::string id = create("doctor", patient_);
        Value fields = form();
        fields.remove("consent");
        fields.set("callback", "0580-1234567");
        step_up("doctor");
        const Answer called = move("doctor", id, "call_emergency", fields);
        EXPECT_EQ(called.status, 200) << called.raw;
        return id;
    }
    std::string offered() {
        const std::string id = submitted();
        const std::string expert = people_.at("expert").resource;
        EXPECT_EQ(move("coordinator", id, "schedule", Value::object({{"experts", expert}, {"lead", expert}, {"mode", "written"}})).status, 200);
        return id;
    }
    std::vector<std::string> steps(const std::string& id, const std::string& login) {
        std::vector<std::string> list;
        const Value shown = view("coordinator", id);
        for (const Value& one : shown["notices"].items()) {
            if (one["person"]["reference"].text() == people_.at(login).resource) {
                list.push_back(one["what"].text() + (one["channel"].is_null() ? "" : " " + one["channel"].text()) +
                               (one["reason"].is_null() ? "" : " " + one["reason"].text()));
            }
        }
        return list;
    }

    Recorder recorder_;
    std::unique_ptr<access::Contacts> contacts_;
    std::unique_ptr<flow::Delivery> delivery_;
};

TEST_F(Notices, AnEmergencyRingsAtOnceWhomNoPageReaches) {
    const std::string id = emergency();
    run();
    ASSERT_EQ(to("expert", "voice").size(), 1U);
    EXPECT_EQ(to("lead", "sms").size(), 1U);
    EXPECT_TRUE(to("doctor").empty()) << "who called is not told";
    const Told told = to("expert", "voice").front();
    EXPECT_EQ(told.urgency, "emergency");
    EXPECT_NE(told.text.find("渔岛卫生室"), std::string::npos) << told.text;
    EXPECT_NE(told.callback.find("https://qiao.example/notify/receipt/"), std::string::npos);
    pass(seconds(90));
    EXPECT_EQ(to("expert").size(), 1U) << "once, while two minutes have not passed";
    pass(seconds(31));
    EXPECT_EQ(to("expert", "sms").size(), 1U) << "unread: the next channel";
    EXPECT_EQ(to("lead", "voice").size(), 1U) << "unread: the next people";
    EXPECT_EQ(to("manager", "voice").size(), 0U);
    EXPECT_NE(to("expert", "sms").front().text.find("https://qiao.example/app/consult/" + id), std::string::npos);
    pass(seconds(121));
    EXPECT_EQ(to("manager", "voice").size(), 1U) << "unread again";
    const std::vector<std::string> told_steps = steps(id, "expert");
    EXPECT_EQ(told_steps, (std::vector<std::string>{"accepted voice", "unread", "accepted sms", "unread", "accepted webhook"}));
}

TEST_F(Notices, AnOpenPageRingsFirstButNotForLong) {
    pages_.open_for.insert(people_.at("expert").id);
    emergency();
    pass(seconds(90));
    EXPECT_TRUE(to("expert").empty()) << "the page rings";
    pass(seconds(31));
    EXPECT_EQ(to("expert", "voice").size(), 1U) << "nobody looks at it";
    pages_.open_for.insert(people_.at("expert").id);
    emergency();
    run();
    EXPECT_EQ(to("expert", "voice").size(), 1U);
    pages_.open_for.clear();
    pass(seconds(2));
    EXPECT_EQ(to("expert", "voice").size(), 2U) << "the page was closed";
}

TEST_F(Notices, AnEmergencyRingsWithoutAnEndUntilSomebodyAnswers) {
    const std::string id = emergency();
    pass(minutes(20), seconds(10));
    EXPECT_GE(to("expert", "voice").size(), 2U);
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    run();
    const std::size_t before = recorder_.tries.size();
    pass(minutes(10), seconds(10));
    EXPECT_TRUE(std::none_of(recorder_.tries.begin() + static_cast<std::ptrdiff_t>(before), recorder_.tries.end(),
                             [](const Told& told) { return told.subject.find("急会诊呼叫") != std::string::npos; }));
}

TEST_F(Notices, WhoOpensTheCaseIsNotRungAnyMore) {
    const std::string id = emergency();
    run();
    ASSERT_EQ(to("expert").size(), 1U);
    ASSERT_EQ(call("expert", http::Method::post, "/flow/cases/" + id + "/seen").status, 204);
    pass(minutes(5), seconds(5));
    EXPECT_EQ(to("expert").size(), 1U);
    EXPECT_GE(to("lead").size(), 2U);
    EXPECT_EQ(steps(id, "expert"), (std::vector<std::string>{"accepted voice", "read"}));
    EXPECT_EQ(call("stranger", http::Method::post, "/flow/cases/" + id + "/seen").status, 404);
}

TEST_F(Notices, AnOrdinaryOfferWaitsForThePage) {
    pages_.open_for.insert(people_.at("expert").id);
    offered();
    pass(minutes(10), seconds(2));
    EXPECT_TRUE(to("expert").empty()) << "the page is open";
    pages_.open_for.clear();
    pass(seconds(6));
    ASSERT_EQ(to("expert", "sms").size(), 1U) << "the page was closed without an answer";
    EXPECT_TRUE(to("expert", "voice").empty());
}

TEST_F(Notices, AnAnsweredOfferStaysOnTheScreen) {
    const std::string id = offered();
    pass(seconds(20));
    ASSERT_EQ(move("expert", id, "accept").status, 200);
    pass(minutes(10), seconds(5));
    EXPECT_TRUE(std::none_of(recorder_.sent.begin(), recorder_.sent.end(), [](const Told& told) { return told.subject.find("会诊邀请") != std::string::npos; }));
}

TEST_F(Notices, ReturnsAndOpinionsReachTheClinic) {
    const std::string id = submitted();
    ASSERT_EQ(move("coordinator", id, "give_back", Value::object({{"missing_items", Value::array({Value::object({{"code", "lateral_film"}, {"text", "侧位片 王小明"}})})}}),
                   "no film of 王小明")
                  .status,
              200);
    pass(seconds(125), seconds(5));
    ASSERT_EQ(to("doctor", "sms").size(), 1U);
    const std::string signed_id = signed_case("now");
    run();
    ASSERT_GE(to("doctor", "voice").size(), 1U) << "act now: at once, by voice";
    EXPECT_NE(to("doctor", "voice").back().text.find("会诊意见"), std::string::npos);
    EXPECT_EQ(steps(signed_id, "doctor"), (std::vector<std::string>{"accepted voice"}));
}

TEST_F(Notices, NothingOfThePatientLeaves) {
    const std::string id = emergency();
    signed_case("now");
    engine_->tick();
    clock_.advance(hours(50));
    engine_->tick();
    pass(minutes(15), seconds(10));
    ASSERT_GT(recorder_.tries.size(), 10U);
    for (const Told& told : recorder_.tries) {
        const std::string all = told.subject + told.text + told.callback + told.address + told.key;
        for (const char* mark : {"王小明", "female", "女", "0580-1234567"}) {
            EXPECT_EQ(all.find(mark), std::string::npos) << mark << " in " << all;
        }
        // The year by itself: its digits stand by chance inside of ids and keys.
        EXPECT_FALSE(std::regex_search(all, std::regex("(^|[^0-9A-Za-z_-])1986([^0-9A-Za-z_]|$)"))) << all;
        const Value asked = form();
        for (const char* name : {"summary", "question"}) {
            EXPECT_EQ(all.find(asked[name].text()), std::string::npos) << name;
        }
        EXPECT_EQ(all.find('{'), std::string::npos) << "a placeholder that nobody filled: " << all;
    }
    static_cast<void>(id);
}

TEST_F(Notices, AProviderThatIsDownIsTriedAgainInOrderWithTheSameKeys) {
    recorder_.answers["sms"] = {SendResult::Kind::unavailable, "http_503"};
    recorder_.channels = {"sms"};
    const std::string first = offered();
    pass(seconds(130), seconds(5));
    const std::string second = offered();
    pass(minutes(20), seconds(5));
    EXPECT_TRUE(recorder_.sent.empty());
    EXPECT_GE(recorder_.tries.size(), 5U);
    recorder_.answers.clear();
    pass(minutes(6), seconds(5));
    const std::vector<Told> sent = to("expert", "sms");
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_NE(sent[0].text.find(view("coordinator", first)["number"].text()), std::string::npos);
    EXPECT_NE(sent[1].text.find(view("coordinator", second)["number"].text()), std::string::npos);
    std::set<std::string> keys;
    for (const Told& told : recorder_.tries) {
        if (told.address == number("expert")) keys.insert(told.key);
    }
    EXPECT_EQ(keys.size(), 2U) << "one key a message, however often it is tried";
    EXPECT_EQ(steps(first, "expert"), (std::vector<std::string>{"delayed sms http_503", "accepted sms"}));
}

TEST_F(Notices, AChannelThatFailsInAnEmergencyIsNotWaitedFor) {
    recorder_.answers["voice"] = {SendResult::Kind::unavailable, "timeout"};
    const std::string id = emergency();
    pass(seconds(3));
    EXPECT_EQ(to("expert", "sms").size(), 1U);
    EXPECT_EQ(steps(id, "expert"), (std::vector<std::string>{"delayed voice timeout", "accepted sms"}));
    recorder_.answers.clear();
    pass(seconds(20));
    EXPECT_EQ(to("expert", "voice").size(), 1U) << "and the call comes when it can";
}

TEST_F(Notices, ANumberThatIsRefusedGivesTheNextChannel) {
    recorder_.answers["sms"] = {SendResult::Kind::refused, "http_422"};
    const std::string id = offered();
    pass(seconds(130), seconds(5));
    EXPECT_EQ(steps(id, "expert"), (std::vector<std::string>{"failed sms http_422", "accepted webhook"}));
}

TEST_F(Notices, AReportChangesTheTimeline) {
    const std::string id = emergency();
    run();
    const std::string callback = to("expert", "voice").front().callback.substr(std::string("https://qiao.example").size());
    const auto report = [&](const std::string& path, const std::string& body, const std::string& signature) {
        return send_bytes("", http::Method::post, path, body, {{"x-qiao-timestamp", "0"}, {"x-qiao-signature", signature}});
    };
    EXPECT_EQ(report(callback, R"({"status":"delivered"})", "bad").code(), "flow.bad_signature");
    EXPECT_EQ(report("/notify/receipt/none", R"({"status":"delivered"})", "good").status, 404);
    EXPECT_EQ(report(callback, R"({"status":"lost"})", "good").code(), "flow.bad_field");
    EXPECT_EQ(report(callback, "no json", "good").code(), "flow.bad_field");
    EXPECT_EQ(steps(id, "expert"), (std::vector<std::string>{"accepted voice"}));
    const int changes = pages_.changes;
    EXPECT_EQ(report(callback, R"({"status":"answered"})", "good").status, 204);
    EXPECT_EQ(report(callback, R"({"status":"answered"})", "good").status, 204);
    EXPECT_EQ(steps(id, "expert"), (std::vector<std::string>{"accepted voice", "answered voice"}));
    EXPECT_GT(pages_.changes, changes);
}

TEST_F(Notices, QuietHoursHoldWhatIsNoEmergency) {
    Value quiet = contact(number("expert"));
    quiet.set("quiet", Value::object({{"from", "00:00"}, {"to", "23:59"}}));
    ASSERT_EQ(call("expert", http::Method::put, "/access/contact", quiet).status, 200);
    offered();
    pass(minutes(10), seconds(10));
    EXPECT_TRUE(to("expert").empty());
    emergency();
    run();
    EXPECT_EQ(to("expert", "voice").size(), 1U);
}

TEST_F(Notices, WhoHasNoNumberIsSaidSo) {
    recorder_.channels = {"voice"};
    ASSERT_EQ(call("expert", http::Method::put, "/access/contact", contact("", "")).status, 200);
    const std::string id = emergency();
    pass(seconds(1));
    EXPECT_EQ(steps(id, "expert"), (std::vector<std::string>{"unreachable no_address"}));
    recorder_.channels.clear();
    const std::string other = emergency();
    pass(seconds(1));
    EXPECT_EQ(steps(other, "expert"), (std::vector<std::string>{"unreachable no_channel"}));
}

TEST_F(Notices, EscalationsGoToTheDutyLead) {
    const std::string id = emergency();
    clock_.advance(minutes(4));
    engine_->tick();
    pass(seconds(2));
    const std::vector<Told> told = to("lead");
    EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const Told& one) { return one.text.find("80") != std::string::npos; }));
    EXPECT_FALSE(steps(id, "lead").empty());
}

TEST_F(Notices, TheOperatorSeesTheChannelsAndSendsATest) {
    EXPECT_EQ(get("doctor", "/flow/notifications").status, 403);
    const record::Actor system = record::Actor::system("HOPERAT");
    directory_->add_membership(system, {.person = people_.at("manager").id, .organisation = hub_.id, .role = std::string(access::role::kSystemAdmin)});
    recorder_.channels = {"sms", "email"};
    recorder_.answers["email"] = {SendResult::Kind::unavailable, "tls"};
    EXPECT_EQ(call("manager", http::Method::post, "/flow/notifications/test", Value::object({{"channel", "voice"}})).code(), "flow.channel_not_configured");
    ASSERT_EQ(call("manager", http::Method::post, "/flow/notifications/test", Value::object({{"channel", "sms"}})).status, 202);
    ASSERT_EQ(call("manager", http::Method::post, "/flow/notifications/test", Value::object({{"channel", "email"}})).status, 202);
    run();
    ASSERT_EQ(to("manager", "sms").size(), 1U);
    const Value shown = get("manager", "/flow/notifications").body;
    EXPECT_EQ(shown["channels"].at(0)["configured"].truth(), false);
    EXPECT_EQ(shown["channels"].at(1)["host"].text(), "provider.example");
    EXPECT_FALSE(shown["channels"].at(1)["last_ok"].is_null());
    EXPECT_EQ(shown["channels"].at(3)["reason"].text(), "tls");
    EXPECT_TRUE(shown["channels"].at(3)["failing"].truth());
    EXPECT_EQ(shown["channels"].at(3)["queued"].integer(), 0) << "a test is tried once";
    EXPECT_EQ(shown["tests"].at(0)["what"].text(), "failed");
    EXPECT_EQ(shown["tests"].at(1)["what"].text(), "accepted");
    EXPECT_EQ(shown.dump().find("13800"), std::string::npos) << "no number of anybody";
}

TEST_F(Notices, ContactsAreKeptByThePersonAndTheSecurityAdministrator) {
    const record::Actor system = record::Actor::system("HOPERAT");
    EXPECT_EQ(call("doctor", http::Method::put, "/access/contact", contact("+86 138-0013 8000")).body["phone"].text(), "+8613800138000");
    EXPECT_EQ(call("doctor", http::Method::put, "/access/contact", contact("call me")).code(), "access.bad_contact");
    EXPECT_EQ(call("doctor", http::Method::put, "/access/contact", contact("", "a@b\r\nBcc: c@d")).code(), "access.bad_contact");
    const std::string doctor = people_.at("doctor").resource.substr(std::string("Practitioner/").size());
    EXPECT_EQ(get("expert", "/access/people/" + doctor + "/contact").status, 403);
    EXPECT_EQ(get("expert", "/access/contacts").status, 403);
    directory_->add_membership(system, {.person = people_.at("manager").id, .organisation = hub_.id, .role = std::string(access::role::kSecurityAdmin)});
    const std::string list = get("manager", "/access/contacts").raw;
    EXPECT_NE(list.find("+86138****8000"), std::string::npos) << list;
    EXPECT_EQ(list.find("+8613800138000"), std::string::npos);
    EXPECT_NE(list.find("s***@hospital.example"), std::string::npos);
    ASSERT_EQ(call("manager", http::Method::put, "/access/people/" + doctor + "/contact", contact("120")).status, 200);
    EXPECT_EQ(get("doctor", "/access/contact").body["phone"].text(), "120");
    EXPECT_EQ(access::Contacts(*database_, *writer_, *audit_).of(people_.at("doctor").id).phone, "120") << "after a restart";
}

}  // namespace
}  // namespace qiao::consult::testing
